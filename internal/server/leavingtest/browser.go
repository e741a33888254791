package leavingtest

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser stores cookies, and follows redirects until one leads back to the program that asked for the sign-in.
type browser struct {
	t      testing.TB
	client *http.Client
	page   string   // the last page's text
	back   *url.URL // where the program gets its code; nil: the browser was not sent there
}

// newBrowser is a browser for a program with a redirect URI.
func (s *Stage) newBrowser(redirectURI string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &browser{t: s.t}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirectURI) {
			b.back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

func (b *browser) do(method, to string, form url.Values) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page = string(page)
}

var formOfPage = regexp.MustCompile(`name="form" value="([^"]*)"`)

// code is the code that the program got.
func (b *browser) code() string {
	b.t.Helper()
	if b.back == nil || b.back.Query().Get("code") == "" {
		b.t.Fatalf("the sign-in ended at %v: %s", b.back, b.page)
	}
	return b.back.Query().Get("code")
}

// signsIn goes the way of a browser through the server's pages and the provider, and returns the application's code.
func (s *Stage) signsIn() string {
	s.t.Helper()
	b := s.newBrowser(redirectURI)
	b.do(http.MethodGet, s.site.Changes+"/authorize?"+url.Values{
		"client_id": {s.id("app")}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {"s"},
	}.Encode(), nil)
	return b.code()
}

// allows goes the same way for a program that registered itself, which the person allows on a page.
func (s *Stage) allows() string {
	s.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	b, at := s.newBrowser(loopback), s.site.Changes+"/authorize"
	b.do(http.MethodGet, at+"?"+url.Values{
		"client_id": {s.id("client id")}, "redirect_uri": {loopback}, "response_type": {"code"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "scopes": {""},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode(), nil)
	form := formOfPage.FindStringSubmatch(b.page)
	if form == nil {
		s.t.Fatalf("the page asks nothing: %s", b.page)
	}
	b.do(http.MethodPost, at, url.Values{"form": {form[1]}, "action": {"approve"}})
	return b.code()
}
