package engine

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// bench is a store, and an engine that follows only when the test says so.
type bench struct {
	*testing.T
	path string
	db   *store.DB
	e    *Engine
	log  *logBuffer
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, path: filepath.Join(t.TempDir(), "latchkey.db"), log: &logBuffer{}}
	b.db = openStore(t, b.path)
	e, err := prepare(t.Context(), b.db, Options{MaxStaleness: time.Hour, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b.e = e
	return b
}

// user commits a user without the engine's knowledge.
func (b *bench) user(name string) {
	b.Helper()
	_, err := b.db.Update(b.Context(), func(tx *store.Tx) error {
		return store.Users.Insert(tx, storetest.NewUser(acct, name, tx.Now()))
	})
	if err != nil {
		b.Fatal(err)
	}
}

// rename commits another name for a user, with a stamp, as Engine.Update would.
func (b *bench) rename(from, to string) {
	b.Helper()
	_, err := b.db.Update(b.Context(), stamped(func(tx *store.Tx) error {
		u, err := store.Users.ByName(b.Context(), tx, string(acct), from)
		if err != nil {
			return err
		}
		u.Name = to
		return store.Users.Update(tx, u)
	}))
	if err != nil {
		b.Fatal(err)
	}
}

// prune removes the changes of all revisions below before.
func (b *bench) prune(before store.Rev) {
	b.Helper()
	_, err := b.db.Update(b.Context(), func(tx *store.Tx) error {
		_, err := store.PruneChanges(tx, before, 1000)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// sql changes the database file without the store, as a restore would.
func (b *bench) sql(texts ...string) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+b.path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, text := range texts {
		if _, err := db.Exec(text); err != nil {
			b.Fatalf("%s: %v", text, err)
		}
	}
}

func (b *bench) sync() {
	b.Helper()
	if err := b.e.follower.sync(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) has(name string) bool {
	b.Helper()
	return snapshot(b, b.e).UserByName(acct, name) != nil
}

func (b *bench) refuses(why string) {
	b.Helper()
	if _, err := b.e.Snapshot(); err == nil || fault.KindOf(err) != fault.Unavailable ||
		!strings.Contains(err.Error(), why) {
		b.Fatalf("got %v, want a refusal that speaks of %q", err, why)
	}
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

// remove deletes a user and its revision, as a restore would.
func remove(name string, rev int) []string {
	return []string{
		`DELETE FROM nouns WHERE kind = 'user' AND name = '` + name + `'`,
		fmt.Sprintf(`DELETE FROM changes WHERE rev >= %d`, rev),
		fmt.Sprintf(`UPDATE meta SET rev = %d`, rev-1),
	}
}
