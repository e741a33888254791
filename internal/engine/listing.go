package engine

import (
	"iter"

	"latchkey/internal/directory"
)

// PeopleOf yields every user of an identity store, in no particular order. It looks at the users of all identity
// stores.
func (s *Snapshot) PeopleOf(in directory.StoreID) iter.Seq[*directory.User] {
	return func(yield func(*directory.User) bool) {
		for _, p := range s.people.all() {
			if p.row.Store == in && !yield(p.row) {
				return
			}
		}
	}
}

// GroupsIn yields every group of an identity store, as PeopleOf yields its users.
func (s *Snapshot) GroupsIn(in directory.StoreID) iter.Seq[*directory.Group] {
	return func(yield func(*directory.Group) bool) {
		for _, g := range s.groups.all() {
			if g.row.Store == in && !yield(g.row) {
				return
			}
		}
	}
}
