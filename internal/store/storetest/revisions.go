package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

func revisions(t *testing.T, db *store.DB) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[store.Rev]string{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprintf("user-%d-%d", w, i)
				u := NewUser(account, name, db0)
				rev, err := db.Update(t.Context(), func(tx *store.Tx) error {
					if i%5 == 4 {
						return errors.New("given up")
					}
					return store.Users.Insert(tx, u)
				})
				if i%5 == 4 {
					if err == nil || err.Error() != "given up" {
						t.Errorf("update returned %v", err)
					}
					continue
				}
				if err != nil {
					t.Errorf("update: %v", err)
				}
				mu.Lock()
				if before, taken := got[rev]; taken {
					t.Errorf("revision %d is %s's and %s's", rev, before, name)
				}
				got[rev] = u.ID
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if want := writers * each * 4 / 5; len(got) != want {
		t.Fatalf("%d revisions, want %d", len(got), want)
	}
	changes, err := db.Changes(t.Context(), 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range changes {
		if c.Rev != store.Rev(i+1) || c.Ord != 0 || c.Kind != store.KindUser || c.Op != store.Inserted || got[c.Rev] != c.ID {
			t.Fatalf("change %d is %+v, want revision %d of %s", i, c, i+1, got[store.Rev(i+1)])
		}
	}
	i := store.Rev(0)
	for u, err := range store.Users.All(t.Context(), db) {
		i++
		if err != nil || got[i] != u.ID {
			t.Fatalf("row %d is %v (%v): rows are not in the order of commits", i, u, err)
		}
	}
}

func poller(t *testing.T, db *store.DB) {
	const writers, each = 4, 40
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := make(chan int)
	go func() {
		last, n := store.Rev(0), 0
		defer func() { seen <- n }()
		for n < writers*each {
			if _, err := db.Wait(ctx, last); err != nil {
				return
			}
			changes, err := db.Changes(ctx, last, 7)
			if err != nil {
				return
			}
			for _, c := range changes {
				if c.Rev != last+1 {
					t.Errorf("revision %d after %d", c.Rev, last)
				}
				last, n = c.Rev, n+1
			}
		}
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				update(t, db, func(tx *store.Tx) error {
					return store.Users.Insert(tx, NewUser(account, fmt.Sprintf("p-%d-%d", w, i), db0))
				})
			}
		})
	}
	wg.Wait()
	if n := <-seen; n != writers*each {
		t.Errorf("the poller saw %d changes of %d", n, writers*each)
	}
}

func rollback(t *testing.T, db *store.DB) {
	before, err := db.Rev(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	failure := fault.New(fault.Denied, fault.User, "no")
	g := NewGrant(t, account, "s3://bucket/a/*", "u-1")
	_, err = db.Update(t.Context(), func(tx *store.Tx) error {
		if err := store.Users.Insert(tx, NewUser(account, "ghost", tx.Now())); err != nil {
			return err
		}
		if err := store.InsertGrant(tx, &g); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatalf("update returned %v", err)
	}
	if _, err := store.Users.ByName(t.Context(), db, string(account), "ghost"); !fault.Is(err, fault.NotFound,
		fault.User) {
		t.Errorf("the user is there: %v", err)
	}
	if _, err := store.GrantByID(t.Context(), db, g.ID); !fault.Is(err, fault.NotFound, fault.Grant) {
		t.Errorf("the grant is there: %v", err)
	}
	if n, err := store.GrantCount(t.Context(), db, account, region); n != 0 || err != nil {
		t.Errorf("%d grants are counted (%v)", n, err)
	}
	if after, _ := db.Rev(t.Context()); after != before {
		t.Errorf("revision %d became %d", before, after)
	}
	if rev := update(t, db, func(tx *store.Tx) error {
		return store.Users.Insert(tx, NewUser(account, "ghost", tx.Now()))
	}); rev != before+1 {
		t.Errorf("the next revision is %d, want %d", rev, before+1)
	}
}

func panics(t *testing.T, db *store.DB) {
	func() {
		defer func() {
			if recover() != "boo" {
				t.Error("the panic did not reach the caller")
			}
		}()
		db.Update(t.Context(), func(tx *store.Tx) error {
			store.Users.Insert(tx, NewUser(account, "ghost", tx.Now()))
			panic("boo")
		})
	}()
	if rev := update(t, db, func(tx *store.Tx) error {
		return store.Users.Insert(tx, NewUser(account, "ghost", tx.Now()))
	}); rev != 1 {
		t.Errorf("the next revision is %d, want 1", rev)
	}
}

func unchanged(t *testing.T, db *store.DB) {
	mustUser(t, db, "somebody")
	for range 3 {
		rev := update(t, db, func(tx *store.Tx) error {
			_, err := store.Users.ByName(t.Context(), tx, string(account), "somebody")
			return err
		})
		if rev != 1 {
			t.Errorf("reading made revision %d", rev)
		}
	}
	if rev := update(t, db, func(tx *store.Tx) error { return tx.Record(NewEvent("Nothing")) }); rev != 1 {
		t.Errorf("recording made revision %d", rev)
	}
	if all, err := db.Events(t.Context(), store.AuditFilter{EventName: "Nothing"}); len(all) != 1 || err != nil {
		t.Errorf("%d records, want 1 (%v)", len(all), err)
	}
	if u := mustUser(t, db, "next"); u == nil {
		t.Fail()
	}
	if rev, _ := db.Rev(t.Context()); rev != 2 {
		t.Errorf("revision %d, want 2", rev)
	}
}

func readYourWrites(t *testing.T, db *store.DB) {
	u := NewUser(account, "Alice", db0)
	g := NewGrant(t, account, "s3://bucket/a/*", "u-1")
	update(t, db, func(tx *store.Tx) error {
		if err := store.Users.Insert(tx, u); err != nil {
			return err
		}
		if err := store.InsertGrant(tx, &g); err != nil {
			return err
		}
		if got, err := store.Users.Get(t.Context(), tx, u.ID); err != nil || got.Name != "Alice" {
			t.Errorf("the transaction does not see its user: %v", err)
		}
		if _, err := store.GrantByID(t.Context(), tx, g.ID); err != nil {
			t.Errorf("the transaction does not see its grant: %v", err)
		}
		if n, err := store.GrantCount(t.Context(), tx, account, region); n != 1 || err != nil {
			t.Errorf("the transaction counts %d grants (%v)", n, err)
		}
		if _, err := store.Users.Get(t.Context(), db, u.ID); !fault.Is(err, fault.NotFound, fault.User) {
			t.Errorf("others see a user that is not committed: %v", err)
		}
		for seen, err := range store.Users.All(t.Context(), tx) { // a query for each row, in one transaction
			if err != nil {
				t.Error(err)
			}
			if _, err := store.Users.Get(t.Context(), tx, seen.ID); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if got, err := store.Users.Get(t.Context(), db, u.ID); err != nil || got.Name != "Alice" {
		t.Errorf("the committed user is not there: %v", err)
	}
}

func timestamps(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		first := tx.Now()
		if err := store.Users.Insert(tx, NewUser(account, "x", first)); err != nil {
			return err
		}
		if again := tx.Now(); !again.Equal(first) || again.Location().String() != "UTC" || again.Nanosecond()%1000 != 0 {
			t.Errorf("now is %v, then %v", first, again)
		}
		return nil
	})
}

func cancelled(t *testing.T, db *store.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			update(t, db, func(tx *store.Tx) error {
				return store.Users.Insert(tx, NewUser(account, fmt.Sprint("other-", i), tx.Now()))
			})
		})
	}
	_, err := db.Update(ctx, func(tx *store.Tx) error {
		if err := store.Users.Insert(tx, NewUser(account, "ghost", tx.Now())); err != nil {
			return err
		}
		cancel()
		return store.Users.Insert(tx, NewUser(account, "ghost2", tx.Now()))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update returned %v", err)
	}
	wg.Wait()
	if _, err := db.Update(ctx, func(*store.Tx) error {
		t.Error("ran after its context had ended")
		return nil
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("update returned %v", err)
	}
	if _, err := store.Users.ByName(t.Context(), db, string(account), "ghost"); !fault.Is(err, fault.NotFound,
		fault.User) {
		t.Errorf("the user is there: %v", err)
	}
	if n, err := store.Users.Count(t.Context(), db, string(account)); n != 4 || err != nil {
		t.Errorf("%d users, want the 4 others (%v)", n, err)
	}
}
