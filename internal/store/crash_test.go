package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

const envWriter = "LATCHKEY_STORE_TEST_WRITER" // the database of a writer process

// TestMain turns this program into a writer process, which the tests kill.
func TestMain(m *testing.M) {
	if where := os.Getenv(envWriter); where != "" {
		o := store.Options{Path: where}
		if strings.HasPrefix(where, "postgres:") {
			o = store.Options{URL: where}
		}
		db, err := store.Open(context.Background(), o)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		var out sync.Mutex
		write(context.Background(), db, func(what, id string) {
			out.Lock()
			defer out.Unlock()
			fmt.Println(what, id)
		})
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// write commits changes and audit records until that fails, and reports everything that was acknowledged.
func write(ctx context.Context, db *store.DB, acknowledged func(what, id string)) {
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				id := storetest.NewGrantID()
				if _, err := db.Update(ctx, func(tx *store.Tx) error { return insertAll(tx, id) }); err != nil {
					return
				}
				acknowledged("updated", id.String())
			}
		})
		wg.Go(func() {
			for {
				id := storetest.NewGrantID().String()
				first, second := storetest.NewEvent("recorded"), storetest.NewEvent("recorded")
				first.Added().GrantID, second.Added().GrantID = id, id
				if err := db.Record(ctx, first, second); err != nil {
					return
				}
				acknowledged("recorded", id)
			}
		})
	}
	wg.Wait()
}

// insertAll writes a grant, a user and an audit record that belong together.
func insertAll(tx *store.Tx, id access.GrantID) error {
	s, err := access.ParseScope("s3://bucket/" + id.String() + "/*")
	if err != nil {
		return err
	}
	g := access.Grant{
		ID:         id,
		Account:    "111122223333",
		Region:     "us-east-1",
		LocationID: "default",
		Scope:      s,
		Permission: access.Read,
		Grantee:    access.Grantee{Type: access.DirectoryUser, ID: "u-1"},
		Principal:  "u-1",
		CreatedAt:  tx.Now(),
	}
	if err := store.InsertGrant(tx, &g); err != nil {
		return err
	}
	u := storetest.NewUser("111122223333", id.String(), tx.Now())
	if err := store.Users.Insert(tx, u); err != nil {
		return err
	}
	e := storetest.NewEvent("updated")
	e.Added().GrantID = id.String()
	return tx.Record(e)
}

// killWriter starts a writer process and kills it after a random number of acknowledgements. It returns the
// acknowledgements that the writer had printed by then.
func killWriter(t *testing.T, where string) (acknowledged []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envWriter+"="+where)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	killed := false
	for left := rand.IntN(150); ; left-- {
		if left <= 0 && !killed {
			cmd.Process.Kill()
			killed = true // and read what it printed before
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		acknowledged = append(acknowledged, strings.TrimSpace(line))
	}
	cmd.Wait()
	if !killed {
		t.Fatal("the writer ended by itself")
	}
	return acknowledged
}

// checkWhole checks that everything acknowledged is there, and that nothing is there in part.
func checkWhole(t *testing.T, db *store.DB, acknowledged []string) {
	t.Helper()
	ctx := t.Context()
	recorded := map[string]int{}
	for after := int64(0); ; {
		page, err := db.Events(ctx, store.AuditFilter{After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			recorded[r.Event.EventName+" "+r.Event.Added().GrantID]++
			after = r.ID
		}
		if len(page) == 0 {
			break
		}
	}
	grants := map[string]bool{}
	seq := int64(0)
	for g, err := range store.ScanGrants(ctx, db) {
		if err != nil || g.Seq <= seq {
			t.Fatalf("grant %d after %d (%v)", g.Seq, seq, err)
		}
		seq = g.Seq
		grants[g.ID.String()] = true
		if recorded["updated "+g.ID.String()] != 1 {
			t.Errorf("grant %s is there without its record", g.ID)
		}
		if _, err := store.Users.ByName(ctx, db, "111122223333", g.ID.String()); err != nil {
			t.Errorf("grant %s is there without its user: %v", g.ID, err)
		}
	}
	for what, n := range recorded {
		if id, ok := strings.CutPrefix(what, "updated "); ok && !grants[id] {
			t.Errorf("record of %s is there without its grant", id)
		}
		if strings.HasPrefix(what, "recorded ") && n != 2 {
			t.Errorf("%d of the 2 events of %s are there", n, what)
		}
	}
	for _, what := range acknowledged {
		if recorded[what] == 0 {
			t.Errorf("acknowledged and lost: %s", what)
		}
	}
	if n, err := store.GrantCount(ctx, db, "111122223333", "us-east-1"); int(n) != len(grants) || err != nil {
		t.Errorf("%d grants are counted, %d are there (%v)", n, len(grants), err)
	}
	rev, err := db.Rev(ctx)
	if err != nil || int(rev) != len(grants) {
		t.Errorf("revision %d with %d grants (%v)", rev, len(grants), err)
	}
	changes, err := db.Changes(ctx, 0, 1<<30)
	if err != nil || len(changes) != 2*len(grants) {
		t.Errorf("%d changes with %d grants (%v)", len(changes), len(grants), err)
	}
	for i, c := range changes {
		if c.Rev != store.Rev(i/2+1) {
			t.Fatalf("change %d is of revision %d", i, c.Rev)
		}
	}
}

func TestSQLiteKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	var acknowledged []string
	for range 25 {
		acknowledged = append(acknowledged, killWriter(t, path)...)
		db := openSQLite(t, path)
		checkWhole(t, db, acknowledged)
		if t.Failed() {
			return
		}
		db.Close()
	}
	if n := len(acknowledged); n < 100 {
		t.Errorf("only %d writes were acknowledged", n)
	}
}

func TestPostgreSQLKilledWriter(t *testing.T) {
	url := storetest.PostgreSQL(t)
	db := openPostgreSQL(t, url)
	raw := rawSQL(t, "pgx", url)
	var acknowledged []string
	for range 6 {
		acknowledged = append(acknowledged, killWriter(t, url+"&application_name=writer")...)
		// The server may still be at the last commit that the writer asked for.
		for n := 1; n > 0; {
			if err := raw.QueryRowContext(t.Context(),
				`SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'writer'`).Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
		checkWhole(t, db, acknowledged)
	}
}

func TestPostgreSQLKilledServer(t *testing.T) {
	if os.Getenv("LATCHKEY_TEST_POSTGRES") != "" {
		t.Skip("the server is not ours to kill")
	}
	storetest.PostgreSQL(t) // fails or skips where there is no server
	s, err := storetest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	db := openPostgreSQL(t, s.Database(t))
	var mu sync.Mutex
	var acknowledged []string
	for range 4 {
		ready, left := make(chan struct{}), 20+rand.IntN(200)
		done := make(chan struct{})
		go func() {
			defer close(done)
			write(t.Context(), db, func(what, id string) {
				mu.Lock()
				defer mu.Unlock()
				acknowledged = append(acknowledged, what+" "+id)
				if left--; left == 0 {
					close(ready)
				}
			})
		}()
		<-ready
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		<-done
		if _, err := db.Rev(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("reading from a dead server: %v", err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		awaitRev(t, db)
		checkWhole(t, db, acknowledged)
	}
}

// awaitRev waits until the pool has replaced its broken connections.
func awaitRev(t *testing.T, db *store.DB) {
	for {
		if _, err := db.Rev(t.Context()); err == nil {
			return
		} else if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
