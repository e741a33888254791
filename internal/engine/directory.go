package engine

import (
	"fmt"
	"iter"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/store"
)

// identityStore is where the users and groups of an identity store are found. To whom the store belongs is what the
// Identity Center instances say.
type identityStore struct {
	owner   *token
	people  pmap[directory.Key, directory.UserID]
	groups  pmap[directory.Key, directory.GroupID]
	foreign pmap[string, []directory.UserID] // by the text of an external id, ordered; never changed in place
	nPeople int
	nGroups int
}

// person is a directory user and the groups that the user is in, ordered by their ids. The order is of no meaning;
// it makes being in a group a binary search.
type person struct {
	owner  *token
	row    *directory.User
	groups []directory.GroupID
}

// group is a directory group and who is in it.
type group struct {
	owner   *token
	row     *directory.Group
	members pmap[directory.UserID, struct{}]
	ordered lazy[[]directory.UserID] // the members
}

// Person finds a directory user by its immutable id.
func (s *Snapshot) Person(id directory.UserID) *directory.User {
	if p := s.people.at(id); p != nil {
		return p.row
	}
	return nil
}

// PersonByKey finds the user of a store who has a key: a user name, an email address, an external id.
func (s *Snapshot) PersonByKey(in directory.StoreID, k directory.Key) *directory.User {
	if d := s.stores.at(in); d != nil {
		return s.Person(d.people.at(k))
	}
	return nil
}

// Group finds a directory group by its immutable id.
func (s *Snapshot) Group(id directory.GroupID) *directory.Group {
	if g := s.groups.at(id); g != nil {
		return g.row
	}
	return nil
}

// GroupByKey finds the group of a store that has a key: a display name, an external id.
func (s *Snapshot) GroupByKey(in directory.StoreID, k directory.Key) *directory.Group {
	if d := s.stores.at(in); d != nil {
		return s.Group(d.groups.at(k))
	}
	return nil
}

// People is how many users a store has.
func (s *Snapshot) People(in directory.StoreID) int {
	if d := s.stores.at(in); d != nil {
		return d.nPeople
	}
	return 0
}

// Groups is how many groups a store has.
func (s *Snapshot) Groups(in directory.StoreID) int {
	if d := s.stores.at(in); d != nil {
		return d.nGroups
	}
	return 0
}

// GroupsOf is every group that a user is in, in the order of their ids. It allocates nothing; the slice is shared,
// and nobody may change it.
func (s *Snapshot) GroupsOf(id directory.UserID) []directory.GroupID {
	if p := s.people.at(id); p != nil {
		return p.groups
	}
	return nil
}

// InGroup reports whether a user is in a group.
func (s *Snapshot) InGroup(u directory.UserID, g directory.GroupID) bool {
	_, in := slices.BinarySearch(s.GroupsOf(u), g)
	return in
}

// MembersOf is every user who is in a group, in no order that means anything.
func (s *Snapshot) MembersOf(id directory.GroupID) iter.Seq[directory.UserID] {
	return func(yield func(directory.UserID) bool) {
		if g := s.groups.at(id); g != nil {
			for u := range g.members.all() {
				if !yield(u) {
					return
				}
			}
		}
	}
}

// MembersAfter is every member of a group whose id comes after this one, in the order of the ids: all for an empty id.
// It sorts the members of a group once, until the group changes. The slice is shared, and nobody may change it.
func (s *Snapshot) MembersAfter(id directory.GroupID, after directory.UserID) []directory.UserID {
	g := s.groups.at(id)
	if g == nil {
		return nil
	}
	all := *g.ordered.get(func() *[]directory.UserID {
		ids := make([]directory.UserID, 0, g.members.len())
		for u := range g.members.all() {
			ids = append(ids, u)
		}
		slices.Sort(ids)
		return &ids
	})
	i, found := slices.BinarySearch(all, after)
	if found {
		i++
	}
	return all[i:]
}

// MemberCount is how many users are in a group.
func (s *Snapshot) MemberCount(id directory.GroupID) int {
	if g := s.groups.at(id); g != nil {
		return g.members.len()
	}
	return 0
}

// AppendIdentities appends the identities that a user of the directory has towards grants: itself and its groups. A
// user who does not exist, or is disabled, has none. It allocates only what dst has no room for.
func (s *Snapshot) AppendIdentities(dst []access.Identity, id directory.UserID) []access.Identity {
	p := s.people.at(id)
	if p == nil || p.row.Disabled {
		return dst
	}
	dst = append(dst, access.Identity{Type: access.DirectoryUser, Principal: string(p.row.ID)})
	for _, g := range p.groups {
		dst = append(dst, access.Identity{Type: access.DirectoryGroup, Principal: string(g)})
	}
	return dst
}

func (d *draft) identityStore(id directory.StoreID) *identityStore {
	old := d.stores.at(id)
	if old != nil && old.owner == d.t {
		return old
	}
	s := &identityStore{}
	if old != nil {
		*s = *old
	}
	s.owner = d.t
	d.stores.set(d.t, id, s)
	return s
}

// person is the user of an id, ready to be changed; nil when there is none.
func (d *draft) person(id directory.UserID) *person {
	old := d.people.at(id)
	if old == nil || old.owner == d.t {
		return old
	}
	p := &person{owner: d.t, row: old.row, groups: slices.Clone(old.groups)}
	d.people.set(d.t, id, p)
	return p
}

// group is the group of an id, ready to be changed; nil when there is none.
func (d *draft) group(id directory.GroupID) *group {
	old := d.groups.at(id)
	if old == nil || old.owner == d.t {
		return old
	}
	g := &group{owner: d.t, row: old.row, members: old.members}
	d.groups.set(d.t, id, g)
	return g
}

func (d *draft) putPerson(row *directory.User) {
	p := d.person(row.ID)
	if p == nil {
		p = &person{owner: d.t}
		d.people.set(d.t, row.ID, p)
		d.identityStore(row.Store).nPeople++
	} else {
		d.dropPersonKeys(p.row)
	}
	p.row = row
	in := d.identityStore(row.Store)
	for _, k := range row.Keys() {
		in.people.set(d.t, k, row.ID)
	}
	for _, e := range row.ExternalIDs {
		same := in.foreign.at(e.ID)
		if i, there := slices.BinarySearch(same, row.ID); !there {
			in.foreign.set(d.t, e.ID, slices.Insert(slices.Clone(same), i, row.ID))
		}
	}
}

func (d *draft) dropPersonKeys(row *directory.User) {
	in := d.identityStore(row.Store)
	for _, k := range row.Keys() {
		if in.people.at(k) == row.ID { // within one revision another may have taken it already
			in.people.delete(d.t, k)
		}
	}
	for _, e := range row.ExternalIDs {
		same := in.foreign.at(e.ID)
		i, there := slices.BinarySearch(same, row.ID)
		switch {
		case !there:
		case len(same) == 1:
			in.foreign.delete(d.t, e.ID)
		default:
			in.foreign.set(d.t, e.ID, slices.Delete(slices.Clone(same), i, i+1))
		}
	}
}

// dropPerson ends a user's memberships too: the change list tells nothing of them.
func (d *draft) dropPerson(id string) {
	p := d.people.at(directory.UserID(id))
	if p == nil {
		return
	}
	for _, g := range p.groups {
		if g := d.group(g); g != nil {
			g.members.delete(d.t, p.row.ID)
		}
	}
	d.dropPersonKeys(p.row)
	d.people.delete(d.t, p.row.ID)
	d.identityStore(p.row.Store).nPeople--
}

func (d *draft) putGroup(row *directory.Group) {
	g := d.group(row.ID)
	if g == nil {
		g = &group{owner: d.t}
		d.groups.set(d.t, row.ID, g)
		d.identityStore(row.Store).nGroups++
	} else {
		d.dropGroupKeys(g.row)
	}
	g.row = row
	in := d.identityStore(row.Store)
	for _, k := range row.Keys() {
		in.groups.set(d.t, k, row.ID)
	}
}

func (d *draft) dropGroupKeys(row *directory.Group) {
	in := d.identityStore(row.Store)
	for _, k := range row.Keys() {
		if in.groups.at(k) == row.ID {
			in.groups.delete(d.t, k)
		}
	}
}

// dropGroup ends the memberships in it too.
func (d *draft) dropGroup(id string) {
	g := d.groups.at(directory.GroupID(id))
	if g == nil {
		return
	}
	for u := range g.members.all() {
		if p := d.person(u); p != nil {
			if i, in := slices.BinarySearch(p.groups, g.row.ID); in {
				p.groups = slices.Delete(p.groups, i, i+1)
			}
		}
	}
	d.dropGroupKeys(g.row)
	d.groups.delete(d.t, g.row.ID)
	d.identityStore(g.row.Store).nGroups--
}

// join puts a user into a group. Where one of the two is gone it does nothing: so is the membership.
func (d *draft) join(id directory.GroupID, user directory.UserID) {
	g, p := d.group(id), d.person(user)
	if g == nil || p == nil {
		return
	}
	// The rows' own ids are kept, so that all memberships share their bytes.
	g.members.set(d.t, p.row.ID, struct{}{})
	if i, in := slices.BinarySearch(p.groups, id); !in {
		p.groups = slices.Insert(p.groups, i, g.row.ID)
	}
}

// leave takes a user out of a group.
func (d *draft) leave(id directory.GroupID, user directory.UserID) {
	if g := d.group(id); g != nil {
		g.members.delete(d.t, user)
	}
	if p := d.person(user); p != nil {
		if i, in := slices.BinarySearch(p.groups, id); in {
			p.groups = slices.Delete(p.groups, i, i+1)
		}
	}
}

// advanceMemberships comes after users and groups. Ids are never used twice, so a membership of somebody who is
// gone is gone as well, whatever was told of it last.
func (d *draft) advanceMemberships(last map[string]store.Op) error {
	for id, op := range last {
		g, u, ok := store.CutPairID(id)
		switch {
		case !ok:
			return fmt.Errorf("membership %s: %w", id, errInconsistent)
		case op == store.Deleted:
			d.leave(g, u)
		default:
			d.join(g, u)
		}
	}
	return nil
}
