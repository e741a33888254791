package ldapsync

import (
	"context"

	"latchkey/internal/directory"
)

// disableUsers disables the users whom the plan disables.
func (a *applier) disableUsers(ctx context.Context) error {
	return each(ctx, a, "disable users", a.plan.disable, func(b *batch, u *directory.User) error {
		u, err := a.user(b, u.ID)
		if u == nil || err != nil {
			return err
		}
		if _, err := b.ReplaceUser(*u, directory.SaysOut); err != nil {
			return err
		}
		b.changed = append(b.changed, string(u.ID))
		return a.mark(b, string(u.ID))
	})
}

// deleteUsers deletes the users whom the plan deletes.
func (a *applier) deleteUsers(ctx context.Context) error {
	return each(ctx, a, "delete users", a.plan.deleteUsers, func(b *batch, u *directory.User) error {
		u, err := a.user(b, u.ID)
		if u == nil || err != nil {
			return err
		}
		b.changed = append(b.changed, string(u.ID))
		if err := a.mark(b, string(u.ID)); err != nil {
			return err
		}
		return b.DeleteUser(u.ID)
	})
}

// deleteGroups deletes the groups that the plan deletes.
func (a *applier) deleteGroups(ctx context.Context) error {
	return each(ctx, a, "delete groups", a.plan.deleteGroups, func(b *batch, g *directory.Group) error {
		g, err := a.group(b, g.ID)
		if g == nil || err != nil {
			return err
		}
		b.changed = append(b.changed, string(g.ID))
		if err := a.mark(b, string(g.ID)); err != nil {
			return err
		}
		return b.DeleteGroup(g.ID)
	})
}

// parkUsers frees the names and addresses that other users get in this run.
func (a *applier) parkUsers(ctx context.Context) error {
	return each(ctx, a, "free user names", a.plan.parkUsers, func(b *batch, u *directory.User) error {
		u, err := a.user(b, u.ID)
		if u == nil || err != nil {
			return err
		}
		u.UserName, u.Emails = string(u.ID), nil // until the run updates this user, in a later step
		b.changed = append(b.changed, string(u.ID))
		_, err = b.ReplaceUser(*u, directory.SaysNothing)
		return err
	})
}

// parkGroups frees the names that other groups get in this run.
func (a *applier) parkGroups(ctx context.Context) error {
	return each(ctx, a, "free group names", a.plan.parkGroups, func(b *batch, g *directory.Group) error {
		g, err := a.group(b, g.ID)
		if g == nil || err != nil {
			return err
		}
		g.DisplayName = string(g.ID)
		b.changed = append(b.changed, string(g.ID))
		_, err = b.ReplaceGroup(*g)
		return err
	})
}
