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

// Update runs fn in one transaction and commits it as one revision. When fn returns an error, nothing of it
// stays and Update returns that error as it is. A transaction without a change takes no revision; Update
// then returns the revision that it saw.
//
// fn may be run again when the database asks for it, so it must have no effect but through its Tx. Other
// writers wait for it: it must not wait for anything but the database, and must not call Update or Record.
// The returned nil means that the disk has it.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) (Rev, error) {
	if db.pg {
		return db.updatePostgreSQL(ctx, fn)
	}
	o := &op{ctx: ctx, turn: make(chan *Tx, 1), fn: make(chan error, 1), end: make(chan error, 1)}
	if err := db.lane.submit(ctx, o); err != nil {
		return 0, err
	}
	var t *Tx
	select {
	case t = <-o.turn:
	case err := <-o.end:
		return 0, err
	case <-ctx.Done():
		if o.state.CompareAndSwap(opQueued, opWithdrawn) {
			return 0, ctx.Err()
		}
		select { // it is our turn already: go through with it, so that the lane is not left waiting
		case t = <-o.turn:
		case err := <-o.end:
			return 0, err
		}
	}
	err := o.run(t, fn)
	if end := <-o.end; err == nil {
		err = end
	}
	if err != nil {
		return 0, err
	}
	return t.rev, nil
}

// op is one Update on its way through the lane. Its function runs on the caller's goroutine while the lane
// waits: a panic in it is the caller's.
type op struct {
	ctx   context.Context
	state atomic.Int32
	turn  chan *Tx   // the lane hands the transaction over
	fn    chan error // the caller hands it back
	end   chan error // committed, or why not
}

const (
	opQueued int32 = iota
	opRunning
	opWithdrawn
)

var errLeft = errors.New("the function left its transaction by a panic")

func (o *op) run(t *Tx, fn func(*Tx) error) (err error) {
	err = errLeft
	defer func() { o.fn <- err }()
	err = fn(t)
	if err == nil {
		err = t.finish()
		if err != nil {
			err = unavailable("finish update", err)
		}
	}
	return err
}

// updatePostgreSQL retries what the database gives up for the sake of another transaction.
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
