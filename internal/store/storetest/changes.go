package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/internal/iam"
	"latchkey/internal/store"
)

var db0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func wholeRevisions(t *testing.T, db *store.DB) {
	for i := range 3 {
		update(t, db, func(tx *store.Tx) error {
			for j := range 10 {
				if err := store.Users.Insert(tx, NewUser(account, fmt.Sprint(i, "-", j), tx.Now())); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, c := range []struct {
		after       store.Rev
		limit, want int
	}{{0, 1, 10}, {0, 10, 10}, {0, 11, 20}, {1, 15, 20}, {2, 100, 10}, {3, 100, 0}} {
		changes, err := db.Changes(t.Context(), c.after, c.limit)
		if err != nil || len(changes) != c.want {
			t.Errorf("%d changes after %d with limit %d, want %d (%v)", len(changes), c.after, c.limit, c.want, err)
		}
		for i, ch := range changes {
			if ch.Ord != i%10 || ch.Rev != c.after+1+store.Rev(i/10) {
				t.Errorf("change %d is %+v", i, ch)
			}
		}
	}
}

func pruned(t *testing.T, db *store.DB) {
	for i := range 5 {
		mustUser(t, db, fmt.Sprint("u", i))
	}
	prune := func(before store.Rev) {
		update(t, db, func(tx *store.Tx) error {
			_, err := store.PruneChanges(tx, before, 1000)
			return err
		})
	}
	prune(4)
	for after := range store.Rev(3) {
		if _, err := db.Changes(t.Context(), after, 10); !errors.Is(err, store.ErrPruned) {
			t.Errorf("a reader at %d got %v", after, err)
		}
	}
	if changes, err := db.Changes(t.Context(), 3, 10); err != nil || len(changes) != 2 {
		t.Errorf("a reader at the horizon got %d changes (%v)", len(changes), err)
	}
	if _, err := db.Changes(t.Context(), 6, 10); !errors.Is(err, store.ErrRewound) || !errors.Is(err, store.ErrPruned) {
		t.Errorf("a reader ahead of the store got %v", err)
	}
	prune(2) // the horizon does not go back
	if _, err := db.Changes(t.Context(), 2, 10); !errors.Is(err, store.ErrPruned) {
		t.Errorf("a reader at 2 got %v", err)
	}
	prune(1000) // nor beyond the present
	mustUser(t, db, "next")
	if changes, err := db.Changes(t.Context(), 5, 10); err != nil || len(changes) != 1 || changes[0].Rev != 6 {
		t.Errorf("a reader at 5 got %v (%v)", changes, err)
	}
}

func waiter(t *testing.T, db *store.DB) {
	got := make(chan store.Rev, 1)
	go func() {
		rev := store.Rev(0)
		for rev == 0 && t.Context().Err() == nil {
			rev, _ = db.Wait(t.Context(), 0)
		}
		got <- rev
	}()
	mustUser(t, db, "x")
	if rev := <-got; rev != 1 {
		t.Errorf("the waiter saw revision %d", rev)
	}
	if rev, err := db.Wait(t.Context(), 0); rev != 1 || err != nil {
		t.Errorf("a late waiter saw revision %d (%v)", rev, err)
	}
	if rev, err := db.Wait(t.Context(), 1); rev != 1 || err != nil {
		t.Errorf("a waiter for what is not there got %d (%v)", rev, err)
	}
}

func snapshot(t *testing.T, db *store.DB) {
	mustUser(t, db, "before")
	err := db.Snapshot(t.Context(), func(r *store.Reader) error {
		mustUser(t, db, "during")
		g := NewGrant(t, account, "s3://bucket/a/*", "u-1")
		update(t, db, func(tx *store.Tx) error { return store.InsertGrant(tx, &g) })
		if r.Rev() != 1 {
			t.Errorf("the reader is at %d", r.Rev())
		}
		var users []*iam.User
		for u, err := range store.Users.All(t.Context(), r) {
			if err != nil {
				return err
			}
			users = append(users, u)
		}
		if len(users) != 1 || users[0].Name != "before" {
			t.Errorf("the reader sees %d users", len(users))
		}
		for g, err := range store.ScanGrants(t.Context(), r) {
			t.Errorf("the reader sees grant %s (%v)", g.ID, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
