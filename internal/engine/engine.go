package engine

import (
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

// The times that hold unless Options say otherwise.
const (
	DefaultMaxStaleness = 5 * time.Second
	DefaultPoll         = 500 * time.Millisecond
)

// Options say how the snapshot follows the store. The zero Options hold the defaults.
type Options struct {
	MaxStaleness time.Duration    // how long the database may be silent before the engine refuses; 0: 5 s
	Poll         time.Duration    // how often the store is asked when nothing wakes the engine; 0: 500 ms
	Now          func() time.Time // the clock; nil: time.Now
	Log          *slog.Logger     // nil: nowhere
}

// Engine keeps the current Snapshot. Its methods may be used by any number of goroutines.
type Engine struct {
	db           *store.DB
	maxStaleness time.Duration
	poll         time.Duration
	now          func() time.Time
	log          *slog.Logger

	current atomic.Pointer[Snapshot]
	heard   atomic.Pointer[time.Time] // when a look began that found current to be the newest
	stopped atomic.Pointer[error]     // set: no snapshot is given out, this is why
	owed    atomic.Int64              // a revision that this node committed and could not catch up with
	news    store.Broadcast           // a snapshot was published

	closing  sync.Once
	closed   chan struct{}
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	follower follower
}

var errClosed = errors.New("the engine is closed")

// Open loads a snapshot of one revision and follows the store until Close. The context bounds the loading
// only.
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

// prepare makes an engine with a current snapshot that nothing follows yet.
func prepare(ctx context.Context, db *store.DB, o Options) (*Engine, error) {
	e := &Engine{db: db, maxStaleness: o.MaxStaleness, poll: o.Poll, now: o.Now, log: o.Log, closed: make(chan struct{})}
	if e.maxStaleness <= 0 {
		e.maxStaleness = DefaultMaxStaleness
	}
	if e.poll <= 0 {
		e.poll = DefaultPoll
	}
	e.poll = min(e.poll, e.maxStaleness/3) // a healthy store is heard in time
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

// Close ends following and waits for it. From then on Snapshot refuses. The store stays open.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.stop(errClosed)
		e.cancel()
		e.tasks.Wait()
		close(e.closed)
	})
	return nil
}

// Snapshot is the current snapshot. It fails with fault.Unavailable when the snapshot may not be the truth;
// see the package comment. It does not block and does not allocate unless it fails.
func (e *Engine) Snapshot() (*Snapshot, error) {
	// What refuses is read first: it is lifted only after the snapshot that it waited for was published.
	refused, owed, heard := e.stopped.Load(), e.owed.Load(), e.heard.Load()
	s := e.current.Load()
	switch {
	case refused != nil:
		return nil, unavailable(*refused)
	case int64(s.rev) < owed:
		return nil, unavailable(fmt.Errorf("revision %d was committed here, the snapshot is at %d", owed, s.rev))
	}
	if age := since(*heard, e.now()); age > e.maxStaleness {
		return nil, unavailable(fmt.Errorf("the database was not heard from for %v", age))
	}
	return s, nil
}

// Current is the newest snapshot whether it may be stale or not: for metrics and diagnosis, never to decide.
func (e *Engine) Current() *Snapshot { return e.current.Load() }

// Revision is the revision of Current.
func (e *Engine) Revision() store.Rev { return e.current.Load().rev }

// Age is how long ago Current was known to be the newest.
func (e *Engine) Age() time.Duration { return since(*e.heard.Load(), e.now()) }

// since counts by the monotonic clock and by the wall clock and believes the larger: the monotonic one
// stands still while a machine is suspended, the wall clock may be set back.
func since(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// Update is store.DB.Update, but it returns only when this node's snapshot shows the change: what is taken
// away is gone on this node when the caller hears of it.
//
// When the snapshot cannot follow within MaxStaleness the change is committed all the same. Update then
// fails with fault.Unavailable, and Snapshot refuses until the change shows.
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
	// The caller's own deadline does not count any more: the change has happened.
	timer := time.NewTimer(e.maxStaleness)
	defer timer.Stop()
	for {
		published := e.news.Next()
		if e.current.Load().rev >= rev {
			return nil
		}
		select {
		case <-published:
		case <-timer.C:
			e.owe(rev)
			return unavailable(fmt.Errorf("revision %d is committed, the snapshot did not follow", rev))
		case <-e.closed:
			return unavailable(errClosed)
		}
	}
}

// stamped makes the revision one that no other history has; see history.
func stamped(fn func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		err := fn(tx)
		if err == nil {
			tx.Stamp()
		}
		return err
	}
}

// owe makes Snapshot refuse until it shows the revision.
func (e *Engine) owe(rev store.Rev) {
	for {
		have := e.owed.Load()
		if have >= int64(rev) || e.owed.CompareAndSwap(have, int64(rev)) {
			return
		}
	}
}

// stop makes Snapshot refuse. A closed engine stays so.
func (e *Engine) stop(why error) {
	for {
		have := e.stopped.Load()
		if have != nil && *have == errClosed || e.stopped.CompareAndSwap(have, &why) {
			return
		}
	}
}

// distrust refuses because the store went back. Grants and keys that were taken away may be back in it, and
// the other way round; nobody is let in by what was true in another history.
func (e *Engine) distrust(why error) {
	e.stop(why)
	e.log.Error("THE DATABASE WENT BACK IN TIME, as after a restore from a backup: nothing is served until everything "+
		"was loaded again, and what was taken away since the backup must be taken away again",
		slog.Any("reason", why), slog.Int64("revision", int64(e.Revision())))
}

// lift ends refusing, unless the engine was closed.
func (e *Engine) lift() {
	if why := e.stopped.Load(); why != nil && *why != errClosed {
		e.stopped.CompareAndSwap(why, nil)
	}
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "", "").Because(fmt.Errorf("snapshot: %w", cause))
}
