package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrLeased is the error of a transaction that needs a lease when another holder has it, or when this holder has lost
// it. Nodes use it among themselves. Clients never see it.
var ErrLeased = errors.New("the lease is not this holder's")

// Lease says which node does something that only one node at a time may do, and how it ended last. The holder is a text
// that the node chose for itself. The change list does not mention leases.
type Lease struct {
	Holder  string    // empty: nobody
	Until   time.Time // when the lease ends by itself
	Outcome string    // what the last holder that ended its lease reported; empty: none has
}

// ReadLease reads a lease. It returns the zero Lease if nobody ever took it.
func ReadLease(ctx context.Context, q Querier, name string) (Lease, error) {
	var l Lease
	var until int64
	found, err := queryOne(ctx, q, `SELECT holder, until, outcome FROM leases WHERE name = $1`, []any{name},
		&l.Holder, &until, &l.Outcome)
	if err != nil {
		return Lease{}, unavailable("read a lease", err)
	}
	if found {
		l.Until = time.UnixMicro(until).UTC()
	}
	return l, nil
}

// TakeLease takes a lease for a time. Its present holder may take it again. It fails with ErrLeased when another holder
// has it.
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

// KeepLease renews a lease. It fails with ErrLeased when the holder has lost it. The transaction must then write
// nothing: the work belongs to another holder.
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

// EndLease gives a lease back and stores an outcome. It does nothing when another holder has the lease by now.
func EndLease(tx *Tx, name, holder, outcome string) error {
	_, err := tx.exec(`UPDATE leases SET holder = '', until = 0, outcome = $1 WHERE name = $2 AND holder = $3`,
		outcome, name, holder)
	tx.written = true
	return err
}
