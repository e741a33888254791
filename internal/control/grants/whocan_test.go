package grants_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

func names(all []grants.Entitlement) []string {
	var out []string
	for _, r := range all {
		name := r.PrincipalARN
		if r.Person != nil {
			name = r.Person.UserName
		}
		if !r.Open {
			code, _, _ := strings.Cut(r.Reason, ":")
			name += " " + code
		}
		out = append(out, name)
	}
	return out
}

func TestWhoCanTellsWhatKeepsSomebody(t *testing.T) {
	w := newPeopleWorld(t)
	bob := w.Person(t, owner, "bob")
	w.grant(group(w.g1), "p/*", "")
	elsewhere := w.Application(t, owner, func(a *sso.Application) { a.Scopes = nil })
	w.grant(user(bob), "p/*", elsewhere.ARN())
	in := grants.WhoCan{Target: "s3://lake/p/x", Permission: access.Read, Size: 10, All: true}
	for _, step := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"as it is", func() {}, []string{"alice", "bob application_other"}},
		{"not assigned", func() {
			w.SetApplication(t, w.app, func(a *sso.Application) { a.AssignmentOptional = false })
		}, []string{"alice not_assigned", "bob not_assigned"}},
		{"assigned to the group", func() {
			w.Assign(t, w.app, sso.Group, string(w.g1.ID))
		}, []string{"alice", "bob not_assigned"}},
		{"without the scope", func() {
			w.SetApplication(t, w.app, func(a *sso.Application) { a.Scopes = nil })
		}, []string{"alice application_missing", "bob application_missing"}},
		{"with a scope towards another application", func() {
			w.SetApplication(t, w.app, func(a *sso.Application) {
				a.Scopes = []sso.AccessScope{{Name: sso.S3Scope, Targets: []string{w.app.ARN()}, Number: 1}}
			})
		}, []string{"alice application_missing", "bob application_missing"}},
		{"with the scope again", func() {
			w.SetApplication(t, w.app, func(a *sso.Application) { a.Scopes = []sso.AccessScope{{Name: sso.S3Scope, Number: 2}} })
		}, []string{"alice", "bob not_assigned"}},
		{"the location's role hands no context on", func() {
			w.must(w.IAM.UpdateAssumeRolePolicy(t.Context(), w.as("iam"), "lr", serviceTrust))
		}, []string{"alice role_not_assumable", "bob not_assigned"}},
		{"disabled", func() {
			w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = true })
		}, []string{"alice user_disabled", "bob not_assigned"}},
		{"dissociated", func() {
			w.must(w.Grants.Dissociate(t.Context(), w.as("s3")))
		}, []string{"alice user_disabled", "bob association_removed"}},
	} {
		step.change()
		if got := names(w.whoCan(in)); !slices.Equal(got, step.want) {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
		var open []string
		for _, n := range step.want {
			if !strings.Contains(n, " ") {
				open = append(open, n)
			}
		}
		only := in
		only.All = false
		if got := names(w.whoCan(only)); !slices.Equal(got, open) {
			t.Errorf("%s: who can is %q, want %q", step.name, got, open)
		}
	}
}

func TestWhoCanIsForWhoMayAsk(t *testing.T) {
	w := newWorld(t)
	w.grant(iamARN+"user/u", "lake/x/*", access.Read)
	in := grants.WhoCan{Target: "s3://lake/x/k", Permission: access.Read, Size: 10}
	what := grants.WhatCan{Principal: iamARN + "user/u", Size: 10}
	t.Run("root may", func(t *testing.T) {
		page, err := w.G.WhoCan(w.as(w.root), in)
		if err != nil || !slices.Equal(names(page.Entries), []string{iamARN + "user/u"}) {
			t.Errorf("%v, %v", page, err)
		}
	})
	t.Run("a user may not", func(t *testing.T) {
		_, err := w.G.WhoCan(w.as(w.keys), in)
		denied(t, err, "latchkey:WhoCan")
		_, err = w.G.WhatCan(w.as(w.keys), what)
		denied(t, err, "latchkey:WhatCan")
	})
	t.Run("a user may ask what the policy says", func(t *testing.T) {
		_, k := w.user(w.root, "auditor", allow("latchkey:WhoCan", "*"))
		if _, err := w.G.WhoCan(w.as(k), in); err != nil {
			t.Error(err)
		}
		_, err := w.G.WhatCan(w.as(k), what)
		denied(t, err, "latchkey:WhatCan")
	})
	t.Run("another account may not, whatever the instance's policy says", func(t *testing.T) {
		w.share(sharing("s3:GetDataAccess", "arn:aws:iam::"+string(other)+":root"))
		_, err := w.G.WhoCan(w.on(account, w.otherRoot), in)
		denied(t, err, "latchkey:WhoCan")
		_, err = w.G.WhatCan(w.on(account, w.otherRoot), what)
		denied(t, err, "latchkey:WhatCan")
	})
	t.Run("a vended credential may not", func(t *testing.T) {
		k := controltest.KeysOf(w.vend(w.keys, "s3://lake/x/k", access.Read).Credentials)
		_, err := w.G.WhoCan(w.as(k), in)
		denied(t, err, "latchkey:WhoCan")
	})
	t.Run("nonsense is refused", func(t *testing.T) {
		for _, bad := range []grants.WhoCan{
			{Target: "lake", Permission: access.Read, Size: 10}, {Target: "s3://lake/x", Size: 10},
			{Target: "s3://lake/*", Permission: access.Read, Object: true, Size: 10},
		} {
			if _, err := w.G.WhoCan(w.as(w.root), bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		for _, bad := range []grants.WhatCan{{Size: 10}, {Principal: "x", User: "y", Size: 10}, {Principal: "x", Size: 10},
			{User: "x", Size: 10}} {
			if _, err := w.G.WhatCan(w.as(w.root), bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
	t.Run("a token that is not of this list is refused", func(t *testing.T) {
		w.user(w.root, "v", "")
		w.grant(iamARN+"user/v", "lake/x/*", access.Read)
		one := in
		one.Size, one.All = 1, true
		page, err := w.G.WhoCan(w.as(w.root), one)
		if err != nil || page.Next == "" {
			t.Fatalf("%+v, %v", page, err)
		}
		for name, change := range map[string]func(*grants.WhoCan){
			"target": func(in *grants.WhoCan) { in.Target = "s3://lake/x/l" }, "all": func(in *grants.WhoCan) { in.All = false },
			"permission": func(in *grants.WhoCan) {
				in.Permission = access.Write
			}, "object": func(in *grants.WhoCan) { in.Object = true },
			"garbage": func(in *grants.WhoCan) { in.Token += "A" },
		} {
			bad := one
			bad.Token = page.Next
			change(&bad)
			if _, err := w.G.WhoCan(w.as(w.root), bad); !fault.Is(err, fault.Invalid, fault.NextToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// The grantee of a grant was deleted, and another principal has its name.
func TestWhoCanDoesNotTakeANamesakeForTheGrantee(t *testing.T) {
	w := newWorld(t)
	document := allow("s3:GetDataAccess", "*")
	_, k := w.user(w.root, "v", document)
	w.grant(iamARN+"user/v", "lake/x/*", access.Read)
	must(t, w.IAM.DeleteAccessKey(t.Context(), w.as(w.root), "v", k.ID))
	must(t, w.IAM.DeleteInline(t.Context(), w.as(w.root), principals.UserNamed("v"), "p"))
	must(t, w.IAM.DeleteUser(t.Context(), w.as(w.root), "v"))
	w.user(w.root, "v", document)
	page, err := w.G.WhoCan(w.as(w.root),
		grants.WhoCan{Target: "s3://lake/x/k", Permission: access.Read, Size: 10, All: true})
	if err != nil || !slices.Equal(names(page.Entries), []string{iamARN + "user/v principal_deleted"}) {
		t.Errorf("%v, %v", page, err)
	}
}

func TestFindingAPerson(t *testing.T) {
	w := newPeopleWorld(t)
	bob := w.Person(t, owner, "bob")
	for _, name := range []string{"alice", "ALICE", "alice@example.org", string(w.alice.ID)} {
		page, err := w.Grants.WhatCan(w.as("s3"), grants.WhatCan{User: name, Size: 1})
		if err != nil || page.Person.ID != w.alice.ID ||
			!slices.Equal(page.Groups, []*directory.Group{w.as("s3").Snapshot.Group(w.g1.ID)}) {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
	w.SetPerson(t, bob, func(u *directory.User) { u.UserName = "alice@example.org" })
	if _, err := w.Grants.WhatCan(w.as("s3"), grants.WhatCan{User: "alice@example.org", Size: 1}); !fault.Is(err,
		fault.Invalid, fault.Grantee) || !strings.Contains(err.Error(), "give the id") {
		t.Errorf("who is meant is not clear, but: %v", err)
	}
}

// A large group is listed page by page, in order, everybody once, also when a page ends early.
func TestWhoCanOfALargeGroup(t *testing.T) {
	w := newPeopleWorld(t)
	const size = 1500
	var want []string
	g2 := w.Group(t, owner, "g2")
	w.Change(t, func(tx *store.Tx) error {
		want = nil
		for i := range size {
			u := &directory.User{ID: directory.UserID(uuid.NewString()), Store: w.alice.Store, UserName: fmt.Sprint("user-", i)}
			if err := store.DirectoryUsers.Insert(tx, u); err != nil {
				return err
			}
			for _, g := range []*directory.Group{w.g1, g2}[:1+i%2] {
				if err := store.InsertMembership(tx,
					&directory.Membership{
						ID:    directory.MembershipID(uuid.NewString()),
						Store: g.Store,
						Group: g.ID,
						User:  u.ID,
					}); err != nil {
					return err
				}
			}
			want = append(want, string(u.ID))
		}
		return nil
	})
	want = append(want, string(w.alice.ID))
	slices.Sort(want)
	w.grant(group(w.g1), "*", "")
	w.grant(group(g2), "p/*", "")
	for _, in := range []grants.WhoCan{{Size: 1000}, {Size: 70}, {Size: 70, Work: 30}, {Size: 1000, Work: 2000}} {
		in.Target, in.Permission = "s3://lake/p/x", access.Read
		var got []string
		pages := 0
		for {
			page, err := w.Grants.WhoCan(w.as("s3"), in)
			w.must(err)
			for _, r := range page.Entries {
				got = append(got, string(r.Person.ID))
				if r.Via == nil || (r.Via.ID == g2.ID) != (r.Grant.Scope.String() == "s3://lake/p/*") {
					t.Fatalf("%s comes via %v by %s", r.Person.UserName, r.Via, r.Grant.Scope)
				}
			}
			if pages++; page.Next == "" {
				break
			}
			if in.Token = page.Next; in.Work > 0 && len(page.Entries) > in.Work {
				t.Fatalf("%d in a page of work %d", len(page.Entries), in.Work)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d people, want %d", in, len(got), len(want))
		}
		if least := size / in.Size; pages < least {
			t.Errorf("%+v: %d pages", in, pages)
		}
	}
}
