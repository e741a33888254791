package storetest

import (
	"testing"
	"time"

	"latchkey/internal/store"
)

func syncMarks(t *testing.T, db *store.DB) {
	at := time.UnixMicro(1_700_000_000_000_007).UTC()
	marks := []store.SyncMark{{ID: "u1", Absent: at}, {ID: "u2", Absent: at.Add(time.Hour)}, {ID: "u3", Absent: at}}
	put := func(source string, m store.SyncMark) {
		t.Helper()
		if _, err := db.Update(t.Context(), func(tx *store.Tx) error {
			return store.PutSyncMark(tx, source, m)
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range marks {
		put("a", m)
	}
	put("b", store.SyncMark{ID: "u1", Absent: at})
	put("a", store.SyncMark{ID: "u2", Absent: at})
	put("a", store.SyncMark{ID: "u3"})
	got, err := store.SyncMarks(t.Context(), db, "a")
	if err != nil || len(got) != 2 || got["u1"] != marks[0] || got["u2"] != (store.SyncMark{ID: "u2", Absent: at}) {
		t.Errorf("%v (%v)", got, err)
	}
}
