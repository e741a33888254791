package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	acct = access.AccountID("111122223333")
	here = "us-east-1"
)

func openStore(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Poll: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openEngine(t testing.TB, db *store.DB, o Options) *Engine {
	t.Helper()
	e, err := Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// newEngine is an engine on a fresh SQLite store.
func newEngine(t testing.TB) *Engine {
	t.Helper()
	return openEngine(t, openStore(t, filepath.Join(t.TempDir(), "latchkey.db")), Options{})
}

func update(t testing.TB, e *Engine, fn func(*store.Tx) error) {
	t.Helper()
	if err := e.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func snapshot(t testing.TB, e *Engine) *Snapshot {
	t.Helper()
	s, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually waits until a condition holds that another goroutine brings about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("in vain waited until %s", what)
		}
	}
}

func TestUpdateIsReadBackAtOnce(t *testing.T) {
	e := newEngine(t)
	u := storetest.NewUser(acct, "Alice", time.Unix(1, 0).UTC())
	key := &iam.AccessKey{
		ID:      iam.NewAccessKeyID(),
		Account: acct,
		UserID:  u.ID,
		Status:  iam.Active,
		Created: time.Unix(2, 0).UTC(),
	}
	g := storetest.NewGrant(t, acct, "s3://lake/finance/*", "user-1")
	before := snapshot(t, e)
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.Accounts.Insert(tx, &iam.Account{ID: acct, Name: "main", Created: tx.Now()}),
			store.Users.Insert(tx, u), store.AccessKeys.Insert(tx, key), store.InsertGrant(tx, &g))
	})
	s := snapshot(t, e)
	if s.Rev() != 1 || s.Account(acct) == nil || s.User(u.ID) == nil || s.UserByName(acct, "aLICE") == nil ||
		s.AccessKey(key.ID) == nil ||
		len(s.KeysOf(u.ID)) != 1 || len(s.UsersOf(acct)) != 1 || len(s.Accounts()) != 1 || !s.Grants().Has(g.ID) {
		t.Fatalf("the snapshot at revision %d does not show the update", s.Rev())
	}
	if before.User(u.ID) != nil || before.Grants().Has(g.ID) || before.Rev() != 0 {
		t.Error("an older snapshot moved")
	}
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.DeleteGrant(tx, g.ID), store.AccessKeys.Delete(tx, key.ID), store.Users.Delete(tx, u.ID))
	})
	s = snapshot(t, e)
	if s.User(u.ID) != nil || s.UserByName(acct, "Alice") != nil || s.AccessKey(key.ID) != nil || s.KeysOf(u.ID) != nil ||
		s.Grants().Has(g.ID) {
		t.Error("what was deleted is still there")
	}
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	e := newEngine(t)
	no := errors.New("no")
	err := e.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(store.Users.Insert(tx, storetest.NewUser(acct, "u", tx.Now())), no)
	})
	if !errors.Is(err, no) || snapshot(t, e).UserByName(acct, "u") != nil {
		t.Fatal(err)
	}
	if err := e.Update(t.Context(), func(*store.Tx) error { return nil }); err != nil {
		t.Fatalf("an update without a change: %v", err)
	}
}

func TestClosedEngineRefuses(t *testing.T) {
	e := newEngine(t)
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Snapshot(); err == nil || fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v", err)
	}
	if e.Current() == nil {
		t.Error("diagnosis lost the snapshot")
	}
	e.refuse(errWentBack)
	if err := e.follower.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Snapshot(); !errors.Is(err, errClosed) {
		t.Errorf("a closed engine was opened again: %v", err)
	}
}

func TestManyGrantsInOneRevision(t *testing.T) {
	e := newEngine(t)
	grants := make([]access.Grant, 12_000)
	for i := range grants {
		grants[i] = storetest.NewGrant(t, acct, fmt.Sprintf("s3://lake/%d/*", i), "user-1")
	}
	update(t, e, func(tx *store.Tx) error { return storetest.InsertGrants(tx, grants) })
	if n := snapshot(t, e).Grants().Len(); n != len(grants) {
		t.Fatalf("%d grants", n)
	}
	eventually(t, "the index is compacted", func() bool { return e.Current().Grants().Pending() == 0 })
	update(t, e, func(tx *store.Tx) error { return store.DeleteGrant(tx, grants[77].ID) })
	if s := snapshot(t, e); s.Grants().Has(grants[77].ID) || !s.Grants().Has(grants[78].ID) {
		t.Error("deletion after compaction is not seen")
	}
}

func TestSnapshotDoesNotAllocate(t *testing.T) {
	e := newEngine(t)
	u := storetest.NewUser(acct, "alice", time.Unix(1, 0).UTC())
	update(t, e, func(tx *store.Tx) error {
		return errors.Join(store.Users.Insert(tx, u),
			store.Instances.Insert(tx, &store.Instance{Instance: access.Instance{Account: acct, Region: here}}))
	})
	n := testing.AllocsPerRun(100, func() {
		s, err := e.Snapshot()
		if err != nil || s.User(u.ID) == nil || s.UserByName(acct, "alice") == nil || s.Compiled(u.ID) == nil ||
			s.Instance(acct, here) == nil {
			t.Fatal("not found")
		}
		s.Location(acct, here, access.DefaultLocationID)
		s.Grants().Has(access.GrantID{1})
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
