package engine

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/store"
)

var (
	accounts = []access.AccountID{acct, "444455556666"}
	names    = []string{"ann", "Bob", "carl"}
	scopes   = []string{"s3://", "s3://lake/*", "s3://lake/finance/*"}
	texts    = []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":{`,
	}
	resourceTexts = []string{
		"",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}`,
		`{"Statement":`,
	}
	trustTexts = []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
		`not a policy`,
	}
)

// world makes random changes that a store accepts. Rows come, change and go, and use the same few names and ARNs again
// and again.
type world struct {
	*rapid.T
	tb                           testing.TB
	rand                         *rand.Rand
	users, roles, keys, policies []string
	ever, signedIn               []string
	applications, issuers        []string
	people                       []directory.UserID // ever
	groups                       []directory.GroupID
	grants                       []access.GrantID
	all                          []access.GrantID
}

// pick draws a number with equal chances, which rapid's own numbers do not have. rapid draws the seed and the number of
// changes.
func (w *world) pick(n int) int { return w.rand.IntN(n) }

func pickOf[T any](w *world, from []T) T { return from[w.pick(len(from))] }

func (w *world) account() access.AccountID { return pickOf(w, accounts) }

func (w *world) time() time.Time {
	return time.Unix(int64(w.pick(50)), 0).UTC()
}

// A snapshot that followed every change equals a freshly loaded one, whatever was read from it and cached in it on the
// way.
func TestAttack35_IncrementalEqualsFresh(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n, ".db"))
		db, err := store.Open(t.Context(), store.Options{Path: path})
		if err != nil {
			rt.Fatal(err)
		}
		defer os.Remove(path)
		defer db.Close()
		e, err := prepare(t.Context(), db, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		w := &world{T: rt, tb: t, rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		for range rapid.IntRange(1, 12).Draw(rt, "looks") {
			for range rapid.IntRange(1, 3).Draw(rt, "revisions") {
				_, err := db.Update(t.Context(), func(tx *store.Tx) error {
					for range rapid.IntRange(1, 5).Draw(rt, "changes") {
						if err := ignore(w.change(tx)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
			}
			lineage := e.Current().grants
			if err := e.follower.sync(t.Context()); err != nil {
				rt.Fatal(err)
			}
			if _, ok := lineage.CatchUp(e.Current().grants); !ok {
				rt.Fatal("the snapshot was loaded, not changed")
			}
			fresh, err := load(t.Context(), db, time.Time{})
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(w.describe(fresh), w.describe(e.Current())); diff != "" {
				rt.Fatalf("fresh (-), incremental (+):\n%s", diff)
			}
		}
	})
}
