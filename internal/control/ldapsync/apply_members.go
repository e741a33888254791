package ldapsync

import (
	"context"
	"fmt"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// members are the users that are added to, or removed from, one group.
type members struct {
	group directory.GroupID
	users []directory.UserID
}

func (a *applier) removeMemberships(ctx context.Context) error {
	var all []members
	for _, c := range a.plan.removeMembers {
		all = addMember(all, c.group, c.user)
	}
	return a.eachMembers(ctx, "remove memberships", all, func(b *batch, m members) ([]directory.UserID, error) {
		return b.RemoveMembers(m.group, m.users)
	})
}

func (a *applier) addMemberships(ctx context.Context) error {
	p, snap := a.plan, a.Control.Engine.Current()
	p.listing = nil // its entries are not needed any more, and those of a large directory take much memory
	var all []members
	for _, c := range p.addMembers {
		g, u := a.groups[c.g], a.users[c.u]
		if row := p.groups[c.g].row; row != nil {
			g = row.ID
		}
		if row := p.users[c.u].row; row != nil {
			u = row.ID
		}
		if g != "" && u != "" && snap.Group(g) != nil && snap.Person(u) != nil { // neither refused nor deleted meanwhile
			all = addMember(all, g, u)
		}
	}
	return a.eachMembers(ctx, "add memberships", all, func(b *batch, m members) ([]directory.UserID, error) {
		return b.AddMembers(m.group, m.users)
	})
}

// addMember appends a user to the last entry of all, if that entry is for the group g and is not full. Otherwise it
// begins a new entry.
func addMember(all []members, g directory.GroupID, u directory.UserID) []members {
	if n := len(all); n > 0 && all[n-1].group == g && len(all[n-1].users) < maxBatchMembers {
		all[n-1].users = append(all[n-1].users, u)
		return all
	}
	return append(all, members{g, []directory.UserID{u}})
}

// eachMembers changes the members of groups. One batch has at most maxBatchRows groups, and about maxBatchMembers
// members in all.
func (a *applier) eachMembers(
	ctx context.Context, what string, all []members, do func(*batch, members) ([]directory.UserID, error),
) error {
	for len(all) > 0 {
		n, size := 0, 0
		for n < len(all) && n < maxBatchRows && (n == 0 || size+len(all[n].users) <= maxBatchMembers) {
			size += len(all[n].users)
			n++
		}
		err := a.commit(ctx, what, func(b *batch) error {
			for _, m := range all[:n] {
				done, err := do(b, m)
				if fault.Is(err, fault.NotFound, fault.DirectoryGroup) {
					continue
				}
				if err != nil {
					return fmt.Errorf("%s of group %s: %w", what, m.group, err)
				}
				for _, u := range done {
					b.changed = append(b.changed, store.PairID(m.group, u))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}
