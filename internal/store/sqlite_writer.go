package store

import (
	"context"
	"database/sql"
	"fmt"
)

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

// exec does not pass the caller's context to SQLite. An interrupted write would roll back the whole transaction, and
// with it the writes of other callers.
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

// commit commits one group. If the transaction fails as a whole, every caller in the group gets the error: nobody is
// told that something is durable when it is not.
func (c *connWriter) commit(db *DB, updates []*pendingUpdate, records []*pendingRecords) {
	changed := false
	err := c.do(`BEGIN IMMEDIATE`)
	if err == nil {
		err = c.insertRecords(db, records)
		for _, o := range updates {
			if err == nil && o.state.CompareAndSwap(updateQueued, updateRunning) {
				var updated bool
				updated, err = c.update(db, o)
				changed = changed || updated
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
		r.done <- err
	}
	for _, o := range updates {
		o.done <- err
	}
}

// update runs one update in a savepoint, and rolls the savepoint back if the update fails. The error that it returns is
// that of the whole transaction. The caller of Update gets the update's own error.
func (c *connWriter) update(db *DB, o *pendingUpdate) (changed bool, err error) {
	if err := c.do(`SAVEPOINT one`); err != nil {
		return false, err
	}
	t := &Tx{ctx: context.Background(), w: c, db: db}
	if err := t.begin(); err != nil {
		return false, fmt.Errorf("begin update: %w", err)
	}
	t.ctx = o.ctx
	o.tx <- t
	if failed := <-o.result; failed != nil || t.empty() {
		if err := c.do(`ROLLBACK TO one`); err != nil {
			return false, err
		}
		return false, c.do(`RELEASE one`)
	}
	return len(t.changes) > 0, c.do(`RELEASE one`)
}
