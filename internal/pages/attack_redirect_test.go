package pages_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/sso"
)

// tricks are redirect URIs that look like http://127.0.0.1/oauth/callback to somebody who does not look closely.
var tricks = map[string]string{
	"credentials":             "http://127.0.0.1@evil.example/oauth/callback",
	"credentials and a port":  "http://127.0.0.1:80@evil.example/oauth/callback",
	"credentials before it":   "http://evil@127.0.0.1/oauth/callback",
	"a longer host":           "http://127.0.0.1.evil.example/oauth/callback",
	"a longer path":           "http://127.0.0.1/oauth/callback/more",
	"a path that climbs":      "http://127.0.0.1/oauth/callback/../other",
	"an escaped path":         "http://127.0.0.1/oauth/%63allback",
	"a query":                 "http://127.0.0.1/oauth/callback?x=1",
	"a fragment":              "http://127.0.0.1/oauth/callback#x",
	"an empty fragment":       "http://127.0.0.1/oauth/callback#",
	"another scheme":          "https://127.0.0.1/oauth/callback",
	"a scheme in capitals":    "HTTP://127.0.0.1/oauth/callback",
	"a script":                "javascript://127.0.0.1/oauth/callback",
	"no scheme":               "//127.0.0.1/oauth/callback",
	"a backslash":             `http://127.0.0.1\@evil.example/oauth/callback`,
	"another loopback name":   "http://localhost/oauth/callback",
	"another loopback":        "http://[::1]/oauth/callback",
	"another spelling of it":  "http://2130706433/oauth/callback",
	"a port that is none":     "http://127.0.0.1:/oauth/callback",
	"a port that is a name":   "http://127.0.0.1:http/oauth/callback",
	"a line break":            "http://127.0.0.1/oauth/callback\r\nX: y",
	"a space before":          " http://127.0.0.1/oauth/callback",
	"nothing":                 "",
	"somebody else":           "https://evil.example/oauth/callback",
	"it in another's query":   "https://evil.example/?http://127.0.0.1/oauth/callback",
	"a host with a dot after": "http://127.0.0.1./oauth/callback",
}

func TestAttack22_RedirectURIsThatOnlyLookRegistered(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	for name, uri := range tricks {
		t.Run(name, func(t *testing.T) {
			w.t = t
			b := w.browser().open(authorization(c.id, url.Values{"redirect_uri": {uri}}))
			if b.left != nil || len(b.trail) > 0 || b.status != 400 || strings.Contains(b.page, `id="approve"`) {
				t.Errorf("%v %v %d %s", b.left, b.trail, b.status, b.page)
			}
		})
	}
	w.t = t
	w.browser().open(authorization(c.id, nil)).press("approve").sent()
}

func TestAttack22_RedirectURIsThatOnlyLookAnApplications(t *testing.T) {
	w := newWorld(t)
	app := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type: sso.AuthorizationCode,
			RedirectURIs: []string{"https://app.example.org/back", "javascript:alert(1)", "https://app.example.org/b#f",
				"http://127.0.0.1/back"},
		}}
	})
	for _, uri := range []string{
		"https://app.example.org/back/", "https://app.example.org/back?x", "https://app.example.org/Back",
		"https://app.example.org:443/back", "https://APP.example.org/back",
		"https://app.example.org@evil.example/back", "https://app.example.org.evil.example/back",
		"http://app.example.org/back", "javascript:alert(1)",
		"https://app.example.org/b#f", "http://127.0.0.1:8080/back", "https://app.example.org/%62ack", "",
	} {
		if b := w.browser().open(authorization(app.ARN(), url.Values{"redirect_uri": {uri}})); b.left != nil ||
			len(b.trail) > 0 || b.status != 400 {
			t.Errorf("%q: %v %d", uri, b.left, b.status)
		}
	}
	if b := w.browser().open(authorization(app.ARN(),
		url.Values{"redirect_uri": {"https://app.example.org/back"}})); b.left == nil || b.left.Query().Get("code") == "" {
		t.Errorf("%v %s", b.left, b.page)
	}
}

func TestRegisterClientRefuses(t *testing.T) {
	w := newWorld(t)
	before := len(w.Records(t))
	closed := w.application(func(a *sso.Application) {})
	open := w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{Type: sso.AuthorizationCode, RedirectURIs: []string{"https://app.example.org/back"}}}
	})
	with := func(more map[string]any) map[string]any {
		in := map[string]any{"clientName": "tool", "clientType": "public"}
		for k, v := range more {
			in[k] = v
		}
		return in
	}
	for name, c := range map[string]struct {
		in           map[string]any
		kind, reason string
	}{
		"a confidential client": {with(map[string]any{"clientType": "confidential"}),
			"InvalidClientMetadataException", "client_type"},
		"a name without end": {with(map[string]any{"clientName": strings.Repeat("x", 129)}),
			"InvalidClientMetadataException", "client_name"},
		"a name that turns around": {with(map[string]any{"clientName": "tool\u202Eexe"}),
			"InvalidClientMetadataException", "client_name"},
		"a grant type of applications": {with(map[string]any{"grantTypes": []string{string(sso.TokenExchange)}}),
			"InvalidClientMetadataException", "grant_types"},
		"a scope of two words": {with(map[string]any{"scopes": []string{"a b"}}), "InvalidClientMetadataException",
			"scopes"},
		"many redirect URIs": {with(map[string]any{"redirectUris": []string{loopback, loopback, loopback,
			loopback, loopback, loopback}}), "InvalidClientMetadataException", "redirect_uris"},
		"a redirect URI of the internet": {with(map[string]any{"redirectUris": []string{"https://evil.example/"}}),
			"InvalidRedirectUriException", "redirect_uri_not_allowed"},
		"a redirect URI of an app": {with(map[string]any{"redirectUris": []string{"evil:/back"}}),
			"InvalidRedirectUriException", "redirect_uri_not_allowed"},
		"an application for nobody": {with(map[string]any{"entitledApplicationArn": closed.ARN()}),
			"InvalidClientMetadataException", "application_unknown"},
		"an application that is none": {with(map[string]any{"entitledApplicationArn": "x"}), "InvalidClientMetadataException",
			"application_unknown"},
		"another redirect URI than the application's": {with(map[string]any{
			"entitledApplicationArn": open.ARN(),
			"redirectUris":           []string{"https://app.example.org/other"},
		}),
			"InvalidRedirectUriException", "redirect_uri_not_allowed"},
		"a start URL of nobody": {with(map[string]any{"issuerUrl": "https://d-0123456789.awsapps.com/start"}),
			"InvalidRequestException", "start_url_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.post("/client/register", c.in)
			if a.status != 400 || a.kind != c.kind || a.reason() != c.reason {
				t.Errorf("%+v, want %s %s", a, c.kind, c.reason)
			}
		})
	}
	for _, uri := range tricks {
		if uri == tricks["another loopback"] || uri == tricks["a longer path"] || uri == tricks["a path that climbs"] ||
			uri == tricks["an escaped path"] || uri == tricks["a query"] || uri == "" {
			continue // also loopback addresses: a client may register them
		}
		if a := w.post("/client/register", with(map[string]any{"redirectUris": []string{uri}})); a.status != 400 {
			t.Errorf("%q can be registered: %+v", uri, a)
		}
	}
	a := w.post("/client/register",
		with(map[string]any{
			"entitledApplicationArn": open.ARN(),
			"redirectUris":           []string{"https://app.example.org/back"},
			"issuerUrl":              "https://" + w.Center(t, account).IdentityStoreID + ".awsapps.com/start",
		}))
	if a.status != 200 || a.text("authorizationEndpoint") != w.url+"/authorize" ||
		a.object["clientSecretExpiresAt"].(float64)-a.object["clientIdIssuedAt"].(float64) != 90*24*3600 {
		t.Errorf("%+v", a)
	}
	if n := len(w.Records(t)); n != before {
		t.Errorf("registrations leave %d records: anybody could fill the log", n-before)
	}
}
