package engine

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// fill returns a store with 100,000 grants and 10,000 users.
func fill(b *testing.B) *store.DB {
	b.Helper()
	const grants, users = 100_000, 10_000
	db := openStore(b, filepath.Join(b.TempDir(), "latchkey.db"))
	for at := 0; at < grants; at += 5000 {
		batch := make([]access.Grant, 5000)
		for i := range batch {
			n := at + i
			batch[i] = storetest.NewGrant(b, acct, fmt.Sprintf("s3://lake-%d/team-%d/project-%d/*", n%20, n%1000, n),
				fmt.Sprint("user-", n%users))
		}
		if _, err := db.Update(b.Context(), func(tx *store.Tx) error {
			return storetest.InsertGrants(tx, batch)
		}); err != nil {
			b.Fatal(err)
		}
	}
	_, err := db.Update(b.Context(), func(tx *store.Tx) error {
		for i := range users {
			u := storetest.NewUser(acct, fmt.Sprint("user-", i), time.Unix(int64(i), 0).UTC())
			u.Attached = []string{policy.ManagedPrefix + "AmazonS3ReadOnlyAccess"}
			if err := store.Users.Insert(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func BenchmarkEngine(b *testing.B) {
	db := fill(b)
	b.Run("load 1e5 grants, 1e4 users", func(b *testing.B) {
		for b.Loop() {
			if _, err := load(b.Context(), db, time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	e := openEngine(b, db, Options{})
	var n atomic.Int64
	grant := func(tx *store.Tx) error {
		g := storetest.NewGrant(b, acct, fmt.Sprintf("s3://lake/new-%d/*", n.Add(1)), "user-1")
		return store.InsertGrant(tx, &g)
	}
	b.Run("store update alone", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Update(b.Context(), grant); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update of a grant, seen", func(b *testing.B) {
		for b.Loop() {
			if err := e.Update(b.Context(), grant); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update of a user, seen", func(b *testing.B) {
		for b.Loop() {
			err := e.Update(b.Context(), func(tx *store.Tx) error {
				return store.Users.Insert(tx, storetest.NewUser(acct, fmt.Sprint("new-", n.Add(1)), tx.Now()))
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("updates of grants by 32 at once", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := e.Update(b.Context(), grant); err != nil {
					b.Error(err)
				}
			}
		})
	})
	users := snapshot(b, e).UsersOf(acct)
	b.Run("snapshot, user and compiled policies", func(b *testing.B) {
		i := 0
		for b.Loop() {
			s, err := e.Snapshot()
			if err != nil {
				b.Fatal(err)
			}
			if c := s.Compiled(users[i%len(users)].ID); c.Err != nil {
				b.Fatal(c.Err)
			}
			i++
		}
	})
}
