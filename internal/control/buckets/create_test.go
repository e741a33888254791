package buckets_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/controltest"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// TestAttack50_OnlyAStandingIntentionIsRegistered checks that a request registers nothing if its intention no longer
// exists or is another one.
func TestAttack50_OnlyAStandingIntentionIsRegistered(t *testing.T) {
	change := map[string]func(*bucket.Creation){
		"another nonce":   func(c *bucket.Creation) { c.Nonce = "another" },
		"another account": func(c *bucket.Creation) { c.Account = accountB },
		"another region":  func(c *bucket.Creation) { c.Region = "eu-west-1" },
		"another name":    func(c *bucket.Creation) { c.Name = "pond" },
	}
	for what, f := range change {
		w := newWorld(t)
		c := *w.intend(w.call(w.a), "lake")
		f(&c)
		if err := w.Register(t.Context(), w.call(w.a), &c); !fault.Is(err, fault.Conflict, fault.Bucket) {
			t.Errorf("%s: %v", what, err)
		}
		if b := w.call(w.a).Snapshot.Bucket(c.Name); b != nil {
			t.Errorf("%s: it was registered: %+v", what, b)
		}
	}
	w := newWorld(t)
	c := w.intend(w.call(w.a), "lake")
	must(t, w.Abandon(t.Context(), c))
	if err := w.Register(t.Context(), w.call(w.a), c); !fault.Is(err, fault.Conflict, fault.Bucket) {
		t.Errorf("abandoned: %v", err)
	}
	w.register(w.b, "lake")
	if err := w.Register(t.Context(), w.call(w.a), c); !fault.Is(err, fault.AlreadyExists, fault.Bucket) {
		t.Errorf("another account has the bucket: %v", err)
	}
}

// TestIntentionsAreTakenOver checks that the next request of the same account, and no other request, takes over an
// intention with its nonce.
func TestIntentionsAreTakenOver(t *testing.T) {
	w := newWorld(t)
	first := w.intend(w.call(w.a), "lake")
	if _, err := w.Intend(t.Context(), w.call(w.b), "lake", controltest.Region); !fault.Is(err, fault.AlreadyExists,
		fault.Bucket) {
		t.Errorf("another account: %v", err)
	}
	second := w.intend(w.call(w.a), "lake")
	if first.Nonce == "" || second.Nonce != first.Nonce {
		t.Errorf("nonces %q and %q", first.Nonce, second.Nonce)
	}
	must(t, w.Abandon(t.Context(), first)) // it is the second's by now
	must(t, w.Register(t.Context(), w.call(w.a), second))
	must(t, w.Register(t.Context(), w.call(w.a), first)) // the very same bucket
	if err := w.Register(t.Context(), w.call(w.b),
		&bucket.Creation{Name: "lake", Account: accountB, Nonce: first.Nonce, Region: first.Region}); !fault.Is(err,
		fault.AlreadyExists, fault.Bucket) {
		t.Errorf("another account with the nonce: %v", err)
	}
	earlier := *first
	earlier.Nonce = "of an earlier bucket of the account"
	if err := w.Register(t.Context(), w.call(w.a), &earlier); !fault.Is(err, fault.AlreadyExists, fault.BucketOwned) {
		t.Errorf("another bucket of the account: %v", err)
	}
	w.register(w.a, "other")
	if c := w.intend(w.call(w.a), "third"); c.Nonce == first.Nonce {
		t.Error("two creations have one nonce")
	}
}

// node returns one of several nodes that share a database.
func node(t *testing.T, url string) *buckets.Buckets {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	e, err := engine.Open(t.Context(), db, engine.Options{MaxStaleness: time.Minute})
	must(t, err)
	t.Cleanup(func() { e.Close() })
	c := &control.Control{DB: db, Engine: e, Now: time.Now, Region: controltest.Region}
	return &buckets.Buckets{Control: c, Upstream: unasked{Nonces: true}}
}

// TestTwoNodesTwoAccountsOneName checks that one account gets the intention for a name, and that the name is registered
// once, whatever the nodes' snapshots show.
func TestTwoNodesTwoAccountsOneName(t *testing.T) {
	url := storetest.PostgreSQL(t)
	nodes := map[access.AccountID]*buckets.Buckets{accountA: node(t, url), accountB: node(t, url)}
	for i := range 10 {
		name := fmt.Sprintf("lake-%d", i)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var got []access.AccountID
		for account, b := range nodes {
			wg.Go(func() {
				err := create(t.Context(), b, account, name)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got = append(got, account)
				} else if !fault.Is(err, fault.AlreadyExists, fault.Bucket) {
					t.Errorf("%s: %v", account, err)
				}
			})
		}
		wg.Wait()
		row, err := store.Buckets.Get(t.Context(), nodes[accountA].Control.DB, name)
		if err != nil || len(got) != 1 || row.Account != got[0] {
			t.Fatalf("%s: %v were told that they have it, it is registered to %+v (%v)", name, got, row, err)
		}
	}
}

func create(ctx context.Context, b *buckets.Buckets, account access.AccountID, name string) error {
	snap, err := b.Control.Engine.Snapshot()
	if err != nil {
		return err
	}
	call := b.Control.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "Root"}, Account: account, Snapshot: snap, Facts: caller.Facts{Time: time.Now()},
	}, control.Opening{Source: buckets.Source, Operation: "CreateBucket"})
	call.ByRight(control.BucketIntention)
	c, err := b.Intend(ctx, call, name, controltest.Region)
	if err != nil {
		return err
	}
	return b.Register(ctx, call, c)
}
