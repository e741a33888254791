package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// The defaults of Options.
const (
	DefaultMaxStaleness = 5 * time.Second
	DefaultPoll         = 500 * time.Millisecond
	DefaultCutMemory    = 37 * time.Hour // a session of GetSessionToken lives 36 hours
)

// Options say how the snapshot follows the store. The zero Options hold the defaults.
type Options struct {
	MaxStaleness time.Duration    // how long the database may be silent before the engine refuses; 0: 5 s
	Poll         time.Duration    // how often the store is asked when nothing wakes the engine; 0: 500 ms
	Now          func() time.Time // the clock; nil: time.Now
	Log          *slog.Logger     // nil: nowhere
	CutMemory    time.Duration    // how long the longest session or token lives, and a little more; 0: 37 h
}

// Engine keeps the current Snapshot. Its methods may be used by any number of goroutines.
type Engine struct {
	db           *store.DB
	maxStaleness time.Duration
	poll         time.Duration
	now          func() time.Time
	log          *slog.Logger
	cutMemory    time.Duration

	current   atomic.Pointer[Snapshot]
	lastHeard atomic.Pointer[time.Time] // when the newest check began that found current up to date
	refusal   atomic.Pointer[error]     // not nil: why Snapshot refuses
	// the newest revision that this node committed and that its snapshot could not reach in time; 0: none
	pendingRev atomic.Int64
	published  store.Broadcast // a snapshot was published

	closing  sync.Once
	closed   chan struct{}
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	follower follower
}

var errClosed = errors.New("the engine is closed")

// Open loads a snapshot of one revision, and follows the store until Close. The context bounds the loading only.
func Open(ctx context.Context, db *store.DB, o Options) (*Engine, error) {
	e, err := prepare(ctx, db, o)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel = cancel
	e.tasks.Go(func() { e.follower.run(run) })
	return e, nil
}

// prepare makes an engine with a current snapshot, without starting its follower.
func prepare(ctx context.Context, db *store.DB, o Options) (*Engine, error) {
	e := &Engine{
		db: db, maxStaleness: o.MaxStaleness, poll: o.Poll, now: o.Now, log: o.Log, closed: make(chan struct{}),
		cutMemory: cmp.Or(o.CutMemory, DefaultCutMemory),
	}
	if e.maxStaleness <= 0 {
		e.maxStaleness = DefaultMaxStaleness
	}
	if e.poll <= 0 {
		e.poll = DefaultPoll
	}
	e.poll = min(e.poll, e.maxStaleness/3) // a healthy store answers before the snapshot is stale
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.follower = follower{Engine: e, compacted: make(chan compacted, 1)}
	if err := e.follower.reload(ctx); err != nil {
		return nil, err
	}
	if err := e.follower.sync(ctx); err != nil { // loading may have taken longer than MaxStaleness
		return nil, err
	}
	return e, nil
}

// Close ends following and waits until it has ended. Snapshot refuses from then on. The store stays open.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.refuse(errClosed)
		e.cancel()
		e.tasks.Wait()
		close(e.closed)
	})
	return nil
}

// Snapshot returns the current snapshot. It fails with fault.Unavailable when the snapshot may differ from the store;
// see the package comment. It does not block, and does not allocate unless it fails.
func (e *Engine) Snapshot() (*Snapshot, error) {
	// The reasons to refuse are read before the snapshot. A reason is removed only after the snapshot that it waited for
	// was published.
	refused, pending, heard := e.refusal.Load(), e.pendingRev.Load(), e.lastHeard.Load()
	s := e.current.Load()
	switch {
	case refused != nil:
		return nil, unavailable(*refused)
	case int64(s.rev) < pending:
		return nil, unavailable(fmt.Errorf("revision %d was committed here, the snapshot is at %d", pending, s.rev))
	}
	if age := since(*heard, e.now()); age > e.maxStaleness {
		return nil, unavailable(fmt.Errorf("the database was not heard from for %v", age))
	}
	return s, nil
}

// Current returns the newest snapshot, stale or not. It is for metrics and diagnosis, never for decisions.
func (e *Engine) Current() *Snapshot { return e.current.Load() }

// Revision is the revision of Current.
func (e *Engine) Revision() store.Rev { return e.current.Load().rev }

// Age is the time since Current was last known to be up to date.
func (e *Engine) Age() time.Duration { return since(*e.lastHeard.Load(), e.now()) }

// since is the time between two moments by the monotonic clock or by the wall clock, whichever is longer. The monotonic
// clock stands still while a machine is suspended. The wall clock may be set back.
func since(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// Update is store.DB.Update, but it returns only when this node's snapshot shows the change. When a caller learns that
// access was revoked, this node refuses it already.
//
// If the snapshot cannot follow within MaxStaleness, the change is committed all the same. Update then fails with
// fault.Unavailable, and Snapshot refuses until the snapshot shows the change.
func (e *Engine) Update(ctx context.Context, fn func(*store.Tx) error) error {
	before := e.current.Load().rev
	rev, err := e.db.Update(ctx, stamped(fn))
	if err != nil {
		return err
	}
	if rev < before {
		err := fmt.Errorf("%w: a commit became revision %d after %d", errWentBack, rev, before)
		e.distrust(err)
		return unavailable(err)
	}
	// The change is committed, so the caller's own deadline does not count any more.
	return e.Await(context.WithoutCancel(ctx), rev)
}

// Await returns when this node's snapshot shows a revision that was read from the database. If the snapshot cannot
// follow within MaxStaleness, Await fails with fault.Unavailable, and Snapshot refuses until the snapshot shows it.
func (e *Engine) Await(ctx context.Context, rev store.Rev) error {
	timer := time.NewTimer(e.maxStaleness)
	defer timer.Stop()
	for {
		published := e.published.Next()
		if e.current.Load().rev >= rev {
			return nil
		}
		select {
		case <-published:
		case <-timer.C:
			e.awaitRevision(rev)
			return unavailable(fmt.Errorf("revision %d is committed, the snapshot did not follow", rev))
		case <-ctx.Done():
			return unavailable(ctx.Err())
		case <-e.closed:
			return unavailable(errClosed)
		}
	}
}

// reachWithin is how long Reach waits for a snapshot.
const reachWithin = time.Second

// Reach returns a snapshot that shows a revision. A session may have been decided by a node that was ahead of this one
// for a moment. If no such snapshot comes within a second, or before ctx ends, Reach fails with fault.Unavailable: then
// the revision may be one of a history that a restore from a backup has ended.
func (e *Engine) Reach(ctx context.Context, rev store.Rev) (*Snapshot, error) {
	timer := time.NewTimer(reachWithin)
	defer timer.Stop()
	for {
		published := e.published.Next()
		s, err := e.Snapshot()
		if err != nil || s.rev >= rev {
			return s, err
		}
		select {
		case <-published:
		case <-timer.C:
			return nil, unavailable(fmt.Errorf("revision %d is not known here, the snapshot is at %d", rev, s.rev))
		case <-ctx.Done():
			return nil, unavailable(ctx.Err())
		case <-e.closed:
			return nil, unavailable(errClosed)
		}
	}
}

// stamped adds a stamp to the revision, which no other history of the store has; see history.
func stamped(fn func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		err := fn(tx)
		if err == nil {
			tx.Stamp()
		}
		return err
	}
}

// awaitRevision makes Snapshot refuse until the snapshot shows a revision.
func (e *Engine) awaitRevision(rev store.Rev) {
	for {
		have := e.pendingRev.Load()
		if have >= int64(rev) || e.pendingRev.CompareAndSwap(have, int64(rev)) {
			return
		}
	}
}

// refuse makes Snapshot refuse for a reason. A closed engine keeps its reason.
func (e *Engine) refuse(why error) {
	for {
		have := e.refusal.Load()
		if have != nil && *have == errClosed || e.refusal.CompareAndSwap(have, &why) {
			return
		}
	}
}

// distrust makes Snapshot refuse because the store went back to an earlier state. Grants and keys that were revoked may
// exist again in it, and newer ones may be missing. Nobody may get in by what was true in another history.
func (e *Engine) distrust(why error) {
	e.refuse(why)
	e.log.Error("THE DATABASE WENT BACK IN TIME, as after a restore from a backup: nothing is served until everything "+
		"was loaded again, and what was taken away since the backup must be taken away again",
		slog.Any("reason", why), slog.Int64("revision", int64(e.Revision())))
}

// serveAgain lets Snapshot serve again, unless the engine was closed.
func (e *Engine) serveAgain() {
	if why := e.refusal.Load(); why != nil && *why != errClosed {
		e.refusal.CompareAndSwap(why, nil)
	}
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "", "").Because(fmt.Errorf("snapshot: %w", cause))
}
