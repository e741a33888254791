package ldapsync

import (
	"context"
	"fmt"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// members are users who go into, or out of, one group.
type members struct {
	group directory.GroupID
	users []directory.UserID
}

func (a *applier) leave(ctx context.Context) error {
	var all []members
	for _, c := range a.plan.leave {
		all = addMember(all, c.group, c.user)
	}
	return a.eachMembers(ctx, "remove memberships", all, func(b *batch, m members) ([]directory.UserID, error) {
		return b.RemoveMembers(m.group, m.users)
	})
}

func (a *applier) join(ctx context.Context) error {
	p, snap := a.plan, a.Control.Engine.Current()
	p.listing = nil // its entries are done with, and those of a large directory take much memory
	var all []members
	for _, c := range p.join {
		g, u := a.groups[c.g], a.users[c.u]
		if row := p.groups[c.g].row; row != nil {
			g = row.ID
		}
		if row := p.users[c.u].row; row != nil {
			u = row.ID
		}
		if g != "" && u != "" && snap.Group(g) != nil && snap.Person(u) != nil { // not refused, not deleted meanwhile
			all = addMember(all, g, u)
		}
	}
	return a.eachMembers(ctx, "add memberships", all, func(b *batch, m members) ([]directory.UserID, error) {
		return b.AddMembers(m.group, m.users)
	})
}

// addMember adds to the last group of all if it is g, and begins a new one otherwise or when that is full.
func addMember(all []members, g directory.GroupID, u directory.UserID) []members {
	if n := len(all); n > 0 && all[n-1].group == g && len(all[n-1].users) < membersBatch {
		all[n-1].users = append(all[n-1].users, u)
		return all
	}
	return append(all, members{g, []directory.UserID{u}})
}

// eachMembers changes members of groups, as many groups a batch as have about membersBatch of them together, and
// rowsBatch at most.
func (a *applier) eachMembers(
	ctx context.Context, what string, all []members, do func(*batch, members) ([]directory.UserID, error),
) error {
	for len(all) > 0 {
		n, size := 0, 0
		for n < len(all) && n < rowsBatch && (n == 0 || size+len(all[n].users) <= membersBatch) {
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
