package ldapsync

import (
	"context"

	"latchkey/internal/directory"
)

func (a *applier) putUsers(ctx context.Context) error {
	p := a.plan
	updates, creates := split(len(p.users), func(i int) (update, create bool) {
		return p.users[i].update, p.users[i].create
	})
	parked := make(map[directory.UserID]bool, len(p.parkUsers))
	for _, row := range p.parkUsers {
		parked[row.ID] = true
	}
	for i := range p.users { // users that only get their parked names back
		if u := &p.users[i]; u.row != nil && parked[u.row.ID] && !u.update {
			updates = append(updates, int32(i))
		}
	}
	err := each(ctx, a, "update users", updates, func(b *batch, i int32) error {
		e, plan := &p.listing.Users[i], &p.users[i]
		row, err := a.user(b, plan.row.ID)
		if row == nil || err != nil {
			return err
		}
		next := mergeUser(*row, e, plan.name, plan.email)
		if _, err := b.ReplaceUser(next, directory.SayOf(plan.disabled)); err != nil {
			return b.entryError(e.DN, err)
		}
		b.changed = append(b.changed, string(row.ID))
		return a.mark(b, string(row.ID))
	})
	if err != nil {
		return err
	}
	return each(ctx, a, "create users", creates, func(b *batch, i int32) error {
		e, plan := &p.listing.Users[i], &p.users[i]
		u := mergeUser(directory.User{
			ExternalIDs: []directory.ExternalID{{Issuer: p.source.Issuer(), ID: e.ID}},
		}, e, plan.name, plan.email)
		made, err := b.CreateUser(u, directory.SayOf(plan.disabled))
		if err != nil {
			return b.entryError(e.DN, err)
		}
		b.users[i] = made.ID
		b.changed = append(b.changed, string(made.ID))
		return nil
	})
}

func (a *applier) putGroups(ctx context.Context) error {
	p := a.plan
	updates, creates := split(len(p.groups), func(i int) (update, create bool) {
		return p.groups[i].update, p.groups[i].create
	})
	err := each(ctx, a, "update groups", updates, func(b *batch, i int32) error {
		e, plan := &p.listing.Groups[i], &p.groups[i]
		row, err := a.group(b, plan.row.ID)
		if row == nil || err != nil {
			return err
		}
		if _, err := b.ReplaceGroup(mergeGroup(*row, e, plan.name)); err != nil {
			return b.entryError(e.DN, err)
		}
		b.changed = append(b.changed, string(row.ID))
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, a, "create groups", creates, func(b *batch, i int32) error {
		e, plan := &p.listing.Groups[i], &p.groups[i]
		made, err := b.CreateGroup(mergeGroup(directory.Group{ExternalIDs: []directory.ExternalID{{
			Issuer: p.source.Issuer(),
			ID:     e.ID,
		}}}, e, plan.name))
		if err != nil {
			return b.entryError(e.DN, err)
		}
		b.groups[i] = made.ID
		b.changed = append(b.changed, string(made.ID))
		return nil
	})
}

// split divides n entries into those to update and those to create.
func split(n int, of func(i int) (update, create bool)) (updates, creates []int32) {
	for i := range n {
		switch update, create := of(i); {
		case update:
			updates = append(updates, int32(i))
		case create:
			creates = append(creates, int32(i))
		}
	}
	return updates, creates
}
