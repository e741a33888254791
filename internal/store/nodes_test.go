package store_test

import (
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// TestNodesStartTogether: nodes that find an empty database at the same time make its schema once.
func TestNodesStartTogether(t *testing.T) {
	for range 3 {
		url := storetest.PostgreSQL(t)
		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				db, err := store.Open(t.Context(), store.Options{URL: url})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = db.ClusterID()
				db.Close()
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Errorf("the nodes know the store as %q", ids)
			}
		}
	}
}

// TestNodesTellEachOther: several nodes on one database see each other's changes, and use no number twice. Where the
// database can notify nodes, they see changes at once: no node polls in this test.
func TestNodesTellEachOther(t *testing.T) {
	url := storetest.PostgreSQL(t)
	const nodes, each = 3, 20
	all := make([]*store.DB, nodes)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			db, err := store.Open(t.Context(), store.Options{URL: url, Poll: time.Hour})
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = db
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, db := range all {
		wg.Go(func() {
			for last := store.Rev(0); last < nodes*each; {
				if _, err := db.Wait(t.Context(), last); err != nil {
					t.Error(err)
					return
				}
				changes, err := db.Changes(t.Context(), last, 1000)
				if err != nil {
					t.Error(err)
					return
				}
				for _, c := range changes {
					if c.Rev != last+1 {
						t.Errorf("revision %d after %d", c.Rev, last)
					}
					last = c.Rev
				}
			}
		})
		wg.Go(func() {
			for range each {
				g := storetest.NewGrant(t, "111122223333", "s3://bucket/"+storetest.NewGrantID().String()+"/*", "u")
				if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
					if err := tx.Record(storetest.NewEvent("x")); err != nil {
						return err
					}
					return store.InsertGrant(tx, &g)
				}); err != nil {
					t.Error(err)
				}
				if err := db.Record(t.Context(), storetest.NewEvent("y")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var grants []access.Grant
	for g, err := range store.ScanGrants(t.Context(), all[0]) {
		if err != nil {
			t.Fatal(err)
		}
		grants = append(grants, g)
	}
	if len(grants) != nodes*each {
		t.Errorf("%d grants, want %d", len(grants), nodes*each)
	}
	if records, err := all[1].Events(t.Context(), store.AuditFilter{}); len(records) != 2*nodes*each || err != nil {
		t.Errorf("%d records, want %d (%v)", len(records), 2*nodes*each, err)
	}
	for _, db := range all {
		db.Close()
	}
}
