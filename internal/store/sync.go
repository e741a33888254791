package store

import (
	"context"
	"database/sql"
	"time"
)

// SyncMark is what a synchronisation must remember about a user or group.
type SyncMark struct {
	ID     string    // of the user or group
	Absent time.Time // since when the source has not had it; zero: the source has it
}

// SyncMarks are the marks of a source, by id.
func SyncMarks(ctx context.Context, q Querier, source string) (map[string]SyncMark, error) {
	all, err := collect(ctx, q, func(rows *sql.Rows) (m SyncMark, err error) {
		var absent int64
		err = rows.Scan(&m.ID, &absent)
		m.Absent = time.UnixMicro(absent).UTC()
		return m, err
	}, `SELECT id, absent FROM sync_marks WHERE source = $1`, source)
	if err != nil {
		return nil, unavailable("read the marks of a source", err)
	}
	marks := make(map[string]SyncMark, len(all))
	for _, m := range all {
		marks[m.ID] = m
	}
	return marks, nil
}

// PutSyncMark writes a mark. It deletes a mark that says nothing.
func PutSyncMark(tx *Tx, source string, m SyncMark) error {
	tx.written = true
	if m.Absent.IsZero() {
		_, err := tx.exec(`DELETE FROM sync_marks WHERE source = $1 AND id = $2`, source, m.ID)
		return err
	}
	_, err := tx.exec(`INSERT INTO sync_marks (source, id, absent) VALUES ($1, $2, $3)
		ON CONFLICT (source, id) DO UPDATE SET absent = EXCLUDED.absent`,
		source, m.ID, m.Absent.UnixMicro())
	return err
}
