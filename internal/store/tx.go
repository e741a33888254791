package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// writer executes the statements of one transaction: through the commit queue's connection (SQLite) or a *sql.Tx
// (PostgreSQL).
type writer interface {
	exec(ctx context.Context, text string, args ...any) (affected int64, err error)
	query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// Tx is one transaction that may write. Only the function that Update calls may use it, from one goroutine, until that
// function returns.
type Tx struct {
	ctx     context.Context
	w       writer
	db      *DB
	now     time.Time
	rev     Rev
	seq     int64
	seqUsed bool
	changes []Change
	counts  map[countKey]int64
	written bool  // something other than a change was written: an audit record
	broken  error // a statement failed: the transaction cannot be committed, even if fn ignores the error
}

// Now is the transaction's one timestamp, UTC in whole microseconds. All rows that the transaction writes carry it.
func (t *Tx) Now() time.Time { return t.now }

// Rev is the revision that this transaction gets if it is committed with a change.
func (t *Tx) Rev() Rev { return t.rev }

// begin takes the next revision. In PostgreSQL the lock on the revision's row makes the writers of all nodes wait for
// each other, so that commit order is revision order.
func (t *Tx) begin() error {
	t.now = t.db.timestamp()
	found, err := queryOne(t.ctx, t, `UPDATE meta SET rev = rev + 1 WHERE id = 1 RETURNING rev, seq`, nil, &t.rev, &t.seq)
	if err == nil && !found {
		err = fmt.Errorf("table meta has no row")
	}
	return err
}

// finish writes the changes that were gathered. If there are none, it gives the revision back.
func (t *Tx) finish() error {
	if t.broken != nil {
		return t.broken
	}
	if len(t.changes) == 0 {
		t.rev--
		if !t.written {
			return nil // rolled back by the caller
		}
		_, err := t.exec(`UPDATE meta SET rev = rev - 1 WHERE id = 1`)
		return err
	}
	if err := t.flushCounts(); err != nil {
		return err
	}
	if t.seqUsed {
		if _, err := t.exec(`UPDATE meta SET seq = $1 WHERE id = 1`, t.seq); err != nil {
			return err
		}
	}
	rows := make([][]any, len(t.changes))
	for i, c := range t.changes {
		rows[i] = []any{int64(t.rev), int64(i), string(c.Kind), c.ID, int64(c.Op)}
	}
	if _, err := t.insertMany(`INSERT INTO changes (rev, ord, kind, id, op) VALUES `, ``, rows); err != nil {
		return err
	}
	if t.db.pg {
		if _, err := t.exec(`SELECT pg_notify('` + channel + `', '')`); err != nil {
			return err
		}
	}
	return nil
}

// empty reports that the transaction left nothing to commit.
func (t *Tx) empty() bool { return len(t.changes) == 0 && !t.written }

func (t *Tx) changed(kind Kind, id string, op Op) {
	t.changes = append(t.changes, Change{Kind: kind, ID: id, Op: op})
}

// nextSeq returns the number of a new row. The counter is in the row that begin locked, so numbers are in commit order.
func (t *Tx) nextSeq() int64 {
	t.seq++
	t.seqUsed = true
	return t.seq
}

func (t *Tx) exec(text string, args ...any) (int64, error) {
	if t.broken != nil {
		return 0, t.broken
	}
	n, err := t.w.exec(t.ctx, text, args...)
	if err != nil {
		t.broken = fmt.Errorf("write: %w", err)
		return 0, t.broken
	}
	return n, nil
}

func (t *Tx) query(_ context.Context, text string, args ...any) (*sql.Rows, error) {
	if t.broken != nil {
		return nil, t.broken
	}
	rows, err := t.w.query(t.ctx, text, args...)
	if err != nil {
		t.broken = err // PostgreSQL refuses every statement after a failed one; we do so on SQLite too
	}
	return rows, err
}

// insertMany inserts rows of equal length, many in one statement, and returns how many it inserted. SQLite searches all
// parameters for the name of each one, so statements for SQLite are short.
func (t *Tx) insertMany(head, tail string, rows [][]any) (inserted int64, err error) {
	limit := 200
	if !t.db.pg {
		limit = 1
	}
	text, sized := "", 0
	for len(rows) > 0 {
		n := min(limit, len(rows))
		if n < limit && n > 8 { // few distinct texts: each is prepared once and kept
			n = n / 8 * 8
		}
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if n != sized {
			text, sized = head+placeholders(n, len(rows[0]))+tail, n
		}
		done, err := t.exec(text, args...)
		if err != nil {
			return inserted, err
		}
		inserted += done
		rows = rows[n:]
	}
	return inserted, nil
}

// placeholders is ($1, $2), ($3, $4) for two rows of two columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	b.Grow(rows * columns * 6)
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}
