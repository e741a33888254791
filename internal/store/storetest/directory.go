package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

const (
	identityStore      = directory.StoreID("d-0123456789")
	otherIdentityStore = directory.StoreID("d-9876543210")
)

// NewPerson is a directory user with a fresh id.
func NewPerson(s directory.StoreID, name string) *directory.User {
	return &directory.User{ID: directory.UserID(uuid.NewString()), Store: s, UserName: name}
}

// NewGroup is a directory group with a fresh id.
func NewGroup(s directory.StoreID, name string) *directory.Group {
	return &directory.Group{ID: directory.GroupID(uuid.NewString()), Store: s, DisplayName: name}
}

// NewMembership puts a user into a group.
func NewMembership(g *directory.Group, u *directory.User) *directory.Membership {
	return &directory.Membership{
		ID:        directory.MembershipID(uuid.NewString()),
		Store:     g.Store,
		Group:     g.ID,
		User:      u.ID,
		Created:   db0,
		CreatedBy: "arn",
	}
}

func deleteDirectory(t *testing.T, db *store.DB) {
	u, g := NewPerson(identityStore, "u"), NewGroup(identityStore, "g")
	u.Emails = []directory.Email{{Value: "u@x"}}
	stranger, strangers := NewPerson(otherIdentityStore, "u"), NewGroup(otherIdentityStore, "g")
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryUsers.Insert(tx, u), store.DirectoryUsers.Insert(tx, stranger),
			store.DirectoryGroups.Insert(tx, g),
			store.DirectoryGroups.Insert(tx, strangers), store.InsertMembership(tx, NewMembership(g, u)),
			store.InsertMembership(tx, NewMembership(strangers, stranger)))
	})
	update(t, db, func(tx *store.Tx) error { return store.DeleteDirectory(tx, identityStore) })
	left := 0
	for m, err := range store.ScanMemberships(t.Context(), db) {
		if left++; err != nil || m.User != stranger.ID {
			t.Errorf("left: %v (%v)", m, err)
		}
	}
	users, err := store.DirectoryUsers.InAccount(t.Context(), db, string(identityStore))
	groups, err2 := store.DirectoryGroups.InAccount(t.Context(), db, string(identityStore))
	others, err3 := store.DirectoryUsers.InAccount(t.Context(), db, string(otherIdentityStore))
	if left != 1 || len(users)+len(groups) != 0 || len(others) != 1 || errors.Join(err, err2, err3) != nil {
		t.Errorf("%d memberships, %v, %v, %v are left (%v)", left, users, groups, others, errors.Join(err, err2, err3))
	}
	again := NewPerson(identityStore, "u")
	again.Emails = u.Emails
	update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, again) })
}

func furtherKeys(t *testing.T, db *store.DB) {
	external := directory.ExternalID{Issuer: "scim", ID: "1"}
	alice, bob := NewPerson(identityStore, "Alice"), NewPerson(identityStore, "bob")
	alice.Emails, alice.ExternalIDs = []directory.Email{{Value: "A@x"}}, []directory.ExternalID{external}
	long := strings.Repeat("é", 1000)
	bob.Emails = []directory.Email{{Value: long}}
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryUsers.Insert(tx, alice), store.DirectoryUsers.Insert(tx, bob))
	})
	with := func(change func(*directory.User)) *directory.User {
		u := NewPerson(identityStore, "carol")
		change(u)
		return u
	}
	email := func(u *directory.User) { u.Emails = []directory.Email{{Value: "a@X"}} }
	renamed, readdressed := *bob, *bob
	renamed.UserName = "ALICE"
	email(&readdressed)
	for _, c := range []struct {
		name string
		key  directory.Key
		fn   func(*store.Tx) error
	}{
		{"a name in another case", directory.NameKey("alice"), func(tx *store.Tx) error {
			return store.DirectoryUsers.Insert(tx, with(func(u *directory.User) { u.UserName = "aLICE" }))
		}},
		{"an email", directory.EmailKey("a@x"), func(tx *store.Tx) error {
			return store.DirectoryUsers.Insert(tx, with(email))
		}},
		{"a long email", directory.EmailKey(long), func(tx *store.Tx) error {
			return store.DirectoryUsers.Insert(tx, with(func(u *directory.User) { u.Emails = bob.Emails }))
		}},
		{"an external id", directory.ExternalKey(external), func(tx *store.Tx) error {
			return store.DirectoryUsers.Insert(tx, with(func(u *directory.User) { u.ExternalIDs = alice.ExternalIDs }))
		}},
		{"a name, by an update", directory.NameKey("alice"), func(tx *store.Tx) error {
			return store.DirectoryUsers.Update(tx, &renamed)
		}},
		{"an email, by an update", directory.EmailKey("a@x"), func(tx *store.Tx) error {
			return store.DirectoryUsers.Update(tx, &readdressed)
		}},
	} {
		rev, _ := db.Rev(t.Context())
		_, err := db.Update(t.Context(), func(tx *store.Tx) error {
			// A refused insert has changed nothing, so that a transaction may go on.
			if err := c.fn(tx); !fault.Is(err, fault.AlreadyExists, fault.DirectoryUser) {
				return fmt.Errorf("not refused: %w", err)
			} else if taken, ok := errors.AsType[*store.DuplicateError](err); !ok || taken.Key != string(c.key) {
				return fmt.Errorf("refused for %v, not for %s", taken, c.key)
			}
			return nil
		})
		if now, _ := db.Rev(t.Context()); err != nil || now != rev {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	found := func(k directory.Key, want directory.UserID) {
		t.Helper()
		u, err := store.DirectoryUserByKey(t.Context(), db, identityStore, k)
		if want == "" && fault.Is(err, fault.NotFound, fault.DirectoryUser) {
			return
		}
		if err != nil || u.ID != want {
			t.Errorf("%s finds %v (%v)", k, u, err)
		}
	}
	found(directory.NameKey("ALICE"), alice.ID)
	found(directory.EmailKey("a@x"), alice.ID)
	found(directory.EmailKey(long), bob.ID)
	found(directory.ExternalKey(external), alice.ID)
	update(t, db, func(tx *store.Tx) error { // elsewhere everything is free
		u := *alice
		u.ID, u.Store = NewPerson("", "").ID, otherIdentityStore
		return store.DirectoryUsers.Insert(tx, &u)
	})
	moved := *alice
	moved.Emails, moved.ExternalIDs = []directory.Email{{Value: "new@x"}}, nil
	update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Update(tx, &moved) })
	found(directory.EmailKey("a@x"), "")
	found(directory.ExternalKey(external), "")
	found(directory.EmailKey("new@x"), alice.ID)
	update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(alice.ID)) })
	found(directory.EmailKey("new@x"), "")
	carol := with(func(u *directory.User) { u.Emails = moved.Emails })
	update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, carol) })
	found(directory.EmailKey("new@x"), carol.ID)
	page, err := store.DirectoryUsers.Page(t.Context(), db, string(identityStore), bob.Seq, 10)
	if err != nil || len(page) != 1 || page[0].ID != carol.ID {
		t.Errorf("the page behind bob is %v (%v)", page, err)
	}
}

func membershipRows(t *testing.T, db *store.DB) {
	g1, g2 := NewGroup(identityStore, "g1"), NewGroup(identityStore, "g2")
	people := []*directory.User{NewPerson(identityStore, "u0"), NewPerson(identityStore, "u1"),
		NewPerson(identityStore, "u2")}
	var in []*directory.Membership
	update(t, db, func(tx *store.Tx) error {
		err := errors.Join(store.DirectoryGroups.Insert(tx, g1), store.DirectoryGroups.Insert(tx, g2))
		for _, u := range people {
			err = errors.Join(err, store.DirectoryUsers.Insert(tx, u))
			m := NewMembership(g1, u)
			in, err = append(in, m), errors.Join(err, store.InsertMembership(tx, m))
		}
		return err
	})
	bulk := []directory.Membership{*NewMembership(g2, people[0]), *NewMembership(g2, people[1])}
	update(t, db, func(tx *store.Tx) error { return store.InsertMemberships(tx, bulk) })
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.InsertMembership(tx, NewMembership(g1, people[0]))
	}); !fault.Is(err, fault.AlreadyExists, fault.Membership) {
		t.Errorf("a membership twice: %v", err)
	}
	rev, _ := db.Rev(t.Context())
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		_ = store.InsertMemberships(tx, []directory.Membership{*NewMembership(g2, people[2]), *NewMembership(g2, people[0])})
		return nil // even if the error is ignored, half of the rows must not be committed
	}); err == nil {
		t.Error("half of many memberships was committed")
	}
	if now, _ := db.Rev(t.Context()); now != rev {
		t.Error("a refused membership made a revision")
	}
	got, err := store.MembershipByID(t.Context(), db, in[1].ID)
	if err != nil || *got != *in[1] {
		t.Errorf("stored %+v\nread   %+v (%v)", in[1], got, err)
	}
	if got, err := store.MembershipOf(t.Context(), db, g2.ID, people[1].ID); err != nil || got.ID != bulk[1].ID {
		t.Errorf("of the pair: %v (%v)", got, err)
	}
	ids := func(all []directory.Membership, err error) (ids []directory.MembershipID) {
		t.Helper()
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		if err != nil {
			t.Error(err)
		}
		return ids
	}
	want := func(what string, got []directory.MembershipID, want ...directory.MembershipID) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	want("a page of a group", ids(store.MembershipsOfGroup(t.Context(), db, g1.ID, in[0].Seq, 1)), in[1].ID)
	want("a user's", ids(store.MembershipsOfUser(t.Context(), db, people[0].ID, 0, 10)), in[0].ID, bulk[0].ID)
	rev = update(t, db, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(people[0].ID)) })
	want("a deleted user's", ids(store.MembershipsOfUser(t.Context(), db, people[0].ID, 0, 10)))
	want("what is left of a group", ids(store.MembershipsOfGroup(t.Context(), db, g1.ID, 0, 10)), in[1].ID, in[2].ID)
	update(t, db, func(tx *store.Tx) error { return store.DirectoryGroups.Delete(tx, string(g1.ID)) })
	want("a deleted group's", ids(store.MembershipsOfGroup(t.Context(), db, g1.ID, 0, 10)))
	update(t, db, func(tx *store.Tx) error { return store.DeleteMembership(tx, g2.ID, people[1].ID) })
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.DeleteMembership(tx, g2.ID, people[1].ID)
	}); !fault.Is(err, fault.NotFound, fault.Membership) {
		t.Errorf("deleted twice: %v", err)
	}
	for m, err := range store.ScanMemberships(t.Context(), db) {
		t.Errorf("left: %v (%v)", m, err)
	}
	changes, err := db.Changes(t.Context(), rev-1, 10)
	if err != nil || len(changes) != 3 || changes[2].Kind != store.KindMembership || changes[2].Op != store.Deleted {
		t.Errorf("the changes are %v (%v)", changes, err)
	}
	if g, u, ok := store.CutPairID(changes[2].ID); g != g2.ID || u != people[1].ID || !ok {
		t.Errorf("the change names %s and %s", g, u)
	}
}

func membershipScan(t *testing.T, db *store.DB) {
	const n = 10_001 // more than two pages
	all := make([]directory.Membership, n)
	g := NewGroup(identityStore, "g")
	for i := range all {
		all[i] = *NewMembership(g, NewPerson(identityStore, ""))
	}
	update(t, db, func(tx *store.Tx) error { return store.InsertMemberships(tx, all) })
	i := 0
	for m, err := range store.ScanMemberships(t.Context(), db) {
		if err != nil || m != all[i] {
			t.Fatalf("membership %d is %v (%v)", i, m, err)
		}
		i++
	}
	if i != n {
		t.Errorf("%d of %d memberships", i, n)
	}
	for range store.ScanMemberships(t.Context(), db) { // leaving early is allowed
		break
	}
}
