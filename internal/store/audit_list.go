package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/audit"
)

// AuditFilter selects audit records. An empty field selects everything. A record must match all fields that are set.
type AuditFilter struct {
	Account     string // the account that the event is of
	EventName   string
	Principal   string // ARN
	AccessKey   string // access key id of the caller
	ErrorCode   string
	GrantID     string
	Reason      string    // why the call was refused; see package fault
	Person      string    // id of the directory user for whom the call was made
	Since       time.Time // recorded at or after; recording follows the event within the call
	Until       time.Time // recorded before
	After       int64     // list only records behind this id, in the direction of the list
	Limit       int       // 0: 1000
	NewestFirst bool
}

// Record is one recorded event with its place in the log.
type Record struct {
	ID    int64
	Event audit.Event
}

// Time is when the record was made.
func (r *Record) Time() time.Time { return time.UnixMicro(r.ID >> auditIDBits).UTC() }

// Events lists audit records by id, which is by time of recording. To follow the log, a caller asks again with After
// set to the last id. When several nodes share a database, a record may appear a little below an id that was listed
// already. A follower that must miss none sets Until some seconds into the past.
func (db *DB) Events(ctx context.Context, f AuditFilter) ([]Record, error) {
	var w where
	w.equal("account", searchable(f.Account))
	w.equal("event_name", searchable(f.EventName))
	w.equal("principal_arn", searchable(f.Principal))
	w.equal("access_key", searchable(f.AccessKey))
	w.equal("error_code", searchable(f.ErrorCode))
	w.equal("grant_id", searchable(f.GrantID))
	w.equal("reason", searchable(f.Reason))
	w.equal("person", searchable(f.Person))
	if !f.Since.IsZero() {
		w.add("id >= ", f.Since.UnixMicro()<<auditIDBits)
	}
	if !f.Until.IsZero() {
		w.add("id < ", f.Until.UnixMicro()<<auditIDBits)
	}
	order := " ORDER BY id"
	if f.NewestFirst {
		order = " ORDER BY id DESC"
		if f.After != 0 {
			w.add("id < ", f.After)
		}
	} else {
		w.add("id > ", f.After)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 1000
	}
	text := `SELECT id, event FROM audit` + w.String() + order + w.limit(limit)
	records, err := collect(ctx, db, scanRecord, text, w.args...)
	if err != nil {
		return nil, unavailable("read audit log", err)
	}
	return records, nil
}

func scanRecord(rows *sql.Rows) (Record, error) {
	var r Record
	var text []byte
	if err := rows.Scan(&r.ID, &text); err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r.Event); err != nil {
		return r, fmt.Errorf("audit record %d: %w", r.ID, err)
	}
	return r, nil
}

// where collects the conditions of a query, all of which must hold, and their arguments.
type where struct {
	terms []string
	args  []any
}

func (w *where) add(term string, arg any) {
	w.args = append(w.args, arg)
	w.terms = append(w.terms, term+"$"+strconv.Itoa(len(w.args)))
}

// equal adds column = value unless value is empty.
func (w *where) equal(column, value string) {
	if value != "" {
		w.add(column+" = ", value)
	}
}

// limit adds the LIMIT clause. It must be called last.
func (w *where) limit(n int) string {
	w.args = append(w.args, int64(n))
	return " LIMIT $" + strconv.Itoa(len(w.args))
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}
