package engine

import (
	"fmt"
	"slices"
	"testing"

	"latchkey/internal/directory"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestPeopleAreFoundByAnIDOfAnyForeignDirectory(t *testing.T) {
	e := newEngine(t)
	known := func(in directory.StoreID, name string, ids ...directory.ExternalID) *directory.User {
		u := storetest.NewPerson(in, name)
		u.ExternalIDs = ids
		update(t, e, func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, u) })
		return u
	}
	check := func(s *Snapshot, id string, want ...*directory.User) {
		t.Helper()
		var got, ids []directory.UserID
		for _, u := range s.PeopleByExternalID(ourDirectory, id) {
			got = append(got, u.ID)
		}
		for _, u := range want {
			ids = append(ids, u.ID)
		}
		slices.Sort(ids)
		if !slices.Equal(got, ids) {
			t.Errorf("%q is the id of %v, want %v", id, got, ids)
		}
	}
	alice := known(ourDirectory, "alice", directory.ExternalID{Issuer: "scim", ID: "1"},
		directory.ExternalID{Issuer: "ldap", ID: "1"}, directory.ExternalID{Issuer: "old", ID: "7"})
	bob := known(ourDirectory, "bob", directory.ExternalID{Issuer: "hr", ID: "1"})
	known(theirDirectory, "alice", directory.ExternalID{Issuer: "scim", ID: "1"})
	before := snapshot(t, e)
	check(before, "1", alice, bob)
	check(before, "7", alice)
	check(before, "2")
	changed := *alice
	changed.ExternalIDs = []directory.ExternalID{{Issuer: "scim", ID: "2"}}
	update(t, e, func(tx *store.Tx) error { return store.DirectoryUsers.Update(tx, &changed) })
	s := snapshot(t, e)
	check(s, "1", bob)
	check(s, "2", alice)
	check(s, "7")
	update(t, e, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(bob.ID)) })
	check(snapshot(t, e), "1")
	check(before, "1", alice, bob)
}

func BenchmarkPeopleByExternalID(b *testing.B) {
	const people = 100_000
	d := (&Snapshot{cuts: &cuts{}}).edit()
	for i := range people {
		u := storetest.NewPerson(ourDirectory, fmt.Sprint("user-", i))
		u.ExternalIDs = []directory.ExternalID{{Issuer: "scim", ID: fmt.Sprint("id-", i)}}
		d.putPerson(u)
	}
	s := d.Snapshot
	for b.Loop() {
		if len(s.PeopleByExternalID(ourDirectory, "id-77")) != 1 {
			b.Fatal("not found")
		}
	}
}

func TestMembersAreReadInOrderFromAnyPlace(t *testing.T) {
	e := newEngine(t)
	g := storetest.NewGroup(ourDirectory, "g")
	update(t, e, func(tx *store.Tx) error { return store.DirectoryGroups.Insert(tx, g) })
	var ids []directory.UserID
	for i := range 20 {
		u := storetest.NewPerson(ourDirectory, fmt.Sprint("u", i))
		update(t, e, func(tx *store.Tx) error {
			if err := store.DirectoryUsers.Insert(tx, u); err != nil {
				return err
			}
			return store.InsertMembership(tx, storetest.NewMembership(g, u))
		})
		ids = append(ids, u.ID)
		slices.Sort(ids)
		if got := snapshot(t, e).MembersAfter(g.ID, ""); !slices.Equal(got, ids) {
			t.Fatalf("members %v, want %v", got, ids)
		}
	}
	s := snapshot(t, e)
	if got := s.MembersAfter(g.ID, ids[6]); !slices.Equal(got, ids[7:]) {
		t.Errorf("after a member: %v", got)
	}
	if got := s.MembersAfter(g.ID, ids[6]+"x"); !slices.Equal(got, ids[7:]) {
		t.Errorf("after somebody who left: %v", got)
	}
	if got := s.MembersAfter(g.ID, ids[19]); len(got) != 0 {
		t.Errorf("after the last: %v", got)
	}
	if got := s.MembersAfter("nothing", ""); len(got) != 0 {
		t.Errorf("of no group: %v", got)
	}
	update(t, e, func(tx *store.Tx) error { return store.DeleteMembership(tx, g.ID, ids[3]) })
	if got := snapshot(t, e).MembersAfter(g.ID, ids[2]); !slices.Equal(got, ids[4:]) {
		t.Errorf("after one left: %v", got)
	}
}
