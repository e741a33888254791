package pages_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// attempts are the names of the cookies with sign-in attempts.
func (b *browser) attempts() (names []string) {
	at, _ := url.Parse(b.url)
	for _, c := range b.client.Jar.Cookies(at) {
		if strings.HasPrefix(c.Name, "latchkey-sign-in-") {
			names = append(names, c.Name)
		}
	}
	return names
}

// Two tabs in which a person signs in at once do not disturb each other, in whatever order they come back.
func TestWire23_TwoTabsSignInAtOnce(t *testing.T) {
	w := newWorld(t)
	first, second := w.register(nil), w.register(nil)
	b := w.browser()
	one, two := b.attempt(first), b.attempt(second)
	if len(b.attempts()) != 2 {
		t.Errorf("the cookies %v", b.attempts())
	}
	to := b.open(one.RequestURI()).sent()
	first.redeem(to, nil).opens(w)
	to = b.open(two.RequestURI()).sent()
	second.redeem(to, nil).opens(w)
	if len(b.attempts()) != 0 {
		t.Errorf("the cookies %v are left", b.attempts())
	}
}

// Two pages that were opened at once, before the browser had a cookie, can both be approved.
func TestWire23_TwoPagesOpenedAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	b := w.browser()
	fresh := func() (page string, set []*http.Cookie) {
		resp, err := http.Get(w.url + authorization(c.id, nil)) // has no cookie yet
		must(t, err)
		defer resp.Body.Close()
		tab := w.browser().open(authorization(c.id, nil))
		at, _ := url.Parse(w.url)
		return tab.page, tab.client.Jar.Cookies(at)
	}
	pageOne, cookiesOne := fresh()
	pageTwo, cookiesTwo := fresh()
	at, _ := url.Parse(w.url)
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(at, append(cookiesOne, cookiesTwo...))
	b.client.Jar = jar
	for _, page := range []string{pageOne, pageTwo} {
		b.page = page
		c.redeem(b.press("approve").sent(), nil).opens(w)
	}
}

// A browser that begins attempt after attempt keeps the newest ones only: no header grows without end.
func TestAttack54_AttemptsOfOneBrowser(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	b := w.browser()
	oldest := b.attempt(c)
	for range 8 {
		w.Advance(1e9)
		b.attempt(c)
	}
	if n := len(b.attempts()); n != 5 {
		t.Errorf("%d attempts are kept", n)
	}
	b.open(oldest.RequestURI()).shows(400, "attempt_unknown")
}

// renameAttempt gives the cookie of an attempt the name that belongs to another state.
func (b *browser) renameAttempt(state string) {
	at, _ := url.Parse(b.url)
	sum := sha256.Sum256([]byte(state))
	jar, _ := cookiejar.New(nil)
	var kept []*http.Cookie
	for _, c := range b.client.Jar.Cookies(at) {
		if strings.HasPrefix(c.Name, "latchkey-sign-in-") {
			c.Name = c.Name[:strings.LastIndex(c.Name, "-")+1] + hex.EncodeToString(sum[:8])
		}
		kept = append(kept, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
	}
	jar.SetCookies(at, kept)
	b.client.Jar = jar
}

// Pages answer a browser that opens them. A script, a frame or an image of another page gets nothing, and no cookie.
func TestAttack51_PagesAnswerNavigationsOnly(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	for name, header := range map[string]http.Header{
		"a script":            {"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}},
		"a script of ours":    {"Sec-Fetch-Mode": {"same-origin"}, "Sec-Fetch-Dest": {"empty"}},
		"a script, quietly":   {"Sec-Fetch-Mode": {"no-cors"}},
		"an image":            {"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}},
		"a frame":             {"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"iframe"}},
		"an embedded page":    {"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"object"}},
		"a header with two":   {"Sec-Fetch-Mode": {"navigate", "cors"}},
		"an empty header":     {"Sec-Fetch-Mode": {""}},
		"a use that is empty": {"Sec-Fetch-Dest": {""}},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			b := w.browser()
			for _, path := range []string{"/device?user_code=" + d.text("userCode"), authorization(c.id, nil),
				"/authorize/callback?state=x&code=y"} {
				r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
				must(t, err)
				for k, v := range header {
					r.Header[k] = v
				}
				b.do(r)
				b.shows(403, "not_navigated")
				if strings.Contains(b.page, "<form") || len(b.header.Values("Set-Cookie")) > 0 {
					t.Errorf("%s: %v %s", path, b.header, b.page)
				}
			}
			r := b.form("/device", url.Values{"action": {"find"}, "user_code": {d.text("userCode")}})
			for k, v := range header {
				r.Header[k] = v
			}
			b.do(r).shows(403, "not_navigated")
		})
	}
	w.t = t
	r := w.browser().form("/device", url.Values{"action": {"find"}, "user_code": {d.text("userCode")}})
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	w.browser().do(r).shows(200, `id="approve"`)
}
