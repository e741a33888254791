package pages_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/control/oauth"
	"latchkey/internal/sso"
)

// When an application loses a permission, clients that registered for it before lose it too.
func TestAttack21_ClientsOfAnApplicationThatMayNoMore(t *testing.T) {
	w := newWorld(t)
	signIn := sso.Grant{Type: sso.AuthorizationCode, RedirectURIs: []string{"https://app.example.org/back"}}
	app := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{signIn, {Type: sso.RefreshToken}} })
	c := w.register(map[string]any{"entitledApplicationArn": app.ARN(), "redirectUris": []string{loopback}})
	tokens := c.redeem(w.browser().open(authorization(c.id, nil)).press("approve").sent(), nil)
	refresh := func() answer {
		return c.token(map[string]any{"grantType": "refresh_token", "refreshToken": tokens.text("refreshToken")})
	}
	refresh().opens(w)
	w.SetApplication(t, app, func(a *sso.Application) { a.Grants = []sso.Grant{signIn} })
	refresh().wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "grant_type_not_configured")

	waiting := w.browser().enter(c.start().text("userCode"))
	w.SetApplication(t, app, func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.RefreshToken}} })
	c.start().wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "grant_type_not_configured")
	waiting.press("approve").shows(400, "grant_type_not_configured")
	refresh().wants(t, 400, "AccessDeniedException", "access_denied", "application_grant_removed") // what is cut stays cut
}

// A redirect URI that only begins like a loopback address is one that the application must allow. The page does not
// show it as a program on this computer.
func TestAttack22_RedirectURIThatBeginsLikeLoopback(t *testing.T) {
	w := newWorld(t)
	const near = "http://127.0.0.1.example.org/back"
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{near}}}
	})
	c := w.register(map[string]any{"entitledApplicationArn": app.ARN(), "redirectUris": []string{near, loopback}})
	const claim = "a program on this computer"
	if b := w.browser().open(authorization(c.id, url.Values{"redirect_uri": {near}})); b.status != 200 ||
		strings.Contains(b.page, claim) {
		t.Errorf("%d %s", b.status, b.page)
	}
	if b := w.browser().open(authorization(c.id, nil)); b.status != 200 || !strings.Contains(b.page, claim) {
		t.Errorf("%d %s", b.status, b.page)
	}
	w.SetApplication(t, app, func(a *sso.Application) {
		a.Grants[0].RedirectURIs = []string{"https://app.example.org/back"}
	})
	if b := w.browser().open(authorization(c.id, url.Values{"redirect_uri": {near}})); b.status != 400 || b.left != nil {
		t.Errorf("a redirect URI that was taken away: %d %v %s", b.status, b.left, b.page)
	}
	if oauth.Loopback(near) || !oauth.Loopback(back) {
		t.Error("what is loopback")
	}
}
