package pages_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// A person who signs in on the server's own pages is bound, too: the next holder of the address gets no code.
func TestAttack52_TheNextHolderDoesNotSignIn(t *testing.T) {
	w := newWorld(t)
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{"https://app.example.org/back"}}}
	})
	ask := url.Values{"redirect_uri": {"https://app.example.org/back"}, "client_id": {app.ARN()}}
	signIn := func(sub string) url.Values {
		t.Helper()
		w.idp.Become(map[string]any{"email": "alice@example.org", "sub": sub})
		b := w.browser().open(authorization("", ask))
		if b.left == nil {
			t.Fatal(b.page)
		}
		return b.left.Query()
	}
	if q := signIn("first"); q.Get("code") == "" {
		t.Fatal(q)
	}
	if got := w.Engine.Current().Person(w.alice.ID).BoundSubject(w.idp.URL); got != "first" {
		t.Fatalf("bound to %q", got)
	}
	if q := signIn("second"); q.Get("code") != "" || !strings.HasPrefix(q.Get("error_description"), "subject_mismatch: ") {
		t.Error(q)
	}
	if q := signIn("first"); q.Get("code") == "" {
		t.Error(q)
	}
	w.Change(t, func(tx *store.Tx) error {
		i := *w.issuer
		i.Limits = sso.Limits{Sources: []string{"scim"}}
		return store.Issuers.Update(tx, &i)
	})
	if q := signIn("first"); q.Get("code") != "" || !strings.HasPrefix(q.Get("error_description"), "issuer_source: ") {
		t.Error(q)
	}
}
