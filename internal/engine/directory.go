package engine

import (
	"crypto/sha256"
	"iter"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/directory"
)

// identityStore finds the users and groups of an identity store. The Identity Center instances say which account the
// store belongs to.
type identityStore struct {
	owner   *token
	people  pmap[directory.Key, directory.UserID]
	groups  pmap[directory.Key, directory.GroupID]
	foreign pmap[string, []directory.UserID] // by the text of an external id, ordered; never changed in place
	nPeople int
	nGroups int
}

// person is a directory user and the groups that the user is in. The groups are ordered by their ids, so that InGroup
// is a binary search. The order means nothing else.
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
	digest  lazy[[sha256.Size]byte]  // of the members
}

// Person returns a directory user by the immutable id.
func (s *Snapshot) Person(id directory.UserID) *directory.User {
	if p := s.people.at(id); p != nil {
		return p.row
	}
	return nil
}

// PersonByKey returns the user of an identity store who has a key: a user name, an email address or an external id.
func (s *Snapshot) PersonByKey(in directory.StoreID, k directory.Key) *directory.User {
	if d := s.stores.at(in); d != nil {
		return s.Person(d.people.at(k))
	}
	return nil
}

// Group returns a directory group by its immutable id.
func (s *Snapshot) Group(id directory.GroupID) *directory.Group {
	if g := s.groups.at(id); g != nil {
		return g.row
	}
	return nil
}

// GroupByKey returns the group of an identity store that has a key: a display name or an external id.
func (s *Snapshot) GroupByKey(in directory.StoreID, k directory.Key) *directory.Group {
	if d := s.stores.at(in); d != nil {
		return s.Group(d.groups.at(k))
	}
	return nil
}

// People is the number of users of an identity store.
func (s *Snapshot) People(in directory.StoreID) int {
	if d := s.stores.at(in); d != nil {
		return d.nPeople
	}
	return 0
}

// Groups is the number of groups of an identity store.
func (s *Snapshot) Groups(in directory.StoreID) int {
	if d := s.stores.at(in); d != nil {
		return d.nGroups
	}
	return 0
}

// GroupsOf returns every group that a user is in, in the order of their ids. It allocates nothing. The slice is shared,
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

// MembersOf yields every user who is in a group, in no particular order.
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

// MembersAfter returns the members of a group whose ids come after the given one, in the order of the ids. For an empty
// id it returns all. It sorts the members of a group once, until the group changes. The slice is shared, and nobody may
// change it.
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

// MembersDigest is a digest of who is in a group. It is made once, until the group changes.
func (s *Snapshot) MembersDigest(id directory.GroupID) [sha256.Size]byte {
	g := s.groups.at(id)
	if g == nil {
		return directory.MembersDigest(nil)
	}
	return *g.digest.get(func() *[sha256.Size]byte {
		sum := directory.MembersDigest(s.MembersAfter(id, ""))
		return &sum
	})
}

// MemberCount is the number of users in a group.
func (s *Snapshot) MemberCount(id directory.GroupID) int {
	if g := s.groups.at(id); g != nil {
		return g.members.len()
	}
	return 0
}

// AppendIdentities appends the grantees that stand for a user of the directory: the user and the user's groups. A user
// who does not exist or is disabled has none. It allocates only what dst has no room for.
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
