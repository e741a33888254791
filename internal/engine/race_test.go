package engine

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// Readers see each revision as a whole while others write. Every writer sees its own writes.
func TestReadersAndWritersAtOnce(t *testing.T) {
	e := newEngine(t)
	const writers, rounds, readers = 4, 24, 3
	var done atomic.Bool
	var write, read sync.WaitGroup
	for w := range writers {
		write.Go(func() {
			for i := range rounds {
				if err := writeOnce(t, e, fmt.Sprintf("user-%d-%d", w, i), i%2 == 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range readers {
		read.Go(func() {
			var last store.Rev
			for !done.Load() {
				s, err := e.Snapshot()
				if err != nil {
					t.Error(err)
					return
				}
				if s.Rev() < last {
					t.Errorf("revision %d after %d", s.Rev(), last)
				}
				last = s.Rev()
				users := s.UsersOf(acct)
				for _, u := range users {
					keys, c := s.KeysOf(u.ID), s.Compiled(u.ID)
					if len(keys) != 1 || s.AccessKey(keys[0].ID) != keys[0] || c.Err != nil || len(c.Identity) != 1 ||
						s.UserByName(acct, u.Name) != u {
						t.Errorf("a part of %s is missing at revision %d", u.Name, s.Rev())
					}
				}
				if s.Grants().Len() != len(users) {
					t.Errorf("%d grants for %d users", s.Grants().Len(), len(users))
				}
			}
		})
	}
	write.Wait()
	done.Store(true)
	read.Wait()
	if n := len(snapshot(t, e).UsersOf(acct)); n != writers*rounds/2 {
		t.Errorf("%d users are left", n)
	}
}

// writeOnce makes a user with everything it needs, and removes it again unless it is to stay.
func writeOnce(t *testing.T, e *Engine, name string, keep bool) error {
	var u *iam.User
	var k *iam.AccessKey
	g := storetest.NewGrant(t, acct, "s3://lake/"+name+"/*", name)
	err := e.Update(t.Context(), func(tx *store.Tx) error {
		u = storetest.NewUser(acct, name, tx.Now())
		u.Attached = []string{policy.ManagedPrefix + "AmazonS3ReadOnlyAccess"}
		k = &iam.AccessKey{ID: iam.NewAccessKeyID(), Account: acct, UserID: u.ID, Status: iam.Active, Created: tx.Now()}
		return errors.Join(store.Users.Insert(tx, u), store.AccessKeys.Insert(tx, k), store.InsertGrant(tx, &g))
	})
	if err != nil {
		return err
	}
	s, err := e.Snapshot()
	if err != nil || s.User(u.ID) == nil || !s.Grants().Has(g.ID) {
		return fmt.Errorf("%s is not seen: %v", name, err)
	}
	if keep {
		return nil
	}
	err = e.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(store.DeleteGrant(tx, g.ID), store.AccessKeys.Delete(tx, k.ID), store.Users.Delete(tx, u.ID))
	})
	if err != nil {
		return err
	}
	if s, err = e.Snapshot(); err != nil || s.User(u.ID) != nil || s.Grants().Has(g.ID) || s.AccessKey(k.ID) != nil {
		return fmt.Errorf("%s is still seen: %v", name, err)
	}
	return nil
}
