package login

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/oidc/oidctest"
)

func TestFindProvider(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		says   string
	}{
		"of another issuer": {map[string]any{"issuer": "https://evil.example.org"},
			`says that its issuer is "https://evil.example.org"`},
		"without a token endpoint": {map[string]any{"token_endpoint": nil}, "has no token_endpoint"},
		"with an endpoint that is no page": {map[string]any{"authorization_endpoint": "file:///etc/passwd"},
			"authorization_endpoint \"file:///etc/passwd\" is not a URL"},
		"with an endpoint that is an option": {map[string]any{"authorization_endpoint": "--help"}, "is not a URL"},
		"with an escape sequence": {map[string]any{"authorization_endpoint": "https://idp.example.org/\u009b2J"},
			"is not a URL"},
		"with an endpoint without TLS": {map[string]any{"token_endpoint": "http://idp.example.org/token"}, "has no TLS"},
		"that gives no codes": {map[string]any{"response_types_supported": []string{"id_token"}},
			"does not give authorization codes"},
	} {
		t.Run("refused: a document "+name, func(t *testing.T) {
			p := oidctest.NewProvider(t, "cli", alice)
			p.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
				m := p.Metadata()
				for k, v := range c.change {
					if m[k] = v; v == nil {
						delete(m, k)
					}
				}
				_ = json.NewEncoder(w).Encode(m)
			})
			if _, err := FindProvider(t.Context(), p.URL, false); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	p := oidctest.NewProvider(t, "cli", alice)
	p.Serve("/moved/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.URL+oidctest.Discovery, http.StatusFound)
	})
	p.Serve("/page/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>")
	})
	for name, c := range map[string]struct{ issuer, says string }{
		"an issuer elsewhere without TLS": {"http://idp.example.org", "has no TLS"},
		"an issuer that is no URL":        {"idp.example.org", "is not a URL"},
		"the document's own URL":          {p.URL + oidctest.Discovery, "must be the issuer itself"},
		"an issuer with another ending":   {p.URL + "/", "use exactly what it says"},
		"an issuer that leads elsewhere":  {p.URL + "/moved", "answers 302"},
		"an issuer that is a page":        {p.URL + "/page", "something else than JSON"},
		"an issuer that is not there":     {p.URL + "/none", "answers 404"},
		"nobody":                          {"http://127.0.0.1:1", "nobody answers"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			if _, err := FindProvider(t.Context(), c.issuer, false); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	for raw, ok := range map[string]bool{
		DefaultRedirect:                        true,
		"http://localhost:8400":                true,
		"http://[::1]/cb":                      true,
		"http://127.0.0.1:8400/oauth/callback": true,
		"https://127.0.0.1/callback":           false,
		"http://0.0.0.0/callback":              false,
		"http://evil.example.org/callback":     false,
		"http://127.0.0.1.example.org/":        false,
		"http://u@127.0.0.1/":                  false,
		"http://127.0.0.1/?a=b":                false,
		"myapp:/callback":                      false,
	} {
		if _, err := parseRedirect(raw); (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
