package store

import (
	"context"
	"database/sql"
	"time"
)

// SyncMark is what a synchronisation must remember about a user or group.
type SyncMark struct {
	ID       string    // of the user or group
	Absent   time.Time // since when the source has not had it; zero: the source has it
	Disabled bool      // the synchronisation disabled the user
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

// TakeDisabled makes the present writer responsible for a user's being disabled. No synchronisation enables the user
// again, even if it was a synchronisation that disabled the user.
func TakeDisabled(tx *Tx, id string) error {
	tx.written = true
	_, err := tx.exec(`UPDATE sync_marks SET disabled = 0 WHERE id = $1`, id)
	return err
}

// DisabledBySync reports whether the synchronisation with a source disabled a user.
func DisabledBySync(ctx context.Context, q Querier, source, id string) (disabled bool, err error) {
	if _, err = queryOne(ctx, q, `SELECT disabled FROM sync_marks WHERE source = $1 AND id = $2`, []any{source, id},
		&disabled); err != nil {
		return false, unavailable("read the mark of a user", err)
	}
	return disabled, nil
}

// PutSyncMark writes a mark. It deletes a mark that says nothing.
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
		ON CONFLICT (source, id) DO UPDATE SET absent = EXCLUDED.absent, disabled = EXCLUDED.disabled`,
		source, m.ID, absent, disabled)
	return err
}
