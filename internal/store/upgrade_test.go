package store

import (
	"database/sql"
	"path/filepath"
	"slices"
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

// Who was disabled by a synchronisation stays its own to enable. Who was disabled without a mark is the
// administrator's.
func TestStatusesOfASchemaWithoutSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	old, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, migrations.SQLite(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	_, err = old.ExecContext(t.Context(), `
		INSERT INTO nouns (seq, kind, id, account, name, parent, body, rev) VALUES
			(1, 'directory-user', 'u1', 'd-1', 'n1', '', '{"ID":"u1","UserName":"a","Disabled":true}', 1),
			(2, 'directory-user', 'u2', 'd-1', 'n2', '', '{"ID":"u2","UserName":"b","Disabled":true}', 1),
			(3, 'directory-user', 'u3', 'd-1', 'n3', '', '{"ID":"u3","UserName":"\"Disabled\":true"}', 1),
			(4, 'directory-user', 'u4', 'd-1', 'n4', '',
				'{"ID":"u4","UserName":"d","ExternalIDs":[{"Issuer":"scim","ID":"x"}],"Disabled":true}', 1);
		INSERT INTO sync_marks (source, id, absent, disabled) VALUES
			('111122223333/corp', 'u1', 0, 1), ('111122223333/corp', 'u3', 0, 1), ('111122223333/corp', 'u2', 7, 0)`)
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
	for id, want := range map[string][]string{
		"u1": {"ldap:corp"}, "u2": {"administrator"}, "u3": nil, "u4": {"administrator", "scim"},
	} {
		u, err := DirectoryUsers.Get(t.Context(), db, id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range u.Blocks {
			got = append(got, b.Source)
		}
		if !slices.Equal(got, want) || u.Disabled != (len(want) > 0) {
			t.Errorf("%s: %v, %v; want %v", id, got, u.Disabled, want)
		}
	}
	marks, err := SyncMarks(t.Context(), db, "111122223333/corp")
	if err != nil || len(marks) != 1 || marks["u2"].Absent.UnixMicro() != 7 {
		t.Errorf("%v, %v", marks, err)
	}
}
