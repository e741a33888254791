package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// lane is a goroutine that owns a writing connection. It takes whatever waits, commits it together with one
// write to the disk, and only then tells the callers. On SQLite it carries updates and audit records, each
// update in a savepoint of its own; on PostgreSQL it carries audit records only.
type lane struct {
	db      *DB
	updates chan *op
	records chan *record

	mu      sync.RWMutex // held for reading while something is put into a channel
	closed  bool
	stopped chan struct{}
}

// How much one commit takes at most. Updates are fewer because each runs its caller's code.
const (
	maxUpdates = 64
	maxRecords = 1024
)

var errClosed = errors.New("the store is closed")

func newLane(db *DB, w laneWriter) *lane {
	l := &lane{db: db, updates: make(chan *op, 4*maxUpdates), records: make(chan *record, 4*maxRecords),
		stopped: make(chan struct{})}
	go l.run(w)
	return l
}

// laneWriter is the connection of a lane.
type laneWriter interface {
	// commit makes the records durable and runs the updates, in one transaction. It answers every one of
	// them, whatever happens.
	commit(db *DB, updates []*op, records []*record)
	close()
}

func (l *lane) submit(ctx context.Context, o *op) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return unavailable("update", errClosed)
	}
	select {
	case l.updates <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lane) submitRecord(ctx context.Context, r *record) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return unavailable("record", errClosed)
	}
	select {
	case l.records <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close takes nothing more, commits what is queued and waits for that.
func (l *lane) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.updates)
		close(l.records)
	}
	l.mu.Unlock()
	<-l.stopped
}

func (l *lane) run(w laneWriter) {
	defer close(l.stopped)
	defer w.close()
	updates, records := l.updates, l.records
	var ops []*op
	var recs []*record
	for updates != nil || records != nil {
		ops, recs = ops[:0], recs[:0]
		select {
		case o, ok := <-updates:
			if !ok {
				updates = nil
				continue
			}
			ops = append(ops, o)
		case r, ok := <-records:
			if !ok {
				records = nil
				continue
			}
			recs = append(recs, r)
		}
		// Callers that the last commit released are about to come back: let them in.
		runtime.Gosched()
		ops = drain(updates, ops, maxUpdates)
		recs = drain(records, recs, maxRecords)
		w.commit(l.db, ops, recs)
	}
}

func drain[T any](from chan T, into []T, limit int) []T {
	for len(into) < limit {
		select {
		case v, ok := <-from:
			if !ok {
				return into
			}
			into = append(into, v)
		default:
			return into
		}
	}
	return into
}

// connWriter is SQLite's one writing connection with its prepared statements.
type connWriter struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (c *connWriter) stmt(text string) (*sql.Stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), text)
	if err == nil {
		c.stmts[text] = s
	}
	return s, err
}

// The context of a caller never reaches SQLite: to interrupt a write rolls back the whole transaction, and
// with it what others wait for.
func (c *connWriter) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s, err := c.stmt(text)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c *connWriter) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := c.stmt(text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

func (c *connWriter) close() {
	for _, s := range c.stmts {
		s.Close()
	}
	c.conn.Close()
}

func (c *connWriter) do(text string) error {
	_, err := c.exec(context.Background(), text)
	return err
}

// commit runs one group. Whatever breaks the transaction as a whole fails everybody in it: nobody is told
// that something is durable which is not.
func (c *connWriter) commit(db *DB, updates []*op, records []*record) {
	changed := false
	err := c.do(`BEGIN IMMEDIATE`)
	if err == nil {
		err = c.insertRecords(db, records)
		for _, o := range updates {
			if err == nil && o.state.CompareAndSwap(opQueued, opRunning) {
				var did bool
				did, err = c.update(db, o)
				changed = changed || did
			}
		}
		if err == nil {
			err = c.do(`COMMIT`)
		}
		if err != nil {
			c.do(`ROLLBACK`)
		}
	}
	if err != nil {
		err = unavailable("commit", err)
	} else if changed {
		db.wake.Wake()
	}
	for _, r := range records {
		r.end <- err
	}
	for _, o := range updates {
		o.end <- err
	}
}

// update runs one update in a savepoint and takes it back if it fails. The error is that of the transaction
// as a whole; the update's own stays with its caller.
func (c *connWriter) update(db *DB, o *op) (changed bool, err error) {
	if err := c.do(`SAVEPOINT one`); err != nil {
		return false, err
	}
	t := &Tx{ctx: context.Background(), w: c, db: db}
	if err := t.begin(); err != nil {
		return false, fmt.Errorf("begin update: %w", err)
	}
	t.ctx = o.ctx
	o.turn <- t
	if failed := <-o.fn; failed != nil || t.empty() {
		if err := c.do(`ROLLBACK TO one`); err != nil {
			return false, err
		}
		return false, c.do(`RELEASE one`)
	}
	return len(t.changes) > 0, c.do(`RELEASE one`)
}
