package objects

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// Options are the parts of a Store that a test or an operator may choose. The zero value is the normal store.
type Options struct {
	Now func() time.Time // the clock for Last-Modified; nil is time.Now
	Log *slog.Logger     // where a failed clean-up is logged; nil is slog.Default()
}

// Store is an open object store. It is safe for use by many goroutines. Only one Store may have a
// folder open at a time, in this process or any other.
type Store struct {
	now  func() time.Time
	log  *slog.Logger
	lock *sql.DB // holds the folder's lock until closed

	writer  *sql.DB
	readers *sql.DB
	reads   sync.Map // SQL text to *sql.Stmt of readers

	mux       *awswire.Mux[upstream.Call]
	committer *committer
	blobs     *blobs
	content   atomic.Int64 // the last content number that was handed out
	tokenKey  []byte       // authenticates continuation tokens
	buffers   sync.Pool    // *[]byte of bufferSize

	// gate lets a reader find a row and pin its content before the content's blobs can be unlinked.
	gate   sync.RWMutex
	pinMu  sync.Mutex
	pins   map[int64]int      // readers of a content
	doomed map[int64][]string // blobs to unlink when the content's last reader is done

	closeOnce sync.Once
	closeErr  error
}

// ErrInUse is the error of Open when another Store, of this process or another, has the folder open.
var ErrInUse = errors.New("the folder is in use by another process")

// Open opens the store in the folder dir, which it creates if needed, and removes the orphans of a crash. It fails when
// another Store has the folder open.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	s := &Store{now: o.Now, log: o.Log, pins: make(map[int64]int), doomed: make(map[int64][]string)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.mux = newMux(s)
	s.buffers.New = func() any { b := make([]byte, bufferSize); return &b }
	if err := s.open(ctx, dir); err != nil {
		s.closeParts()
		return nil, fmt.Errorf("open object store %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = lockFolder(ctx, dir); err != nil {
		return err
	}
	file := filepath.Join(dir, "objects.db")
	if s.writer, err = openDB(file, "&_txlock=immediate", 1); err != nil {
		return err
	}
	if err := prepare(ctx, s.writer); err != nil {
		return err
	}
	if s.readers, err = openDB(file, "&_pragma=query_only(1)", max(4, 2*runtime.GOMAXPROCS(0))); err != nil {
		return err
	}
	if s.blobs, err = openBlobs(filepath.Join(dir, "blobs")); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if s.committer, err = newCommitter(ctx, s.writer, s.blobs, s.now); err != nil {
		return err
	}
	clean, err := s.start(ctx)
	if err != nil {
		return err
	}
	if clean {
		return nil
	}
	return s.sweep(ctx)
}

// start reads the store's state and marks the folder as open. The next Open then knows whether this Store was closed in
// order.
func (s *Store) start(ctx context.Context) (clean bool, err error) {
	key := make([]byte, 32)
	rand.Read(key)
	err = s.update(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO state (id, clean, token_key) VALUES (1, 0, ?) ON CONFLICT DO NOTHING`,
			key); err != nil {
			return err
		}
		var last int64
		err := t.row(`SELECT clean, token_key, max(
			coalesce((SELECT max(content) FROM pieces), 0),
			coalesce((SELECT max(content) FROM uploads), 0)) FROM state WHERE id = 1`).Scan(&clean, &s.tokenKey, &last)
		if err != nil {
			return err
		}
		s.content.Store(last)
		_, err = t.exec(`UPDATE state SET clean = 0 WHERE id = 1`)
		return err
	})
	return clean, err
}

// Close waits for the accepted writes, marks the folder as closed in order and releases it. An object that is being
// read keeps its open file, but no new read succeeds.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.committer.stop()
		s.pinMu.Lock()
		orderly := len(s.doomed) == 0 && !s.blobs.leaked.Load() && s.blobs.loose.Load() == 0
		s.pinMu.Unlock()
		if orderly {
			_, s.closeErr = s.committer.conn.ExecContext(context.Background(), `UPDATE state SET clean = 1 WHERE id = 1`)
		}
		s.closeErr = errors.Join(s.closeErr, s.closeParts())
	})
	return s.closeErr
}

func (s *Store) closeParts() error {
	var errs []error
	if s.committer != nil {
		errs = append(errs, s.committer.close())
	}
	for _, db := range []*sql.DB{s.readers, s.writer, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.blobs != nil {
		errs = append(errs, s.blobs.root.Close())
	}
	return errors.Join(errs...)
}

// openDB opens a SQLite file with the settings that make a commit survive a power cut: a write-ahead
// log that is synced at every commit.
func openDB(file, more string, conns int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16000)"+more)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

const sqliteBusy = 5 // SQLite's primary result code SQLITE_BUSY

// lockFolder locks the folder by an open write transaction on a database of its own. The system releases the lock when
// the process ends, however it ends.
func lockFolder(ctx context.Context, dir string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, "lock.db")}).EscapedPath())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	if _, err := db.ExecContext(ctx, `BEGIN EXCLUSIVE`); err != nil {
		db.Close()
		if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqliteBusy {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("lock the folder: %w", err)
	}
	return db, nil
}

// nextContent returns a number that no content has had in this folder since it was opened.
func (s *Store) nextContent() int64 { return s.content.Add(1) }
