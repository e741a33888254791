package storetest

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// oidcProviders checks that providers keep every field, and that the URL without its scheme is unique in an account.
func oidcProviders(t *testing.T, db *store.DB) {
	made := func(a access.AccountID, url string) *iam.OIDCProvider {
		return &iam.OIDCProvider{ID: iam.NewID(iam.OIDCProviderIDPrefix), Account: a, URL: url}
	}
	full := made(account, "https://idp.example.org/realms/a")
	full.ClientIDs, full.Thumbprints = []string{"sts.amazonaws.com", "é <&>"},
		[]string{"0123456789012345678901234567890123456789"}
	full.Created, full.Tags = time.Date(2026, 11, 21, 23, 59, 59, 987654321, time.UTC), []iam.Tag{{Key: "k", Value: "v"}}
	update(t, db, func(tx *store.Tx) error {
		same(t, tx, &store.OIDCProviders, full, full.ID)
		return nil
	})
	for name, x := range map[string]struct {
		p    *iam.OIDCProvider
		kept bool
	}{
		"the same URL":                     {made(account, full.URL), false},
		"the same URL with another scheme": {made(account, "http://idp.example.org/realms/a"), false},
		"a path that differs in case":      {made(account, "https://idp.example.org/realms/A"), true},
		"a slash more":                     {made(account, full.URL+"/"), true},
		"the same URL in another account":  {made(other, full.URL), true},
	} {
		_, err := db.Update(t.Context(), func(tx *store.Tx) error { return store.OIDCProviders.Insert(tx, x.p) })
		if (err == nil) != x.kept || err != nil && !fault.Is(err, fault.AlreadyExists, fault.OIDCProvider) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := store.OIDCProviders.ByName(t.Context(), db, string(account), full.Name())
	if err != nil || got.ID != full.ID {
		t.Errorf("by its name: %+v (%v)", got, err)
	}
	if n, err := store.OIDCProviders.Count(t.Context(), db, string(account)); n != 3 || err != nil {
		t.Errorf("%d providers (%v)", n, err)
	}
}
