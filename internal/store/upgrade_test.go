package store

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"latchkey/internal/store/migrations"
)

// The outcome of the last synchronisation survives the migration that adds the table of leases.
func TestLeasesOfASchemaWithoutThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	old, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	_, err = old.ExecContext(t.Context(), `INSERT INTO sync_runs (source, holder, until, outcome)
		VALUES ('111122223333/corp', 'n', 7, '{}')`)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ReadLease(t.Context(), db, "directory-sync/111122223333/corp")
	if err != nil || l.Holder != "n" || l.Until.UnixMicro() != 7 || l.Outcome != "{}" {
		t.Errorf("%+v, %v", l, err)
	}
	if size, err := ReadAuditSize(t.Context(), db); err != nil || !size.Counted.IsZero() {
		t.Errorf("%+v, %v", size, err)
	}
}
