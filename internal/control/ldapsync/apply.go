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

// batch is one commit in progress. When the database runs the transaction again, a new batch is made. Its results count
// only after the commit.
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
	marked  map[string]bool // ids of the marks that were written
}

// apply commits the plan step by step. It removes access before it gives any. Marks that a step has written are not
// written again.
func (a *applier) apply(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		a.disableUsers, a.removeMemberships, a.deleteUsers, a.deleteGroups, a.parkUsers, a.parkGroups,
		a.putUsers, a.putGroups, a.addMemberships, a.putMarks,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// mark writes the planned mark of a row, if there is one, in the step that changes the row.
func (a *applier) mark(b *batch, id string) error {
	m, ok := a.plan.marks[id]
	if !ok {
		return nil
	}
	a.marked[id] = true
	return store.PutSyncMark(b.tx, a.plan.source.key(), m)
}

// putMarks writes the marks that no earlier step has written.
func (a *applier) putMarks(ctx context.Context) error {
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(a.plan.marks)), func(id string) bool { return a.marked[id] })
	return each(ctx, a, "", rest, a.mark)
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
			provision.Source{Account: s.Account, By: s.Issuer(), Says: s.Issuer(), Snapshot: a.Control.Engine.Current(),
				Quotas: a.Control.Quotas})
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
