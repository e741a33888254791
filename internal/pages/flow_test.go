package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/sso"
)

func TestIdentityCase102_DeviceCode(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	if d.status != http.StatusOK || d.object["expiresIn"] != 600.0 || d.object["interval"] != 1.0 ||
		d.text("verificationUri") != w.url+"/device" ||
		d.text("verificationUriComplete") != w.url+"/device?user_code="+d.text("userCode") {
		t.Fatalf("%+v", d)
	}
	c.poll(d).wants(t, 400, "AuthorizationPendingException", "authorization_pending", "not_approved_yet")
	c.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": d.text("deviceCode")}).
		wants(t, 400, "SlowDownException", "slow_down", "polled_too_fast")
	b := w.browser().enter(strings.ToLower(strings.ReplaceAll(d.text("userCode"), "-", " ")))
	b.shows(200, "tool")
	b.shows(200, "127.0.0.1")
	b.press("approve").shows(200, "Approved")
	out := c.poll(d)
	got := out.opens(w)
	if got.UserID != string(w.alice.ID) || got.ApplicationARN != w.app.ARN() || got.IssuerARN != w.issuer.ARN() ||
		out.text("refreshToken") == "" {
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
		w.Advance(oauth.ClientLife / 9000)
		c.poll(d).wants(t, 400, "ExpiredTokenException", "expired_token", "token_expired")
		w.browser().enter(d.text("userCode")).shows(404, "may have expired")
	})
}

func TestAuthorizationCodeOfTheCommandLine(t *testing.T) {
	w := newWorld(t)
	c := w.register(map[string]any{
		"grantTypes": []string{"authorization_code", "refresh_token"},
		"scopes":     []string{"sso:account:access"},
		"issuerUrl":  "https://grants.example.org/start",
	})
	b := w.browser().open(authorization(c.id, url.Values{"scopes": {"sso:account:access"}}))
	b.shows(200, "tool")
	to := b.press("approve").sent()
	if q := to.Query(); q.Get("state") != "s1" || q.Get("code") == "" || q.Get("iss") != w.url ||
		len(q) != 3 {
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
		"clientId":         other.ARN(),
		"grantType":        string(sso.TokenExchange),
		"subjectToken":     out.text("accessToken"),
		"subjectTokenType": oauth.AccessTokenType,
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
	if q := b.left.Query(); q.Get("error") != "access_denied" ||
		!strings.HasPrefix(q.Get("error_description"), "not_assigned: ") {
		t.Fatalf("unassigned: %v", b.left)
	}
	w.Assign(t, app, sso.User, string(w.alice.ID))
	b = w.browser().open(authorization("", ask))
	if q := b.left.Query(); b.left.Host != "app.example.org" || q.Get("tab") != "1" || q.Get("code") == "" ||
		q.Get("state") != "s1" {
		t.Fatalf("%v", b.left)
	}
	in := map[string]any{
		"clientId":     app.ARN(),
		"grantType":    "authorization_code",
		"code":         b.left.Query().Get("code"),
		"redirectUri":  ask.Get("redirect_uri"),
		"codeVerifier": verifier,
	}
	out := w.withIAM(in)
	if out.status != 200 || out.text("idToken") == "" || out.text("issuedTokenType") != oauth.AccessTokenType {
		t.Fatalf("%+v", out)
	}
	w.withIAM(in).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
}

// A start URL names the account in which people sign in.
func TestAccountsOfStartURLs(t *testing.T) {
	w := newWorld(t)
	const second = access.AccountID("210987654321")
	w.Add(t, controltest.Account(second))
	here, there := w.Center(t, account), w.Center(t, second)
	c := w.register(nil)
	for url, reason := range map[string]string{
		"https://grants.example.org/start": "", "start": "", "https://" + here.IdentityStoreID + ".awsapps.com/start": "",
		"https://grants.example.org/" + here.ID: "", "https://grants.example.org/x" + there.IdentityStoreID + "/": "",
		"https://" + there.IdentityStoreID + ".awsapps.com/start":        "sign_in_not_configured",
		"https://grants.example.org/" + there.ID + "/start":              "sign_in_not_configured",
		"https://grants.example.org/start?x=" + there.IdentityStoreID:    "",
		"https://d-0123456789.awsapps.com/start":                         "start_url_unknown",
		"https://grants.example.org/ssoins-0123456789abcdef/start#/more": "start_url_unknown",
	} {
		a := c.post("/device_authorization", map[string]any{"clientId": c.id, "clientSecret": c.secret, "startUrl": url})
		if a.reason() != reason || (a.status == http.StatusOK) != (reason == "") {
			t.Errorf("%s: %+v, want %q", url, a, reason)
		}
	}
	bound := w.register(map[string]any{"issuerUrl": "https://" + there.IdentityStoreID + ".awsapps.com/start"})
	bound.start().wants(t, 400, "InvalidRequestException", "invalid_request", "start_url_mismatch")
	if q := w.browser().open(authorization(bound.id, nil)).sent().Query(); !strings.HasPrefix(q.Get("error_description"),
		"sign_in_not_configured: ") {
		t.Errorf("%v", q)
	}
}

// A client may register for an application at which people sign in. Its tokens then belong to that application, and end
// with it.
func TestClientsOfAnApplication(t *testing.T) {
	w := newWorld(t)
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{"https://app.example.org/back"}}}
		a.AssignmentOptional = false
	})
	c := w.register(map[string]any{
		"entitledApplicationArn": app.ARN(),
		"redirectUris":           []string{"https://app.example.org/back", loopback},
	})
	b := w.browser().open(authorization(c.id, nil)).press("approve")
	if q := b.sent().Query(); !strings.HasPrefix(q.Get("error_description"), "not_assigned: ") {
		t.Fatalf("%v", q)
	}
	w.Assign(t, app, sso.User, string(w.alice.ID))
	to := w.browser().open(authorization(c.id, nil)).press("approve").sent()
	d := c.redeem(to, nil).opens(w)
	if d.ApplicationARN != app.ARN() || d.OriginARN != w.app.ARN() {
		t.Errorf("%+v", d)
	}
	far := url.Values{"redirect_uri": {"https://app.example.org/back"}}
	if b := w.browser().open(authorization(c.id, far)).press("approve"); b.left == nil ||
		b.left.Host != "app.example.org" || b.left.Query().Get("code") == "" {
		t.Errorf("%v %s", b.left, b.page)
	}
	to = w.browser().open(authorization(c.id, nil)).press("approve").sent()
	w.SetApplication(t, app, func(a *sso.Application) {
		a.Grants[0].RedirectURIs = []string{"https://app.example.org/other"}
	})
	if b := w.browser().open(authorization(c.id, far)); b.left != nil || b.status != 400 {
		t.Errorf("a redirect URI that was taken away: %v %s", b.left, b.page)
	}
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Disabled = true }) // at which alice signed in
	c.redeem(to, nil).wants(t, 400, "AccessDeniedException", "access_denied", "application_disabled")
}
