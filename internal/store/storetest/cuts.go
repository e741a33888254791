package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/bucket"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// changeRow replaces a row, or deletes it.
func changeRow[T any](b *store.Table[T], row T, change func(*T)) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if change == nil {
			return b.Delete(tx, b.Key(&row).ID)
		}
		change(&row)
		return b.Update(tx, &row)
	}
}

// cuts: what each change of a row cuts, and that the change list names it.
func cuts(t *testing.T, db *store.DB) {
	key := iam.AccessKey{ID: "AKIA1", Account: "111122223333", Status: iam.Active}
	person := *NewPerson(identityStore, "alice")
	person.Emails = []directory.Email{{Value: "a@x"}}
	provider := iam.OIDCProvider{
		ID:        "OIDP1",
		Account:   "111122223333",
		URL:       "https://idp.example",
		ClientIDs: []string{"a", "b"},
	}
	issuer := sso.Issuer{ID: "tti-1", Account: "111122223333", InstanceID: "ssoins-1", URL: "https://i", ClaimPath: "sub"}
	app := sso.Application{
		ID: "apl-1", InstanceID: "ssoins-1", Account: "111122223333",
		Scopes: []sso.AccessScope{{Name: "s"}},
		Grants: []sso.Grant{
			{Type: sso.RefreshToken},
			{Type: sso.JWTBearer, Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"x", "y"}}}},
		},
	}
	assigned := sso.Assignment{ApplicationID: app.ID, Type: sso.User, PrincipalID: string(person.ID)}
	lake := bucket.Bucket{Name: "lake", Account: "111122223333", Nonce: "1"}
	instance := store.Instance{}
	instance.Account, instance.Region = "111122223333", "us-east-1"
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(store.AccessKeys.Insert(tx, &key), store.DirectoryUsers.Insert(tx, &person),
			store.OIDCProviders.Insert(tx, &provider), store.Issuers.Insert(tx, &issuer), store.Applications.Insert(tx, &app),
			store.Assignments.Insert(tx, &assigned), store.Buckets.Insert(tx, &lake), store.Instances.Insert(tx, &instance))
	})
	for _, c := range []struct {
		name string
		fn   func(*store.Tx) error
		want []string
	}{
		{"a key made inactive", changeRow(&store.AccessKeys, key, func(k *iam.AccessKey) { k.Status = iam.Inactive }),
			[]string{"access-key AKIA1"}},
		{"a key made active", changeRow(&store.AccessKeys, key, func(*iam.AccessKey) {}), nil},
		{"a person disabled", changeRow(&store.DirectoryUsers, person, func(u *directory.User) { u.Disabled = true }),
			[]string{"person " + string(person.ID)}},
		{"a person enabled", changeRow(&store.DirectoryUsers, person, func(*directory.User) {}), nil},
		{"another address", changeRow(&store.DirectoryUsers, person, func(u *directory.User) {
			u.Emails = []directory.Email{{Value: "b@x"}}
		}), []string{"person-key " + string(person.ID) + "/" + string(directory.EmailKey("a@x"))}},
		{"a client id removed", changeRow(&store.OIDCProviders, provider, func(p *iam.OIDCProvider) {
			p.ClientIDs = []string{"b"}
		}), []string{"oidc-provider-client OIDP1/a"}},
		{"another claim", changeRow(&store.Issuers, issuer, func(i *sso.Issuer) { i.ClaimPath = "email" }),
			[]string{"token-issuer tti-1"}},
		{"another name of an issuer", changeRow(&store.Issuers, issuer, func(i *sso.Issuer) {
			i.Name, i.ClaimPath = "n", "email"
		}), nil},
		{"an application disabled", changeRow(&store.Applications, app, func(a *sso.Application) { a.Disabled = true }),
			[]string{"application apl-1"}},
		{"an audience removed", changeRow(&store.Applications, app, func(a *sso.Application) {
			a.Grants = []sso.Grant{a.Grants[0], {Type: sso.JWTBearer, Issuers: []sso.AuthorizedIssuer{
				{IssuerARN: issuer.ARN(), Audiences: []string{"y"}},
			}}}
		}), []string{"audience apl-1/tti-1/x"}},
		{"an issuer removed", changeRow(&store.Applications, app, func(a *sso.Application) {
			a.Grants = []sso.Grant{a.Grants[0], {Type: sso.JWTBearer}}
		}), []string{"accepted-issuer apl-1/tti-1", "audience apl-1/tti-1/y"}},
		{"grants and scopes removed", changeRow(&store.Applications, app, func(a *sso.Application) {
			a.Grants, a.Scopes = nil, nil
		}), []string{"access-scope apl-1/s/*", "application-grant apl-1/" + string(sso.RefreshToken),
			"application-grant apl-1/" + string(sso.JWTBearer)}},
		{"an assignment removed", changeRow(&store.Assignments, assigned, nil), []string{"assignment " + assigned.ID()}},
		{"a bucket changed", changeRow(&store.Buckets, lake, func(b *bucket.Bucket) { b.Policy = "x" }), nil},
		{"a bucket deleted", changeRow(&store.Buckets, lake, nil), []string{"bucket lake"}},
		{"an instance deleted", changeRow(&store.Instances, instance, nil),
			[]string{"access-grants-instance 111122223333/us-east-1"}},
	} {
		rev := update(t, db, c.fn)
		changes, err := db.Changes(t.Context(), rev-1, 100)
		var listed []string
		for _, ch := range changes {
			if g, ok := store.ParseCutID(ch.ID); ch.Kind == store.KindCut && ok && store.CutID(g) == ch.ID {
				listed = append(listed, ch.ID)
			}
		}
		slices.Sort(listed)
		var stored []string
		for cut, err := range store.ScanCuts(t.Context(), db, time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			if cut.Rev == rev {
				stored = append(stored, store.CutID(cut.Ground))
			}
		}
		slices.Sort(stored)
		if err != nil || !slices.Equal(listed, c.want) || !slices.Equal(stored, c.want) {
			t.Errorf("%s cuts %v, stored as %v, want %v (%v)", c.name, listed, stored, c.want, err)
		}
	}
	history, err := store.CutsOf(t.Context(), db, credential.Ground{Kind: credential.OnAccessKey, ID: key.ID}, 0, 10)
	if err != nil || len(history) != 1 || history[0].Reason != "changed" || history[0].At.IsZero() {
		t.Errorf("the history of the key is %v (%v)", history, err)
	}
}

func pastMemberships(t *testing.T, db *store.DB) {
	g, u, v := NewGroup(identityStore, "g"), NewPerson(identityStore, "u"), NewPerson(identityStore, "v")
	in := func(p *directory.User) *directory.Membership { return NewMembership(g, p) }
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryGroups.Insert(tx, g), store.DirectoryUsers.Insert(tx, u),
			store.DirectoryUsers.Insert(tx, v), store.InsertMembership(tx, in(u)), store.InsertMembership(tx, in(v)))
	})
	revs := []store.Rev{
		update(t, db, func(tx *store.Tx) error { return store.DeleteMembership(tx, g.ID, u.ID) }),
		update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(v.ID)) }),
	}
	update(t, db, func(tx *store.Tx) error { return store.InsertMembership(tx, in(u)) })
	revs = append(revs, update(t, db, func(tx *store.Tx) error { return store.DirectoryGroups.Delete(tx, string(g.ID)) }))
	var got []string
	for m, err := range store.ScanPastMemberships(t.Context(), db, time.Time{}) {
		if err != nil || !m.Since.Equal(db0) || !m.Until.After(m.Since) || m.Group != g.ID || m.Store != identityStore {
			t.Errorf("%+v (%v)", m, err)
		}
		got = append(got, fmt.Sprint(m.User, m.Rev))
	}
	want := []string{fmt.Sprint(u.ID, revs[0]), fmt.Sprint(v.ID, revs[1]), fmt.Sprint(u.ID, revs[2])}
	if !slices.Equal(got, want) {
		t.Errorf("ended: %v, want %v", got, want)
	}
	then := membershipsAt(t, db, store.MembershipsThen{Group: g.ID, At: db0.Add(time.Second), Limit: 10})
	groups := membershipsAt(t, db, store.MembershipsThen{User: v.ID, At: db0, Limit: 10})
	before := membershipsAt(t, db, store.MembershipsThen{Group: g.ID, At: db0.Add(-time.Second), Limit: 10})
	if len(then) != 3 || len(groups) != 1 || len(before) != 0 {
		t.Errorf("then %v, in %v, before %v", then, groups, before)
	}
}

func membershipsAt(t *testing.T, db *store.DB, f store.MembershipsThen) []store.PastMembership {
	t.Helper()
	all, err := store.MembershipsAt(t.Context(), db, f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// membershipsOfNow: those that last are among them, with those that have ended, in pages.
func membershipsOfNow(t *testing.T, db *store.DB) {
	g := NewGroup(identityStore, "g")
	var all []string
	update(t, db, func(tx *store.Tx) error { return store.DirectoryGroups.Insert(tx, g) })
	for i := range 5 {
		u := NewPerson(identityStore, fmt.Sprint("u", i))
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(store.DirectoryUsers.Insert(tx, u), store.InsertMembership(tx, NewMembership(g, u)))
		})
		if i%2 == 0 {
			update(t, db, func(tx *store.Tx) error { return store.DeleteMembership(tx, g.ID, u.ID) })
		}
		all = append(all, string(u.ID))
	}
	slices.Sort(all)
	var got []string
	lasting := 0
	for f := (store.MembershipsThen{Group: g.ID, At: db0, Limit: 2}); ; {
		page := membershipsAt(t, db, f)
		for _, m := range page {
			got, f.After = append(got, string(m.User)), string(m.User)
			if m.Until.IsZero() {
				lasting++
			}
		}
		if len(page) < f.Limit {
			break
		}
	}
	if !slices.Equal(got, all) || lasting != 2 {
		t.Errorf("%v, of which %d last, want %v", got, lasting, all)
	}
	now := membershipsAt(t, db, store.MembershipsThen{Group: g.ID, At: time.Now().Add(time.Hour), Limit: 10})
	if len(now) != 2 {
		t.Errorf("later: %v", now)
	}
}

// cutsOfSessions: single sessions that were ended are forgotten after a time, all else is kept.
func cutsOfSessions(t *testing.T, db *store.DB) {
	session := func(i int) credential.Ground { return credential.Ground{Kind: credential.OnSession, ID: fmt.Sprint(i)} }
	person := credential.Ground{Kind: credential.OnPerson, ID: "p"}
	for i := range 5 {
		update(t, db, func(tx *store.Tx) error { return tx.Cut(store.Ended, session(i), person) })
	}
	remove := func(before time.Time, limit int) (n int64) {
		t.Helper()
		_, err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
			n, err = store.RemoveSessionCuts(tx, before, limit)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	update(t, db, func(tx *store.Tx) error { return tx.Cut(store.Ended, session(0)) }) // once more
	twice, err := store.CutsOf(t.Context(), db, session(0), 0, 3)
	if err != nil || len(twice) != 2 {
		t.Fatalf("%v (%v)", twice, err)
	}
	if n := remove(twice[0].At.Add(time.Microsecond), 10); n != 1 {
		t.Errorf("%d cuts went before the first session's second one", n)
	}
	later := time.Now().AddDate(100, 0, 0)
	if n := remove(time.UnixMicro(1), 10); n != 0 {
		t.Errorf("%d cuts went too early", n)
	}
	if a, b, c := remove(later, 2), remove(later, 10), remove(later, 10); a != 2 || b != 3 || c != 0 {
		t.Errorf("removed %d, %d and %d", a, b, c)
	}
	first, err := store.CutsOf(t.Context(), db, person, 0, 3)
	if err != nil || len(first) != 3 {
		t.Fatalf("%v (%v)", first, err)
	}
	rest, err := store.CutsOf(t.Context(), db, person, first[2].Rev, 3)
	if err != nil || len(rest) != 2 || rest[0].Rev <= first[2].Rev || rest[1].Reason != store.Ended {
		t.Errorf("%v (%v)", rest, err)
	}
}
