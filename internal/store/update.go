package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"latchkey/internal/fault"
)

// Update runs fn in one transaction and commits it as one revision. When fn returns an error, nothing is written and
// Update returns that error unchanged. A transaction without a change takes no revision. Update then returns the
// revision that the transaction saw.
//
// fn may run several times when the database asks for a retry, so it must have no effect except through its Tx. Other
// writers wait for fn. So it must wait for nothing but the database, and must not call Update or Record. When Update
// returns nil, the change is on the disk.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) (Rev, error) {
	if db.pg {
		return db.updatePostgreSQL(ctx, fn)
	}
	o := &pendingUpdate{ctx: ctx, tx: make(chan *Tx, 1), result: make(chan error, 1), done: make(chan error, 1)}
	if err := db.queue.submit(ctx, o); err != nil {
		return 0, err
	}
	var t *Tx
	select {
	case t = <-o.tx:
	case err := <-o.done:
		return 0, err
	case <-ctx.Done():
		if o.state.CompareAndSwap(updateQueued, updateWithdrawn) {
			return 0, ctx.Err()
		}
		select { // the queue waits for this update already: run it
		case t = <-o.tx:
		case err := <-o.done:
			return 0, err
		}
	}
	err := o.run(t, fn)
	if end := <-o.done; err == nil {
		err = end
	}
	if err != nil {
		return 0, err
	}
	return t.rev, nil
}

// pendingUpdate is one Update that waits in the commit queue. Its function runs on the goroutine of its caller, while
// the queue waits. A panic in the function is then the caller's.
type pendingUpdate struct {
	ctx    context.Context
	state  atomic.Int32
	tx     chan *Tx   // the queue hands over the transaction
	result chan error // the caller returns what its function returned
	done   chan error // committed, or why not
}

const (
	updateQueued int32 = iota
	updateRunning
	updateWithdrawn
)

var errLeft = errors.New("the function left its transaction by a panic")

func (o *pendingUpdate) run(t *Tx, fn func(*Tx) error) (err error) {
	err = errLeft
	defer func() { o.result <- err }()
	err = fn(t)
	if err == nil {
		err = t.finish()
		if err != nil {
			err = unavailable("finish update", err)
		}
	}
	return err
}

// updatePostgreSQL runs a transaction again when the database rolled it back because of a concurrent one.
func (db *DB) updatePostgreSQL(ctx context.Context, fn func(*Tx) error) (Rev, error) {
	for attempt := 1; ; attempt++ {
		rev, err := db.updateOnce(ctx, fn)
		if err == nil || !retryable(err) {
			return rev, err
		}
		if attempt == 200 {
			return 0, fault.New(fault.Unavailable, "", "").Because(fmt.Errorf("gave up after %d attempts: %w", attempt, err))
		}
		pause := time.Duration(rand.Int64N(int64(min(attempt, 20)) * int64(time.Millisecond)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (db *DB) updateOnce(ctx context.Context, fn func(*Tx) error) (Rev, error) {
	sqlTx, err := db.read.BeginTx(ctx, nil)
	if err != nil {
		return 0, unavailable("begin update", err)
	}
	defer sqlTx.Rollback()
	t := &Tx{ctx: ctx, w: txWriter{sqlTx}, db: db}
	if err := t.begin(); err != nil {
		return 0, unavailable("begin update", err)
	}
	if err := fn(t); err != nil {
		if t.broken != nil && retryable(t.broken) {
			return 0, t.broken
		}
		return 0, err
	}
	if err := t.finish(); err != nil {
		return 0, unavailable("finish update", err)
	}
	if t.empty() {
		return t.rev, nil
	}
	if err := sqlTx.Commit(); err != nil {
		return 0, unavailable("commit update", err)
	}
	if len(t.changes) > 0 {
		db.wake.Wake()
	}
	return t.rev, nil
}

// txWriter is a PostgreSQL transaction.
type txWriter struct{ tx *sql.Tx }

func (w txWriter) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := w.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (w txWriter) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return w.tx.QueryContext(ctx, text, args...)
}
