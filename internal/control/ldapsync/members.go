package ldapsync

import (
	"cmp"
	"fmt"
	"slices"

	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

// planMembers plans the memberships between users and groups of the source, and returns how many of them end. Others,
// such as somebody of another origin in a group of the source, are not the source's.
func (p *Plan) planMembers(snap *engine.Snapshot, gone goneGroups) (removed int) {
	at := make(map[directory.UserID]int32, len(p.users))
	for i := range p.users {
		if row := p.users[i].row; row != nil {
			at[row.ID] = int32(i)
		}
	}
	in := make([]int32, len(p.users)) // in which group, counted from 1, an entry was found as a member last
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
			p.leaving(snap, g.row.ID, func(u directory.UserID) bool {
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
				p.join = append(p.join, beginning{g: int32(i), u: u})
			}
		}
	}
	for _, g := range gone.all {
		p.leaving(snap, g.ID, func(directory.UserID) bool { return true })
	}
	return len(p.leave)
}

// leaving plans the end of the memberships of a group that must not stay.
func (p *Plan) leaving(snap *engine.Snapshot, g directory.GroupID, ends func(directory.UserID) bool) {
	from := len(p.leave)
	for u := range snap.MembersOf(g) {
		if p.present[u] == nil {
			continue
		}
		p.had.members++
		if ends(u) {
			p.leave = append(p.leave, ending{group: g, user: u})
		}
	}
	slices.SortFunc(p.leave[from:], func(a, b ending) int { return cmp.Compare(a.user, b.user) })
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
	c.UsersDisabled, c.UsersDeleted, c.GroupsDeleted = len(p.disable), len(p.deleteUsers), len(p.deleteGroup)
	c.MembershipsCreated, c.MembershipsDeleted = len(p.join), len(p.leave)
}

// guard refuses a plan that takes away more than the source lets a run take, for that is what a wrong base, a filter
// with a slip or a server that shows half of itself look like.
func (p *Plan) guard(users, groups, members int) {
	if len(p.listing.Users) == 0 {
		p.Refused = "the server shows no users"
		return
	}
	if len(p.listing.Groups) == 0 && p.had.groups > 0 {
		p.Refused = fmt.Sprintf("the server shows no groups, and there were %d", p.had.groups)
		return
	}
	for _, k := range []struct {
		name     string
		gone, of int
	}{{"users", users, p.had.users}, {"groups", groups, p.had.groups}, {"memberships", members, p.had.members}} {
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

// Empty reports whether there is nothing to be done.
func (p *Plan) Empty() bool {
	c := p.Counts
	c.UsersRead, c.GroupsRead, c.ForeignMembers = 0, 0, 0
	return c == Counts{} && len(p.marks) == 0
}
