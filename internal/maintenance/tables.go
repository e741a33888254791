package maintenance

import (
	"context"
	"time"

	"latchkey/internal/store"
)

// How many rows one commit takes at most. Rows of entities cost more: each is a change of its own.
const (
	rowsBatch  = 1000
	nounsBatch = 200
)

// KeepRevisions is how many revisions the change list keeps. A node that is further behind loads everything again, and
// the revisions committed while it does so must still be there when it is done: at 10,000 commits a second they are for
// ten seconds.
const KeepRevisions = 100_000

// Changes forgets what the change list has beyond the newest revisions, keep in number.
func Changes(keep store.Rev) Task {
	batch := func(ctx context.Context, s Step) (p Progress, err error) {
		err = s.Update(ctx, func(tx *store.Tx) error {
			// The transaction is no revision, so the present one is the one before it.
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
			// The rows are read outside of the transaction, for which others wait.
			ids, last, err := table.ObsoleteRows(ctx, db, s.Now, s.Cursor, nounsBatch)
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
