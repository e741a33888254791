package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// The environment of the tests that need PostgreSQL.
const (
	envURL     = "LATCHKEY_TEST_POSTGRES"         // a server to use; its user must be allowed to create databases
	envWithout = "LATCHKEY_TEST_WITHOUT_POSTGRES" // 1: skip where there is none
)

// server is started once in a test process; every test gets a database of its own.
// Its data need not survive a power cut.
var server = sync.OnceValues(func() (*Server, error) { return StartServer("-c", "fsync=off") })

// PostgreSQL returns the URL of a fresh database. It uses the server that LATCHKEY_TEST_POSTGRES names, else
// it starts one from the programs installed on this machine: a private one, which ends with this process
// however that ends. Without programs the test fails, or is skipped if LATCHKEY_TEST_WITHOUT_POSTGRES=1.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(envURL)
	if admin == "" {
		s, err := server()
		if errors.Is(err, errNoPostgreSQL) && os.Getenv(envWithout) == "1" {
			t.Skipf("skipped: %v, and %s=1", err, envWithout)
		}
		if err != nil {
			t.Fatalf("%v (%s=URL names a server, %s=1 skips)", err, envURL, envWithout)
		}
		admin = s.URL()
	}
	return freshDatabase(t, admin)
}

// Database returns the URL of a fresh database on this server.
func (s *Server) Database(t testing.TB) string { return freshDatabase(t, s.URL()) }

func freshDatabase(t testing.TB, admin string) string {
	t.Helper()
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("%s: %v", envURL, err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	if err := execute(admin, `CREATE DATABASE `+name); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(admin, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Logf("drop the database: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func execute(url, text string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, text)
	return err
}
