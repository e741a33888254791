package maintenance

import (
	"context"
	"time"

	"latchkey/internal/store"
)

// How many rows one commit takes at most. Rows of entities cost more, because each of them is a change.
const (
	rowsBatch     = 1000
	entitiesBatch = 200
)

// KeepRevisions is how many revisions the change list keeps. A node that is further behind loads everything again.
// The revisions that are committed during that load must still be in the list when it ends. At 10,000 commits a
// second, that leaves ten seconds for the load.
const KeepRevisions = 100_000

// Changes prunes the change list to the newest revisions, keep in number.
func Changes(keep store.Rev) Task {
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			// The transaction itself changes nothing, so it becomes no revision: the present revision is the one before it.
			p.Removed, err = store.PruneChanges(tx, tx.Rev()-keep, rowsBatch)
			return err
		})
		p.More = p.Removed >= rowsBatch
		return p, err
	}
	return Task{Name: "changes", Interval: 10 * time.Minute, Batch: batch}
}

// Expired removes the rows of a table that have no more use.
func Expired(db *store.DB, table store.ExpiringTable) Task {
	return Task{
		Name: "expired-" + string(table.Name()), Interval: 10 * time.Minute,
		Batch: func(ctx context.Context, s Step) (Progress, error) {
			// The rows are read outside of the transaction, because other writers wait for a transaction.
			ids, last, err := table.ObsoleteRows(ctx, db, s.Now, s.Cursor, entitiesBatch)
			if err != nil {
				return Progress{}, err
			}
			p := Progress{Cursor: last, More: last != 0}
			if len(ids) == 0 {
				return p, nil
			}
			err = s.Update(ctx, func(tx *store.Tx) (err error) {
				p.Removed, err = table.DeleteObsolete(tx, s.Now, ids)
				return err
			})
			return p, err
		},
	}
}

// SessionCuts removes the rows of single sessions that were ended, keep after that: longer than any session, or
// what was made from it, lives. Other cuts, and the memberships of the past, are history and stay.
func SessionCuts(keep time.Duration) Task {
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) (err error) {
			p.Removed, err = store.RemoveSessionCuts(tx, s.Now.Add(-keep), rowsBatch)
			return err
		})
		p.More = p.Removed >= rowsBatch
		return p, err
	}
	return Task{Name: "session-cuts", Interval: time.Hour, Batch: batch}
}
