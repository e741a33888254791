package store

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/credential"
)

// readMeta reads at start what later calls need: the store's id, and the last audit id. New audit ids come after the
// last one even when the clock was set back.
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
	if _, err := queryOne(ctx, q, `SELECT rev FROM meta WHERE id = 1`, nil, &rev); err != nil {
		return 0, unavailable("read the revision", err)
	}
	return rev, nil
}

// ErrWrongKey is the error of CheckKey for a key ring that cannot open what this store holds.
var ErrWrongKey = errors.New("the encryption key is not the one that this database was made with")

const checkPurpose = "store check value"

// CheckKey checks that the key ring opens what is sealed in this store. A wrong key is then reported at start, and not
// by the first secret that cannot be opened. The first ring ever given sets the check value. If an older key of the
// ring opens it, CheckKey seals it anew with the newest key, so that the older key can be dropped later.
func (db *DB) CheckKey(ctx context.Context, ring *credential.Ring) error {
	newest, err := credential.NewRing(ring.Keys()[0])
	if err != nil {
		return err
	}
	_, err = db.Update(ctx, func(tx *Tx) error {
		var sealed []byte
		if _, err := queryOne(ctx, tx, `SELECT canary FROM meta WHERE id = 1`, nil, &sealed); err != nil {
			return unavailable("read the check value", err)
		}
		if sealed != nil {
			plain, err := ring.Unseal(checkPurpose, sealed)
			if err != nil || string(plain) != db.cluster {
				return ErrWrongKey
			}
			if _, err := newest.Unseal(checkPurpose, sealed); err == nil {
				return nil
			}
		}
		_, err := tx.exec(`UPDATE meta SET canary = $1 WHERE id = 1`, ring.Seal(checkPurpose, []byte(db.cluster)))
		tx.written = true
		return err
	})
	return err
}
