package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"latchkey/internal/store"
)

// follower keeps the engine's snapshot equal to the store. One goroutine runs it, so it needs no locks.
type follower struct {
	*Engine
	history   history
	edits     int // how many grants came and went since the index was compacted
	compacts  bool
	compacted chan compacted
}

// changesPage is how many changes are read in one query.
const changesPage = 10_000

// followLimit bounds how long reading changes and their rows may take.
const followLimit = 30 * time.Second

// run follows the store until ctx ends.
func (f *follower) run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		err := f.sync(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !failing:
			failing = true
			f.log.Error("the snapshot cannot follow the database", slog.Any("error", err),
				slog.Int64("revision", int64(f.Revision())))
		case err == nil && failing:
			failing = false
			f.log.Info("the snapshot follows the database again", slog.Int64("revision", int64(f.Revision())))
		}
		if err == nil {
			f.compact()
			err = f.wait(ctx)
		}
		if err != nil {
			pause(ctx, f.poll/4)
		}
	}
}

// wait returns when the store has a newer revision than the snapshot, and at the latest when the store has to be asked
// again. It returns at once if loading took so long that the loaded snapshot is stale.
func (f *follower) wait(ctx context.Context) error {
	if f.Age() > f.maxStaleness {
		return nil
	}
	due, cancel := context.WithTimeout(ctx, f.poll)
	defer cancel()
	if _, err := f.db.Wait(due, f.Revision()); err != nil && due.Err() == nil {
		return err
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// sync asks the store once, and brings the snapshot up to it.
func (f *follower) sync(ctx context.Context) error {
	// both are read before the store is asked, whose answer is then at least as new
	pending, began := f.pendingRev.Load(), f.now()
	s := f.current.Load()
	if f.refusal.Load() != nil {
		return f.reload(ctx)
	}
	fresh, err := f.readChanges(ctx, s.rev, pending)
	switch {
	case errors.Is(err, errWentBack):
		f.distrust(err)
		return f.reload(ctx)
	case errors.Is(err, store.ErrPruned), errors.Is(err, errGap):
		f.log.Warn("the snapshot is loaded again", slog.Any("reason", err), slog.Int64("revision", int64(s.rev)))
		return f.reload(ctx)
	case err != nil:
		return err
	case len(fresh) == 0:
		f.lastHeard.Store(&began)
		return nil
	}
	if tooMany(s, fresh) {
		return f.reload(ctx)
	}
	err = f.follow(ctx, s, fresh, began)
	if errors.Is(err, errInconsistent) || errors.Is(err, errGap) {
		f.log.Warn("the snapshot is loaded again", slog.Any("reason", err), slog.Int64("revision", int64(s.rev)))
		return f.reload(ctx)
	}
	return err
}

var (
	errGap      = errors.New("the change list has a gap")
	errWentBack = errors.New("the database tells another history than before")
)

// readChanges returns the changes after the snapshot's revision. Before that it checks that the store still has the
// same history.
func (f *follower) readChanges(ctx context.Context, at store.Rev, pending int64) ([]store.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, f.maxStaleness)
	defer cancel()
	changes, err := f.db.Changes(ctx, f.history.base, changesPage)
	if errors.Is(err, store.ErrPruned) && f.history.base < at { // remembered changes may be pruned, new ones may not
		f.history = history{base: at}
		changes, err = f.db.Changes(ctx, at, changesPage)
	}
	if errors.Is(err, store.ErrRewound) {
		return nil, fmt.Errorf("%w: %w", errWentBack, err)
	}
	if err != nil {
		return nil, err
	}
	fresh, ok := f.history.newChanges(changes, at)
	if !ok {
		return nil, fmt.Errorf("%w: the changes up to revision %d are not what they were", errWentBack, at)
	}
	if len(fresh) > 0 {
		if !gapless(fresh, at) {
			return nil, errGap
		}
		return fresh, nil
	}
	rev, err := f.db.Rev(ctx)
	switch {
	case err != nil:
		return nil, err
	case int64(rev) < pending:
		return nil, fmt.Errorf("%w: revision %d after %d", errWentBack, rev, pending)
	}
	return nil, nil
}

// tooMany reports that loading everything is cheaper than reading the changed rows one by one. Grants do not count,
// because new ones are read together. Memberships do not count, because their changes say everything and no row is
// read. The same is true of cuts.
func tooMany(s *Snapshot, changes []store.Change) bool {
	if len(changes) < 5000 {
		return false
	}
	n := 0
	for _, c := range changes {
		switch c.Kind {
		case store.KindGrant, store.KindGrantTags, store.KindMembership, store.KindCut, store.KindEnded:
		default:
			n++
		}
	}
	return n >= 5000 && n > (s.principals.len()+s.keys.len()+s.buckets.len()+s.people.len()+s.groups.len())/4
}

// follow applies changes. It reads them up to the one revision at which it reads all rows, so that no snapshot mixes
// two revisions.
func (f *follower) follow(ctx context.Context, s *Snapshot, fresh []store.Change, began time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, max(followLimit, f.maxStaleness)) // a connection may die silently
	defer cancel()
	return f.db.Snapshot(ctx, func(r *store.Reader) error {
		for at := fresh[len(fresh)-1].Rev; at < r.Rev(); at = fresh[len(fresh)-1].Rev {
			more, err := f.db.Changes(ctx, at, changesPage)
			if err != nil {
				return err
			}
			if len(more) == 0 || !gapless(more, at) {
				return errGap
			}
			fresh = append(fresh, more...)
		}
		for len(fresh) > 0 && fresh[len(fresh)-1].Rev > r.Rev() {
			fresh = fresh[:len(fresh)-1]
		}
		if len(fresh) == 0 || r.Rev() <= s.rev {
			return errWentBack // the next check finds out more
		}
		next, edits, err := s.advance(ctx, r, fresh, moment{f.now(), *f.lastHeard.Load(), began.Add(-f.cutMemory)})
		if err != nil {
			return err
		}
		f.edits += edits
		f.history.remember(fresh, next.rev)
		f.publish(next, began)
		return nil
	})
}

// reload loads everything. An engine that refused, because the store went back, serves again only after a reload.
func (f *follower) reload(ctx context.Context) error {
	pending, began := f.pendingRev.Load(), f.now()
	s, err := load(ctx, f.db, began.Add(-f.cutMemory))
	if err != nil {
		return err
	}
	// The newest changes are read after the rows. Only those that the rows show are remembered.
	f.history = history{base: max(s.rev-rememberRevs, 0)}
	recent, err := f.db.Changes(ctx, f.history.base, changesPage)
	if err != nil && !errors.Is(err, store.ErrPruned) {
		return err
	}
	for len(recent) > 0 && recent[len(recent)-1].Rev > s.rev {
		recent = recent[:len(recent)-1]
	}
	f.history.remember(recent, s.rev)
	f.edits = 0
	f.publish(s, began)
	// Revisions that this node committed in a history that is gone need not be reached any more.
	f.pendingRev.CompareAndSwap(pending, 0)
	f.serveAgain()
	return nil
}

func (f *follower) publish(s *Snapshot, heard time.Time) {
	f.current.Store(s)
	f.lastHeard.Store(&heard)
	f.published.Wake()
}
