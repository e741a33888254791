package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"latchkey/internal/audit"
)

// pendingRecords is one call of Record that waits in the commit queue.
type pendingRecords struct {
	rows []auditRow
	done chan error
}

// auditRow is an event as it is stored, without its id. The id is drawn when the row is written.
type auditRow struct {
	at                                int64
	account, name, source             string
	principal, accessKey, code, grant any // string or nil
	reason, person                    any // likewise
	event                             string
}

// Record commits events to the audit log. When it returns nil, they are on the disk. Only then may the caller hand out
// what they tell of. Calls that come at the same time share one commit. Record takes no revision. When the context ends
// first, the events may or may not have been recorded.
func (db *DB) Record(ctx context.Context, events ...audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	r := &pendingRecords{rows: make([]auditRow, len(events)), done: make(chan error, 1)}
	for i := range events {
		var err error
		if r.rows[i], err = newAuditRow(&events[i]); err != nil {
			return err
		}
	}
	if err := db.queue.submitRecord(ctx, r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Record writes an event in the same transaction as the change that it tells of.
func (t *Tx) Record(e audit.Event) error {
	row, err := newAuditRow(&e)
	if err != nil {
		return err
	}
	for range 8 {
		n, err := t.exec(insertAudit+placeholders(1, auditColumns)+` ON CONFLICT DO NOTHING`,
			row.values(t.db.ids.next(t.db.now()))...)
		if err != nil {
			return err
		}
		if n == 1 {
			t.written = true
			return nil
		}
	}
	return fmt.Errorf("record: no free audit id")
}

const (
	insertAudit = `INSERT INTO audit (id, at, account, event_name, event_source, principal_arn, access_key, ` +
		`error_code, grant_id, reason, person, event) VALUES `
	auditColumns = 12
)

func newAuditRow(e *audit.Event) (auditRow, error) {
	text, err := e.MarshalJSON() // json.Marshal would read the text once more
	if err != nil {
		return auditRow{}, fmt.Errorf("encode audit event: %w", err)
	}
	row := auditRow{
		at: e.EventTime.UnixMicro(), account: searchable(e.RecipientAccountID), name: searchable(e.EventName),
		source: searchable(e.EventSource), principal: orNull(e.UserIdentity.ARN),
		accessKey: orNull(e.UserIdentity.AccessKeyID), code: orNull(string(e.ErrorCode)), reason: orNull(e.Reason()),
		person: orNull(e.Person()), event: string(text),
	}
	if e.Latchkey != nil {
		row.grant = orNull(e.Latchkey.GrantID)
		if e.UserIdentity.AccessKeyID == "" { // the service's own record of a session that a store made
			row.accessKey = orNull(e.Latchkey.StoreAccessKeyID)
		}
	}
	return row, nil
}

func (r *auditRow) values(id int64) []any {
	return []any{id, r.at, r.account, r.name, r.source, r.principal, r.accessKey, r.code, r.grant, r.reason, r.person,
		r.event}
}

// orNull is nil for an empty text. An index leaves out NULL, so a value that nobody searches for takes no room in it.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return searchable(s)
}

// searchable is a text as the columns hold it. Clients choose some of these texts, and PostgreSQL refuses zero bytes,
// invalid UTF-8 and long texts in an index. The event itself keeps whatever JSON can hold. Filters pass their values
// through searchable too.
func searchable(s string) string {
	const limit = 512
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// auditID makes ids that grow with time and never repeat in this process; the 11 random bits keep the ids
// of several nodes apart.
type auditID struct {
	mu   sync.Mutex
	last int64
}

const auditIDBits = 11

func (a *auditID) next(now time.Time) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := now.UnixMicro()<<auditIDBits | rand.Int64N(1<<auditIDBits)
	if id <= a.last {
		id = a.last + 1
	}
	a.last = id
	return id
}

// insertRecords writes the records of one group.
func (c *connWriter) insertRecords(db *DB, records []*pendingRecords) error {
	now := db.now()
	for _, r := range records {
		for i := range r.rows {
			_, err := c.exec(context.Background(), insertAudit+placeholders(1, auditColumns),
				r.rows[i].values(db.ids.next(now))...)
			if err != nil {
				return fmt.Errorf("record: %w", err)
			}
		}
	}
	return nil
}
