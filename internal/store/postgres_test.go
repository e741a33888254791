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

// Some databases that speak PostgreSQL's protocol have no isolation level but serializable. Every conflict is then an
// error that asks for a retry.
func TestPostgreSQLSerializable(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB {
		return openPostgreSQL(t, storetest.PostgreSQL(t)+"&default_transaction_isolation=serializable")
	})
}
