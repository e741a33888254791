package store_test

import (
	"path/filepath"
	"testing"

	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func openSQLite(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return openSQLite(t, filepath.Join(t.TempDir(), "latchkey.db")) })
}
