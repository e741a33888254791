package engine

import (
	"fmt"
	"slices"

	"latchkey/internal/directory"
	"latchkey/internal/store"
)

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

// person returns the user with an id, ready to be changed, or nil when there is none.
func (d *draft) person(id directory.UserID) *person {
	old := d.people.at(id)
	if old == nil || old.owner == d.t {
		return old
	}
	p := &person{owner: d.t, row: old.row, groups: slices.Clone(old.groups)}
	d.people.set(d.t, id, p)
	return p
}

// group returns the group with an id, ready to be changed, or nil when there is none.
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
		if in.people.at(k) == row.ID { // within one revision, another user may have got the key
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

// dropPerson removes a user and the user's memberships. The change list does not mention these memberships.
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

// dropGroup removes a group and the memberships in it.
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

// join puts a user into a group. If the user or the group is gone, the membership is gone too, and join does nothing.
func (d *draft) join(id directory.GroupID, user directory.UserID) {
	g, p := d.group(id), d.person(user)
	if g == nil || p == nil {
		return
	}
	// The maps use the ids of the rows, so that all memberships share the same bytes.
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

// advanceMemberships applies changes of memberships, after those of users and groups. Ids are never used twice. So the
// membership of a user or group that is gone is gone as well, whatever the change list said about it last.
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
