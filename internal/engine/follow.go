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
	past      history
	edits     int // grants that came and went since the index was compacted
	compacts  bool
	compacted chan compacted
}

// changesPage is how many changes are read at once.
const changesPage = 10_000

// followLimit bounds the reading of what changed.
const followLimit = 30 * time.Second

// run follows until ctx ends.
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

// wait returns when the store has more than the snapshot, and at the latest when the store is to be asked
// again: at once when loading took so long that what was loaded is stale.
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

// sync looks at the store once and brings the snapshot up to it.
func (f *follower) sync(ctx context.Context) error {
	owed, began := f.owed.Load(), f.now() // both before the look: what it shows is at least as new
	s := f.current.Load()
	if f.stopped.Load() != nil {
		return f.reload(ctx)
	}
	fresh, err := f.look(ctx, s.rev, owed)
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
		f.heard.Store(&began)
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

// look returns what was changed after the snapshot's revision, after it has seen that the store still tells
// the same history.
func (f *follower) look(ctx context.Context, at store.Rev, owed int64) ([]store.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, f.maxStaleness)
	defer cancel()
	changes, err := f.db.Changes(ctx, f.past.base, changesPage)
	if errors.Is(err, store.ErrPruned) && f.past.base < at { // what is remembered may be pruned, what is new may not
		f.past = history{base: at}
		changes, err = f.db.Changes(ctx, at, changesPage)
	}
	if errors.Is(err, store.ErrRewound) {
		return nil, fmt.Errorf("%w: %w", errWentBack, err)
	}
	if err != nil {
		return nil, err
	}
	fresh, ok := f.past.split(changes, at)
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
	case int64(rev) < owed:
		return nil, fmt.Errorf("%w: revision %d after %d", errWentBack, rev, owed)
	}
	return nil, nil
}

// tooMany reports that loading everything is cheaper than reading what changed row by row. Grants do not
// count: new ones are read together. Memberships are not read at all: the change says everything.
func tooMany(s *Snapshot, changes []store.Change) bool {
	if len(changes) < 5000 {
		return false
	}
	n := 0
	for _, c := range changes {
		switch c.Kind {
		case store.KindGrant, store.KindGrantTags, store.KindMembership:
		default:
			n++
		}
	}
	return n >= 5000 && n > (s.principals.len()+s.keys.len()+s.buckets.len()+s.people.len()+s.groups.len())/4
}

// follow applies changes. They are read up to the one revision at which all rows are read, so that no
// snapshot mixes two revisions.
func (f *follower) follow(ctx context.Context, s *Snapshot, fresh []store.Change, began time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, max(followLimit, f.maxStaleness)) // a connection may die without a word
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
			return errWentBack // the next look tells more
		}
		next, edits, err := s.advance(ctx, r, fresh)
		if err != nil {
			return err
		}
		f.edits += edits
		f.past.extend(fresh, next.rev)
		f.publish(next, began)
		return nil
	})
}

// reload loads everything. Only then does an engine that had refused serve again.
func (f *follower) reload(ctx context.Context) error {
	owed, began := f.owed.Load(), f.now()
	s, err := load(ctx, f.db)
	if err != nil {
		return err
	}
	// The newest changes are read after the rows, and only those that the rows show are remembered.
	f.past = history{base: max(s.rev-rememberRevs, 0)}
	recent, err := f.db.Changes(ctx, f.past.base, changesPage)
	if err != nil && !errors.Is(err, store.ErrPruned) {
		return err
	}
	for len(recent) > 0 && recent[len(recent)-1].Rev > s.rev {
		recent = recent[:len(recent)-1]
	}
	f.past.extend(recent, s.rev)
	f.edits = 0
	f.publish(s, began)
	// What this node committed in a history that is gone is owed no more.
	f.owed.CompareAndSwap(owed, 0)
	f.lift()
	return nil
}

func (f *follower) publish(s *Snapshot, heard time.Time) {
	f.current.Store(s)
	f.heard.Store(&heard)
	f.news.Wake()
}
