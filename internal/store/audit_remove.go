package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// AuditSize is how large the audit log is.
type AuditSize struct {
	Records int64
	Bytes   int64     // of the records themselves, as JSON: indexes are not counted
	Counted time.Time // records made later are not included; zero: nothing was counted yet
}

// ReadAuditSize reads how large the audit log was when it was last counted. It reads one row.
func ReadAuditSize(ctx context.Context, q Querier) (AuditSize, error) {
	s, _, err := readAuditSize(ctx, q)
	return s, err
}

func readAuditSize(ctx context.Context, q Querier) (s AuditSize, upto int64, err error) {
	found, err := queryOne(ctx, q, `SELECT upto, records, bytes FROM audit_size WHERE id = 1`, nil, &upto, &s.Records,
		&s.Bytes)
	if err == nil && !found {
		err = fmt.Errorf("table audit_size has no row")
	}
	if err != nil {
		return AuditSize{}, 0, unavailable("read the size of the audit log", err)
	}
	if upto != 0 {
		s.Counted = time.UnixMicro(upto >> auditIDBits).UTC()
	}
	return s, upto, nil
}

func writeAuditSize(tx *Tx, upto int64, s AuditSize) error {
	tx.written = true
	_, err := tx.exec(`UPDATE audit_size SET upto = $1, records = $2, bytes = $3 WHERE id = 1`, upto, s.Records, s.Bytes)
	return err
}

const auditAfter = `SELECT id, OCTET_LENGTH(event) FROM audit WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3`

// CountAudit adds the next records to the counted size of the log: at most limit, and only those that were made before
// a time. It returns how many it counted. A record that a node with a slow clock commits later, with an earlier time,
// is not counted.
func CountAudit(tx *Tx, before time.Time, limit int) (counted int, err error) {
	size, upto, err := readAuditSize(tx.ctx, tx)
	if err != nil {
		return 0, err
	}
	next, err := collect(tx.ctx, tx, scanSized, auditAfter, upto, before.UnixMicro()<<auditIDBits, limit)
	if err != nil {
		return 0, unavailable("count the audit log", err)
	}
	if len(next) == 0 {
		return 0, nil
	}
	for _, r := range next {
		size.Records++
		size.Bytes += r.bytes
	}
	return len(next), writeAuditSize(tx, next[len(next)-1].id, size)
}

// sizedRecord is the id and the size of a record, without its content.
type sizedRecord struct{ id, bytes int64 }

func scanSized(rows *sql.Rows) (r sizedRecord, err error) {
	err = rows.Scan(&r.id, &r.bytes)
	return r, err
}

// RemovedAudit tells which records were removed.
type RemovedAudit struct {
	Records     int64
	First, Last time.Time // when the oldest and the newest of them were recorded
}

// RemoveAudit removes the oldest records that were made before a time, at most limit. The caller has to record the
// removal in the same transaction.
func RemoveAudit(tx *Tx, before time.Time, limit int) (RemovedAudit, error) {
	old, err := collect(tx.ctx, tx, scanSized, auditAfter, int64(0), before.UnixMicro()<<auditIDBits, limit)
	if err != nil {
		return RemovedAudit{}, unavailable("read the oldest audit records", err)
	}
	if len(old) == 0 {
		return RemovedAudit{}, nil
	}
	size, upto, err := readAuditSize(tx.ctx, tx)
	if err != nil {
		return RemovedAudit{}, err
	}
	for _, r := range old { // all that was counted comes before what was not
		size.Records, size.Bytes = max(size.Records-1, 0), max(size.Bytes-r.bytes, 0)
	}
	last := old[len(old)-1].id
	n, err := tx.exec(`DELETE FROM audit WHERE id <= $1`, last)
	if err != nil {
		return RemovedAudit{}, err
	}
	first, newest := Record{ID: old[0].id}, Record{ID: last}
	return RemovedAudit{Records: n, First: first.Time(), Last: newest.Time()}, writeAuditSize(tx, upto, size)
}
