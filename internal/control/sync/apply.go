package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// How much one commit takes at most, so that others need not wait long for theirs, and how many of the things that it
// changes its audit record names.
const (
	rowsBatch    = 2000
	membersBatch = 10_000
	namesMost    = 100
)

// batch is one commit on the way. It is made anew when the database asks for the transaction again, and counts only
// when it was committed.
type batch struct {
	*provision.Writer
	tx        *store.Tx
	changed   []string // ids of what it changed
	conflicts []string
	users     map[int32]directory.UserID // that it made, by place in the listing
	groups    map[int32]directory.GroupID
}

// applier carries out one plan.
type applier struct {
	*control.Control
	call   *control.Call
	plan   *Plan
	holder string
	users  map[int32]directory.UserID // that were made so far, by place in the listing
	groups map[int32]directory.GroupID
}

// apply commits the plan step by step. What takes away comes first. marks that a step writes are not written again.
func (a *applier) apply(ctx context.Context) error {
	p := a.plan
	marked := map[string]bool{}
	mark := func(b *batch, id string) error {
		m, ok := p.marks[id]
		if !ok {
			return nil
		}
		marked[id] = true
		return store.PutSyncMark(b.tx, p.source.key(), m)
	}
	steps := []func() error{
		func() error {
			return each(ctx, a, "disable users", p.disable, func(b *batch, u *directory.User) error {
				u, err := a.user(b, u.ID)
				if u == nil || err != nil {
					return err
				}
				if u.Disabled { // by somebody else since it was planned: that stays
					m := p.marks[string(u.ID)]
					m.Disabled, marked[m.ID] = false, true
					return store.PutSyncMark(b.tx, p.source.key(), m)
				}
				u.Disabled = true
				if _, err := b.ReplaceUser(*u); err != nil {
					return err
				}
				b.changed = append(b.changed, string(u.ID))
				return mark(b, string(u.ID))
			})
		},
		func() error { return a.leave(ctx) },
		func() error {
			return each(ctx, a, "delete users", p.deleteUsers, func(b *batch, u *directory.User) error {
				u, err := a.user(b, u.ID)
				if u == nil || err != nil {
					return err
				}
				b.changed = append(b.changed, string(u.ID))
				if err := mark(b, string(u.ID)); err != nil {
					return err
				}
				return b.DeleteUser(u.ID)
			})
		},
		func() error {
			return each(ctx, a, "delete groups", p.deleteGroup, func(b *batch, g *directory.Group) error {
				g, err := a.group(b, g.ID)
				if g == nil || err != nil {
					return err
				}
				b.changed = append(b.changed, string(g.ID))
				if err := mark(b, string(g.ID)); err != nil {
					return err
				}
				return b.DeleteGroup(g.ID)
			})
		},
		func() error {
			return each(ctx, a, "free user names", p.parkUsers, func(b *batch, u *directory.User) error {
				u, err := a.user(b, u.ID)
				if u == nil || err != nil {
					return err
				}
				u.UserName, u.Emails = string(u.ID), nil // until its own turn, which comes in this run
				_, err = b.ReplaceUser(*u)
				return err
			})
		},
		func() error {
			return each(ctx, a, "free group names", p.parkGroups, func(b *batch, g *directory.Group) error {
				g, err := a.group(b, g.ID)
				if g == nil || err != nil {
					return err
				}
				g.DisplayName = string(g.ID)
				_, err = b.ReplaceGroup(*g)
				return err
			})
		},
		func() error { return a.putUsers(ctx, mark) },
		func() error { return a.putGroups(ctx) },
		func() error { return a.join(ctx) },
		func() error {
			rest := slices.DeleteFunc(slices.Sorted(maps.Keys(p.marks)), func(id string) bool { return marked[id] })
			return each(ctx, a, "", rest, mark)
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each does something to all of a kind, a batch at a time.
func each[T any](ctx context.Context, a *applier, what string, all []T, do func(*batch, T) error) error {
	for some := range slices.Chunk(all, rowsBatch) {
		err := a.commit(ctx, what, func(b *batch) error {
			for _, v := range some {
				if err := do(b, v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// commit writes one batch together with its audit record, if the lease still holds.
func (a *applier) commit(ctx context.Context, what string, fn func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	s := a.plan.source
	var b *batch
	err := a.Engine.Update(ctx, func(tx *store.Tx) error {
		if err := store.KeepSync(tx, s.key(), a.holder, leaseTerm); err != nil {
			return err
		}
		w, err := provision.Open(ctx, tx, provision.Source{Account: s.Account, By: s.Issuer(), Snapshot: a.Engine.Current(), Quotas: a.Quotas})
		if err != nil {
			return err
		}
		if w.Store != a.plan.in {
			return fault.New(fault.Conflict, fault.Source, "The identity store of account %s was replaced", s.Account)
		}
		b = &batch{Writer: w, tx: tx, users: map[int32]directory.UserID{}, groups: map[int32]directory.GroupID{}}
		if err := fn(b); err != nil {
			return err
		}
		if what == "" || len(b.changed) == 0 {
			return nil
		}
		return a.record(tx, what, b.changed)
	})
	if err != nil {
		return err
	}
	a.plan.Conflicts = append(a.plan.Conflicts, b.conflicts...)
	maps.Copy(a.users, b.users)
	maps.Copy(a.groups, b.groups)
	return nil
}

// record writes the audit record of a batch: what was done to how many, and to whom as far as a record has room.
func (a *applier) record(tx *store.Tx, what string, changed []string) error {
	e := a.call.Event
	e.EventID, e.EventTime = uuid.NewString(), tx.Now()
	e.AdditionalEventData = map[string]any{
		"source": a.plan.source.Name, "run": a.holder, "step": what, "count": len(changed), "changed": changed[:min(len(changed), namesMost)],
	}
	return tx.Record(e)
}

// user reads a row again; nil when it is gone or has become another source's.
func (a *applier) user(b *batch, id directory.UserID) (*directory.User, error) {
	u, err := b.User(id)
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) || err == nil && provision.ExternalID(u.ExternalIDs, a.plan.source.Issuer()) == "" {
		return nil, nil
	}
	return u, err
}

func (a *applier) group(b *batch, id directory.GroupID) (*directory.Group, error) {
	g, err := b.Group(id)
	if fault.Is(err, fault.NotFound, fault.DirectoryGroup) || err == nil && provision.ExternalID(g.ExternalIDs, a.plan.source.Issuer()) == "" {
		return nil, nil
	}
	return g, err
}

// refused takes down an entry that the store refuses, because somebody else was faster; the run goes on.
func (b *batch) refused(dn string, err error) error {
	switch fault.KindOf(err) {
	case fault.AlreadyExists, fault.Invalid:
		b.conflicts = append(b.conflicts, dn+": "+fault.Of(err).Text)
		return nil
	}
	return err
}

func (a *applier) putUsers(ctx context.Context, mark func(*batch, string) error) error {
	p := a.plan
	var updates, creates []int32
	for i := range p.users {
		switch u := &p.users[i]; {
		case u.update:
			updates = append(updates, int32(i))
		case u.create:
			creates = append(creates, int32(i))
		}
	}
	parked := make(map[directory.UserID]bool, len(p.parkUsers))
	for _, row := range p.parkUsers {
		parked[row.ID] = true
	}
	for i := range p.users { // whom a change of names alone concerns
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
		// A status that somebody changed since it was planned is left to the next run: it may have been disabled just now,
		// even if it was disabled before.
		next, mine := mergeUser(*row, e, plan.name, plan.email), true
		if row.Disabled && !plan.off {
			if mine, err = store.DisabledBySync(ctx, b.tx, p.source.key(), string(row.ID)); err != nil {
				return err
			}
		}
		if row.Disabled == plan.row.Disabled && mine {
			next.Disabled = plan.off
		}
		if _, err := b.ReplaceUser(next); err != nil {
			return b.refused(e.DN, err)
		}
		b.changed = append(b.changed, string(row.ID))
		return mark(b, string(row.ID))
	})
	if err != nil {
		return err
	}
	return each(ctx, a, "create users", creates, func(b *batch, i int32) error {
		e, plan := &p.listing.Users[i], &p.users[i]
		u := mergeUser(directory.User{Disabled: plan.off, ExternalIDs: []directory.ExternalID{{Issuer: p.source.Issuer(), ID: e.ID}}}, e, plan.name, plan.email)
		made, err := b.CreateUser(u)
		if err != nil {
			return b.refused(e.DN, err)
		}
		b.users[i] = made.ID
		b.changed = append(b.changed, string(made.ID))
		if !made.Disabled {
			return nil
		}
		return store.PutSyncMark(b.tx, p.source.key(), store.SyncMark{ID: string(made.ID), Disabled: true})
	})
}

func (a *applier) putGroups(ctx context.Context) error {
	p := a.plan
	var updates, creates []int32
	for i := range p.groups {
		switch g := &p.groups[i]; {
		case g.update:
			updates = append(updates, int32(i))
		case g.create:
			creates = append(creates, int32(i))
		}
	}
	err := each(ctx, a, "update groups", updates, func(b *batch, i int32) error {
		e, plan := &p.listing.Groups[i], &p.groups[i]
		row, err := a.group(b, plan.row.ID)
		if row == nil || err != nil {
			return err
		}
		if _, err := b.ReplaceGroup(mergeGroup(*row, e, plan.name)); err != nil {
			return b.refused(e.DN, err)
		}
		b.changed = append(b.changed, string(row.ID))
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, a, "create groups", creates, func(b *batch, i int32) error {
		e, plan := &p.listing.Groups[i], &p.groups[i]
		made, err := b.CreateGroup(mergeGroup(directory.Group{ExternalIDs: []directory.ExternalID{{Issuer: p.source.Issuer(), ID: e.ID}}}, e, plan.name))
		if err != nil {
			return b.refused(e.DN, err)
		}
		b.groups[i] = made.ID
		b.changed = append(b.changed, string(made.ID))
		return nil
	})
}

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
	p, snap := a.plan, a.Engine.Current()
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

// eachMembers changes members of groups, as many groups a batch as have about membersBatch of them together.
func (a *applier) eachMembers(ctx context.Context, what string, all []members, do func(*batch, members) ([]directory.UserID, error)) error {
	for len(all) > 0 {
		n, size := 0, 0
		for n < len(all) && (n == 0 || size+len(all[n].users) <= membersBatch) {
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

// nameOf names a group for a report.
func nameOf(snap *engine.Snapshot) func(directory.GroupID) string {
	return func(id directory.GroupID) string {
		if g := snap.Group(id); g != nil {
			return g.DisplayName
		}
		return string(id)
	}
}
