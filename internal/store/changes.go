package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Kind says which table a changed row belongs to.
type Kind string

// Op says what happened to a row.
type Op int8

// What can happen to a row.
const (
	Inserted Op = iota + 1
	Updated
	Deleted
)

func (o Op) String() string {
	switch o {
	case Inserted:
		return "inserted"
	case Updated:
		return "updated"
	case Deleted:
		return "deleted"
	}
	return fmt.Sprintf("op %d", int8(o))
}

// Change is one row that one revision changed. ID is the row's id as the table's Key gives it.
type Change struct {
	Rev  Rev
	Ord  int // its place among the changes of the revision
	Kind Kind
	ID   string
	Op   Op
}

// ErrPruned is the error of Changes when some of the changes that the reader asked for were removed. The reader must
// then load the whole state again.
var ErrPruned = errors.New("changes were pruned")

// ErrRewound is the error of Changes for a reader that is ahead of the store: the store was restored from an older
// copy. It wraps ErrPruned, because the reader must do the same.
var ErrRewound = fmt.Errorf("the store was set back to an earlier state: %w", ErrPruned)

// Changes returns what was changed by the revisions after a given one, in order. It returns at least limit changes if
// there are as many. It never returns a part of a revision, so a reader goes on with the Rev of the last change. It
// returns ErrPruned to a reader that is too far behind, and ErrRewound to one that is ahead.
func (db *DB) Changes(ctx context.Context, after Rev, limit int) ([]Change, error) {
	all, err := collect(ctx, db, scanChange, `SELECT rev, ord, kind, id, op FROM changes WHERE rev > $1
		ORDER BY rev, ord LIMIT $2`, int64(after), max(limit, 1))
	if err != nil {
		return nil, unavailable("read changes", err)
	}
	if n := len(all); n > 0 && n >= limit {
		rest, err := collect(ctx, db, scanChange, `SELECT rev, ord, kind, id, op FROM changes WHERE rev = $1 AND ord > $2
			ORDER BY rev, ord`, int64(all[n-1].Rev), all[n-1].Ord)
		if err != nil {
			return nil, unavailable("read changes", err)
		}
		all = append(all, rest...)
	}
	// The horizon is read after the rows, so that a pruning in between is noticed.
	var rev, horizon Rev
	if _, err := queryOne(ctx, db, `SELECT rev, horizon FROM meta WHERE id = 1`, nil, &rev, &horizon); err != nil {
		return nil, unavailable("read the horizon", err)
	}
	if after > rev {
		return nil, fmt.Errorf("changes after revision %d, of %d: %w", after, rev, ErrRewound)
	}
	if after < horizon {
		return nil, fmt.Errorf("changes after revision %d: %w up to %d", after, ErrPruned, horizon)
	}
	return all, nil
}

func scanChange(rows *sql.Rows) (c Change, err error) {
	err = rows.Scan(&c.Rev, &c.Ord, &c.Kind, &c.ID, &c.Op)
	return c, err
}

const oldestChanges = `SELECT rev FROM changes WHERE rev <= $1 ORDER BY rev, ord LIMIT 1 OFFSET $2`

// PruneChanges removes the oldest changes from the list, and returns how many. It removes the changes of all revisions
// below before or, when those are many, about limit of them, but never a part of a revision. The state itself stays,
// and the changes of the present revision can be the last to go. A reader that has not seen the removed changes gets
// ErrPruned.
func PruneChanges(tx *Tx, before Rev, limit int) (removed int64, err error) {
	horizon := min(before-1, tx.rev-1)
	_, err = queryOne(tx.ctx, tx, oldestChanges, []any{int64(horizon), max(limit, 1) - 1}, &horizon)
	if err != nil {
		return 0, unavailable("read the oldest changes", err)
	}
	removed, err = tx.exec(`DELETE FROM changes WHERE rev <= $1`, int64(horizon))
	if err != nil || removed == 0 {
		return 0, err
	}
	tx.written = true
	_, err = tx.exec(`UPDATE meta SET horizon = $1 WHERE id = 1 AND horizon < $1`, int64(horizon))
	return removed, err
}

// Wait returns the store's revision as soon as it differs from after, and in any case after the polling interval. If it
// returns the same revision, the database answered and has nothing new.
func (db *DB) Wait(ctx context.Context, after Rev) (Rev, error) {
	timer := time.NewTimer(db.poll)
	defer timer.Stop()
	for last := false; ; {
		woken := db.wake.Next()
		rev, err := db.Rev(ctx)
		if err != nil || rev != after || last {
			return rev, err
		}
		select {
		case <-woken:
		case <-timer.C:
			last = true
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
