package storetest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// personSignIns checks that sign-ins keep every field, and that a person with as many as there may be loses the oldest,
// and no other person does.
func personSignIns(t *testing.T, db *store.DB) {
	at := time.Date(2026, 11, 21, 23, 59, 59, 987654321, time.UTC)
	full := &store.PersonSignIn{
		ID: "full", Account: account, Settings: "s", ClientID: "c", ClientName: "é", Application: "arn", UserID: "other",
		Issuer: "https://idp.example.org", Audience: "aud", Subject: "sub",
		Source: "192.0.2.1", Began: at, Expires: at.Add(time.Hour), Refreshes: 3, Refreshed: at,
		Ended: at, EndedBy: fault.SignInEnded,
	}
	update(t, db, func(tx *store.Tx) error {
		same(t, tx, &store.PersonSignIns, full, full.ID)
		return nil
	})
	update(t, db, func(tx *store.Tx) error {
		for i := range store.MaxPersonSignIns + 2 {
			in := &store.PersonSignIn{ID: fmt.Sprint("in", i), Account: account, UserID: "user"}
			if err := store.InsertPersonSignIn(t.Context(), tx, in); err != nil {
				return err
			}
		}
		return nil
	})
	all, err := store.PersonSignIns.Children(t.Context(), db, "user")
	if err != nil || len(all) != store.MaxPersonSignIns || all[0].ID != "in2" {
		t.Errorf("%d sign-ins are left (%v)", len(all), err)
	}
	if _, err := store.PersonSignIns.Get(t.Context(), db, "full"); err != nil {
		t.Errorf("another person's sign-in: %v", err)
	}
}
