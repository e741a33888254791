package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestAttack41_RevisionRollback(t *testing.T) {
	rollback := map[string]func(*bench){
		"to an earlier revision": func(b *bench) { b.sql(remove("late", 3)...) },
		"to another history of the same length": func(b *bench) {
			b.sql(remove("late", 3)...)
			b.user("other")
		},
		"to another history that is longer": func(b *bench) {
			b.sql(remove("late", 3)...)
			b.user("other")
			b.user("another")
		},
		"to another history that looks the same": func(b *bench) {
			b.rename("late", "later")
			b.sync()
			b.sql(`UPDATE nouns SET body = REPLACE(body, 'later', 'late'), name = 'late' WHERE name = 'later'`,
				`DELETE FROM changes WHERE rev >= 4`, `UPDATE meta SET rev = 3`)
			b.rename("late", "latest")
		},
		"to an earlier revision when no change is remembered": func(b *bench) {
			b.e.follower.history = history{base: b.e.Revision()}
			b.sql(remove("late", 3)...)
		},
		"to before what this node committed last": func(b *bench) {
			b.e.awaitRevision(4)
			b.sql(`DELETE FROM nouns WHERE name = 'late'`)
		},
		"to the beginning": func(b *bench) {
			b.sql(`DELETE FROM nouns`, `DELETE FROM changes`, `UPDATE meta SET rev = 0`)
		},
	}
	for name, back := range rollback {
		t.Run("refuses until everything is loaded after a restore "+name, func(t *testing.T) {
			b := newBench(t)
			for _, name := range []string{"early", "middle", "late"} {
				b.user(name)
			}
			b.sync()
			if !b.has("late") {
				t.Fatal("the engine does not follow")
			}
			back(b)
			b.sql(`ALTER TABLE grants RENAME TO away`) // it cannot be loaded
			for range 2 {
				if err := b.e.follower.sync(t.Context()); err == nil {
					t.Fatal("an engine that cannot load is in sync")
				}
				b.refuses("another history")
			}
			if !b.log.has("WENT BACK IN TIME") || !b.log.has("level=ERROR") {
				t.Error("nobody was told")
			}
			b.sql(`ALTER TABLE away RENAME TO grants`)
			b.sync()
			if b.has("late") {
				t.Error("what the restored database does not know is still there")
			}
			b.user("new")
			b.sync()
			if !b.has("new") {
				t.Error("the engine does not follow after the restore")
			}
		})
	}
	t.Run("serves again only after loading, even where the history agrees again", func(t *testing.T) {
		b := newBench(t)
		b.user("early")
		b.sync()
		b.e.refuse(errWentBack)
		b.refuses("another history")
		loaded := b.e.Current()
		b.sync()
		if !b.has("early") || b.e.Current() == loaded {
			t.Error("not loaded anew")
		}
	})
	t.Run("does not follow rows that are older than the snapshot", func(t *testing.T) {
		b := newBench(t)
		for _, name := range []string{"early", "middle", "late"} {
			b.user(name)
		}
		b.sync()
		b.sql(remove("late", 3)...) // between reading the changes and reading the rows
		fresh := []store.Change{{Rev: 4, Kind: store.KindUser, ID: "AIDAX", Op: store.Deleted}}
		if err := b.e.follower.follow(t.Context(), b.e.Current(), fresh, time.Now()); !errors.Is(err, errWentBack) ||
			b.e.Revision() != 3 {
			t.Errorf("got %v, at revision %d", err, b.e.Revision())
		}
	})
	t.Run("an update that lands in another history is no success", func(t *testing.T) {
		b := newBench(t)
		for _, name := range []string{"early", "middle", "late"} {
			b.user(name)
		}
		b.sync()
		b.sql(remove("early", 2)...)
		err := b.e.Update(t.Context(), func(tx *store.Tx) error {
			return store.Users.Insert(tx, storetest.NewUser(acct, "x", tx.Now()))
		})
		if fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("got %v", err)
		}
		b.refuses("another history")
		if !b.log.has("WENT BACK IN TIME") {
			t.Error("nobody was told")
		}
		b.sync()
		if !b.has("x") {
			t.Error("the engine did not load")
		}
	})
}

func TestBrokenChangeListIsLoadedAnew(t *testing.T) {
	for name, spoil := range map[string]func(*bench){
		"when a revision is missing": func(b *bench) { b.sql(`DELETE FROM changes WHERE rev = 3`) },
		"when changes were pruned": func(b *bench) {
			b.prune(4)
		},
		"when a changed row is not there": func(b *bench) {
			b.sql(`INSERT INTO changes (rev, ord, kind, id, op) VALUES (4, 9, 'user', 'AIDAX', 1)`)
		},
		"when a new grant is not there": func(b *bench) {
			b.sql(`INSERT INTO changes (rev, ord, kind, id, op) VALUES (4, 9, 'grant', ` +
				`'00000000-0000-0000-0000-000000000001', 1)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.user("first")
			b.user("second")
			b.sync()
			b.user("third")
			b.user("fourth")
			spoil(b)
			b.sync()
			if !b.has("first") || !b.has("third") || !b.has("fourth") {
				t.Error("the snapshot is not what the store has")
			}
			if !b.log.has("loaded again") {
				t.Error("it was not loaded anew")
			}
			b.user("fifth")
			b.sync()
			if !b.has("fifth") {
				t.Error("the engine does not follow any more")
			}
		})
	}
}

func TestPruningWhatIsKnownNeedsNoLoading(t *testing.T) {
	b := newBench(t)
	for i := range 9 {
		b.user(fmt.Sprint("u", i))
	}
	b.sync()
	b.prune(10)
	b.sync()
	b.user("more")
	b.sync()
	if !b.has("more") || b.log.has("loaded again") {
		t.Error("the snapshot was loaded")
	}
}

func TestUpdateThatIsNotSeenMakesTheSnapshotUnavailable(t *testing.T) {
	b := newBench(t)
	b.e.maxStaleness = 20 * time.Millisecond // nothing follows: Update waits in vain
	err := b.e.Update(t.Context(), func(tx *store.Tx) error {
		return store.Users.Insert(tx, storetest.NewUser(acct, "u", tx.Now()))
	})
	if err == nil || fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v", err)
	}
	b.e.maxStaleness = time.Hour
	b.refuses("was committed here")
	b.sync()
	if !b.has("u") {
		t.Error("the change does not show")
	}
}

func TestManyChangedRowsAreLoaded(t *testing.T) {
	b := newBench(t)
	_, err := b.db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 6000 {
			if err := store.Users.Insert(tx, storetest.NewUser(acct, fmt.Sprint("user", i), tx.Now())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.sync()
	if n := len(snapshot(t, b.e).UsersOf(acct)); n != 6000 {
		t.Fatalf("%d users", n)
	}
	b.user("more")
	b.sync()
	if !b.has("more") {
		t.Error("the engine does not follow after a large revision")
	}
}

func TestSilentDatabaseMakesTheSnapshotUnavailable(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "latchkey.db")})
		if err != nil {
			t.Fatal(err)
		}
		e, err := Open(t.Context(), db, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		time.Sleep(10 * time.Minute) // an idle store that answers
		if _, err := e.Snapshot(); err != nil || e.Age() > DefaultPoll*2 {
			t.Fatalf("idle: %v, age %v", err, e.Age())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(DefaultMaxStaleness - DefaultPoll - 10*time.Millisecond)
		if _, err := e.Snapshot(); err != nil {
			t.Errorf("refuses too early: %v", err)
		}
		time.Sleep(DefaultPoll + 20*time.Millisecond)
		if _, err := e.Snapshot(); err == nil || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("got %v", err)
		}
		if e.Current() == nil || e.Age() <= DefaultMaxStaleness {
			t.Errorf("age %v", e.Age())
		}
	})
}

// A suspended machine's monotonic clock stands still. A wall clock can be set back. The longer time counts.
func TestAgeIsTheLargerOfTwoClocks(t *testing.T) {
	then := time.Now()
	shift := func(t time.Time, wall, mono time.Duration) time.Time {
		parts := (*struct { // as package time lays it out: 33 bits of seconds above 30 bits of nanoseconds
			wall uint64
			ext  int64
		})(unsafe.Pointer(&t))
		parts.wall += uint64(wall/time.Second) << 30
		parts.ext += int64(mono)
		return t
	}
	for name, c := range map[string]struct{ wall, mono, want time.Duration }{
		"both agree":             {time.Minute, time.Minute, time.Minute},
		"the machine slept":      {time.Hour, time.Second, time.Hour},
		"the clock was set back": {-time.Hour, time.Minute, time.Minute},
	} {
		if got := since(then, shift(then, c.wall, c.mono)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTwoEnginesSeeEachOthersChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	seeEachOther(t, openStore(t, path), openStore(t, path))
}

func seeEachOther(t *testing.T, one, two *store.DB) {
	t.Helper()
	a := openEngine(t, one, Options{Poll: 20 * time.Millisecond})
	b := openEngine(t, two, Options{Poll: 20 * time.Millisecond})
	g := storetest.NewGrant(t, acct, "s3://lake/*", "user-1")
	update(t, a, func(tx *store.Tx) error {
		return errors.Join(store.InsertGrant(tx, &g), store.Users.Insert(tx, storetest.NewUser(acct, "u", tx.Now())))
	})
	eventually(t, "the other engine has the grant", func() bool { return snapshot(t, b).Grants().Has(g.ID) })
	if snapshot(t, b).UserByName(acct, "u") == nil {
		t.Error("a part of the revision is missing")
	}
	update(t, b, func(tx *store.Tx) error { return store.DeleteGrant(tx, g.ID) })
	if snapshot(t, b).Grants().Has(g.ID) {
		t.Error("not revoked at once where it was revoked")
	}
	eventually(t, "the first engine has lost the grant", func() bool { return !snapshot(t, a).Grants().Has(g.ID) })
}
