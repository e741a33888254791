package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/audit"
)

// sessionRecords reads the next records of an account, and the events of those that tell of a session which was made.
// So the work for a page is bounded, whatever else the log holds.
const sessionRecords = `SELECT id, CASE WHEN error_code IS NULL AND event_name IN ('GetDataAccess', 'AssumeRole',
	'AssumeRoleWithWebIdentity', 'GetSessionToken') THEN event ELSE '' END
	FROM audit WHERE account = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4`

// SessionRecords goes through an account's audit log from the newest record to the oldest: through at most limit
// records that are below an id (0: the newest) and were made since a time. It returns those of them that tell of a
// session which was made, and the id of the last record that it looked at, or 0 when there are no more.
func (db *DB) SessionRecords(
	ctx context.Context, account string, below int64, since time.Time, limit int,
) (made []Record, last int64, err error) {
	if below <= 0 {
		below = 1<<63 - 1
	}
	all, err := collect(ctx, db, scanSessionRecord, sessionRecords, searchable(account), below,
		since.UnixMicro()<<auditIDBits, limit)
	if err != nil {
		return nil, 0, unavailable("read audit log", err)
	}
	for i := range all {
		if all[i].Event.EventName != "" {
			made = append(made, all[i])
		}
	}
	if n := len(all); n == limit {
		last = all[n-1].ID
	}
	return made, last, nil
}

// OldestRecord is when the oldest record in an account's audit log was made; zero: the log is empty.
func (db *DB) OldestRecord(ctx context.Context, account string) (at time.Time, err error) {
	var id int64
	found, err := queryOne(ctx, db, `SELECT id FROM audit WHERE account = $1 ORDER BY id LIMIT 1`,
		[]any{searchable(account)}, &id)
	if err != nil {
		return at, unavailable("read audit log", err)
	}
	if found {
		at = (&Record{ID: id}).Time()
	}
	return at, nil
}

func scanSessionRecord(rows *sql.Rows) (r Record, err error) {
	var text []byte
	if err := rows.Scan(&r.ID, &text); err != nil || len(text) == 0 {
		return r, err
	}
	if err := json.Unmarshal(text, &r.Event); err != nil {
		return r, fmt.Errorf("audit record %d: %w", r.ID, err)
	}
	if r.Event.EventType != "AwsApiCall" || r.Event.UserIdentity.Type == "AWSService" {
		r.Event = audit.Event{} // the service's own AssumeRole for a credential that has a record of its own
	}
	return r, nil
}
