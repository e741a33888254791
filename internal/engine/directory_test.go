package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

const (
	ourDirectory   = directory.StoreID("d-0123456789")
	theirDirectory = directory.StoreID("d-9876543210")
)

func (w *world) directory() directory.StoreID {
	return pickOf(w, []directory.StoreID{ourDirectory, theirDirectory})
}

func (w *world) withKeys(u *directory.User) {
	u.Emails, u.ExternalIDs = nil, nil
	if w.pick(2) == 0 {
		u.Emails = []directory.Email{{Value: pickOf(w, names) + "@x"}}
	}
	if w.pick(2) == 0 {
		u.ExternalIDs = []directory.ExternalID{{Issuer: "scim", ID: pickOf(w, names)}}
	}
}

// changeDirectory makes one change of a directory. Users and groups come, change and go, and use the same few keys
// again and again.
func (w *world) changeDirectory(tx *store.Tx) error {
	user, group := directory.UserID("nobody"), directory.GroupID("nothing")
	if len(w.people) > 0 {
		user = pickOf(w, w.people)
	}
	if len(w.groups) > 0 {
		group = pickOf(w, w.groups)
	}
	switch w.pick(12) {
	case 0, 1:
		u := storetest.NewPerson(w.directory(), pickOf(w, names))
		w.withKeys(u)
		w.people = append(w.people, u.ID)
		return store.DirectoryUsers.Insert(tx, u)
	case 2:
		u, err := store.DirectoryUsers.Get(w.Context(), tx, string(user))
		if err != nil {
			return err
		}
		u.UserName, u.Disabled = pickOf(w, names), w.pick(2) == 0
		w.withKeys(u)
		return store.DirectoryUsers.Update(tx, u)
	case 3:
		return store.DirectoryUsers.Delete(tx, string(user))
	case 4, 5:
		g := storetest.NewGroup(w.directory(), pickOf(w, names))
		w.groups = append(w.groups, g.ID)
		return store.DirectoryGroups.Insert(tx, g)
	case 6:
		g, err := store.DirectoryGroups.Get(w.Context(), tx, string(group))
		if err != nil {
			return err
		}
		g.DisplayName = pickOf(w, names)
		return store.DirectoryGroups.Update(tx, g)
	case 7:
		return store.DirectoryGroups.Delete(tx, string(group))
	case 8:
		return store.DeleteMembership(tx, group, user)
	case 9:
		if w.pick(8) == 0 {
			return store.DeleteDirectory(tx, w.directory())
		}
	}
	u, err1 := store.DirectoryUsers.Get(w.Context(), tx, string(user))
	g, err2 := store.DirectoryGroups.Get(w.Context(), tx, string(group))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return store.InsertMembership(tx, storetest.NewMembership(g, u))
}

// describeDirectory returns everything that can be read from a snapshot about directories.
func (w *world) describeDirectory(s *Snapshot) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, in := range []directory.StoreID{ourDirectory, theirDirectory} {
		say("directory %s: %d people, %d groups", in, s.People(in), s.Groups(in))
		for _, n := range names {
			for _, k := range []directory.Key{directory.NameKey(n), directory.EmailKey(n + "@x"),
				directory.ExternalKey(directory.ExternalID{Issuer: "scim", ID: n})} {
				say("%s: %+v %+v", k, s.PersonByKey(in, k), s.GroupByKey(in, k))
			}
			for _, u := range s.PeopleByExternalID(in, n) {
				say("with the external id %s: %s", n, u.ID)
			}
		}
	}
	for _, u := range w.people {
		say("person %s: %+v in %v, %v", u, s.Person(u), s.GroupsOf(u), s.AppendIdentities(nil, u))
		for _, g := range w.groups {
			if s.InGroup(u, g) {
				say("  in %s", g)
			}
		}
	}
	for _, g := range w.groups {
		say("group %s: %+v with %d: %v", g, s.Group(g), s.MemberCount(g), slices.Sorted(s.MembersOf(g)))
		say("  in order: %v", s.MembersAfter(g, ""))
	}
	return out
}

func TestMembershipsGoWithUsersAndGroups(t *testing.T) {
	e := newEngine(t)
	alice, bob := storetest.NewPerson(ourDirectory, "alice"), storetest.NewPerson(ourDirectory, "bob")
	red, blue := storetest.NewGroup(ourDirectory, "red"), storetest.NewGroup(ourDirectory, "blue")
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryUsers.Insert(tx, alice), store.DirectoryUsers.Insert(tx, bob),
			store.DirectoryGroups.Insert(tx, red), store.DirectoryGroups.Insert(tx, blue),
			store.InsertMembership(tx, storetest.NewMembership(red, alice)),
			store.InsertMembership(tx, storetest.NewMembership(blue, alice)),
			store.InsertMembership(tx, storetest.NewMembership(red, bob)))
	})
	before := snapshot(t, e)
	want := []directory.GroupID{red.ID, blue.ID}
	slices.Sort(want)
	if got := before.GroupsOf(alice.ID); !slices.Equal(got, want) || !before.InGroup(bob.ID, red.ID) ||
		before.InGroup(bob.ID, blue.ID) {
		t.Fatalf("alice is in %v, bob in %v", got, before.GroupsOf(bob.ID))
	}
	update(t, e, func(tx *store.Tx) error { return store.DirectoryGroups.Delete(tx, string(red.ID)) })
	s := snapshot(t, e)
	if got := s.GroupsOf(alice.ID); !slices.Equal(got, []directory.GroupID{blue.ID}) || len(s.GroupsOf(bob.ID)) != 0 {
		t.Errorf("alice is in %v, bob in %v", got, s.GroupsOf(bob.ID))
	}
	update(t, e, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(alice.ID)) })
	if s = snapshot(t, e); s.MemberCount(blue.ID) != 0 || s.Person(alice.ID) != nil || s.GroupsOf(alice.ID) != nil {
		t.Error("a deleted user is still a member")
	}
	if len(before.GroupsOf(alice.ID)) != 2 || before.MemberCount(red.ID) != 2 {
		t.Error("an older snapshot moved")
	}
}

func TestADisabledUserHasNoIdentities(t *testing.T) {
	e := newEngine(t)
	u, g := storetest.NewPerson(ourDirectory, "u"), storetest.NewGroup(ourDirectory, "g")
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.DirectoryUsers.Insert(tx, u), store.DirectoryGroups.Insert(tx, g),
			store.InsertMembership(tx, storetest.NewMembership(g, u)))
	})
	want := []access.Identity{{Type: access.DirectoryUser, Principal: string(u.ID)},
		{Type: access.DirectoryGroup, Principal: string(g.ID)}}
	if got := snapshot(t, e).AppendIdentities(nil, u.ID); !slices.Equal(got, want) {
		t.Errorf("identities %v", got)
	}
	disabled := *u
	disabled.Disabled = true
	update(t, e, func(tx *store.Tx) error { return store.DirectoryUsers.Update(tx, &disabled) })
	s := snapshot(t, e)
	if got := s.AppendIdentities(nil, u.ID); len(got) != 0 || len(s.AppendIdentities(nil, "nobody")) != 0 {
		t.Errorf("identities %v", got)
	}
}

func TestMembershipsAreReadWithoutAllocating(t *testing.T) {
	e := newEngine(t)
	u := storetest.NewPerson(ourDirectory, "u")
	update(t, e, func(tx *store.Tx) error {
		err := store.DirectoryUsers.Insert(tx, u)
		for i := range 200 {
			g := storetest.NewGroup(ourDirectory, fmt.Sprint("g", i))
			err = errors.Join(err, store.DirectoryGroups.Insert(tx, g),
				store.InsertMembership(tx, storetest.NewMembership(g, u)))
		}
		return err
	})
	identities := make([]access.Identity, 0, 256)
	n := testing.AllocsPerRun(100, func() {
		s, err := e.Snapshot()
		if err != nil || len(s.GroupsOf(u.ID)) != 200 || !s.InGroup(u.ID, s.GroupsOf(u.ID)[7]) ||
			len(s.AppendIdentities(identities, u.ID)) != 201 {
			t.Fatal("not found")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A revision may bring thousands of memberships. They are not read row by row.
func TestManyMembershipsInOneRevision(t *testing.T) {
	e := newEngine(t)
	const people, groups = 600, 20
	var all []directory.Membership
	var last *directory.User
	update(t, e, func(tx *store.Tx) error {
		all = nil
		var in []*directory.Group
		for i := range groups {
			g := storetest.NewGroup(ourDirectory, fmt.Sprint("g", i))
			in = append(in, g)
			if err := store.DirectoryGroups.Insert(tx, g); err != nil {
				return err
			}
		}
		for i := range people {
			last = storetest.NewPerson(ourDirectory, fmt.Sprint("u", i))
			if err := store.DirectoryUsers.Insert(tx, last); err != nil {
				return err
			}
			for _, g := range in {
				all = append(all, *storetest.NewMembership(g, last))
			}
		}
		return store.InsertMemberships(tx, all)
	})
	if s := snapshot(t, e); s.MemberCount(all[0].Group) != people || len(s.GroupsOf(last.ID)) != groups {
		t.Errorf("%d members, %d groups", s.MemberCount(all[0].Group), len(s.GroupsOf(last.ID)))
	}
}
