package store

import (
	"context"
	"time"
)

// ExpiringTable is a table whose rows become useless at some time. Such a row may still be there afterwards. A reader
// must not rely on that: it compares the row's expiry with the present time.
type ExpiringTable interface {
	// Name is the kind of the rows.
	Name() Kind
	// ObsoleteRows looks at the next limit rows whose number is above after. It returns the ids of those that are obsolete
	// at a time, and the number of the last row that it looked at, or 0 when there are no more.
	ObsoleteRows(ctx context.Context, q Querier, at time.Time, after int64, limit int) ([]string, int64, error)
	// DeleteObsolete deletes those of the named rows that exist and are obsolete, and returns how many. No id may be named
	// twice.
	DeleteObsolete(tx *Tx, at time.Time, ids []string) (int64, error)
}

// ExpiringTables are all tables whose rows become obsolete by themselves.
func ExpiringTables() []ExpiringTable {
	return []ExpiringTable{&TokenUses, &SignInCodes, &DeviceRequests, &PersonSignIns, &ProvisioningTokens}
}

// Name is the table's kind.
func (b *Table[T]) Name() Kind { return b.Kind }

// ObsoleteRows implements ExpiringTable. A table without Obsolete has no obsolete rows.
func (b *Table[T]) ObsoleteRows(
	ctx context.Context, q Querier, at time.Time, after int64, limit int,
) (ids []string, last int64, err error) {
	if b.Obsolete == nil {
		return nil, 0, nil
	}
	rows, err := b.query(ctx, q, selectEntitiesAfter, string(b.Kind), after, limit)
	for _, r := range rows {
		if b.obsolete(r.value, at) {
			ids = append(ids, b.Key(r.value).ID)
		}
	}
	if n := len(rows); n == limit {
		last = rows[n-1].seq
	}
	return ids, last, err
}

// DeleteObsolete implements ExpiringTable. It reads every row again, because another row may have the id by now.
func (b *Table[T]) DeleteObsolete(tx *Tx, at time.Time, ids []string) (n int64, err error) {
	rows, err := b.Among(tx.ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	for _, v := range rows {
		if !b.obsolete(v, at) {
			continue
		}
		if err := b.Delete(tx, b.Key(v).ID); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func (b *Table[T]) obsolete(v *T, at time.Time) bool {
	return b.Obsolete != nil && b.Obsolete(v).Before(at)
}
