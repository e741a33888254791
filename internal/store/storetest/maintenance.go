package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/store"
)

// prunedByAndBy checks that pruning removes whole revisions, the oldest first, and moves the horizon with them.
func prunedByAndBy(t *testing.T, db *store.DB) {
	for i := range 4 { // two changes each
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(store.Users.Insert(tx, NewUser(account, fmt.Sprint("a", i), tx.Now())),
				store.Users.Insert(tx, NewUser(account, fmt.Sprint("b", i), tx.Now())))
		})
	}
	for i, want := range []int64{4, 2, 0} { // of revisions 1 to 3, at about 3 changes a time
		var n int64
		update(t, db, func(tx *store.Tx) (err error) {
			n, err = store.PruneChanges(tx, 4, 3)
			return err
		})
		if n != want {
			t.Errorf("call %d forgot %d changes, want %d", i, n, want)
		}
		after := store.Rev(min(2*(i+1), 3))
		if _, err := db.Changes(t.Context(), after-1, 10); !errors.Is(err, store.ErrPruned) {
			t.Errorf("call %d: a reader at %d got %v", i, after-1, err)
		}
		if got, err := db.Changes(t.Context(), after, 10); err != nil || len(got) != 2*int(4-after) {
			t.Errorf("call %d: a reader at %d got %d changes, %v", i, after, len(got), err)
		}
	}
	if rev, err := db.Rev(t.Context()); rev != 4 || err != nil {
		t.Errorf("revision %d, %v", rev, err)
	}
}

// auditRemoval checks that only older records are removed, the oldest first, and that readers go on with the rest.
func auditRemoval(t *testing.T, db *store.DB) {
	record := func(name string) {
		t.Helper()
		if err := db.Record(t.Context(), NewEvent(name)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		record(fmt.Sprint("old", i))
	}
	old := events(t, db, store.AuditFilter{})
	border := old[4].Time().Add(time.Microsecond)
	for time.Now().UTC().Truncate(time.Microsecond).Compare(border) <= 0 {
		time.Sleep(time.Microsecond)
	}
	for i := range 3 {
		record(fmt.Sprint("new", i))
	}
	all := events(t, db, store.AuditFilter{})
	remove := func(before time.Time, limit int) (gone store.RemovedAudit) {
		update(t, db, func(tx *store.Tx) (err error) {
			gone, err = store.RemoveAudit(tx, before, limit)
			return err
		})
		return gone
	}
	if gone := remove(all[0].Time(), 10); gone != (store.RemovedAudit{}) {
		t.Errorf("nothing is that old: %+v", gone)
	}
	want := store.RemovedAudit{Records: 2, First: all[0].Time(), Last: all[1].Time()}
	if gone := remove(border, 2); gone != want {
		t.Errorf("%+v, want %+v", gone, want)
	}
	if gone := remove(border, 10); gone.Records != 3 || gone.Last != all[4].Time() {
		t.Errorf("%+v", gone)
	}
	if gone := remove(border, 10); gone.Records != 0 {
		t.Errorf("%+v", gone)
	}
	for name, c := range map[string]struct {
		filter store.AuditFilter
		want   []store.Record
	}{
		"from the beginning":                {store.AuditFilter{}, all[5:]},
		"from a record that is gone":        {store.AuditFilter{After: all[1].ID}, all[5:]},
		"from the last that is gone":        {store.AuditFilter{After: all[4].ID}, all[5:]},
		"from a time that is gone":          {store.AuditFilter{Since: all[0].Time()}, all[5:]},
		"until a time that is gone":         {store.AuditFilter{Until: all[1].Time()}, nil},
		"newest first":                      {store.AuditFilter{NewestFirst: true, Limit: 1}, all[7:]},
		"newest first, behind what is gone": {store.AuditFilter{NewestFirst: true, After: all[3].ID}, nil},
	} {
		got := events(t, db, c.filter)
		if !slices.EqualFunc(got, c.want, func(a, b store.Record) bool { return a.ID == b.ID }) {
			t.Errorf("%s: %d records, want %d", name, len(got), len(c.want))
		}
	}
}

// auditSizes checks that the size is the size of the counted records, without those that were removed.
func auditSizes(t *testing.T, db *store.DB) {
	wants := func(what string, records int64) {
		t.Helper()
		got, err := store.ReadAuditSize(t.Context(), db)
		if err != nil || got.Records != records || (got.Bytes > 0) != (records > 0) {
			t.Errorf("%s: %+v, %v, want %d records", what, got, err, records)
		}
	}
	count := func(before time.Time, limit, want int) {
		t.Helper()
		var n int
		update(t, db, func(tx *store.Tx) (err error) {
			n, err = store.CountAudit(tx, before, limit)
			return err
		})
		if n != want {
			t.Errorf("%d were counted, want %d", n, want)
		}
	}
	long := NewEvent("é") // two bytes, one letter
	for range 6 {
		if err := db.Record(t.Context(), long); err != nil {
			t.Fatal(err)
		}
	}
	text, err := long.JSON()
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	wants("before anything is counted", 0)
	count(later.Add(-2*time.Hour), 10, 0) // newer records are not counted yet
	count(later, 4, 4)
	wants("after some", 4)
	count(later, 4, 2)
	count(later, 4, 0)
	wants("after all", 6)
	if got, _ := store.ReadAuditSize(t.Context(), db); got.Bytes != 6*int64(len(text)) || got.Counted.IsZero() {
		t.Errorf("%+v, want 6 times %d bytes", got, len(text))
	}
	update(t, db, func(tx *store.Tx) error {
		_, err := store.RemoveAudit(tx, later, 4)
		return err
	})
	wants("after a removal", 2)
	if err := db.Record(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	update(t, db, func(tx *store.Tx) error {
		_, err := store.RemoveAudit(tx, later, 10)
		return err
	})
	wants("after one was removed that was never counted", 0)
}

// obsolete checks that a row is deleted when its table says so, not when it expires, and not when it was replaced
// meanwhile.
func obsolete(t *testing.T, db *store.DB) {
	now := time.UnixMicro(1_900_000_000_000_000).UTC()
	const day = 24 * time.Hour
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(
			store.TokenUses.Insert(tx, &store.TokenUse{ID: "old", Expires: ago(2 * time.Hour)}),
			store.TokenUses.Insert(tx, &store.TokenUse{ID: "expired", Expires: ago(time.Minute)}),
			store.TokenUses.Insert(tx, &store.TokenUse{ID: "holds", Expires: now.Add(time.Minute)}),
			store.SignInCodes.Insert(tx, &store.SignInCode{ID: "old", Account: account, Expires: ago(11 * time.Minute)}),
			store.SignInCodes.Insert(tx, &store.SignInCode{ID: "expired", Account: account, Expires: ago(time.Minute)}),
			store.DeviceRequests.Insert(tx, &store.DeviceRequest{ID: "old", Account: account, Expires: ago(11 * time.Minute)}),
			store.DeviceRequests.Insert(tx, &store.DeviceRequest{ID: "expired", Account: account, Expires: ago(time.Minute)}),
			store.PersonSignIns.Insert(tx, &store.PersonSignIn{ID: "old", Account: account, Expires: ago(26 * time.Hour)}),
			store.PersonSignIns.Insert(tx, &store.PersonSignIn{ID: "expired", Account: account, Expires: ago(time.Hour)}),
			store.ProvisioningTokens.Insert(tx,
				&store.ProvisioningToken{ID: "old", Digest: [32]byte{1}, Expires: ago(31 * day)}),
			store.ProvisioningTokens.Insert(tx, &store.ProvisioningToken{ID: "expired", Digest: [32]byte{2}, Expires: ago(day)}),
		)
	})
	for _, table := range store.ExpiringTables() {
		var found []string
		pages := 0
		for after := int64(0); after != 0 || pages == 0; pages++ {
			ids, last, err := table.ObsoleteRows(t.Context(), db, now, after, 2)
			if err != nil || pages > 9 {
				t.Fatal(table.Name(), err)
			}
			found, after = append(found, ids...), last
		}
		if !slices.Equal(found, []string{"old"}) {
			t.Errorf("%s: %v are obsolete", table.Name(), found)
		}
		update(t, db, func(tx *store.Tx) error {
			n, err := table.DeleteObsolete(tx, now, []string{"old", "expired", "holds", "never"})
			if n != 1 {
				t.Errorf("%s: %d were deleted", table.Name(), n)
			}
			return err
		})
	}
	left, err := store.TokenUses.Among(t.Context(), db, []string{"old", "expired", "holds"})
	if err != nil || len(left) != 2 {
		t.Errorf("%d token uses are left, %v", len(left), err)
	}
}
