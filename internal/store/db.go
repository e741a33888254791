package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"latchkey/internal/fault"
)

// Rev is the number of a committed change. Every Update that changed something is one revision. Revisions have no gaps
// and are in commit order. Zero is the empty store.
type Rev int64

// Options say which database is opened and how.
type Options struct {
	URL  string           // postgres://... or postgresql://...; empty: SQLite at Path
	Path string           // the SQLite file; it is created, readable by its owner only
	Now  func() time.Time // the clock; nil: time.Now
	Poll time.Duration    // how long Wait blocks at most; 0: 500 ms
	Log  *slog.Logger     // where a lost listener connection is logged; nil: nowhere
}

// DB is an open store. Its methods may be used by any number of goroutines.
type DB struct {
	now  func() time.Time
	poll time.Duration
	log  *slog.Logger
	pg   bool

	read   *sql.DB // SQLite: the readers; PostgreSQL: the one pool
	write  *sql.DB // SQLite only: the single writing connection
	stmts  stmtCache
	queue  *commitQueue // SQLite: updates and records; PostgreSQL: records
	ids    auditID      // gives audit records their ids
	wake   Broadcast
	cancel context.CancelFunc // ends the listener
	tasks  sync.WaitGroup

	cluster string
}

// Open opens the database, brings its schema up to date and starts the writer. It refuses a schema that is
// newer than this program. The context bounds opening only.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{now: o.Now, poll: o.Poll, log: o.Log}
	if db.now == nil {
		db.now = time.Now
	}
	if db.poll <= 0 {
		db.poll = 500 * time.Millisecond
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		db.pg = true
		err = db.openPostgreSQL(ctx, o.URL)
	case o.URL != "":
		err = errors.New("database URL must begin with postgres:// or postgresql://")
	case o.Path == "":
		err = errors.New("neither a database URL nor a file is given")
	default:
		err = db.openSQLite(ctx, o.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return db, nil
}

// Close commits what is queued, ends the store's goroutines and closes the database.
func (db *DB) Close() error {
	if db.cancel != nil {
		db.cancel()
	}
	if db.queue != nil {
		db.queue.close()
	}
	db.tasks.Wait()
	var errs []error
	db.stmts.close()
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	return errors.Join(errs...)
}

// ClusterID identifies this store for ever. It is drawn when the schema is made. A copy of the store has the same id.
func (db *DB) ClusterID() string { return db.cluster }

// PostgreSQL reports whether the database is PostgreSQL, which several nodes may share.
func (db *DB) PostgreSQL() bool { return db.pg }

// timestamp is the present time as rows keep it: UTC, in whole microseconds.
func (db *DB) timestamp() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// unavailable wraps an error of the database as the fault that callers get when the database cannot be reached or
// cannot commit. It returns a fault, and the error of the caller's ended context, unchanged.
func unavailable(what string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fault.New(fault.Unavailable, "", "").Because(fmt.Errorf("%s: %w", what, err))
}
