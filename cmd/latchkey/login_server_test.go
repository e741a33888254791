package main

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// visitor is a writer that opens the page that `latchkey login` prints, and allows what the page asks.
type visitor struct {
	t    *testing.T
	said bytes.Buffer
	once sync.Once
	done sync.WaitGroup
}

var (
	printedURL = regexp.MustCompile(`(?m)^  (http\S+)$`)
	formField  = regexp.MustCompile(`name="form" value="([^"]*)"`)
)

func (v *visitor) Write(p []byte) (int, error) {
	v.said.Write(p)
	all := printedURL.FindAllSubmatch(v.said.Bytes(), -1)
	said := v.said.Bytes()
	if len(all) > 0 && (!bytes.Contains(said, []byte("/device")) || bytes.Contains(said, []byte("user_code="))) {
		at := string(all[len(all)-1][1])
		v.once.Do(func() { v.done.Go(func() { v.visit(at) }) })
	}
	return len(p), nil
}

// visit goes through the pages as a person does who allows everything.
func (v *visitor) visit(at string) {
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	read := func(resp *http.Response, err error) (page string, u *url.URL) {
		if err != nil {
			v.t.Errorf("browse: %v", err)
			return "", &url.URL{}
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body), resp.Request.URL
	}
	page, u := read(c.Get(at))
	if strings.Contains(page, `value="find"`) {
		page, u = read(c.PostForm(u.Scheme+"://"+u.Host+u.Path,
			url.Values{"action": {"find"}, "user_code": u.Query()["user_code"]}))
	}
	if m := formField.FindStringSubmatch(page); m != nil {
		read(c.PostForm(u.Scheme+"://"+u.Host+u.Path, url.Values{"action": {"approve"}, "form": {html.UnescapeString(m[1])}}))
	}
}

// signsIn runs `latchkey login` while alice allows what is asked.
func (p *people) signsIn(args ...string) (said, complaint string, code int) {
	v, errs := &visitor{t: p.t}, &bytes.Buffer{}
	code = p.runTo(p.t.Context(), v, errs, append([]string{"login"}, args...)...)
	v.done.Wait()
	return v.said.String(), errs.String(), code
}

// People sign in at the server's own pages. The session goes on without them, and logging out ends it at the server.
func TestPeopleSignInAtTheServer(t *testing.T) {
	for name, args := range map[string][]string{"browser": {"--no-browser"}, "device": {"--device"}} {
		t.Run(name, func(t *testing.T) {
			p := newPeople(t)
			said, complaint, code := p.signsIn(args...)
			if code != 0 || !strings.Contains(said, "Signed in as alice.") || !strings.Contains(said, "at "+p.s.URL()+".") {
				t.Fatalf("exit %d %s %s", code, said, complaint)
			}
			c := p.credentials()
			if p.reads(c) != http.StatusOK {
				t.Error("the credentials are good for nothing")
			}
			if n := p.asked("AssumeRoleWithWebIdentity") + p.asked("CreateTokenWithIAM"); n != 0 {
				t.Errorf("the machine presented an identity token %d times", n)
			}
			p.editSession(func(s fields) {
				s["registration"].(fields)["access_token_expires"] = time.Now().Add(-time.Hour)
			})
			if p.reads(p.credentials("--fresh")) != http.StatusOK || p.asked("CreateToken") != 2 {
				t.Errorf("the session did not go on: %d tokens", p.asked("CreateToken"))
			}
			old, err := os.ReadFile(p.sessionFile())
			if err != nil {
				t.Fatal(err)
			}
			at := p.sessionFile()
			if out, stderr, code := p.run("logout"); code != 0 || out != "Signed out.\n" || stderr != "" {
				t.Errorf("logout: exit %d %s %s", code, out, stderr)
			}
			if p.reads(c) != http.StatusForbidden {
				t.Error("the credentials outlive the sign-in")
			}
			if err := os.WriteFile(at, old, 0o600); err != nil { // a copy that somebody kept
				t.Fatal(err)
			}
			if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--fresh"); code != 1 ||
				out != "" || !strings.Contains(stderr, "the sign-in has ended") {
				t.Errorf("a copy of the session goes on: exit %d %s %s", code, out, stderr)
			}
		})
	}
}

// A server that poses as another one gets nothing that it could bring to the other one, whether it names the other's
// pages as its own or sends the person there.
func TestAttack53_AServerThatRelaysASignIn(t *testing.T) {
	p := newPeople(t)
	real, _ := url.Parse(p.s.URL())
	var got []string
	pose := func(rewrite func(path string, body []byte) []byte, to string) *httptest.Server {
		proxy := &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(real); r.Out.Host = real.Host },
			ModifyResponse: func(r *http.Response) error {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return err
				}
				body = rewrite(r.Request.URL.Path, body)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				r.Header.Del("Content-Length")
				return nil
			},
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if to != "" && r.URL.Path == "/authorize" {
				http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusFound)
				return
			}
			if r.URL.Path == "/token" || r.URL.Path == "/federation/credentials" {
				got = append(got, r.URL.Path)
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s
	}
	for name, c := range map[string]struct {
		server func() *httptest.Server
		says   string
	}{
		"names the other's pages": {func() *httptest.Server {
			return pose(func(_ string, body []byte) []byte { return body }, "")
		}, "may pose as another server"},
		"sends the person to the other's pages": {func() *httptest.Server {
			var own string
			s := pose(func(_ string, body []byte) []byte {
				return bytes.ReplaceAll(body, []byte(p.s.URL()), []byte(own))
			}, p.s.URL())
			own = s.URL
			return s
		}, "is not of the provider"},
		"does not say where people sign in": {func() *httptest.Server {
			return pose(func(_ string, body []byte) []byte {
				return bytes.ReplaceAll(body, []byte("sign_in_url"), []byte("another_url"))
			}, "")
		}, "does not say at which of its pages"},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			_, complaint, code := p.signsIn("--no-browser", "--url", c.server().URL)
			if code != 1 || !strings.Contains(complaint, c.says) || len(got) != 0 {
				t.Errorf("exit %d %s; the posing server got %v", code, complaint, got)
			}
		})
	}
}
