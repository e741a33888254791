package store

import (
	"context"
	"fmt"
)

// readMeta learns at start what later calls need: the store's id, and the last audit id so that new ones
// come after it even when the clock was set back.
func (db *DB) readMeta(ctx context.Context) error {
	if err := db.read.QueryRowContext(ctx, `SELECT cluster FROM meta WHERE id = 1`).Scan(&db.cluster); err != nil {
		return fmt.Errorf("read meta: %w", err)
	}
	var last int64
	if err := db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM audit`).Scan(&last); err != nil {
		return fmt.Errorf("read the last audit id: %w", err)
	}
	db.ids.last = last
	return nil
}

// Rev is the revision of the last committed change.
func (db *DB) Rev(ctx context.Context) (Rev, error) { return revOf(ctx, db) }

func revOf(ctx context.Context, q Querier) (Rev, error) {
	var rev Rev
	if _, err := one(ctx, q, `SELECT rev FROM meta WHERE id = 1`, nil, &rev); err != nil {
		return 0, unavailable("read the revision", err)
	}
	return rev, nil
}
