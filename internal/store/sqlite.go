package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// openSQLite opens one writing connection and a pool of readers on the same file. WAL lets readers go on
// while the writer commits; synchronous=FULL makes a commit wait for the disk.
func (db *DB) openSQLite(ctx context.Context, path string) (err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	// The file is created before SQLite opens it, so that other users can never read it. SQLite gives its mode to the
	// files beside it (-wal, -shm).
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err = f.Chmod(0o600); err == nil {
		err = f.Close()
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	if db.write, err = sql.Open("sqlite", dsn(path, "immediate", "cache_size(-65536)", "temp_store(memory)")); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if err = migrate(ctx, db.write, false); err != nil {
		return err
	}
	if db.read, err = sql.Open("sqlite", dsn(path, "deferred", "query_only(1)", "cache_size(-16384)")); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(max(4, 2*runtime.GOMAXPROCS(0)))
	db.read.SetMaxIdleConns(max(4, 2*runtime.GOMAXPROCS(0)))
	db.stmts.open(db.read)
	if err = db.readMeta(ctx); err != nil {
		return err
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	db.queue = newCommitQueue(db, &connWriter{conn: conn, stmts: map[string]*sql.Stmt{}})
	return nil
}

func dsn(path, txlock string, pragmas ...string) string {
	q := url.Values{"_txlock": {txlock}}
	for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "fullfsync(1)", "trusted_schema(0)",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return fmt.Sprintf("file:%s?%s", (&url.URL{Path: path}).EscapedPath(), q.Encode())
}
