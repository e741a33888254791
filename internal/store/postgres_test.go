package store_test

import (
	"testing"

	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func openPostgreSQL(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestPostgreSQL(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return openPostgreSQL(t, storetest.PostgreSQL(t)) })
}

// Databases that speak PostgreSQL's protocol may know no other isolation than this one: every conflict is
// then an error that asks for a new try.
func TestPostgreSQLSerializable(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB {
		return openPostgreSQL(t, storetest.PostgreSQL(t)+"&default_transaction_isolation=serializable")
	})
}
