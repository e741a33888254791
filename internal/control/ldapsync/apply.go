package ldapsync

import (
	"context"
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

// Bounds of one commit, so that other commits need not wait long, and of the changed ids that its audit record names.
const (
	maxBatchRows    = 1000
	maxBatchMembers = 5000
	maxNames        = 100
)

// batch is one commit in progress. It is made anew when the database runs the transaction again. Its results count only
// after the commit.
type batch struct {
	*provision.Writer
	tx        *store.Tx
	changed   []string // ids of changed rows
	conflicts []string
	users     map[int32]directory.UserID // created users, by place in the listing
	groups    map[int32]directory.GroupID
}

// applier applies one plan.
type applier struct {
	Control *control.Control
	call    *control.Call
	plan    *Plan
	holder  string
	users   map[int32]directory.UserID // created so far, by place in the listing
	groups  map[int32]directory.GroupID
}

// apply commits the plan step by step. It removes access before it gives any. Marks that a step has written are not
// written again.
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
				if u.Disabled { // somebody else disabled the user since the plan was made, so the user stays disabled
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
		func() error { return a.removeMemberships(ctx) },
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
			return each(ctx, a, "delete groups", p.deleteGroups, func(b *batch, g *directory.Group) error {
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
				u.UserName, u.Emails = string(u.ID), nil // until the run updates this user, in a later step
				b.changed = append(b.changed, string(u.ID))
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
				b.changed = append(b.changed, string(g.ID))
				_, err = b.ReplaceGroup(*g)
				return err
			})
		},
		func() error { return a.putUsers(ctx, mark) },
		func() error { return a.putGroups(ctx) },
		func() error { return a.addMemberships(ctx) },
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

// each calls do for all items of a kind, one batch at a time.
func each[T any](ctx context.Context, a *applier, what string, all []T, do func(*batch, T) error) error {
	for some := range slices.Chunk(all, maxBatchRows) {
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

// commit writes one batch together with its audit record, if the node still has the lease.
func (a *applier) commit(ctx context.Context, what string, fn func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := a.Control.Authorised(a.call); err != nil {
		return err
	}
	s := a.plan.source
	var b *batch
	err := a.Control.Engine.Update(ctx, func(tx *store.Tx) error {
		if err := renewLease(tx, s, a.holder); err != nil {
			return err
		}
		w, err := provision.Open(ctx, tx,
			provision.Source{Account: s.Account, By: s.Issuer(), Snapshot: a.Control.Engine.Current(), Quotas: a.Control.Quotas})
		if err != nil {
			return err
		}
		if w.Store != a.plan.storeID {
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

// record writes the audit record of a batch: the step, how many items it changed, and the ids of as many as maxNames.
func (a *applier) record(tx *store.Tx, what string, changed []string) error {
	e := a.call.Event
	e.EventID, e.EventTime = uuid.NewString(), tx.Now()
	e.AdditionalEventData = map[string]any{
		"source":  a.plan.source.Name,
		"run":     a.holder,
		"step":    what,
		"count":   len(changed),
		"changed": changed[:min(len(changed), maxNames)],
	}
	return tx.Record(e)
}

// user reads a row in the transaction. It returns nil when the row was deleted, or no longer belongs to the source.
func (a *applier) user(b *batch, id directory.UserID) (*directory.User, error) {
	u, err := b.User(id)
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) ||
		err == nil && provision.ExternalID(u.ExternalIDs, a.plan.source.Issuer()) == "" {
		return nil, nil
	}
	return u, err
}

func (a *applier) group(b *batch, id directory.GroupID) (*directory.Group, error) {
	g, err := b.Group(id)
	if fault.Is(err, fault.NotFound, fault.DirectoryGroup) ||
		err == nil && provision.ExternalID(g.ExternalIDs, a.plan.source.Issuer()) == "" {
		return nil, nil
	}
	return g, err
}

// entryError reports an entry that the store refuses as a conflict, because another change was faster. The run
// continues. Other errors are returned.
func (b *batch) entryError(dn string, err error) error {
	switch fault.KindOf(err) {
	case fault.AlreadyExists, fault.Invalid:
		b.conflicts = append(b.conflicts, dn+": "+fault.Of(err).Message())
		return nil
	}
	return err
}

// nameOf returns a function that names a group for a report.
func nameOf(snap *engine.Snapshot) func(directory.GroupID) string {
	return func(id directory.GroupID) string {
		if g := snap.Group(id); g != nil {
			return g.DisplayName
		}
		return string(id)
	}
}
