package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Querier is what can be read from: *DB, *Tx and *Reader.
type Querier interface {
	query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// queryOne scans the first row. found is false when there is none.
func queryOne(ctx context.Context, q Querier, text string, args []any, dest ...any) (found bool, err error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return false, err
		}
		found = true
	}
	if err := rows.Close(); err != nil {
		return false, err
	}
	return found, rows.Err()
}

// collect reads all rows before it returns any. The caller may then use the same transaction while it goes through
// them.
func collect[T any](
	ctx context.Context, q Querier, scan func(*sql.Rows) (T, error), text string, args ...any,
) ([]T, error) {
	rows, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// inQuery is a query that ends in IN, and the arguments that come before the ids.
type inQuery struct {
	text string
	args []any
}

// queryIn runs a query that ends in IN for many ids, a fixed number at a time, so that the statement is prepared once.
func queryIn[T any, ID ~string](
	ctx context.Context, q Querier, scan func(*sql.Rows) (T, error), in inQuery, ids []ID,
) ([]T, error) {
	const batch = 20
	text := in.text + placeholderList(len(in.args)+1, batch)
	found := make([]T, 0, len(ids))
	for chunk := range slices.Chunk(ids, batch) {
		all := slices.Clone(in.args)
		for i := range batch {
			all = append(all, string(chunk[min(i, len(chunk)-1)]))
		}
		rows, err := collect(ctx, q, scan, text, all...)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// placeholderList is ($3, $4, $5) for three parameters from the third on.
func placeholderList(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return "(" + b.String() + ")"
}

func (db *DB) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if db.pg { // pgx keeps prepared statements by itself
		return db.read.QueryContext(ctx, text, args...)
	}
	s, err := db.stmts.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// stmtCache keeps the readers' prepared statements. The texts are constants of this package, so the cache is bounded.
type stmtCache struct {
	mu    sync.RWMutex
	db    *sql.DB
	stmts map[string]*sql.Stmt
}

func (c *stmtCache) open(db *sql.DB) { c.db, c.stmts = db, map[string]*sql.Stmt{} }

func (c *stmtCache) get(ctx context.Context, text string) (*sql.Stmt, error) {
	c.mu.RLock()
	s := c.stmts[text]
	c.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	s, err := c.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	c.stmts[text] = s
	return s, nil
}

func (c *stmtCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.stmts {
		s.Close()
	}
	clear(c.stmts)
}

// Reader reads one revision: nothing that is committed later shows in it.
type Reader struct {
	tx  *sql.Tx
	rev Rev
}

// Rev is the revision that the reader sees.
func (r *Reader) Rev() Rev { return r.rev }

func (r *Reader) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return r.tx.QueryContext(ctx, text, args...)
}

// Snapshot calls fn with a reader of one consistent revision. The reader must not be used after fn has returned.
func (db *DB) Snapshot(ctx context.Context, fn func(*Reader) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: snapshotLevel(db.pg), ReadOnly: true})
	if err != nil {
		return unavailable("begin snapshot", err)
	}
	defer tx.Rollback()
	r := &Reader{tx: tx}
	if r.rev, err = revOf(ctx, r); err != nil {
		return err
	}
	return fn(r)
}

// snapshotLevel is the isolation at which a transaction sees one state. A SQLite read transaction always does.
func snapshotLevel(pg bool) sql.IsolationLevel {
	if pg {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}
