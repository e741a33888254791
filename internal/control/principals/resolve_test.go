package principals_test

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

// TestAccountsOfEarlierReleasesDoNotResolveGrants checks that only an account that is made now lets grants answer S3
// requests, and that the row of an earlier release stays as it is.
func TestAccountsOfEarlierReleasesDoNotResolveGrants(t *testing.T) {
	const row = `{"ID":"123456789012","Name":"","Created":"2026-11-01T02:03:04Z"}`
	var old iam.Account
	must(t, json.Unmarshal([]byte(row), &old))
	if old.ResolveGrants {
		t.Error("an account of an earlier release resolves grants")
	}
	if again, err := json.Marshal(old); err != nil || string(again) != row {
		t.Errorf("its row is written as %s: %v", again, err)
	}
	w := newWorld(t)
	made, _, err := w.CreateAccount(t.Context(), controltest.Operator(t, w.World.Control, account), "", "fresh")
	must(t, err)
	_, err = w.EnsureRoot(t.Context(), "555566667777", principals.RootKey{})
	must(t, err)
	snap, err := w.Engine.Snapshot()
	must(t, err)
	for _, a := range snap.Accounts() {
		if !a.ResolveGrants {
			t.Errorf("the new account %s does not resolve grants", a.ID)
		}
	}
	if len(snap.Accounts()) < 3 || !strings.HasPrefix(made.Name, "fresh") {
		t.Errorf("the accounts are %v", snap.Accounts())
	}
}
