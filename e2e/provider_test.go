package e2e

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/oauth2"
)

// provider is a running OpenID provider: oidc-provider of npm, with accounts in which any password is right.
type provider struct {
	issuer string
}

// providerOptions are the argument of js/provider.mjs.
type providerOptions struct {
	Users          []string            `json:"users"`
	Groups         map[string][]string `json:"groups,omitempty"`    // by user
	Redirects      []string            `json:"redirects,omitempty"` // of the confidential client "latchkey-web"
	IDTokenSeconds int                 `json:"idTokenSeconds,omitempty"`
}

// startProvider runs an OpenID provider until the test ends.
func startProvider(t testing.TB, o providerOptions) *provider {
	t.Helper()
	given, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nodeOrSkip(t), filepath.Join("js", "provider.mjs"), string(given))
	cmd.Env = plainEnv()
	in, out, complaint := converse(t, cmd)
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("the provider ended: %v\n%s", err, tail(complaint.String(), 2000))
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	var said struct{ Issuer string }
	if err != nil || json.Unmarshal([]byte(line), &said) != nil || said.Issuer == "" {
		t.Fatalf("the provider did not start: %q %v\n%s", line, err, complaint.String())
	}
	return &provider{said.Issuer}
}

// nodeOrSkip is the path of node, with the npm packages of the folder js in place.
func nodeOrSkip(t testing.TB) string {
	t.Helper()
	if os.Getenv("LATCHKEY_TEST_WITHOUT_JS") == "1" {
		t.Skip("LATCHKEY_TEST_WITHOUT_JS=1: the tests that need npm packages are skipped")
	}
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is not installed: install it, or set LATCHKEY_TEST_WITHOUT_JS=1")
	}
	if _, err := os.Stat(filepath.Join("js", "node_modules")); err != nil {
		t.Fatal("the npm packages are not installed: run `npm ci` in e2e/js, or set LATCHKEY_TEST_WITHOUT_JS=1")
	}
	return path
}

// cliClient is the provider's public client.
const cliClient = "latchkey-cli"

// signsIn signs a person in at the provider's pages, by authorization code and PKCE, and returns the ID token.
func (p *provider) signsIn(t testing.TB, name string) string {
	t.Helper()
	c := oauth2.Config{
		ClientID: cliClient, RedirectURL: "http://127.0.0.1:9/callback", Scopes: []string{"openid", "email"},
		Endpoint: oauth2.Endpoint{
			AuthURL:   p.issuer + "/auth",
			TokenURL:  p.issuer + "/token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	end := newVisitor(t, name).visits(c.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), c.RedirectURL)
	q := end.url.Query()
	if q.Get("code") == "" || q.Get("state") != state {
		t.Fatalf("%s was sent to %s", name, end.url)
	}
	token, err := c.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := token.Extra("id_token").(string)
	if id == "" {
		t.Fatal("the provider gave no ID token")
	}
	return id
}

// visitor is a person with a browser that has forms and cookies only.
type visitor struct {
	t    testing.TB
	name string // what is typed into a field for the name
	code string // what is typed into a field for a code
	http *http.Client

	presses string // the button of a form that has several; empty: the first
}

// destination is the page or address where a visit ended.
type destination struct {
	url  *url.URL
	page string
}

func newVisitor(t testing.TB, name string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, name: name, http: &http.Client{Jar: jar, CheckRedirect: noRedirects, Timeout: time.Minute}}
}

// visits opens a page, follows redirects and sends each form that it is shown. It ends when a redirect leads to an
// address that begins with until (which it does not open), or at a page without a form.
func (v *visitor) visits(address, until string) destination {
	v.t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		v.t.Fatal(err)
	}
	method, sent := http.MethodGet, url.Values(nil)
	for range 20 {
		if until != "" && strings.HasPrefix(at.String(), until) {
			return destination{url: at}
		}
		resp, page := v.loads(method, at, sent)
		if to := resp.Header.Get("Location"); to != "" {
			if at, err = at.Parse(to); err != nil {
				v.t.Fatal(err)
			}
			method, sent = http.MethodGet, nil
			continue
		}
		f := firstForm(v.t, page)
		if f == nil || resp.StatusCode >= 400 {
			return destination{at, page}
		}
		if at, err = at.Parse(f.action); err != nil {
			v.t.Fatal(err)
		}
		method, sent = http.MethodPost, v.fills(f)
	}
	v.t.Fatalf("%s goes round in circles at %s", v.name, at)
	return destination{}
}

func (v *visitor) loads(method string, at *url.URL, sent url.Values) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, at.String(), strings.NewReader(sent.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", at.Scheme+"://"+at.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, string(page)
}

// form is a form of a page: where it goes, and its fields with what they hold.
type form struct {
	action string
	fields map[string]string
}

// fills returns what the visitor sends with a form: names, passwords and codes are typed in, all other fields stay as
// they are.
func (v *visitor) fills(f *form) url.Values {
	out := url.Values{}
	for name, value := range f.fields {
		switch {
		case name == "login":
			value = v.name
		case name == "password":
			value = "any"
		case name == "user_code" && value == "":
			value = v.code
		case name == "action" && value == "approve" && v.presses != "":
			value = v.presses
		}
		out.Set(name, value)
	}
	return out
}

// firstForm returns the first form of a page that is posted. Of several buttons with one name, the first is pressed.
func firstForm(t testing.TB, page string) *form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var f *form
	var within *html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "form":
			if f == nil && strings.EqualFold(attribute(n, "method"), "post") {
				f, within = &form{attribute(n, "action"), map[string]string{}}, n
			}
		case "input", "button":
			if name := attribute(n, "name"); f != nil && name != "" && inside(n, within) {
				if _, taken := f.fields[name]; !taken {
					f.fields[name] = attribute(n, "value")
				}
			}
		}
	}
	return f
}

func inside(n, outer *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == outer {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
