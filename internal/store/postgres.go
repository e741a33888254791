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

// channel is where PostgreSQL tells that there is a new revision. What is told is only that; the change list
// is the truth, and who listens polls as well.
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
	db.lane = newLane(db, poolWriter{db.read, map[int]string{}})
	listen, cancel := context.WithCancel(context.Background())
	db.cancel = cancel
	db.tasks.Go(func() { db.listen(listen, config) })
	return nil
}

// withoutSecret keeps a password that stands in the URL out of the error.
func withoutSecret(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errors.New("it cannot be parsed")
	}
	return err
}

// listen wakes waiters on every notification. While it has no connection, polling alone tells what is new.
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
	db.wake.Wake() // what was committed before LISTEN took hold
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		db.wake.Wake()
	}
}

// retryable reports that the database gave up a transaction for the sake of another, and that the same
// transaction may succeed when it is run again: serialization_failure and deadlock_detected.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// clash reports that a row with that key exists: unique_violation.
func clash(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}

// poolWriter commits audit records to PostgreSQL: one statement, one commit.
type poolWriter struct {
	db    *sql.DB
	texts map[int]string // the statement for so many rows
}

func (w poolWriter) close() {}

func (w poolWriter) commit(db *DB, _ []*op, records []*record) {
	err := w.insert(db, records)
	if err != nil {
		err = unavailable("record", err)
	}
	for _, r := range records {
		r.end <- err
	}
}

func (w poolWriter) insert(db *DB, records []*record) error {
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

// insertRows writes all rows or none. An id that another node took in the same microsecond makes a new try
// with new ids.
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
		if err == nil || attempt == 20 || !retryable(err) && !clash(err) {
			return err
		}
	}
}
