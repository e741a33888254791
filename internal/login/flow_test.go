package login

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/oidc/oidctest"
)

var alice = map[string]any{"sub": "alice", "email": "alice@example.org"}

// browse opens a URL as a browser that follows redirects would.
func browse(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// signIn signs in by the code flow. show stands for what the person does with the provider's page.
func signIn(t *testing.T, p *oidctest.Provider, show func(url string)) (*tokens, error) {
	t.Helper()
	found, err := FindProvider(t.Context(), p.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := parseRedirect(DefaultRedirect)
	if err != nil {
		t.Fatal(err)
	}
	f := &codeFlow{
		provider: found, config: found.config(p.Client, "", found.DefaultScopes()), redirect: redirect, now: time.Now,
		show: func(url string) error { show(url); return nil },
	}
	return f.run(t.Context())
}

func TestCodeFlow(t *testing.T) {
	p := oidctest.NewProvider(t, "cli", alice)
	var at *url.URL
	var page string
	got, err := signIn(t, p, func(u string) {
		at, _ = url.Parse(u)
		_, page = browse(t, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.identity.name() != "alice@example.org" || got.refresh == "" || got.id == "" {
		t.Errorf("%+v", got.identity)
	}
	if !strings.Contains(page, "You may close this window") {
		t.Errorf("the browser ends at %s", page)
	}
	q := at.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || len(q.Get("state")) < 20 ||
		!strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") {
		t.Errorf("the person is sent to %s", at)
	}
	if resp, err := http.Get(q.Get("redirect_uri")); err == nil {
		resp.Body.Close()
		t.Error("the loopback port is still open")
	}
}

// Requests that other pages and programs of the machine send to the loopback port neither sign anybody in nor end the
// sign-in.
func TestAttack_AnswersOfOthersAtTheLoopbackPort(t *testing.T) {
	p := oidctest.NewProvider(t, "cli", alice)
	_, err := signIn(t, p, func(u string) {
		at, _ := url.Parse(u)
		q := at.Query()
		back, state := q.Get("redirect_uri"), q.Get("state")
		try := func(want int, method, url, host string) {
			t.Helper()
			r, _ := http.NewRequestWithContext(t.Context(), method, url, nil)
			if host != "" {
				r.Host = host
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != want || strings.Contains(string(body), "<script>") ||
				resp.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s: %d %s, want %d", method, url, resp.StatusCode, body, want)
			}
		}
		try(400, "GET", back+"?code=stolen", "")
		try(400, "GET", back+"?code=stolen&state=guess", "")
		try(400, "GET", back+"?error=access_denied&state=<script>", "")
		try(404, "GET", strings.TrimSuffix(back, "/callback")+"/other?code=x&state="+state, "")
		try(403, "GET", back+"?code=x&state="+state, "evil.example.org")
		try(405, "POST", back+"?code=x&state="+state, "")
		browse(t, u)
		resp, err := http.Get(back + "?code=second&state=" + state)
		if err == nil { // the port may be closed already
			if resp.StatusCode != http.StatusGone {
				t.Errorf("a second answer: %d", resp.StatusCode)
			}
			resp.Body.Close()
		}
	})
	if err != nil {
		t.Errorf("the sign-in failed: %v", err)
	}
}

func TestCodeFlowRefused(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		do   func(p *oidctest.Provider, back, state string) string
	}{
		"the person says no": {"did not sign you in: access_denied", nil},
		"an answer of another provider": {"is not of the provider", func(_ *oidctest.Provider, back, state string) string {
			return back + "?code=x&iss=https://evil.example.org&state=" + state
		}},
		"an answer without its provider's name": {"is not of the provider",
			func(_ *oidctest.Provider, back, state string) string {
				return back + "?code=x&state=" + state
			}},
		"an answer without a code": {"without a code", func(p *oidctest.Provider, back, state string) string {
			return back + "?state=" + state + "&iss=" + p.URL
		}},
		"a code that the provider does not know": {"exchange the code: the provider answers invalid_grant",
			func(p *oidctest.Provider, back, state string) string {
				return back + "?code=stolen&state=" + state + "&iss=" + p.URL
			}},
		"words for the terminal": {"did not sign you in: \ufffdx: a b",
			func(p *oidctest.Provider, back, state string) string {
				return back + "?error=%1b%ffx&error_description=a%0ab%07&state=" + state + "&iss=" + p.URL
			}},
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.NewProvider(t, "cli", nil)
			_, err := signIn(t, p, func(u string) {
				if c.do != nil {
					at, _ := url.Parse(u)
					u = c.do(p, at.Query().Get("redirect_uri"), at.Query().Get("state"))
				}
				if status, page := browse(t, u); strings.Contains(page, "goes on") != strings.Contains(c.says, "exchange") {
					t.Errorf("the page says %d %s", status, page)
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\x1b\x07") {
				t.Errorf("%q, want %q", err, c.says)
			}
		})
	}
}

// A code that somebody else's sign-in got, with another verifier, is worthless: the provider checks the challenge.
func TestAttack_InjectedCode(t *testing.T) {
	p := oidctest.NewProvider(t, "cli", map[string]any{"sub": "mallory"})
	_, err := signIn(t, p, func(u string) {
		at, _ := url.Parse(u)
		q := at.Query()
		state, back := q.Get("state"), q.Get("redirect_uri")
		q.Set("code_challenge", "bWFsbG9yeSdzIG93biBjaGFsbGVuZ2Ugb2YgNDMgY2g")
		c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := c.Get(p.URL + oidctest.Authorize + "?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, _ := resp.Location()
		browse(t, back+"?iss="+p.URL+"&state="+state+"&code="+to.Query().Get("code"))
	})
	if err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("%v", err)
	}
}

func TestDeviceFlow(t *testing.T) {
	for name, c := range map[string]struct {
		person map[string]any
		says   string
	}{
		"signed in when the code was entered": {alice, ""},
		"refused when the person says no":     {nil, "wait for the sign-in: the provider answers access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := oidctest.NewProvider(t, "cli", c.person)
			found, err := FindProvider(t.Context(), p.URL, false)
			if err != nil {
				t.Fatal(err)
			}
			f := &deviceFlow{
				provider: found,
				config:   found.config("cli", "", []string{"openid"}),
				now:      time.Now,
				show: func(d DeviceCode) error {
					if d.Code != "ABCD-EFGH" || d.URL != p.URL+"/enter" || d.Complete != p.URL+"/enter?code=ABCD-EFGH" {
						t.Errorf("%+v", d)
					}
					p.Approve()
					return nil
				},
			}
			got, err := f.run(t.Context())
			if c.says == "" && (err != nil || got.identity.Subject != "alice") ||
				c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v %v", got, err)
			}
		})
	}
	t.Run("refused after the time", func(t *testing.T) {
		t.Parallel()
		p := oidctest.NewProvider(t, "cli", alice)
		found, err := FindProvider(t.Context(), p.URL, false)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		f := &deviceFlow{
			provider: found,
			config:   found.config("cli", "", []string{"openid"}),
			now:      time.Now,
			show: func(DeviceCode) error {
				return nil
			},
		}
		if _, err := f.run(ctx); err == nil || err.Error() != "nobody signed in within the time" {
			t.Errorf("%v", err)
		}
	})
}
