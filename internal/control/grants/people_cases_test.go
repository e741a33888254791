package grants_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// The numbered cases of AWS's behaviour that this server must follow: people and groups as grantees.

func TestIdentityCase067_GroupGrant(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(group(w.g1), "p/*", "")
	v := w.vends(w.session("alice", w.app), "s3://lake/p/x", "s3://lake/p/*", group(w.g1))
	who, err := w.Authenticate(t, controltest.KeysOf(v.Credentials), "s3")
	w.must(err)
	if d, ok := who.OnBehalfOf(); !ok || d.UserID != string(w.alice.ID) || d.ApplicationARN != w.app.ARN() ||
		d.IssuerARN != w.issuer.ARN() {
		t.Errorf("the vended credential acts for %+v", d)
	}
	for action, allowed := range map[string]bool{"s3:GetObject": true, "s3:PutObject": false} {
		if d := who.Decide(caller.Ask{
			Action:          action,
			Resource:        "arn:aws:s3:::lake/p/x",
			ResourceAccount: owner,
		}); d.Allowed != allowed {
			t.Errorf("%s: %s", action, d.Explain())
		}
	}
}

func TestIdentityCase068_RoleGrantAndUserGrant(t *testing.T) {
	for name, c := range map[string]struct{ user, role, by string }{
		"the user's is narrower": {"bob/images/*", "bob/*", "user"},
		"the role's is narrower": {"bob/*", "bob/images/*", "role"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPeopleWorld(t)
			w.grant(user(w.alice), c.user, "")
			w.grant(role(w.r1), c.role, "")
			by := user(w.alice)
			if c.by == "role" {
				by = role(w.r1)
			}
			w.vends(w.session("alice", w.app), "s3://lake/bob/images/i", "s3://lake/bob/images/*", by)
		})
	}
}

func TestCase092_UserGrantIsNarrower(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "bob/images/*", "")
	w.grant(role(w.r1), "bob/*", "")
	w.vends(w.session("alice", w.app), "s3://lake/bob/images/i.jpg", "s3://lake/bob/images/*", user(w.alice))
}

func TestCase093_RoleGrantIsNarrower(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "bob/*", "")
	w.grant(role(w.r1), "bob/images/*", "")
	w.vends(w.session("alice", w.app), "s3://lake/bob/images/i.jpg", "s3://lake/bob/images/*", role(w.r1))
}

func TestCase094_GroupMembers(t *testing.T) {
	w := newPeopleWorld(t)
	w.Person(t, owner, "bob")
	w.grant(group(w.g1), "p/*", "")
	w.vends(w.session("alice", w.app), "s3://lake/p/x", "s3://lake/p/*", group(w.g1))
	w.denies(w.session("bob", w.app), "s3://lake/p/x")
	w.denies(w.plain(), "s3://lake/p/x")
}

func TestIdentityCase069_RemovedFromTheGroup(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(group(w.g1), "p/*", "")
	k := w.session("alice", w.app)
	v := w.vends(k, "s3://lake/p/x", "s3://lake/p/*", group(w.g1))
	w.Leave(t, w.g1, w.alice)
	w.denies(k, "s3://lake/p/x")
	w.ended(controltest.KeysOf(v.Credentials), "membership_removed")
	w.Join(t, w.g1, w.alice)
	w.vends(k, "s3://lake/p/x", "s3://lake/p/*", group(w.g1))
}

func TestIdentityCase070_GrantOfAnotherApplication(t *testing.T) {
	w := newPeopleWorld(t)
	other := w.application()
	w.grant(user(w.alice), "p/*", other.ARN())
	w.grant(user(w.alice), "q/*", "")
	k := w.session("alice", w.app)
	w.denies(k, "s3://lake/p/x")
	w.vends(k, "s3://lake/q/x", "s3://lake/q/*", user(w.alice))
}

func TestCase095_GrantThroughOneApplication(t *testing.T) {
	w := newPeopleWorld(t)
	x, y := w.app, w.application()
	w.grant(user(w.alice), "p/*", x.ARN())
	w.vends(w.session("alice", x), "s3://lake/p/x", "s3://lake/p/*", user(w.alice))
	w.denies(w.session("alice", y), "s3://lake/p/x")
}

func TestIdentityCase071_LocationRoleWithoutSetContext(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "p/*", "")
	w.grant(role(w.r1), "q/*", "")
	w.must(w.IAM.UpdateAssumeRolePolicy(t.Context(), w.as("iam"), "lr",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`))
	_, err := w.ask(w.session("alice", w.app), "s3://lake/p/x")
	if !fault.Is(err, fault.Denied, fault.ServiceTrust) ||
		!strings.Contains(fault.Of(err).Text.String(), "sts:SetContext on resource: "+w.lr.ARN()) {
		t.Errorf("%v: neither role nor action is named", err)
	}
	w.vends(w.plain(), "s3://lake/q/x", "s3://lake/q/*", role(w.r1))
}

func TestCase096_EnhancedSessionHasTheAllowListOnly(t *testing.T) {
	w := newPeopleWorld(t)
	k := w.session("alice", w.app)
	_, err := w.Grants.CreateGrant(t.Context(), w.Call(t, k, "s3", "CreateAccessGrant"), grants.NewGrant{
		LocationID: w.location, SubPrefix: "p/*", Grantee: user(w.alice), Permission: access.Read,
	})
	if fault.KindOf(err) != fault.Denied || !strings.Contains(fault.Of(err).Text.String(), "explicit deny") {
		t.Errorf("CreateAccessGrant: %v", err)
	}
	d := w.Call(t, k, "s3", "GetObject").Decide(caller.Ask{
		Action:          "s3:GetObject",
		Resource:        "arn:aws:s3:::lake/p/x",
		ResourceAccount: owner,
	})
	if d.Allowed {
		t.Errorf("GetObject: %s", d.Explain())
	}
}

func TestCase101_CallerGrantsOfAPerson(t *testing.T) {
	w := newPeopleWorld(t)
	bob := w.Person(t, owner, "bob")
	w.grant(user(w.alice), "user/*", "")
	w.grant(group(w.g1), "group/*", "")
	w.grant(role(w.r1), "role/*", "")
	w.grant(user(bob), "bob/*", "")
	got := w.list(w.session("alice", w.app), false)
	want := map[string]string{"s3://lake/user/*": "ALL", "s3://lake/group/*": "ALL", "s3://lake/role/*": "NA"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCase102_CallerGrantsByApplication(t *testing.T) {
	w := newPeopleWorld(t)
	other := w.application()
	w.grant(user(w.alice), "mine/*", w.app.ARN())
	w.grant(user(w.alice), "other/*", other.ARN())
	w.grant(user(w.alice), "any/*", "")
	got := w.list(w.session("alice", w.app), true)
	if want := map[string]string{"s3://lake/mine/*": w.app.ARN(), "s3://lake/any/*": "ALL"}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := w.list(w.session("alice", w.app), false); len(got) != 3 {
		t.Errorf("without the filter: %v", got)
	}
}

// A person's list has the person's own grants and those of the role. It has none of another person with that role.
func TestAttack36_CallerGrantsOfPersonAndRole(t *testing.T) {
	w := newPeopleWorld(t)
	w.Person(t, owner, "bob")
	w.grant(user(w.alice), "alice/*", "")
	w.grant(role(w.r1), "role/*", "")
	for name, c := range map[string]struct {
		k    controltest.Keys
		want []string
	}{
		"alice":    {w.session("alice", w.app), []string{"s3://lake/alice/*", "s3://lake/role/*"}},
		"bob":      {w.session("bob", w.app), []string{"s3://lake/role/*"}},
		"the role": {w.plain(), []string{"s3://lake/role/*"}},
		"the user": {w.root, nil},
	} {
		if got := slices.Sorted(maps.Keys(w.list(c.k, false))); !slices.Equal(got, c.want) {
			t.Errorf("%s sees %q, want %q", name, got, c.want)
		}
	}
	w.denies(w.session("bob", w.app), "s3://lake/alice/x")
	w.denies(w.plain(), "s3://lake/alice/x")
}

// A page token of one person is not valid for a list of another person, though both have the same role.
func TestAttack36_PageTokenOfAnotherPerson(t *testing.T) {
	w := newPeopleWorld(t)
	w.Person(t, owner, "bob")
	w.grant(role(w.r1), "a/*", "")
	w.grant(role(w.r1), "b/*", "")
	page, err := w.Grants.CallerGrants(w.Call(t, w.session("alice", w.app), "s3", "ListCallerAccessGrants"), "", false, "",
		1)
	w.must(err)
	if page.Next == "" {
		t.Fatal("no second page")
	}
	_, err = w.Grants.CallerGrants(w.Call(t, w.session("bob", w.app), "s3", "ListCallerAccessGrants"), "", false,
		page.Next, 1)
	if !fault.Is(err, fault.Invalid, fault.NextToken) {
		t.Errorf("bob reads on where alice stopped: %v", err)
	}
}

func TestScopeOfS3(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "p/*", "")
	i := w.as("s3").Snapshot.Instance(owner, controltest.Region)
	set := func(scopes ...sso.AccessScope) {
		w.SetApplication(t, w.app, func(a *sso.Application) { a.Scopes = scopes })
	}
	k := w.session("alice", w.app)
	v := w.vends(k, "s3://lake/p/x", "s3://lake/p/*", user(w.alice))
	for name, targets := range map[string][]string{
		"S3's application": {i.ApplicationARN},
		"the instance":     {i.IdentityCenterARN},
	} {
		set(sso.AccessScope{Name: sso.S3Scope, Targets: targets})
		if _, err := w.ask(k, "s3://lake/p/x"); err != nil {
			t.Errorf("scope towards %s: %v", name, err)
		}
	}
	set(sso.AccessScope{Name: sso.S3Scope, Targets: []string{w.app.ARN()}})
	w.denies(k, "s3://lake/p/x")
	set()
	w.denies(k, "s3://lake/p/x")
	w.ended(controltest.KeysOf(v.Credentials), "scope_removed")
	set(sso.AccessScope{Name: sso.S3Scope})
	w.vends(k, "s3://lake/p/x", "s3://lake/p/*", user(w.alice))
}

// A credential that was vended to a person ends at the next request after something that it depends on is removed.
func TestVendedToAPersonEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*peopleWorld)
		want string
	}{
		"user disabled": {func(w *peopleWorld) {
			w.SetPerson(w.t, w.alice, func(u *directory.User) { u.Disabled = true })
		}, "user_disabled"},
		"user deleted": {func(w *peopleWorld) {
			w.Change(w.t, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(w.alice.ID)) })
		}, "user_deleted"},
		"group left": {func(w *peopleWorld) { w.Leave(w.t, w.g1, w.alice) }, "membership_removed"},
		"group deleted": {func(w *peopleWorld) {
			w.Change(w.t, func(tx *store.Tx) error { return store.DirectoryGroups.Delete(tx, string(w.g1.ID)) })
		}, "membership_removed"},
		"application disabled": {func(w *peopleWorld) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.Disabled = true })
		}, "application_disabled"},
		"application deleted": {func(w *peopleWorld) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Applications.Delete(tx, w.app.ID) })
		}, "application_deleted"},
		"assignment asked for": {func(w *peopleWorld) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.AssignmentOptional = false })
		}, "not_assigned"},
		"issuer deleted": {func(w *peopleWorld) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Issuers.Delete(tx, w.issuer.ID) })
		}, "issuer_deleted"},
		"issuer taken from the application": {func(w *peopleWorld) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.Grants = nil })
		}, "issuer_unknown"},
		"association removed": {func(w *peopleWorld) {
			w.must(w.Grants.Dissociate(w.t.Context(), w.as("s3")))
		}, "association_removed"},
		"S3's application disabled": {func(w *peopleWorld) {
			s3 := *w.as("s3").Snapshot.Association(owner, controltest.Region)
			w.SetApplication(w.t, &s3, func(a *sso.Application) { a.Disabled = true })
		}, "association_removed"},
		"grant deleted": {func(w *peopleWorld) {
			page, err := w.Grants.Grants(w.t.Context(), w.as("s3"), grants.GrantFilter{}, "", 1)
			w.must(err)
			w.must(w.Grants.DeleteGrant(w.t.Context(), w.as("s3"), page.Grants[0].ID.String()))
		}, "the grant behind this credential is deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPeopleWorld(t)
			w.grant(group(w.g1), "p/*", "")
			v := w.vends(w.session("alice", w.app), "s3://lake/p/x", "s3://lake/p/*", group(w.g1))
			k := controltest.KeysOf(v.Credentials)
			_, err := w.Authenticate(t, k, "s3")
			w.must(err)
			c.end(w)
			w.ended(k, c.want)
		})
	}
}

func TestVendedByARoleGrantSurvivesTheAssociationButNotThePerson(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(role(w.r1), "p/*", "")
	k := controltest.KeysOf(w.vends(w.session("alice", w.app), "s3://lake/p/x", "s3://lake/p/*", role(w.r1)).Credentials)
	w.must(w.Grants.Dissociate(t.Context(), w.as("s3")))
	_, err := w.Authenticate(t, k, "s3")
	w.must(err)
	w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = true })
	w.ended(k, "user_disabled")
}

func TestPeopleHaveNoGrantsWithoutAnAssociation(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "p/*", "")
	k := w.session("alice", w.app)
	w.must(w.Grants.Dissociate(t.Context(), w.as("s3")))
	w.denies(k, "s3://lake/p/x")
	if got := w.list(k, false); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
}

func TestIdentityCase072_RecordsNameThePerson(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "p/*", "")
	k := w.session("alice", w.app)
	w.vends(k, "s3://lake/p/x", "s3://lake/p/*", user(w.alice))
	w.denies(k, "s3://lake/q/x")
	found := map[string]int{}
	for _, e := range w.Records(t) {
		if on := e.UserIdentity.OnBehalfOf; on != nil && on.UserID == string(w.alice.ID) &&
			on.IdentityStoreARN == w.Center(t, owner).IdentityStoreARN() {
			found[e.EventName+" "+string(e.ErrorCode)+" "+e.UserIdentity.InvokedBy]++
		}
	}
	want := map[string]int{
		"CreateTokenWithIAM  ": 1, "AssumeRole  ": 1, "GetDataAccess  ": 1, "GetDataAccess AccessDenied ": 1,
		"AssumeRole  access-grants.s3.amazonaws.com": 1,
	}
	if !maps.Equal(found, want) {
		t.Errorf("%v, want %v", found, want)
	}
}

// Location roles and bucket policies can name the person.
func TestConditionsOnThePerson(t *testing.T) {
	w := newPeopleWorld(t)
	w.Person(t, owner, "bob")
	w.grant(role(w.r1), "p/*", "")
	w.must(w.IAM.PutInline(t.Context(), w.as("iam"), principals.RoleNamed("lr"), "all",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":
		{"StringEquals":{
			"identitystore:UserId":"`+string(w.alice.ID)+`","identitycenter:ApplicationArn":"`+w.app.ARN()+`",
			"identitycenter:InstanceArn":"`+w.Center(t, owner).ARN()+`",
			"identitystore:IdentityStoreArn":"`+w.Center(t, owner).IdentityStoreARN()+`"}}}]}`))
	for name, allowed := range map[string]bool{"alice": true, "bob": false} {
		v := w.vends(w.session(name, w.app), "s3://lake/p/x", "s3://lake/p/*", role(w.r1))
		call := w.Call(t, controltest.KeysOf(v.Credentials), "s3", "GetObject")
		if d := call.Decide(caller.Ask{
			Action:          "s3:GetObject",
			Resource:        "arn:aws:s3:::lake/p/x",
			ResourceAccount: owner,
		}); d.Allowed != allowed {
			t.Errorf("%s: %s", name, d.Explain())
		}
	}
}

func TestVendedToAPersonExpires(t *testing.T) {
	w := newPeopleWorld(t)
	w.grant(user(w.alice), "p/*", "")
	v := w.vends(w.session("alice", w.app), "s3://lake/p/x", "s3://lake/p/*", user(w.alice))
	w.Advance(time.Hour + time.Minute)
	if _, err := w.Authenticate(t, controltest.KeysOf(v.Credentials), "s3"); !fault.Is(err, fault.Expired,
		fault.SessionToken) {
		t.Errorf("%v", err)
	}
}
