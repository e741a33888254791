package control_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// A client may bring what one node made to another node, which has not heard of it yet. The other node waits.
func TestANodeThatIsBehindWaits(t *testing.T) {
	w := controltest.New(t, controltest.Account("123456789012"))
	behind, err := engine.Open(t.Context(), w.DB, engine.Options{MaxStaleness: time.Minute})
	controltest.Must(t, err)
	t.Cleanup(func() { behind.Close() })
	other := &control.Control{DB: w.DB, Engine: behind, Ring: w.Ring, Now: w.Now, Region: w.Region}
	for i := range 20 {
		snap, err := behind.Snapshot()
		controltest.Must(t, err)
		call := other.BeginFor(control.Outsider{Snapshot: snap}, control.Opening{Source: "test", Operation: "Test"})
		w.Change(t, func(tx *store.Tx) error {
			id := fmt.Sprint("AIDA", i)
			return store.Users.Insert(tx, &iam.User{ID: id, Account: "123456789012", Name: id, Path: "/", Created: tx.Now()})
		})
		rev := uint64(w.Engine.Current().Rev())
		if rev <= uint64(call.Snapshot.Rev()) {
			t.Fatal("the call knows the change already")
		}
		if err := other.Reach(t.Context(), call, rev); err != nil || uint64(call.Snapshot.Rev()) < rev {
			t.Fatalf("the call is at %d, not at %d: %v", call.Snapshot.Rev(), rev, err)
		}
	}
}
