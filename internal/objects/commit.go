package objects

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/fault"
)

// maxBatch is the largest number of writes that share one commit. It bounds how long the first of them waits.
const maxBatch = 256

// A write is one change to the database. Its function may run only once and must not do I/O of its own.
type write struct {
	fn    func(*tx) error
	freed []freed
	err   error
	done  chan struct{}
}

// freed lists the blobs of a content that a commit has dropped.
type freed struct {
	content int64
	blobs   []string
}

// undrop undoes the drops of a write that failed: it releases the blobs' names and leaves the blobs where they are.
func (w *write) undrop(b *blobs) {
	for _, f := range w.freed {
		for _, name := range f.blobs {
			b.release(name)
		}
	}
	w.freed = nil
}

// tx is the open transaction as one write sees it. All writes of a transaction share its time.
type tx struct {
	c     *committer
	w     *write
	nowAt time.Time
}

func (t *tx) now() int64 { return t.nowAt.Unix() }

func (t *tx) exec(q string, args ...any) (sql.Result, error) {
	st, err := t.c.prepared(q)
	if err != nil {
		return nil, err
	}
	return st.Exec(args...)
}

func (t *tx) query(q string, args ...any) (*sql.Rows, error) {
	st, err := t.c.prepared(q)
	if err != nil {
		return nil, err
	}
	return st.Query(args...)
}

func (t *tx) row(q string, args ...any) scanner {
	st, err := t.c.prepared(q)
	if err != nil {
		return failedRow{err}
	}
	return st.QueryRow(args...)
}

type scanner interface{ Scan(...any) error }

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// drop deletes the pieces of a content and records their blobs, which are unlinked after the commit.
func (t *tx) drop(content int64) error {
	rows, err := t.query(`DELETE FROM pieces WHERE content = ? RETURNING blob`, content)
	if err != nil {
		return err
	}
	return t.collect(content, rows)
}

// dropPiece is drop for one piece.
func (t *tx) dropPiece(content int64, number int) error {
	rows, err := t.query(`DELETE FROM pieces WHERE content = ? AND number = ? RETURNING blob`, content, number)
	if err != nil {
		return err
	}
	return t.collect(content, rows)
}

func (t *tx) collect(content int64, rows *sql.Rows) error {
	defer rows.Close()
	f := freed{content: content}
	defer func() {
		if len(f.blobs) > 0 {
			t.w.freed = append(t.w.freed, f)
		}
	}()
	for rows.Next() {
		var blob sql.NullString
		if err := rows.Scan(&blob); err != nil {
			return err
		}
		if blob.Valid {
			t.c.blobs.acquire(blob.String) // until it is unlinked, or the write fails
			f.blobs = append(f.blobs, blob.String)
		}
	}
	return rows.Err()
}

// committer owns the one connection that writes. Writes that arrive during a sync share the next commit, so that all
// writes that wait share the cost of one sync.
type committer struct {
	conn   *sql.Conn
	now    func() time.Time
	blobs  *blobs
	stmts  map[string]*sql.Stmt
	writes chan *write

	mu     sync.RWMutex // locked for reading while a write is accepted
	closed bool
	active sync.WaitGroup // writes from their acceptance until their blobs are released
	done   chan struct{}
}

func newCommitter(ctx context.Context, db *sql.DB, b *blobs, now func() time.Time) (*committer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &committer{
		conn:   conn,
		now:    now,
		blobs:  b,
		stmts:  make(map[string]*sql.Stmt),
		writes: make(chan *write, maxBatch),
		done:   make(chan struct{}),
	}
	go func() {
		defer close(c.done)
		c.loop()
	}()
	return c, nil
}

// stop accepts no more writes and returns when the accepted ones are done. Later calls do nothing.
func (c *committer) stop() {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	if !first {
		return
	}
	c.active.Wait()
	close(c.writes)
	<-c.done
}

// close stops the committer and closes its connection.
func (c *committer) close() error {
	c.stop()
	for _, st := range c.stmts {
		st.Close()
	}
	return c.conn.Close()
}

// prepared is used by the loop's goroutine alone.
func (c *committer) prepared(q string) (*sql.Stmt, error) {
	if st := c.stmts[q]; st != nil {
		return st, nil
	}
	st, err := c.conn.PrepareContext(context.Background(), q)
	if err == nil {
		c.stmts[q] = st
	}
	return st, err
}

func (c *committer) loop() {
	batch := make([]*write, 0, maxBatch)
	for w := range c.writes {
		batch = c.gather(append(batch[:0], w), len(batch))
		if err := c.commit(batch); err != nil {
			for _, w := range batch {
				w.undrop(c.blobs)
				if w.err == nil {
					w.err = uncertain{err}
				}
			}
		}
		for _, w := range batch {
			close(w.done)
		}
	}
}

// gather adds the waiting writes to a batch. If several writes shared the last batch, their clients are likely to send
// the next ones at once. Then gather waits a moment, short beside a sync, so that these share the batch too, instead of
// taking turns with the writes that came in between.
func (c *committer) gather(batch []*write, last int) []*write {
	var patience <-chan time.Time
	if last > 1 {
		patience = time.After(200 * time.Microsecond)
	}
	for len(batch) < maxBatch {
		select {
		case w, ok := <-c.writes:
			if !ok {
				return batch
			}
			batch = append(batch, w)
			continue
		default:
		}
		if patience == nil || len(batch) > last {
			return batch
		}
		select {
		case w, ok := <-c.writes:
			if !ok {
				return batch
			}
			batch = append(batch, w)
		case <-patience:
			return batch
		}
	}
	return batch
}

// commit runs the writes in one transaction. A write that fails is undone by itself. An error of commit means that no
// write has happened.
func (c *committer) commit(batch []*write) error {
	t := &tx{c: c, nowAt: c.now()}
	if err := c.do(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	for _, w := range batch {
		t.w = w
		if err := c.savepoint(t); err != nil {
			return errors.Join(err, c.do(`ROLLBACK`))
		}
	}
	if err := c.do(`COMMIT`); err != nil {
		// A failed COMMIT may leave the transaction open, or may have ended it.
		_ = c.do(`ROLLBACK`)
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// savepoint runs one write. The error is about the transaction, not about the write.
func (c *committer) savepoint(t *tx) error {
	if err := c.do(`SAVEPOINT one`); err != nil {
		return err
	}
	if t.w.err = t.w.fn(t); t.w.err != nil {
		t.w.undrop(c.blobs)
		if err := c.do(`ROLLBACK TO one`); err != nil {
			return err
		}
	}
	return c.do(`RELEASE one`)
}

func (c *committer) do(q string) error {
	st, err := c.prepared(q)
	if err != nil {
		return err
	}
	_, err = st.Exec()
	return err
}

// uncertain is the failure of a commit. Nobody sees the writes of the batch now. But if the disk failed, a restart may
// find them in the log.
type uncertain struct{ error }

func (u uncertain) Unwrap() error { return u.error }

// update runs fn in a transaction. It returns when the transaction is on the disk, or when it has failed and left
// nothing. The end of ctx does not stop a write that has begun: the outcome must be known, because it decides whether
// the caller's blob is an orphan.
func (s *Store) update(ctx context.Context, fn func(*tx) error) error {
	w := &write{fn: fn, done: make(chan struct{})}
	if err := s.committer.submit(ctx, w); err != nil {
		return err
	}
	defer s.committer.active.Done()
	<-w.done
	s.release(w.freed)
	return storageFault(w.err)
}

func (c *committer) submit(ctx context.Context, w *write) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return fault.New(fault.Unavailable, fault.Storage, "The object store is closing.")
	}
	c.active.Add(1)
	select {
	case c.writes <- w:
		return nil
	case <-ctx.Done():
		c.active.Done()
		return ctx.Err()
	}
}
