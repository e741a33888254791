package store

import (
	"context"
	"database/sql"
	"time"

	"latchkey/internal/fault"
)

// SyncRun says which node synchronises a source of the directory, and how the last run went.
type SyncRun struct {
	Holder  string    // of the lease; empty: nobody
	Until   time.Time // when the lease ends by itself
	Outcome string    // JSON of the last run that ended; empty: none has
}

// LastSync reads how it stands with a source. It is the zero SyncRun for one that never was synchronised.
func LastSync(ctx context.Context, q Querier, source string) (SyncRun, error) {
	var r SyncRun
	var until int64
	found, err := one(ctx, q, `SELECT holder, until, outcome FROM sync_runs WHERE source = $1`, []any{source}, &r.Holder, &until, &r.Outcome)
	if err != nil {
		return SyncRun{}, unavailable("read the last synchronisation", err)
	}
	if found {
		r.Until = time.UnixMicro(until).UTC()
	}
	return r, nil
}

// TakeSync takes the lease on a source for a time, or fails with Conflict when another holds it. No change list tells
// of leases.
func TakeSync(tx *Tx, source, holder string, term time.Duration) error {
	now := tx.Now()
	n, err := tx.exec(`INSERT INTO sync_runs (source, holder, until, outcome) VALUES ($1, $2, $3, '')
		ON CONFLICT (source) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
		WHERE sync_runs.holder = '' OR sync_runs.holder = EXCLUDED.holder OR sync_runs.until <= $4`,
		source, holder, now.Add(term).UnixMicro(), now.UnixMicro())
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, fault.Source, "The directory source is being synchronised")
	}
	tx.written = true
	return err
}

// KeepSync makes the lease last longer. It fails with Conflict when the holder has lost it: what the transaction
// wants to write is then not the holder's to write any more.
func KeepSync(tx *Tx, source, holder string, term time.Duration) error {
	now := tx.Now()
	n, err := tx.exec(`UPDATE sync_runs SET until = $1 WHERE source = $2 AND holder = $3 AND until > $4`,
		now.Add(term).UnixMicro(), source, holder, now.UnixMicro())
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, fault.Source, "Another node has begun to synchronise the directory source")
	}
	tx.written = true
	return err
}

// EndSync gives the lease back and keeps the outcome of the run. It does nothing when the lease is another's by now.
func EndSync(tx *Tx, source, holder, outcome string) error {
	_, err := tx.exec(`UPDATE sync_runs SET holder = '', until = 0, outcome = $1 WHERE source = $2 AND holder = $3`, outcome, source, holder)
	tx.written = true
	return err
}

// SyncMark is what a synchronisation must remember of a user or group.
type SyncMark struct {
	ID       string    // of the user or group
	Absent   time.Time // since when it is gone from its source; zero: it is not
	Disabled bool      // it was the synchronisation that disabled the user
}

// SyncMarks are the marks of a source, by id.
func SyncMarks(ctx context.Context, q Querier, source string) (map[string]SyncMark, error) {
	all, err := collect(ctx, q, func(rows *sql.Rows) (m SyncMark, err error) {
		var absent int64
		if err = rows.Scan(&m.ID, &absent, &m.Disabled); absent != 0 {
			m.Absent = time.UnixMicro(absent).UTC()
		}
		return m, err
	}, `SELECT id, absent, disabled FROM sync_marks WHERE source = $1`, source)
	if err != nil {
		return nil, unavailable("read the marks of a source", err)
	}
	marks := make(map[string]SyncMark, len(all))
	for _, m := range all {
		marks[m.ID] = m
	}
	return marks, nil
}

// TakeDisabled takes being disabled for the word of whoever writes: no synchronisation that disabled the user ends it.
func TakeDisabled(tx *Tx, id string) error {
	tx.written = true
	_, err := tx.exec(`UPDATE sync_marks SET disabled = 0 WHERE id = $1`, id)
	return err
}

// DisabledBySync reports whether it was the synchronisation with a source that disabled a user.
func DisabledBySync(ctx context.Context, q Querier, source, id string) (is bool, err error) {
	if _, err = one(ctx, q, `SELECT disabled FROM sync_marks WHERE source = $1 AND id = $2`, []any{source, id}, &is); err != nil {
		return false, unavailable("read the mark of a user", err)
	}
	return is, nil
}

// PutSyncMark writes a mark; one that says nothing is deleted.
func PutSyncMark(tx *Tx, source string, m SyncMark) error {
	tx.written = true
	if m.Absent.IsZero() && !m.Disabled {
		_, err := tx.exec(`DELETE FROM sync_marks WHERE source = $1 AND id = $2`, source, m.ID)
		return err
	}
	absent, disabled := int64(0), 0
	if !m.Absent.IsZero() {
		absent = m.Absent.UnixMicro()
	}
	if m.Disabled {
		disabled = 1
	}
	_, err := tx.exec(`INSERT INTO sync_marks (source, id, absent, disabled) VALUES ($1, $2, $3, $4)
		ON CONFLICT (source, id) DO UPDATE SET absent = EXCLUDED.absent, disabled = EXCLUDED.disabled`, source, m.ID, absent, disabled)
	return err
}
