package entitlements

import (
	"cmp"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// Standing is what decides which grants a directory user has. The zero Standing is that of somebody who is not in the
// directory and has no grants.
type Standing struct {
	Enabled bool
	Groups  []directory.GroupID // in any order; a group that does not exist has no grants
}

// StandingOf returns the standing of a directory user as of a snapshot.
func StandingOf(s *engine.Snapshot, id directory.UserID) Standing {
	u := s.Person(id)
	if u == nil {
		return Standing{}
	}
	return Standing{Enabled: !u.Disabled, Groups: s.GroupsOf(id)}
}

// Difference is which grants a user loses and gains by a change, each by region and then by age. The slices may be
// shared, so nobody may change them.
type Difference struct{ Lost, Gained []Entitlement }

// Comparer compares standings before and after a planned change, all against one snapshot. It reads the grants of each
// group once, so that a plan that moves 100,000 people takes little more time than reading the people does. It must be
// used by one goroutine only.
type Comparer struct {
	snap    *engine.Snapshot
	account access.AccountID
	groups  map[directory.GroupID][]Entitlement
}

// NewComparer makes a Comparer for the grants of an account, in all of its regions.
func NewComparer(s *engine.Snapshot, account access.AccountID) *Comparer {
	return &Comparer{snap: s, account: account, groups: map[directory.GroupID][]Entitlement{}}
}

// Change returns which grants a directory user loses and gains when the standing after replaces the standing before. A
// grant does not count as lost if the user keeps another grant that covers its whole scope, with the same permission or
// more, and for the same application or for any. It does not count as gained if such a grant covered it before. The
// user need not exist yet: an empty id has no grants of its own.
//
// A grant counts even if its instance is currently not associated with Identity Center.
func (c *Comparer) Change(id directory.UserID, before, after Standing) Difference {
	return Difference{Lost: c.uncovered(id, before, after), Gained: c.uncovered(id, after, before)}
}

// uncovered returns the grants of one standing that the other standing does not cover.
func (c *Comparer) uncovered(id directory.UserID, have, other Standing) []Entitlement {
	if !have.Enabled {
		return nil
	}
	var found []Entitlement
	var otherIdentities []access.Identity // the identities with the other standing
	if other.Enabled {
		otherIdentities = identities(id, other.Groups)
	} else if id != "" {
		found = c.direct(id)
	}
	inOther := map[directory.GroupID]bool{}
	if other.Enabled && len(have.Groups) > 0 {
		for _, g := range other.Groups {
			inOther[g] = true
		}
	}
	for _, g := range have.Groups {
		if inOther[g] {
			continue
		}
		for _, h := range c.ofGroup(g) {
			if !c.covered(&h.Grant, otherIdentities) {
				found = append(found, h)
			}
		}
	}
	slices.SortFunc(found, byRegion)
	return slices.CompactFunc(found, func(a, b Entitlement) bool { return a.ID == b.ID })
}

// covered reports whether the identities have a grant that gives everything that g gives. It is the decision of
// GetDataAccess about the grant's own scope.
func (c *Comparer) covered(g *access.Grant, identities []access.Identity) bool {
	return len(identities) > 0 && c.snap.Grants().Decide(&access.Request{
		Account: g.Account, Region: g.Region, Identities: identities, Application: g.ApplicationARN,
		Target: g.Scope, Permission: g.Permission,
	}).OK
}

func (c *Comparer) direct(id directory.UserID) []Entitlement {
	return slices.Collect(Of(c.snap, c.account, identities(id, nil)))
}

func (c *Comparer) ofGroup(id directory.GroupID) []Entitlement {
	all, read := c.groups[id]
	if !read {
		all = slices.Collect(Of(c.snap, c.account, identities("", []directory.GroupID{id})))
		c.groups[id] = all
	}
	return all
}

func byRegion(a, b Entitlement) int {
	return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Seq, b.Seq))
}
