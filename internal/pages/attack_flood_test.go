package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Requests that anybody can send without limit leave no record in an account's log.
func TestAttack40_RecordsByNobody(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	before := len(w.Records(t))
	unrecorded := func(what string) {
		t.Helper()
		if n := len(w.Records(t)); n != before {
			t.Errorf("%s: %d new records", what, n-before)
			before = n
		}
	}
	w.idp.Serve("/token", func(rw http.ResponseWriter, _ *http.Request) {
		http.Error(rw, `{"error":"invalid_grant"}`, http.StatusBadRequest)
	})
	for name, answer := range map[string]url.Values{
		"a refusal":               {"error": {"access_denied"}, "iss": {w.idp.URL}},
		"a code of nobody's":      {"code": {"x"}, "iss": {w.idp.URL}},
		"no code":                 {"iss": {w.idp.URL}},
		"another provider's name": {"code": {"x"}, "iss": {"https://evil.example"}},
	} {
		b := w.browser()
		to := b.attempt(c)
		answer.Set("state", to.Query().Get("state"))
		if q := b.open(to.Path + "?" + answer.Encode()).sent().Query(); q.Get("error") != "access_denied" {
			t.Errorf("%s: %v", name, q)
		}
		unrecorded(name)
	}

	d := c.start()
	before = len(w.Records(t)) // each device's request is recorded, and their number is limited
	thief := w.register(nil)
	for range 3 {
		thief.poll(d).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_of_another_client")
	}
	unrecorded("a device code at another client")
	w.browser().enter(d.text("userCode")).press("deny")
	c.poll(d).wants(t, 400, "AccessDeniedException", "access_denied", "denied_by_person")
	if n := len(w.Records(t)); n != before+1 {
		t.Errorf("a denial left %d records", n-before)
	}
	before = len(w.Records(t))
	c.poll(d).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_unknown")
	unrecorded("a denial that is asked for again")
}

// Expired rows are deleted in every account, whichever devices ask.
func TestAttack40_SweepingEachAccount(t *testing.T) {
	w := newWorld(t)
	const other = access.AccountID("210987654321")
	w.Add(t, controltest.Account(other))
	issuer := w.Issuer(t, other, w.idp.URL, nil)
	app := w.Application(t, other, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"latchkey"}}},
		}}
	})
	w.Change(t, func(tx *store.Tx) error {
		for i := range 3 {
			r := &store.DeviceRequest{
				ID:      fmt.Sprint("old", i),
				Account: other,
				Expires: w.Now().UTC().Add(-2 * oauth.DeviceLife),
			}
			if err := store.DeviceRequests.Insert(tx, r); err != nil {
				return err
			}
		}
		return store.SignIns.Insert(tx,
			&sso.SignIn{
				Account:     other,
				IssuerURL:   w.idp.URL,
				ClientID:    "latchkey",
				Scopes:      []string{"openid"},
				Application: app.ARN(),
			})
	})
	c := w.register(nil)
	if a := c.start(); a.status != http.StatusOK {
		t.Fatalf("%+v", a)
	}
	a := c.post("/device_authorization",
		map[string]any{
			"clientId":     c.id,
			"clientSecret": c.secret,
			"startUrl":     "https://" + app.InstanceID + ".example.org/start",
		})
	if a.status != http.StatusOK {
		t.Fatalf("%+v", a)
	}
	w.clean()
	if n, err := store.DeviceRequests.Count(t.Context(), w.DB, string(other)); err != nil || n != 1 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

// A network that starts device after device replaces its own requests, and nobody else's.
func TestAttack54_DevicesOfOneSource(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	neighbour := &store.DeviceRequest{
		ID: "neighbour", Account: account, Network: "198.51.100.7/32", Expires: w.Now().Add(oauth.DeviceLife),
	}
	w.Change(t, func(tx *store.Tx) error { return store.DeviceRequests.Insert(tx, neighbour) })
	approved := c.start()
	w.browser().enter(approved.text("userCode")).press("approve").shows(200, "Approved")
	oldest := c.start()
	for range oauth.MaxPendingOfSource {
		w.Advance(time.Second)
		if a := c.start(); a.status != 200 {
			t.Fatalf("%+v", a)
		}
	}
	n, err := store.DeviceRequests.Count(t.Context(), w.DB, string(account))
	if err != nil || n != oauth.MaxPendingOfSource+1 {
		t.Errorf("%d devices wait (%v)", n, err)
	}
	if _, err := store.DeviceRequests.Get(t.Context(), w.DB, "neighbour"); err != nil {
		t.Errorf("another network's device: %v", err)
	}
	c.poll(oldest).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_unknown")
	c.poll(approved).opens(w) // a person has approved it
}

// When an account has as many devices as may wait, the network with the most makes room for another network's.
func TestAttack54_ManySourcesLeaveRoom(t *testing.T) {
	w := newWorld(t)
	w.Change(t, func(tx *store.Tx) error {
		for i := range oauth.MaxPending {
			network := "192.0.2.1/32"
			if i%20 == 0 {
				network = fmt.Sprint("quiet", i)
			}
			r := &store.DeviceRequest{
				ID: fmt.Sprint("d", i), Account: account, Network: network, Expires: w.Now().Add(oauth.DeviceLife),
			}
			if err := store.DeviceRequests.Insert(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	c := w.register(nil)
	for range 5 {
		if a := c.start(); a.status != 200 {
			t.Fatalf("%+v", a)
		}
	}
	for i := range oauth.MaxPending {
		_, err := store.DeviceRequests.Get(t.Context(), w.DB, fmt.Sprint("d", i))
		if loud := i%20 != 0; (err != nil) != (loud && i <= 5) {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// Clients that register without end are held back by their address, and nobody registers where nobody can sign in.
func TestAttack54_Registrations(t *testing.T) {
	w := newWorld(t)
	try := func(more map[string]any) answer {
		in := map[string]any{"clientName": "tool", "clientType": "public"}
		for k, v := range more {
			in[k] = v
		}
		return w.post("/client/register", in)
	}
	for name, more := range map[string]map[string]any{
		"parameter_too_long": {"issuerUrl": "https://" + strings.Repeat("x", 2000)},
		"client_name":        {"clientName": "AWS\u200b CLI"},
		"client_name ":       {"clientName": " AWS CLI"},
		"redirect_uri":       {"redirectUris": []string{"http://127.0.0.1:99999/"}},
	} {
		if a := try(more); a.status != 400 || !strings.HasPrefix(a.reason(), strings.TrimSpace(name)) {
			t.Errorf("%s: %+v", name, a)
		}
	}
	var last answer
	for range 80 {
		last = try(nil)
	}
	last.wants(t, 400, "SlowDownException", "slow_down", "too_many_requests")
	w.Advance(time.Minute)
	if a := try(nil); a.status != 200 {
		t.Errorf("%+v", a)
	}
	w.Change(t, func(tx *store.Tx) error { return store.SignIns.Delete(tx, string(account)) })
	try(nil).wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "sign_in_not_configured")
}
