package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/control/exchange"
	"latchkey/internal/sso"
)

func TestIdentityCase102_DeviceCode(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	if d.status != http.StatusOK || d.object["expiresIn"] != 600.0 || d.object["interval"] != 1.0 || d.text("verificationUri") != w.url+"/device" ||
		d.text("verificationUriComplete") != w.url+"/device?user_code="+d.text("userCode") {
		t.Fatalf("%+v", d)
	}
	c.poll(d).wants(t, 400, "AuthorizationPendingException", "authorization_pending", "not_approved_yet")
	c.token(map[string]any{"grantType": string(exchange.DeviceCode), "deviceCode": d.text("deviceCode")}).
		wants(t, 400, "SlowDownException", "slow_down", "polled_too_fast")
	b := w.browser().enter(strings.ToLower(strings.ReplaceAll(d.text("userCode"), "-", " ")))
	b.shows(200, "tool")
	b.shows(200, "127.0.0.1")
	b.press("approve").shows(200, "Approved")
	out := c.poll(d)
	got := out.opens(w)
	if got.UserID != string(w.alice.ID) || got.ApplicationARN != w.app.ARN() || got.IssuerARN != w.issuer.ARN() || out.text("refreshToken") == "" {
		t.Fatalf("%+v", got)
	}
	c.poll(d).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
	t.Run("denied", func(t *testing.T) {
		d := c.start()
		w.browser().enter(d.text("userCode")).press("deny").shows(200, "Denied")
		c.poll(d).wants(t, 400, "AccessDeniedException", "access_denied", "denied_by_person")
	})
	t.Run("expired", func(t *testing.T) {
		d := c.start()
		w.Advance(exchange.ClientLife / 9000)
		c.poll(d).wants(t, 400, "ExpiredTokenException", "expired_token", "token_expired")
		w.browser().enter(d.text("userCode")).shows(404, "may have expired")
	})
}

func TestAuthorizationCodeOfTheCommandLine(t *testing.T) {
	w := newWorld(t)
	c := w.register(map[string]any{
		"grantTypes": []string{"authorization_code", "refresh_token"}, "scopes": []string{"sso:account:access"}, "issuerUrl": "https://grants.example.org/start",
	})
	b := w.browser().open(authorization(c.id, url.Values{"scopes": {"sso:account:access"}}))
	b.shows(200, "tool")
	to := b.press("approve").sent()
	if q := to.Query(); q.Get("state") != "s1" || q.Get("code") == "" || len(q) != 2 {
		t.Fatalf("%v", to)
	}
	out := c.redeem(to, nil)
	d := out.opens(w)
	if d.UserID != string(w.alice.ID) || !d.HasScope(sso.S3Scope) {
		t.Errorf("%+v", d)
	}
	again := c.token(map[string]any{"grantType": "refresh_token", "refreshToken": out.text("refreshToken")})
	if d2 := again.opens(w); d2.UserID != d.UserID || !d2.SignedIn.Equal(d.SignedIn) {
		t.Errorf("%+v", d2)
	}

	other := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.TokenExchange}} })
	subject := map[string]any{
		"clientId": other.ARN(), "grantType": string(sso.TokenExchange), "subjectToken": out.text("accessToken"), "subjectTokenType": exchange.AccessTokenType,
	}
	if a := w.withIAM(subject); a.status != 200 || a.text("idToken") == "" {
		t.Fatalf("%+v", a)
	}
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Disabled = true })
	w.withIAM(subject).wants(t, 400, "AccessDeniedException", "access_denied", "application_disabled")
	c.token(map[string]any{"grantType": "refresh_token", "refreshToken": out.text("refreshToken")}).
		wants(t, 400, "AccessDeniedException", "access_denied", "application_disabled")
}

func TestAuthorizationCodeOfAnApplication(t *testing.T) {
	w := newWorld(t)
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{"https://app.example.org/back?tab=1"}}}
		a.AssignmentOptional = false
	})
	ask := url.Values{"redirect_uri": {"https://app.example.org/back?tab=1"}, "client_id": {app.ARN()}}
	b := w.browser().open(authorization("", ask))
	if q := b.left.Query(); q.Get("error") != "access_denied" || !strings.HasPrefix(q.Get("error_description"), "not_assigned: ") {
		t.Fatalf("unassigned: %v", b.left)
	}
	w.Assign(t, app, sso.User, string(w.alice.ID))
	b = w.browser().open(authorization("", ask))
	if q := b.left.Query(); b.left.Host != "app.example.org" || q.Get("tab") != "1" || q.Get("code") == "" || q.Get("state") != "s1" {
		t.Fatalf("%v", b.left)
	}
	in := map[string]any{
		"clientId": app.ARN(), "grantType": "authorization_code", "code": b.left.Query().Get("code"), "redirectUri": ask.Get("redirect_uri"), "codeVerifier": verifier,
	}
	out := w.withIAM(in)
	if out.status != 200 || out.text("idToken") == "" || out.text("issuedTokenType") != exchange.AccessTokenType {
		t.Fatalf("%+v", out)
	}
	w.withIAM(in).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
}
