package grants_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// reachWorld is a directory that changes at random: four people, three groups, three applications, and grants among
// them. One of its two locations does not serve people, and one of its two users may not call GetDataAccess.
type reachWorld struct {
	*peopleWorld
	people                []*directory.User
	groups                []*directory.Group
	apps                  []*sso.Application
	users                 []*iam.User
	userKeys              []controltest.Keys
	locations             []access.LocationID // of s3://lake/ and s3://lake/n*
	association           *sso.Application
	members               map[*directory.Group]map[*directory.User]bool
	assigned              map[*sso.Application]map[*directory.User]bool
	grants                []access.Grant
	identityCenter, store string
}

func newReachWorld(t *testing.T) *reachWorld {
	w := &reachWorld{
		peopleWorld: newPeopleWorld(t),
		members:     map[*directory.Group]map[*directory.User]bool{},
		assigned:    map[*sso.Application]map[*directory.User]bool{},
	}
	w.people, w.groups, w.apps = []*directory.User{w.alice}, []*directory.Group{w.g1}, []*sso.Application{w.app}
	for _, name := range []string{"bob", "carol", "dave"} {
		w.people = append(w.people, w.Person(t, owner, name))
	}
	for _, name := range []string{"g2", "g3"} {
		w.groups = append(w.groups, w.Group(t, owner, name))
		w.apps = append(w.apps, w.application())
	}
	for _, g := range w.groups {
		w.members[g] = map[*directory.User]bool{}
	}
	w.members[w.g1][w.alice] = true
	for _, a := range w.apps {
		w.assigned[a] = map[*directory.User]bool{}
	}
	// This role lets the service assume it, but does not allow sts:SetContext.
	w.role("nr", serviceTrust)
	l, err := w.Grants.CreateLocation(t.Context(), w.as("s3"), "s3://"+bucket+"/n*",
		"arn:aws:iam::"+string(owner)+":role/nr", nil)
	w.must(err)
	w.locations = []access.LocationID{w.location, l.ID}
	for _, name := range []string{"asks", "mute"} {
		u, err := w.IAM.CreateUser(t.Context(), w.as("iam"), principals.NewUser{Name: name})
		w.must(err)
		k, err := w.IAM.CreateAccessKey(t.Context(), w.as("iam"), name)
		w.must(err)
		w.users, w.userKeys = append(w.users, u), append(w.userKeys, controltest.Keys{ID: k.ID, Secret: k.Secret.Reveal()})
	}
	w.must(w.IAM.PutInline(t.Context(), w.as("iam"), principals.UserNamed("asks"), "p", allow("s3:GetDataAccess", "*")))
	a := *w.as("s3").Snapshot.Association(owner, controltest.Region)
	w.association = &a
	center := w.Center(t, owner)
	w.identityCenter, w.store = center.ARN(), center.IdentityStoreID
	return w
}

// shuffle creates everything anew.
func (w *reachWorld) shuffle(t *rapid.T) {
	flip := func(label string, one, of int) bool { return rapid.IntRange(1, of).Draw(t, label) <= one }
	people := slices.Clone(w.people)
	for i, u := range people {
		changed := *u
		changed.Disabled = flip("disabled", 1, 5)
		people[i] = &changed
	}
	var apps []*sso.Application
	for _, a := range w.apps {
		changed := *a
		changed.Disabled, changed.AssignmentOptional, changed.Scopes = flip("application disabled", 1, 6),
			flip("for all", 1, 3), nil
		if flip("scope", 5, 6) {
			changed.Scopes = []sso.AccessScope{{Name: sso.S3Scope, Number: 1}}
		}
		apps = append(apps, &changed)
	}
	association := *w.association
	association.Disabled = flip("association", 1, 12)
	type pair struct {
		is   map[*directory.User]bool
		u    *directory.User
		want bool
		set  func(*store.Tx, bool) error
	}
	var pairs []pair
	for _, u := range w.people {
		for _, g := range w.groups {
			pairs = append(pairs, pair{w.members[g], u, flip("member", 1, 2), func(tx *store.Tx, in bool) error {
				if !in {
					return store.DeleteMembership(tx, g.ID, u.ID)
				}
				return store.InsertMembership(tx,
					&directory.Membership{ID: directory.MembershipID(uuid.NewString()), Store: g.Store, Group: g.ID, User: u.ID})
			}})
		}
		for _, a := range w.apps {
			pairs = append(pairs, pair{w.assigned[a], u, flip("assigned", 1, 3), func(tx *store.Tx, in bool) error {
				if !in {
					return store.Assignments.Delete(tx, sso.AssignmentID(a.ID, sso.User, string(u.ID)))
				}
				return store.Assignments.Insert(tx,
					&sso.Assignment{ApplicationID: a.ID, Account: a.Account, Type: sso.User, PrincipalID: string(u.ID)})
			}})
		}
	}
	var fresh []access.Grant
	keys := map[access.GrantKey]bool{}
	for range rapid.IntRange(0, 14).Draw(t, "grants") {
		if g := w.drawGrant(t); !keys[g.Key()] {
			keys[g.Key()], fresh = true, append(fresh, g)
		}
	}
	w.Change(w.t, func(tx *store.Tx) error {
		var errs []error
		for _, g := range w.grants {
			errs = append(errs, store.DeleteGrant(tx, g.ID))
		}
		for i := range fresh {
			errs = append(errs, store.InsertGrant(tx, &fresh[i]))
		}
		for _, u := range people {
			errs = append(errs, store.DirectoryUsers.Update(tx, u))
		}
		for _, a := range append(apps, &association) {
			errs = append(errs, store.Applications.Update(tx, a))
		}
		for _, p := range pairs {
			if p.is[p.u] != p.want {
				errs = append(errs, p.set(tx, p.want))
			}
		}
		return errors.Join(errs...)
	})
	w.grants = fresh
	for _, p := range pairs {
		p.is[p.u] = p.want
	}
}

func (w *reachWorld) drawGrant(t *rapid.T) access.Grant {
	var to access.Identity
	var displayed string
	switch kind := rapid.IntRange(0, 9).Draw(t, "grantee"); {
	case kind < 5:
		g := rapid.SampledFrom(w.groups).Draw(t, "group")
		to, displayed = access.Identity{Type: access.DirectoryGroup, Principal: string(g.ID)}, string(g.ID)
	case kind < 8:
		u := rapid.SampledFrom(w.people).Draw(t, "person")
		to, displayed = access.Identity{Type: access.DirectoryUser, Principal: string(u.ID)}, string(u.ID)
	default:
		u := rapid.SampledFrom(w.users).Draw(t, "user")
		to, displayed = access.Identity{Type: access.IAM, Principal: u.ID}, u.ARN()
	}
	n := rapid.IntRange(0, 1).Draw(t, "location")
	sub := rapid.SampledFrom([]string{"*", "a*", "a/b*", "a/b"}).Draw(t, "sub")
	application := rapid.SampledFrom([]string{"", "", w.apps[1].ARN(), w.apps[2].ARN()}).Draw(t, "application")
	snap := w.as("s3").Snapshot
	g, err := access.NewGrant(access.GrantSpec{
		ID:             access.GrantID(uuid.New()),
		Now:            w.Now(),
		Location:       snap.Location(owner, controltest.Region, w.locations[n]).Location,
		SubPrefix:      sub,
		Grantee:        access.Grantee{Type: to.Type, ID: displayed},
		Principal:      to.Principal,
		Permission:     rapid.SampledFrom([]access.Permission{access.Read, access.ReadWrite}).Draw(t, "permission"),
		ApplicationARN: application,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// through makes a session of r1 that acts for a person who came through an application.
func (w *reachWorld) through(u *directory.User, a *sso.Application) controltest.Keys {
	w.t.Helper()
	d := credential.Delegation{
		IdentityStoreID: w.store, UserID: string(u.ID), ApplicationARN: a.ARN(), IdentityCenterInstance: w.identityCenter,
		CredentialID: "c", Scopes: sso.S3Scope,
	}
	c, err := w.Ring.Mint(credential.Session{
		ID:          credential.SessionID(uuid.New()),
		Kind:        credential.AssumedRole,
		Account:     string(owner),
		Region:      controltest.Region,
		PrincipalID: w.r1.ID,
		Name:        "s",
		Issued:      w.Now().UTC().Truncate(time.Second),
		Expires:     w.Now().UTC().Truncate(time.Second).Add(grants.MinDuration),
		Delegation:  d,
		Revision:    uint64(w.as("s3").Snapshot.Rev()),
		Grounds:     caller.DelegationGrounds(&d),
	})
	w.must(err)
	return controltest.KeysOf(c)
}

// gets calls GetDataAccess with these keys, starting with the signature.
func (w *reachWorld) gets(k controltest.Keys, target string, p access.Permission) *grants.Vended {
	w.t.Helper()
	who, err := w.Authenticate(w.t, k, "s3")
	if err != nil {
		return nil
	}
	v, err := w.Grants.GetDataAccess(w.t.Context(),
		w.Begin(control.Opening{Caller: who, Source: "s3.amazonaws.com", Operation: "GetDataAccess", ReadOnly: true}),
		grants.DataAccess{Target: target, Permission: p, Privilege: access.Default})
	if err != nil {
		return nil
	}
	return v
}

// whoCan reads every page, of this size.
func (w *peopleWorld) whoCan(in grants.WhoCan) []grants.Entitlement {
	w.t.Helper()
	var all []grants.Entitlement
	for {
		page, err := w.Grants.WhoCan(w.as("s3"), in)
		w.must(err)
		if len(page.Entries) > in.Size {
			w.t.Fatalf("a page of %d, asked for %d", len(page.Entries), in.Size)
		}
		all = append(all, page.Entries...)
		if in.Token = page.Next; in.Token == "" {
			return all
		}
	}
}

func (w *peopleWorld) whatCan(in grants.WhatCan) []grants.Entitlement {
	w.t.Helper()
	var all []grants.Entitlement
	for {
		page, err := w.Grants.WhatCan(w.as("s3"), in)
		w.must(err)
		all = append(all, page.Entries...)
		if in.Token = page.Next; in.Token == "" {
			return all
		}
	}
}

func TestWhoCanAndWhatCanAgreeWithGetDataAccess(t *testing.T) {
	w := newReachWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		w.shuffle(rt)
		target := "s3://lake/" +
			rapid.SampledFrom([]string{"x", "a/b", "a/b/c", "a/*", "n/x", "na/b", "na/b*", "*"}).Draw(rt, "target")
		p := rapid.SampledFrom([]access.Permission{access.Read, access.Write}).Draw(rt, "permission")
		size, work := rapid.IntRange(1, 4).Draw(rt, "size"), rapid.IntRange(0, 40).Draw(rt, "work")
		found := map[string]grants.Entitlement{}
		held := map[string]bool{}
		for _, r := range w.whoCan(grants.WhoCan{Target: target, Permission: p, Size: size, Work: work, All: true}) {
			name := r.PrincipalARN
			if r.Person != nil {
				name = r.Person.UserName
			}
			if held[name] {
				rt.Fatalf("%s is told twice", name)
			}
			if held[name] = true; r.Open {
				found[name] = r
			} else if r.Reason == "" {
				rt.Fatalf("%s is kept by nothing", name)
			}
		}
		if open := w.whoCan(grants.WhoCan{Target: target, Permission: p, Size: size}); len(open) != len(found) {
			rt.Fatalf("%d are told when only those are asked for who can, %d among all", len(open), len(found))
		}
		for _, u := range w.people {
			w.checkPerson(rt, u, target, p, found[u.UserName])
		}
		for i, u := range w.users {
			r, v := found[u.ARN()], w.gets(w.userKeys[i], target, p)
			if r.Open != (v != nil) || v != nil && r.Grant.Scope.String() != v.Matched {
				rt.Fatalf("%s: told %+v, vended %+v", u.Name, r, v)
			}
			w.checkHeld(rt, w.whatCan(grants.WhatCan{Principal: u.ARN(), Size: size, Work: work}), target, p, v,
				func(*sso.Application) controltest.Keys {
					return w.userKeys[i]
				})
		}
	})
}

func (w *reachWorld) checkPerson(
	rt *rapid.T, u *directory.User, target string, p access.Permission, told grants.Entitlement,
) {
	held := w.whatCan(grants.WhatCan{User: string(u.ID), Size: 3, Work: 5})
	var oldest *sso.Application
	for _, a := range w.apps {
		v := w.gets(w.through(u, a), target, p)
		if v != nil && oldest == nil {
			oldest = a
			if !told.Open || told.Application.ARN() != a.ARN() || told.Grant.Grantee != v.Grantee ||
				told.Grant.Scope.String() != v.Matched {
				rt.Fatalf("%s through %s: told %+v, vended %+v", u.UserName, a.ID, told, v)
			}
		}
		w.checkHeld(rt, held, target, p, v, func(a *sso.Application) controltest.Keys { return w.through(u, a) })
		for _, role := range []string{"", w.r1.ARN()} {
			e, err := w.Grants.ExplainPerson(w.as("s3"),
				grants.Somebody{User: u.UserName, RoleARN: role, ApplicationARN: a.ARN()},
				grants.DataAccess{Target: target, Permission: p, Privilege: access.Default}, 5)
			if err != nil {
				rt.Fatal(err)
			}
			if e.Allowed() != (v != nil) {
				rt.Fatalf("%s through %s: explained %v %+v, vended %+v", u.UserName, a.ID, e.Decision.OK, e.Checks, v)
			}
		}
	}
	if told.Open != (oldest != nil) {
		rt.Fatalf("%s: told %+v, vended through %v", u.UserName, told, oldest)
	}
	e, err := w.Grants.ExplainPerson(w.as("s3"), grants.Somebody{User: string(u.ID)},
		grants.DataAccess{Target: target, Permission: p, Privilege: access.Default}, 5)
	if err != nil || e.Allowed() != told.Open {
		rt.Fatalf("%s: told %v, explained %+v (%v)", u.UserName, told.Open, e, err)
	}
}

// checkHeld compares the grants that WhatCan lists for somebody with what was vended. The grant that answered must be
// listed as open, and a grant that is listed as open must answer for its own scope.
func (w *reachWorld) checkHeld(
	rt *rapid.T, held []grants.Entitlement, target string, p access.Permission, v *grants.Vended,
	keys func(*sso.Application) controltest.Keys,
) {
	if v != nil && !slices.ContainsFunc(held, func(r grants.Entitlement) bool {
		return r.Open && r.Grant.Scope.String() == v.Matched && r.Grant.Grantee == v.Grantee && r.Grant.Permission.Covers(p)
	}) {
		rt.Fatalf("%s was vended %s, which is not told: %+v", target, v.Matched, held)
	}
	for i := range held {
		r := &held[i]
		if !r.Open && r.Reason == "" {
			rt.Fatalf("%s is kept by nothing", r.Grant.Scope)
		}
		if r.Open && rapid.IntRange(0, 3).Draw(rt, "tried") == 0 &&
			w.gets(keys(r.Application), r.Grant.Scope.String(), r.Grant.Permission) == nil {
			rt.Fatalf("%s is told to be open, and is not: %+v", r.Grant.Scope, r)
		}
	}
}
