package store_test

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"latchkey/internal/store"
	"latchkey/internal/store/migrations"
	"latchkey/internal/store/storetest"
)

// Who was disabled by a synchronisation stays its own to enable. Who was disabled without a mark is the
// administrator's.
func TestStatusesOfASchemaWithoutSources(t *testing.T) {
	for name, open := range map[string]func() (goose.Dialect, fs.FS, *sql.DB, store.Options){
		"SQLite": func() (goose.Dialect, fs.FS, *sql.DB, store.Options) {
			path := filepath.Join(t.TempDir(), "latchkey.db")
			old, err := sql.Open("sqlite", "file:"+path)
			must(t, err)
			return goose.DialectSQLite3, migrations.SQLite(), old, store.Options{Path: path}
		},
		"PostgreSQL": func() (goose.Dialect, fs.FS, *sql.DB, store.Options) {
			url := storetest.PostgreSQL(t)
			old, err := sql.Open("pgx", url)
			must(t, err)
			return goose.DialectPostgres, migrations.PostgreSQL(), old, store.Options{URL: url}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dialect, files, old, options := open()
			statusesOfASchemaWithoutSources(t, dialect, files, old, options)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func statusesOfASchemaWithoutSources(
	t *testing.T, dialect goose.Dialect, files fs.FS, old *sql.DB, options store.Options,
) {
	p, err := goose.NewProvider(dialect, old, files, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = p.UpTo(t.Context(), 4)
	must(t, err)
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
	db, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for id, want := range map[string][]string{
		"u1": {"ldap:corp"}, "u2": {"administrator"}, "u3": nil, "u4": {"administrator", "scim"},
	} {
		u, err := store.DirectoryUsers.Get(t.Context(), db, id)
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
	marks, err := store.SyncMarks(t.Context(), db, "111122223333/corp")
	if err != nil || len(marks) != 1 || marks["u2"].Absent.UnixMicro() != 7 {
		t.Errorf("%v, %v", marks, err)
	}
}
