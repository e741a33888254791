package ldapsync

import (
	"cmp"
	"fmt"
	"slices"

	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// planMembers plans the memberships between users and groups of the source, and returns how many of them are removed.
// Other memberships, such as that of a person of another origin in a group of the source, do not belong to the source.
func (p *Plan) planMembers(snap *engine.Snapshot, gone absentGroups) (removed int) {
	at := make(map[directory.UserID]int32, len(p.users))
	for i := range p.users {
		if row := p.users[i].row; row != nil {
			at[row.ID] = int32(i)
		}
	}
	in := make([]int32, len(p.users)) // the group, counted from 1, in which an entry was last found as a member
	for i := range p.groups {
		g := &p.groups[i]
		if g.row == nil && !g.create {
			continue
		}
		now := int32(i + 1)
		wanted := p.listing.Groups[i].Members
		for _, u := range wanted {
			if p.users[u].row != nil || p.users[u].create {
				in[u] = -now
			}
		}
		if g.row != nil {
			p.planRemovals(snap, g.row.ID, func(u directory.UserID) bool {
				k, ok := at[u]
				if ok && in[k] == -now {
					in[k] = now
					return false
				}
				return true
			})
		}
		for _, u := range wanted {
			if in[u] == -now {
				p.addMembers = append(p.addMembers, addedMembership{g: int32(i), u: u})
			}
		}
	}
	for _, g := range gone.all {
		p.planRemovals(snap, g.ID, func(directory.UserID) bool { return true })
	}
	return len(p.removeMembers)
}

// planRemovals plans the removal of the members of a group for whom ends returns true.
func (p *Plan) planRemovals(snap *engine.Snapshot, g directory.GroupID, ends func(directory.UserID) bool) {
	from := len(p.removeMembers)
	for u := range snap.MembersOf(g) {
		if p.present[u] == nil {
			continue
		}
		p.before.members++
		if ends(u) {
			p.removeMembers = append(p.removeMembers, removedMembership{group: g, user: u})
		}
	}
	slices.SortFunc(p.removeMembers[from:], func(a, b removedMembership) int { return cmp.Compare(a.user, b.user) })
}

// count counts what the plan does.
func (p *Plan) count() {
	c := &p.Counts
	for i := range p.users {
		switch {
		case p.users[i].create:
			c.UsersCreated++
		case p.users[i].update:
			c.UsersUpdated++
		}
	}
	for i := range p.groups {
		switch {
		case p.groups[i].create:
			c.GroupsCreated++
		case p.groups[i].update:
			c.GroupsUpdated++
		}
	}
	for _, row := range p.disable {
		if !row.Disabled { // not by somebody else already
			c.UsersDisabled++
		}
	}
	c.UsersDeleted, c.GroupsDeleted = len(p.deleteUsers), len(p.deleteGroups)
	c.MembershipsCreated, c.MembershipsDeleted = len(p.addMembers), len(p.removeMembers)
}

// guard refuses a plan that removes more than the source allows in a run. A wrong base, a mistake in a filter, or a
// server that returns half of its entries looks like that.
func (p *Plan) guard(users, groups, members int) {
	if len(p.listing.Users) == 0 {
		p.Refused = "the server shows no users"
		return
	}
	if len(p.listing.Groups) == 0 && p.before.groups > 0 {
		p.Refused = fmt.Sprintf("the server shows no groups, and there were %d", p.before.groups)
		return
	}
	for _, k := range []struct {
		name     string
		gone, of int
	}{{"users", users, p.before.users}, {"groups", groups, p.before.groups}, {"memberships", members, p.before.members}} {
		if k.gone > 1 && k.gone == k.of && k.name != "memberships" {
			p.Refused = fmt.Sprintf("all %d %s would go", k.of, k.name)
			return
		}
		if k.gone > p.source.FreeRemovals && float64(k.gone) > p.source.MaxRemoval*float64(k.of) {
			p.Refused = fmt.Sprintf("%d of %d %s would go, more than %g %%", k.gone, k.of, k.name, p.source.MaxRemoval*100)
			return
		}
	}
}

// Empty reports whether the plan changes nothing.
func (p *Plan) Empty() bool {
	c := p.Counts
	c.UsersRead, c.GroupsRead, c.ForeignMembers = 0, 0, 0
	return c == Counts{} && len(p.marks) == 0
}
