package maintenance

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// world is a database with a clock of its own.
type world struct {
	*testing.T
	db    *store.DB
	ahead atomic.Int64
	log   strings.Builder
}

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(*testing.T, *world)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newWorld(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, openWorld(t, store.Options{URL: storetest.PostgreSQL(t)})) })
}

func newWorld(t *testing.T) *world {
	return openWorld(t, store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
}

func openWorld(t *testing.T, o store.Options) *world {
	w := &world{T: t}
	o.Now = w.now
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db = db
	return w
}

func (w *world) now() time.Time          { return start.Add(time.Duration(w.ahead.Load())) }
func (w *world) advance(d time.Duration) { w.ahead.Add(int64(d)) }

// node is one node's loop, with the reports of its runs.
type node struct {
	*Loop
	runs []Report
	last Report // of a state that was looked at
}

func (w *world) node(tasks ...Task) *node {
	n := &node{}
	commit := func(ctx context.Context, fn func(*store.Tx) error) error {
		_, err := w.db.Update(ctx, fn)
		return err
	}
	n.Loop = &Loop{
		DB: w.db, Update: commit, Now: w.now, Tasks: tasks, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Observe: func(r Report) {
			if n.last = r; r.Ran {
				n.runs = append(n.runs, r)
			}
		},
	}
	return n
}

func (w *world) update(fn func(*store.Tx) error) {
	w.Helper()
	if _, err := w.db.Update(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}
