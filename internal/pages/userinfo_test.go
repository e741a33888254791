package pages_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/control/provision/justintime"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// signIn signs the person of the provider in for a program. It returns the reason of the refusal, empty for none.
func (w *world) signIn(c *client) (reason string) {
	w.t.Helper()
	q := w.browser().open(authorization(c.id, nil)).press("approve").sent().Query()
	reason, _, _ = strings.Cut(q.Get("error_description"), ":")
	if (q.Get("code") == "") != (reason != "") {
		w.t.Fatalf("%v", q)
	}
	return reason
}

// Authelia puts e-mail address and groups into userinfo only, unless it is told otherwise.
func TestPeopleOfAProviderWhoseClaimsAreInUserInfo(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	person := map[string]any{"sub": "1", "email": "alice@example.org", "email_verified": true}
	w.idp.Become(person)
	w.idp.OnlyInUserInfo("email", "email_verified", "groups", "name")
	if r := w.signIn(c); r != "" {
		t.Fatalf("refused: %s", r)
	}
	says := func(said map[string]any) {
		w.idp.Serve(oidctest.UserInfo, func(rw http.ResponseWriter, _ *http.Request) { json.NewEncoder(rw).Encode(said) })
	}
	for reason, said := range map[string]map[string]any{
		"claim_unverified":  {"sub": "1", "email": "alice@example.org", "email_verified": "False"},
		"userinfo_invalid":  {"sub": "2", "email": "alice@example.org", "email_verified": true},
		"user_not_found":    {"sub": "1", "email": "mallory@example.org", "email_verified": true},
		"claim_missing":     {"sub": "1"},
		"claim_unverified ": {"sub": "1", "email": "alice@example.org", "email_verified": 0},
	} {
		t.Run(strings.TrimSpace(reason), func(t *testing.T) {
			says(said)
			if r := w.signIn(c); r != strings.TrimSpace(reason) {
				t.Errorf("%q", r)
			}
		})
	}
	t.Run("userinfo is not asked without need", func(t *testing.T) {
		w.idp.OnlyInUserInfo()
		w.idp.Serve(oidctest.UserInfo, func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "no") })
		if r := w.signIn(c); r != "" {
			t.Errorf("refused: %s", r)
		}
	})
	t.Run("userinfo is asked whether the address is verified", func(t *testing.T) {
		w.idp.OnlyInUserInfo("email_verified")
		w.idp.Become(map[string]any{"sub": "1", "email": "alice@example.org", "email_verified": false})
		if r := w.signIn(c); r != "claim_unverified" {
			t.Errorf("%q", r)
		}
	})
}

func TestGroupsThatAreOnlyInUserInfo(t *testing.T) {
	w := newWorld(t)
	w.exchange.Provision = (&justintime.Provisioner{Control: w.Control}).Provision
	staff := w.Group(t, account, "staff")
	w.Change(t, func(tx *store.Tx) error {
		in, err := store.SignIns.Get(t.Context(), tx, string(account))
		if err != nil {
			return err
		}
		in.GroupsClaim, in.CreateUsers = "groups", true
		return store.SignIns.Update(tx, in)
	})
	issuer := *w.issuer
	issuer.ClaimPath, issuer.StorePath = "email", sso.ByEmail
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Update(tx, &issuer) })
	c := w.register(nil)
	w.idp.Become(map[string]any{
		"sub": "2", "email": "carol@example.org", "email_verified": true, "groups": []string{"staff"},
	})
	w.idp.OnlyInUserInfo("groups")
	if r := w.signIn(c); r != "" {
		t.Fatalf("refused: %s", r)
	}
	snap := w.Engine.Current()
	members := slices.Collect(snap.MembersOf(staff.ID))
	if len(members) != 1 || members[0] == w.alice.ID {
		t.Errorf("members %v", members)
	}
	t.Run("no answer takes no group away", func(t *testing.T) {
		w.idp.Serve(oidctest.UserInfo, http.NotFound)
		if r := w.signIn(c); r != "issuer_unreachable" {
			t.Errorf("%q", r)
		}
		if got := slices.Collect(w.Engine.Current().MembersOf(staff.ID)); len(got) != 1 {
			t.Errorf("members %v", got)
		}
	})
}
