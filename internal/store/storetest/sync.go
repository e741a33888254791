package storetest

import (
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// syncLease: one holder at a time, for as long as it says, and no change list tells of it.
func syncLease(t *testing.T, db *store.DB) {
	const source, other = "111122223333/corp", "111122223333/other"
	do := func(fn func(*store.Tx) error) error {
		_, err := db.Update(t.Context(), fn)
		return err
	}
	take := func(source, holder string, term time.Duration) error {
		return do(func(tx *store.Tx) error { return store.TakeSync(tx, source, holder, term) })
	}
	keep := func(holder string, term time.Duration) error {
		return do(func(tx *store.Tx) error { return store.KeepSync(tx, source, holder, term) })
	}
	held := func(what string, err error) {
		t.Helper()
		if fault.KindOf(err) != fault.Conflict {
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
	ok("take", take(source, "a", time.Hour))
	ok("take another source", take(other, "b", time.Hour))
	held("take what another holds", take(source, "b", time.Hour))
	held("keep what another holds", keep("b", time.Hour))
	ok("take again", take(source, "a", time.Hour))
	ok("end what another holds", do(func(tx *store.Tx) error { return store.EndSync(tx, source, "b", "wrong") }))
	ok("keep for no time", keep("a", 0))
	held("keep what has run out", keep("a", time.Hour))
	ok("take what has run out", take(source, "b", time.Hour))
	held("keep what was lost", keep("a", time.Hour))
	ok("end", do(func(tx *store.Tx) error { return store.EndSync(tx, source, "b", `{"x":1}`) }))
	r, err := store.LastSync(t.Context(), db, source)
	if err != nil || r.Holder != "" || r.Outcome != `{"x":1}` {
		t.Errorf("%+v (%v)", r, err)
	}
	ok("take what was given back", take(source, "c", time.Hour))
	if r, err := store.LastSync(t.Context(), db, source); err != nil || r.Outcome != `{"x":1}` || r.Holder != "c" {
		t.Errorf("while the next run is on: %+v (%v)", r, err)
	}
	if rev, err := db.Rev(t.Context()); rev != 0 || err != nil {
		t.Errorf("leases made revision %d (%v)", rev, err)
	}
}

func syncMarks(t *testing.T, db *store.DB) {
	at := time.UnixMicro(1_700_000_000_000_007).UTC()
	marks := []store.SyncMark{{ID: "u1", Absent: at}, {ID: "u2", Disabled: true}, {ID: "u3", Absent: at, Disabled: true}}
	put := func(source string, m store.SyncMark) {
		t.Helper()
		if _, err := db.Update(t.Context(), func(tx *store.Tx) error { return store.PutSyncMark(tx, source, m) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range marks {
		put("a", m)
	}
	put("b", store.SyncMark{ID: "u1", Disabled: true})
	put("a", store.SyncMark{ID: "u2", Absent: at})
	put("a", store.SyncMark{ID: "u3"})
	got, err := store.SyncMarks(t.Context(), db, "a")
	if err != nil || len(got) != 2 || got["u1"] != marks[0] || got["u2"] != (store.SyncMark{ID: "u2", Absent: at}) {
		t.Errorf("%v (%v)", got, err)
	}
}
