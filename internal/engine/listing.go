package engine

import (
	"iter"

	"latchkey/internal/directory"
)

// PeopleOf goes through every user of a store, in no order that means anything. It looks at the users of all stores.
func (s *Snapshot) PeopleOf(in directory.StoreID) iter.Seq[*directory.User] {
	return func(yield func(*directory.User) bool) {
		for _, p := range s.people.all() {
			if p.row.Store == in && !yield(p.row) {
				return
			}
		}
	}
}

// GroupsIn goes through every group of a store, as PeopleOf goes through its users.
func (s *Snapshot) GroupsIn(in directory.StoreID) iter.Seq[*directory.Group] {
	return func(yield func(*directory.Group) bool) {
		for _, g := range s.groups.all() {
			if g.row.Store == in && !yield(g.row) {
				return
			}
		}
	}
}
