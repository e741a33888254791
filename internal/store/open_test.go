package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func rawSQL(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// both runs a test on both databases. The options always open the same database.
func both(t *testing.T, run func(t *testing.T, o store.Options, raw *sql.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "latchkey.db")
		run(t, store.Options{Path: path}, rawSQL(t, "sqlite", path))
	})
	t.Run("postgresql", func(t *testing.T) {
		url := storetest.PostgreSQL(t)
		run(t, store.Options{URL: url}, rawSQL(t, "pgx", url))
	})
}

func open(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	both(t, func(t *testing.T, o store.Options, raw *sql.DB) {
		open(t, o).Close()
		open(t, o).Close() // opening again changes nothing
		if _, err := raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), o)
		if err == nil {
			db.Close()
			t.Fatal("a schema of the future was opened")
		}
		for _, want := range []string{"9999", "newer latchkey"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	for name, o := range map[string]store.Options{
		"nothing given":       {},
		"an unknown database": {URL: "mysql://user:hunter2@localhost/x"},
		"a broken URL":        {URL: "postgres://user:hunter2@localhost:notaport/x"},
		"a missing folder":    {Path: filepath.Join(folder, "none", "x.db")},
		"a folder":            {Path: folder},
		"no server":           {URL: "postgres://user:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=5"},
	} {
		db, err := store.Open(t.Context(), o)
		if err == nil {
			db.Close()
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
	garbage := filepath.Join(folder, "garbage.db")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := store.Open(t.Context(), store.Options{Path: garbage}); err == nil {
		db.Close()
		t.Error("a file that is no database was opened")
	}
}

func TestOpenLeavesNoGoroutine(t *testing.T) {
	both(t, func(t *testing.T, o store.Options, raw *sql.DB) {
		raw.Close()
		before := goleak.IgnoreCurrent()
		for range 3 {
			db := open(t, o)
			if err := db.Record(t.Context(), storetest.NewEvent("x")); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Errorf("closing twice: %v", err)
			}
		}
		goleak.VerifyNone(t, before)
	})
}

func TestCheckKey(t *testing.T) {
	both(t, func(t *testing.T, o store.Options, _ *sql.DB) {
		ring := func(keys ...credential.Key) *credential.Ring {
			r, err := credential.NewRing(keys...)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		check := func(name string, want error, r *credential.Ring) {
			t.Helper()
			db := open(t, o)
			defer db.Close()
			if err := db.CheckKey(t.Context(), r); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
			if rev, err := db.Rev(t.Context()); rev != 0 || err != nil {
				t.Errorf("%s made revision %d (%v)", name, rev, err)
			}
		}
		old, next, wrong := credential.NewKey(), credential.NewKey(), credential.NewKey()
		check("the first key", nil, ring(old))
		check("the same key", nil, ring(old))
		check("a wrong key", store.ErrWrongKey, ring(wrong))
		check("a wrong key again", store.ErrWrongKey, ring(wrong))
		check("the same key after the wrong one", nil, ring(old))
		check("a new key behind it", nil, ring(old, next))
		check("the new key alone, too early", store.ErrWrongKey, ring(next))
		check("the new key in front", nil, ring(next, old))
		check("the new key alone", nil, ring(next))
		check("the old key alone", store.ErrWrongKey, ring(old))
	})
}

func TestClusterIDStays(t *testing.T) {
	both(t, func(t *testing.T, o store.Options, _ *sql.DB) {
		first := open(t, o)
		id := first.ClusterID()
		first.Close()
		if again := open(t, o).ClusterID(); again != id || len(id) < 20 {
			t.Errorf("%q became %q", id, again)
		}
	})
}

func TestAuditIDsGrowWhenTheClockIsSetBack(t *testing.T) {
	both(t, func(t *testing.T, o store.Options, _ *sql.DB) {
		for i, year := range []int{2030, 2020} {
			o.Now = func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
			db := open(t, o)
			for j := range 3 {
				if err := db.Record(t.Context(), storetest.NewEvent(fmt.Sprint(3*i+j))); err != nil {
					t.Fatal(err)
				}
			}
			db.Close()
		}
		all, err := open(t, o).Events(t.Context(), store.AuditFilter{})
		if err != nil || len(all) != 6 {
			t.Fatalf("%d records (%v)", len(all), err)
		}
		for i, r := range all {
			if r.Event.EventName != fmt.Sprint(i) {
				t.Errorf("record %s stands at place %d", r.Event.EventName, i)
			}
		}
	})
}

func TestSQLiteFilesAreTheirOwnersAlone(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "odd name?#%20.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil { // even if somebody made it before
		t.Fatal(err)
	}
	db := openSQLite(t, path)
	if err := db.Record(t.Context(), storetest.NewEvent("x")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", f.Name(), info.Mode(), err)
		}
	}
}

// TestNoSecretReachesTheFile: what the caller sealed stays sealed in every file of the database.
func TestNoSecretReachesTheFile(t *testing.T) {
	folder := t.TempDir()
	db := openSQLite(t, filepath.Join(folder, "latchkey.db"))
	key := credential.NewKey()
	ring, err := credential.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.CheckKey(t.Context(), ring); err != nil {
		t.Fatal(err)
	}
	const secret = "PLANTEDsecretPLANTEDsecretPLANTEDsecret0"
	k := &iam.AccessKey{
		ID:      "AKIAVISIBLE",
		Account: "111122223333",
		Sealed:  ring.Seal("access key AKIAVISIBLE", []byte(secret)),
	}
	if _, err := db.Update(t.Context(), func(tx *store.Tx) error { return store.AccessKeys.Insert(tx, k) }); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, stage := range []string{"open", "closed"} {
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(b, []byte("AKIAVISIBLE"))
			for name, s := range map[string]string{"the secret": secret, "the ring's key": key.Text().Reveal()} {
				if bytes.Contains(b, []byte(s)) {
					t.Errorf("%s is in %s, %s", name, filepath.Base(f), stage)
				}
			}
		}
		db.Close()
	}
	if !found {
		t.Error("not even the key's id was found: the search is wrong")
	}
	got, err := store.AccessKeys.Get(t.Context(), openSQLite(t, filepath.Join(folder, "latchkey.db")), "AKIAVISIBLE")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Unseal("access key AKIAVISIBLE", got.Sealed); err != nil || string(plain) != secret {
		t.Errorf("the secret did not come back (%v)", err)
	}
}
