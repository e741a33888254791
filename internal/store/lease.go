package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrLeased is the error of a transaction that needs a lease which another holder has, or which the holder has lost. It
// is for nodes among themselves: no client hears of leases.
var ErrLeased = errors.New("the lease is not this holder's")

// Lease says which node does something that only one node at a time may do, and what came of it last. The holder is
// whatever text the node chose for itself. No change list tells of leases.
type Lease struct {
	Holder  string    // empty: nobody
	Until   time.Time // when the lease ends by itself
	Outcome string    // what the last holder that gave the lease back left; empty: none has
}

// ReadLease reads a lease. It is the zero Lease for one that was never taken.
func ReadLease(ctx context.Context, q Querier, name string) (Lease, error) {
	var l Lease
	var until int64
	found, err := one(ctx, q, `SELECT holder, until, outcome FROM leases WHERE name = $1`, []any{name},
		&l.Holder, &until, &l.Outcome)
	if err != nil {
		return Lease{}, unavailable("read a lease", err)
	}
	if found {
		l.Until = time.UnixMicro(until).UTC()
	}
	return l, nil
}

// TakeLease takes a lease for a time. The holder itself may take it again. It fails with ErrLeased when another holds
// it.
func TakeLease(tx *Tx, name, holder string, term time.Duration) error {
	now := tx.Now()
	n, err := tx.exec(`INSERT INTO leases (name, holder, until, outcome) VALUES ($1, $2, $3, '')
		ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
		WHERE leases.holder = '' OR leases.holder = EXCLUDED.holder OR leases.until <= $4`,
		name, holder, now.Add(term).UnixMicro(), now.UnixMicro())
	if err == nil && n == 0 {
		return fmt.Errorf("take the lease %s: %w", name, ErrLeased)
	}
	tx.written = true
	return err
}

// KeepLease makes a lease last longer. It fails with ErrLeased when the holder has lost it: what the transaction
// wants to write is then not the holder's to write any more.
func KeepLease(tx *Tx, name, holder string, term time.Duration) error {
	now := tx.Now()
	n, err := tx.exec(`UPDATE leases SET until = $1 WHERE name = $2 AND holder = $3 AND until > $4`,
		now.Add(term).UnixMicro(), name, holder, now.UnixMicro())
	if err == nil && n == 0 {
		return fmt.Errorf("keep the lease %s: %w", name, ErrLeased)
	}
	tx.written = true
	return err
}

// EndLease gives a lease back and keeps an outcome. It does nothing when the lease is another's by now.
func EndLease(tx *Tx, name, holder, outcome string) error {
	_, err := tx.exec(`UPDATE leases SET holder = '', until = 0, outcome = $1 WHERE name = $2 AND holder = $3`,
		outcome, name, holder)
	tx.written = true
	return err
}
