package storetest

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/store"
)

// lease checks that a lease has one holder at a time, for its time, and that the change list does not mention it.
func lease(t *testing.T, db *store.DB) {
	const name, other = "111122223333/corp", "111122223333/other"
	do := func(fn func(*store.Tx) error) error {
		_, err := db.Update(t.Context(), fn)
		return err
	}
	take := func(name, holder string, term time.Duration) error {
		return do(func(tx *store.Tx) error { return store.TakeLease(tx, name, holder, term) })
	}
	keep := func(holder string, term time.Duration) error {
		return do(func(tx *store.Tx) error { return store.KeepLease(tx, name, holder, term) })
	}
	held := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, store.ErrLeased) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	held("keep what was never taken", keep("a", time.Hour))
	ok("take", take(name, "a", time.Hour))
	ok("take another name", take(other, "b", time.Hour))
	held("take what another holds", take(name, "b", time.Hour))
	held("keep what another holds", keep("b", time.Hour))
	ok("take again", take(name, "a", time.Hour))
	ok("end what another holds", do(func(tx *store.Tx) error { return store.EndLease(tx, name, "b", "wrong") }))
	ok("keep for no time", keep("a", 0))
	held("keep what has run out", keep("a", time.Hour))
	ok("take what has run out", take(name, "b", time.Hour))
	held("keep what was lost", keep("a", time.Hour))
	ok("end", do(func(tx *store.Tx) error { return store.EndLease(tx, name, "b", `{"x":1}`) }))
	r, err := store.ReadLease(t.Context(), db, name)
	if err != nil || r.Holder != "" || r.Outcome != `{"x":1}` {
		t.Errorf("%+v (%v)", r, err)
	}
	ok("take what was given back", take(name, "c", time.Hour))
	if r, err := store.ReadLease(t.Context(), db, name); err != nil || r.Outcome != `{"x":1}` || r.Holder != "c" {
		t.Errorf("while the next run is on: %+v (%v)", r, err)
	}
	if rev, err := db.Rev(t.Context()); rev != 0 || err != nil {
		t.Errorf("leases made revision %d (%v)", rev, err)
	}
}
