package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/control/oauth"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// approved is a client, and the URL with the code to which the browser was sent.
func approved(w *world, change url.Values) (*client, *url.URL) {
	w.t.Helper()
	c := w.register(nil)
	return c, w.browser().open(authorization(c.id, change)).press("approve").sent()
}

func TestAttack22_CodesOfOthers(t *testing.T) {
	w := newWorld(t)
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{back}}}
	})
	c, to := approved(w, nil)
	w.register(nil).redeem(to, nil).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_of_another_client")
	w.withIAM(map[string]any{
		"clientId":     app.ARN(),
		"grantType":    "authorization_code",
		"code":         to.Query().Get("code"),
		"redirectUri":  back,
		"codeVerifier": verifier,
	}).
		wants(t, 400, "InvalidGrantException", "invalid_grant", "code_of_another_client")
	c.redeem(to, map[string]any{"clientSecret": w.register(nil).secret}).wants(t, 401, "InvalidClientException",
		"invalid_client", "client_secret")
	c.redeem(to, map[string]any{"clientSecret": "x"}).wants(t, 401, "InvalidClientException", "invalid_client",
		"client_secret")
	c.redeem(to, map[string]any{"clientId": c.id[:len(c.id)-4] + "AAAA"}).wants(t, 401, "InvalidClientException",
		"invalid_client", "client_unknown")
	c.redeem(to, map[string]any{"redirectUri": loopback}).wants(t, 400, "InvalidGrantException", "invalid_grant",
		"redirect_uri_mismatch")
	c.redeem(to, map[string]any{"redirectUri": nil}).wants(t, 400, "InvalidRequestException", "invalid_request",
		"parameter_missing")
	for _, v := range []any{nil, "", strings.Repeat("x", 43), challenge(), verifier + "x", "short"} {
		c.redeem(to, map[string]any{"codeVerifier": v}).wants(t, 400, "InvalidGrantException", "invalid_grant",
			"code_verifier_mismatch")
	}
	c.redeem(to, map[string]any{"code": "x"}).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_unknown")
	c.redeem(to, nil).opens(w)
	c.redeem(to, nil).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
	records := w.Records(t)
	if last := records[len(records)-1]; last.EventName != "CreateToken" || last.Latchkey == nil ||
		last.Latchkey.Reason != "code_replayed" || last.RecipientAccountID != string(account) {
		t.Errorf("the record of the replay is %+v", last)
	}

	_, late := approved(w, nil)
	w.Advance(oauth.CodeLife)
	c.redeem(late, nil).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_of_another_client")
	c, late = approved(w, nil)
	w.Advance(oauth.CodeLife)
	c.redeem(late, nil).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_expired")
}

// When many requests redeem one code at once, only one gets tokens.
func TestAttack22_OneCodeManyTimesAtOnce(t *testing.T) {
	w := newWorld(t)
	c, to := approved(w, nil)
	d := c.start()
	w.browser().enter(d.text("userCode")).press("approve").shows(200, "Approved")
	w.Advance(time.Minute)
	for name, try := range map[string]func() answer{
		"an authorization code": func() answer { return c.redeem(to, nil) },
		"a device code": func() answer {
			w.Advance(oauth.PollInterval)
			return c.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": d.text("deviceCode")})
		},
	} {
		var won, lost atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				switch a := try(); {
				case a.status == 200:
					won.Add(1)
				case a.reason() == "code_replayed" || a.reason() == "polled_too_fast":
					lost.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 7 {
			t.Errorf("%s: %d got tokens, %d were refused as they should", name, won.Load(), lost.Load())
		}
	}
}

// A public client cannot omit PKCE, and nobody can remove it from the request for an application's code.
func TestAttack22_DowngradeOfPKCE(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	for name, change := range map[string]url.Values{
		"no challenge":      {"code_challenge": nil, "code_challenge_method": nil},
		"an empty one":      {"code_challenge": {""}},
		"plain":             {"code_challenge_method": {"plain"}, "code_challenge": {verifier}},
		"no method":         {"code_challenge_method": nil},
		"a short challenge": {"code_challenge": {"abc"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if q := w.browser().open(authorization(c.id, change)).sent().Query(); q.Get("error") != "invalid_request" ||
				q.Get("state") != "s1" {
				t.Errorf("%v", q)
			}
		})
	}
	w.t = t
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{back}}}
	})
	ask := func(change url.Values) map[string]any {
		to := w.browser().open(authorization(app.ARN(), change)).sent()
		return map[string]any{
			"clientId":    app.ARN(),
			"grantType":   "authorization_code",
			"code":        to.Query().Get("code"),
			"redirectUri": back,
		}
	}
	in := ask(url.Values{"code_challenge": nil, "code_challenge_method": nil})
	in["codeVerifier"] = verifier
	w.withIAM(in).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_verifier_mismatch")
	delete(in, "codeVerifier")
	if a := w.withIAM(in); a.status != 200 {
		t.Errorf("an application without PKCE: %+v", a)
	}
	w.withIAM(ask(nil)).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_verifier_mismatch")
}

// A refresh token belongs to its client. Nothing accepts it with another client's secret, or at the application's own
// endpoint.
func TestAttack20_RefreshTokensOfOthers(t *testing.T) {
	w := newWorld(t)
	c, to := approved(w, nil)
	out := c.redeem(to, nil)
	refresh := map[string]any{"grantType": "refresh_token", "refreshToken": out.text("refreshToken")}
	w.register(nil).token(refresh).wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_invalid")
	w.withIAM(map[string]any{
		"clientId":     w.app.ARN(),
		"grantType":    "refresh_token",
		"refreshToken": out.text("refreshToken"),
	}).
		wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_invalid")
	c.token(map[string]any{"grantType": "refresh_token", "refreshToken": out.text("accessToken")}).
		wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_invalid")
	own := w.withIAM(map[string]any{
		"clientId":  w.app.ARN(),
		"grantType": string(sso.JWTBearer),
		"assertion": w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "email": "alice@example.org"}),
	})
	c.token(map[string]any{"grantType": "refresh_token", "refreshToken": own.text("refreshToken")}).
		wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_invalid")
	none := w.register(map[string]any{"grantTypes": []string{"authorization_code"}})
	if a := none.redeem(w.browser().open(authorization(none.id, nil)).press("approve").sent(), nil); a.status != 200 ||
		a.text("refreshToken") != "" {
		t.Errorf("a client that did not register for refresh tokens: %+v", a)
	}
	none.start().wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "grant_type_not_registered")
	none.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": "x"}).
		wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "grant_type_not_registered")
	w.Advance(oauth.DefaultSession - oauth.TokenLife/2)
	if a := c.token(refresh); a.status != 200 || a.object["expiresIn"].(float64) > 1800 {
		t.Errorf("refreshed shortly before the end of the session: %+v", a)
	}
	w.Advance(oauth.TokenLife)
	c.token(refresh).wants(t, 400, "ExpiredTokenException", "expired_token", "token_expired")
	w.Advance(oauth.ClientLife)
	c.start().wants(t, 401, "InvalidClientException", "invalid_client", "client_expired")
}

// A sign-in ends when something that it depends on is removed, before the code is redeemed or before the token is used.
func TestAttack21_SignInsEndWithWhatTheyHangOn(t *testing.T) {
	for reason, end := range map[string]func(*world){
		"user_disabled": func(w *world) { w.SetPerson(w.t, w.alice, func(u *directory.User) { u.Disabled = true }) },
		"user_deleted": func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error { return store.DirectoryUsers.Delete(tx, string(w.alice.ID)) })
		},
		"not_assigned": func(w *world) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.AssignmentOptional = false })
		},
		"application_disabled": func(w *world) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.Disabled = true })
		},
		"application_deleted": func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Applications.Delete(tx, w.app.ID) })
		},
		"issuer_deleted": func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error { return store.Issuers.Delete(tx, w.issuer.ID) })
		},
		"issuer_unknown": func(w *world) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.Grants = a.Grants[1:] })
		},
		"instance_deleted": func(w *world) {
			i := *w.Center(w.t, account)
			i.Deleted = true
			w.Change(w.t, func(tx *store.Tx) error { return store.IdentityCenters.Insert(tx, &i) })
		},
	} {
		t.Run(reason, func(t *testing.T) {
			w := newWorld(t)
			other := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.TokenExchange}} })
			c, to := approved(w, nil)
			out := c.redeem(to, nil)
			out.opens(w)
			to = w.browser().open(authorization(c.id, nil)).press("approve").sent()
			d := c.start()
			w.browser().enter(d.text("userCode")).press("approve").shows(200, "Approved")
			end(w)
			c.redeem(to, nil).wants(t, 400, "AccessDeniedException", "access_denied", reason)
			c.poll(d).wants(t, 400, "AccessDeniedException", "access_denied", reason)
			c.token(map[string]any{"grantType": "refresh_token", "refreshToken": out.text("refreshToken")}).wants(t, 400,
				"AccessDeniedException", "access_denied", reason)
			if reason != "instance_deleted" { // which deletes the other application too
				w.withIAM(map[string]any{
					"clientId":         other.ARN(),
					"grantType":        string(sso.TokenExchange),
					"subjectToken":     out.text("accessToken"),
					"subjectTokenType": oauth.AccessTokenType,
				}).wants(t, 400, "AccessDeniedException", "access_denied", reason)
			}
			b := w.browser().open(authorization(c.id, nil))
			if b.left == nil {
				b.press("approve")
			}
			if b.left.Query().Get("code") != "" || b.left.Query().Get("error") == "" {
				t.Errorf("who signs in now is sent to %v", b.left)
			}
		})
	}
}

// No secret is in a log record, an audit record or the database.
func TestAttack25_NoCodeIsKeptOrLogged(t *testing.T) {
	w := newWorld(t)
	c, to := approved(w, nil)
	out := c.redeem(to, nil)
	c.redeem(to, nil)
	again := c.token(map[string]any{"grantType": "refresh_token", "refreshToken": out.text("refreshToken")})
	d := c.start()
	b := w.browser().enter(d.text("userCode"))
	form := hidden.FindStringSubmatch(b.page)[1]
	b.press("approve")
	tokens := c.poll(d)
	secrets := []string{
		to.Query().Get("code"), verifier, c.secret, out.text("accessToken"), out.text("refreshToken"),
		again.text("accessToken"),
		d.text("deviceCode"), strings.ReplaceAll(d.text("userCode"), "-", ""), d.text("userCode"), tokens.text("accessToken"),
		form,
	}
	for _, u := range b.trail {
		secrets = append(secrets, u.Query().Get("state"), u.Query().Get("code"), u.Query().Get("nonce"))
	}
	places := map[string]string{"the log": w.log.String()}
	for _, e := range w.Records(t) {
		line, err := e.JSON()
		must(t, err)
		places["the record of "+e.EventName] += string(line)
	}
	for place, text := range places {
		for i, s := range secrets {
			if s != "" && strings.Contains(text, s) {
				t.Errorf("%s holds secret %d: %s", place, i, text)
			}
		}
	}
	for _, name := range []string{"UserAuthentication", "StartDeviceAuthorization", "CreateToken"} {
		if places["the record of "+name] == "" {
			t.Errorf("no record of %s", name)
		}
	}
	if !strings.Contains(places["the record of UserAuthentication"], string(w.alice.ID)) ||
		!strings.Contains(places["the record of CreateToken"], string(w.alice.ID)) {
		t.Errorf("the records do not say who signed in: %v", places)
	}
}

// A client that polls, fails and starts requests without end does not fill the log, and is slowed down.
func TestAttack40_DevicesWithoutEnd(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	before := len(w.Records(t))
	for range 3 {
		c.poll(d)
		c.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": "x"})
		c.token(map[string]any{"grantType": "authorization_code", "code": "x", "redirectUri": back})
		c.token(map[string]any{"clientId": "x", "grantType": "authorization_code"})
	}
	if n := len(w.Records(t)); n != before {
		t.Errorf("%d records of nothing", n-before)
	}
	refused := answer{}
	for i := 0; i < 200 && refused.status != 400; i++ {
		refused = c.start()
	}
	refused.wants(t, 400, "SlowDownException", "slow_down", "too_many_requests")
	w.Advance(time.Minute)
	if a := c.start(); a.status != http.StatusOK {
		t.Errorf("a minute later: %+v", a)
	}
}
