package engine

import (
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func openPostgreSQL(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestTwoEnginesOnPostgreSQL(t *testing.T) {
	url := storetest.PostgreSQL(t)
	seeEachOther(t, openPostgreSQL(t, url), openPostgreSQL(t, url))
}

func TestDatabaseOutageRefusesAndRecovers(t *testing.T) {
	storetest.PostgreSQL(t) // skips where there is none
	server, err := storetest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	db := openPostgreSQL(t, server.Database(t))
	e := openEngine(t, db, Options{MaxStaleness: 2 * time.Second})
	g := storetest.NewGrant(t, acct, "s3://lake/*", "user-1")
	update(t, e, func(tx *store.Tx) error { return store.InsertGrant(tx, &g) })

	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the engine refuses", func() bool {
		_, err := e.Snapshot()
		return err != nil && fault.KindOf(err) == fault.Unavailable
	})
	if err := e.Update(t.Context(), func(tx *store.Tx) error { return store.DeleteGrant(tx, g.ID) }); err == nil {
		t.Error("an update succeeded without a database")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the engine serves again", func() bool { _, err := e.Snapshot(); return err == nil })
	if !snapshot(t, e).Grants().Has(g.ID) {
		t.Error("what was acknowledged is gone")
	}
	eventually(t, "updates succeed again", func() bool {
		err := e.Update(t.Context(), func(tx *store.Tx) error { return store.DeleteGrant(tx, g.ID) })
		return err == nil
	})
	if snapshot(t, e).Grants().Has(g.ID) {
		t.Error("the revocation is not seen")
	}
}
