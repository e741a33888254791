package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// channel is the NOTIFY channel on which PostgreSQL announces that there is a new revision. A notification carries
// nothing else. The change list is the truth, and a listener polls it as well.
const channel = "latchkey_rev"

// poolSize is how many connections a node opens at most, besides the listener's.
const poolSize = 16

func (db *DB) openPostgreSQL(ctx context.Context, url string) (err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database URL: %w", withoutSecret(err))
	}
	db.read = stdlib.OpenDB(*config)
	db.read.SetMaxOpenConns(poolSize)
	db.read.SetMaxIdleConns(poolSize)
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	if err = migrate(ctx, db.read, true); err != nil {
		return err
	}
	if err = db.readMeta(ctx); err != nil {
		return err
	}
	db.queue = newCommitQueue(db, poolWriter{db.read, map[int]string{}})
	listen, cancel := context.WithCancel(context.Background())
	db.cancel = cancel
	db.tasks.Go(func() { db.listen(listen, config) })
	return nil
}

// withoutSecret removes from an error the password that a database URL may contain.
func withoutSecret(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errors.New("it cannot be parsed")
	}
	return err
}

// listen wakes waiters on every notification. While it has no connection, waiters learn of new revisions by polling
// alone.
func (db *DB) listen(ctx context.Context, config *pgx.ConnConfig) {
	for ctx.Err() == nil {
		err := db.listenOnce(ctx, config)
		if ctx.Err() != nil {
			return
		}
		db.log.Warn("database listener lost its connection", slog.Any("error", err))
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (db *DB) listenOnce(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	db.wake.Wake() // for revisions that were committed before LISTEN took effect
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		db.wake.Wake()
	}
}

// retryable reports that the database rolled a transaction back because of a concurrent one, and that it may succeed
// when it is run again: serialization_failure and deadlock_detected.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// isUniqueViolation reports that a row with that key exists: unique_violation.
func isUniqueViolation(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}

// poolWriter commits audit records to PostgreSQL: one statement, one commit.
type poolWriter struct {
	db    *sql.DB
	texts map[int]string // the statement for so many rows
}

func (w poolWriter) close() {}

func (w poolWriter) commit(db *DB, _ []*pendingUpdate, records []*pendingRecords) {
	err := w.insert(db, records)
	if err != nil {
		err = unavailable("record", err)
	}
	for _, r := range records {
		r.done <- err
	}
}

func (w poolWriter) insert(db *DB, records []*pendingRecords) error {
	const limit = 128 // rows in a statement; every number has a prepared statement of its own
	var rows []*auditRow
	for _, r := range records {
		for i := range r.rows {
			rows = append(rows, &r.rows[i])
		}
	}
	for len(rows) > 0 {
		n := min(limit, len(rows))
		if err := w.insertRows(db, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// insertRows writes all rows or none. If another node drew the same id in the same microsecond, it tries again with new
// ids.
func (w poolWriter) insertRows(db *DB, rows []*auditRow) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	text, ok := w.texts[len(rows)]
	if !ok {
		text = insertAudit + placeholders(len(rows), auditColumns)
		w.texts[len(rows)] = text
	}
	for attempt := 1; ; attempt++ {
		now := db.now()
		args := make([]any, 0, len(rows)*auditColumns)
		for _, r := range rows {
			args = append(args, r.values(db.ids.next(now))...)
		}
		_, err := w.db.ExecContext(ctx, text, args...)
		if err == nil || attempt == 20 || !retryable(err) && !isUniqueViolation(err) {
			return err
		}
	}
}
