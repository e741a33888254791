package pages_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/oauth"
	"latchkey/internal/directory"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

func TestAttack37_FormsFromElsewhere(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	victim := w.browser().enter(d.text("userCode"))
	form := url.Values{"form": {hidden.FindStringSubmatch(victim.page)[1]}, "action": {"approve"}}
	send := func(b *browser, change func(*http.Request), form url.Values) *browser {
		r := b.form("/device", form)
		change(r)
		return b.do(r)
	}
	for name, try := range map[string]func() *browser{
		"another site's page": func() *browser {
			return send(victim, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				r.Header.Set("Origin", "https://evil.example")
			}, form)
		},
		"another site's page that claims our origin": func() *browser {
			return send(victim, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, form)
		},
		"a neighbour's page": func() *browser {
			return send(victim, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "same-site")
				r.Header.Set("Origin", "http://x."+r.Host)
			}, form)
		},
		"an old browser at another site": func() *browser {
			return send(victim, func(r *http.Request) {
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "https://evil.example")
			}, form)
		},
		"a frame without an origin": func() *browser {
			return send(victim, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				r.Header.Set("Origin", "null")
			}, form)
		},
		"another browser's form": func() *browser {
			return send(w.browser().enter(w.register(nil).start().text("userCode")), func(*http.Request) {}, form)
		},
		"a browser without a cookie": func() *browser { return send(w.browser(), func(*http.Request) {}, form) },
		"no form": func() *browser {
			return send(victim, func(*http.Request) {}, url.Values{"action": {"approve"}})
		},
		"the form in the query": func() *browser { return victim.submit("/device?"+form.Encode(), nil) },
		"a form that was changed": func() *browser {
			return send(victim, func(*http.Request) {},
				url.Values{"form": {form.Get("form")[:40] + "x" + form.Get("form")[41:]}, "action": {"approve"}})
		},
		"a link": func() *browser { return victim.open("/device?" + form.Encode()) },
		"an unknown button": func() *browser {
			return send(victim, func(*http.Request) {}, url.Values{"form": form["form"], "action": {"x"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if b := try(); len(b.trail) > 0 || strings.Contains(b.page, "Approved") || b.status == 200 && name != "a link" {
				t.Errorf("%v %d %s", b.trail, b.status, b.page)
			}
		})
	}
	w.t = t
	c.poll(d).wants(t, 400, "AuthorizationPendingException", "authorization_pending", "not_approved_yet")
	victim.enter(d.text("userCode")).press("approve").shows(200, "Approved")
	t.Run("a form that is old", func(t *testing.T) {
		w.t = t
		b := w.browser().enter(c.start().text("userCode"))
		w.Advance(oauth.DeviceLife)
		b.press("approve").shows(400, "form_invalid")
	})
}

// A person approves exactly the request that the page showed, and only once.
func TestAttack37_ADeviceIsDecidedOnce(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	d := c.start()
	slow, quick := w.browser().enter(d.text("userCode")), w.browser().enter(d.text("userCode"))
	quick.press("deny").shows(200, "Denied")
	slow.press("approve").shows(400, "request_decided")
	slow.enter(d.text("userCode")).shows(404, "No device waits")
	c.poll(d).wants(t, 400, "AccessDeniedException", "access_denied", "denied_by_person")

	// The request is denied between the approval and the return from the provider.
	d = c.start()
	b, other := w.browser().enter(d.text("userCode")), w.browser().enter(d.text("userCode"))
	w.idp.Serve("/authorize", func(rw http.ResponseWriter, r *http.Request) {
		other.press("deny")
		http.Redirect(rw, r, w.url+"/authorize/callback?code=x&iss="+url.QueryEscape(w.idp.URL)+"&state="+
			r.URL.Query().Get("state"), http.StatusFound)
	})
	w.idp.Serve("/token", func(rw http.ResponseWriter, r *http.Request) { http.Error(rw, "{}", 400) })
	b.press("approve")
	if strings.Contains(b.page, "Approved") {
		t.Errorf("%s", b.page)
	}
	c.poll(d).wants(t, 400, "AccessDeniedException", "access_denied", "denied_by_person")
}

// attempt opens /authorize and follows it to the provider. It returns where the provider would send the browser back
// to.
func (b *browser) attempt(c *client) *url.URL {
	b.t.Helper()
	follow := b.client.CheckRedirect
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { b.client.CheckRedirect = follow }()
	b.open(authorization(c.id, nil)).press("approve")
	resp, err := b.client.Get(b.header.Get("Location"))
	must(b.t, err)
	resp.Body.Close()
	to, err := resp.Location()
	must(b.t, err)
	return to
}

// The provider's answer is accepted only in the browser that was sent there, only once, and only for the same sign-in.
func TestAttack22_AnswersOfTheProviderForOthers(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	with := func(u *url.URL, k, v string) string {
		q := u.Query()
		if v == "" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
		return u.Path + "?" + q.Encode()
	}
	plain := func(t *testing.T, b *browser, reason string) {
		t.Helper()
		if len(b.trail) > 0 || b.status != 400 || !strings.Contains(b.page, reason) {
			t.Errorf("%v %d %s, want %s", b.trail, b.status, b.page, reason)
		}
	}
	for name, try := range map[string]struct {
		path   func(b *browser) string
		reason string
	}{
		"another state": {func(b *browser) string {
			return with(b.attempt(c), "state", strings.Repeat("A", 52))
		}, "attempt_unknown"},
		"another state, for which the cookie is renamed": {func(b *browser) string {
			u := b.attempt(c)
			b.renameAttempt(strings.Repeat("A", 52))
			return with(u, "state", strings.Repeat("A", 52))
		}, "state_mismatch"},
		"no state": {func(b *browser) string { return with(b.attempt(c), "state", "") }, "request_malformed"},
		"an empty state": {func(b *browser) string {
			return with(b.attempt(c), "state", "") + "&state="
		}, "attempt_unknown"},
		"two states": {func(b *browser) string {
			u := b.attempt(c)
			return u.RequestURI() + "&state=x"
		}, "request_malformed"},
		"two codes": {func(b *browser) string {
			u := b.attempt(c)
			return u.RequestURI() + "&code=x"
		}, "request_malformed"},
		"another's answer": {func(b *browser) string {
			b.attempt(c)
			return w.browser().attempt(c).RequestURI()
		}, "attempt_unknown"},
		"without having begun": {func(b *browser) string { return w.browser().attempt(c).RequestURI() }, "attempt_unknown"},
		"too late": {func(b *browser) string {
			u := b.attempt(c)
			jar, _ := cookiejar.New(nil) // the browser would have forgotten the cookie
			base, _ := url.Parse(w.url)
			var kept []*http.Cookie
			for _, x := range b.client.Jar.Cookies(base) {
				kept = append(kept, &http.Cookie{Name: x.Name, Value: x.Value, Path: "/"})
			}
			jar.SetCookies(base, kept)
			b.client.Jar = jar
			w.Advance(oauth.AttemptLife)
			return u.RequestURI()
		}, "attempt_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			b := w.browser()
			plain(t, b.open(try.path(b)), try.reason)
		})
	}
	w.t = t
	b := w.browser()
	u := b.attempt(c)
	b.open(u.RequestURI()).sent()
	plain(t, b.open(u.RequestURI()), "attempt_unknown") // the cookie is deleted when it is used

	for name, change := range map[string]func(u *url.URL) string{
		"issuer_mismatch": func(u *url.URL) string { return with(u, "iss", "https://evil.example") },
		"code_missing":    func(u *url.URL) string { return with(u, "code", "") },
	} {
		b := w.browser()
		if q := b.open(change(b.attempt(c))).sent().Query(); q.Get("code") != "" ||
			!strings.HasPrefix(q.Get("error_description"), name+": ") {
			t.Errorf("%s: %v", name, q)
		}
	}
	b = w.browser()
	if q := b.open(with(b.attempt(c), "iss", "")).sent().Query(); q.Get("code") != "" ||
		!strings.HasPrefix(q.Get("error_description"), "issuer_mismatch: ") {
		t.Errorf("a provider that says who it is, without saying so: %v", q)
	}
}

// An identity token is accepted only if the account's provider made it, for this server, for this sign-in.
func TestAttack22_IdentityTokensOfOtherSignIns(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	evil := oidctest.New(t)
	for reason, token := range map[string]func(nonce string) string{
		"nonce_mismatch": func(string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "email": "alice@example.org", "nonce": "other"})
		},
		"nonce_mismatch ": func(string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "email": "alice@example.org"})
		},
		"aud_mismatch": func(n string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "other", "email": "alice@example.org", "nonce": n})
		},
		"azp_mismatch": func(n string) string {
			return w.idp.Issuer.Token(t,
				map[string]any{"aud": []string{"latchkey", "other"}, "azp": "other", "email": "alice@example.org", "nonce": n})
		},
		"azp_mismatch ": func(n string) string {
			return w.idp.Issuer.Token(t,
				map[string]any{"aud": []string{"latchkey", "other"}, "email": "alice@example.org", "nonce": n})
		},
		"issuer_unknown": func(n string) string {
			return evil.Token(t, map[string]any{"aud": "latchkey", "email": "alice@example.org", "nonce": n})
		},
		"signature_invalid": func(n string) string {
			return evil.Token(t, map[string]any{"iss": w.idp.URL, "aud": "latchkey", "email": "alice@example.org", "nonce": n})
		},
		"token_expired": func(n string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "email": "alice@example.org", "nonce": n, "exp": 1})
		},
		"claim_unverified": func(n string) string {
			return w.idp.Issuer.Token(t,
				map[string]any{"aud": "latchkey", "email": "alice@example.org", "nonce": n, "email_verified": false})
		},
		"user_not_found": func(n string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "email": "mallory@example.org", "nonce": n})
		},
		"claim_missing": func(n string) string {
			return w.idp.Issuer.Token(t, map[string]any{"aud": "latchkey", "nonce": n})
		},
		"token_malformed": func(string) string { return "" },
	} {
		t.Run(strings.TrimSpace(reason), func(t *testing.T) {
			w.t = t
			b := w.browser()
			back := b.attempt(c)
			asked, err := url.Parse(b.header.Get("Location"))
			must(t, err)
			w.idp.Serve("/token", func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				json.NewEncoder(rw).Encode(map[string]any{
					"access_token": "x",
					"token_type":   "Bearer",
					"id_token":     token(asked.Query().Get("nonce")),
				})
			})
			q := b.open(back.RequestURI()).sent().Query()
			if q.Get("code") != "" || q.Get("error") != "access_denied" ||
				!strings.HasPrefix(q.Get("error_description"), strings.TrimSpace(reason)+": ") {
				t.Errorf("%v", q)
			}
			records := w.Records(t)
			if last := records[len(records)-1]; last.EventName != "UserAuthentication" || last.Latchkey == nil ||
				last.Latchkey.Reason != strings.TrimSpace(reason) || last.ErrorCode == "" {
				t.Errorf("the record is %+v %+v", last, last.Latchkey)
			}
		})
	}
}

func TestWhoMayNotSignIn(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	bob := w.Person(t, account, "bob")
	w.SetPerson(t, bob, func(u *directory.User) { u.Disabled = true })
	refused := func(reason string) {
		t.Helper()
		q := w.browser().open(authorization(c.id, nil)).press("approve").sent().Query()
		if q.Get("error") != "access_denied" || !strings.HasPrefix(q.Get("error_description"), reason+": ") ||
			q.Get("code") != "" {
			t.Errorf("%v, want %s", q, reason)
		}
		d := c.start()
		b := w.browser().enter(d.text("userCode")).press("approve")
		if b.status < 400 || !strings.Contains(b.page, reason) {
			t.Errorf("%d %s, want %s", b.status, b.page, reason)
		}
		c.poll(d).wants(t, 400, "AuthorizationPendingException", "authorization_pending", "not_approved_yet")
	}
	w.idp.Become(map[string]any{"email": "bob@example.org"})
	refused("user_disabled")
	w.idp.Become(nil)
	refused("provider_refused")
	w.idp.Become(map[string]any{"email": "alice@example.org"})
	w.SetApplication(t, w.app, func(a *sso.Application) { a.AssignmentOptional = false })
	refused("not_assigned")
	g := w.Group(t, account, "staff", w.alice)
	w.Assign(t, w.app, sso.Group, string(g.ID))
	w.browser().open(authorization(c.id, nil)).press("approve").sent()
	w.browser().open(authorization(c.id, nil)).press("deny")
	if q := w.browser().open(authorization(c.id, nil)).press("deny").sent().Query(); q.Get("error") != "access_denied" ||
		q.Get("state") != "s1" || q.Get("code") != "" {
		t.Errorf("%v", q)
	}
	w.Change(t, func(tx *store.Tx) error { return store.SignIns.Delete(tx, string(account)) })
	if q := w.browser().open(authorization(c.id, nil)).sent().Query(); !strings.HasPrefix(q.Get("error_description"),
		"sign_in_not_configured: ") {
		t.Errorf("%v", q)
	}
	c.start().wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "sign_in_not_configured")
}

func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t)
	c := w.register(map[string]any{"scopes": []string{sso.S3Scope}})
	for name, x := range map[string]struct {
		change url.Values
		error  string
	}{
		"an implicit grant":        {url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		"no response type":         {url.Values{"response_type": nil}, "unsupported_response_type"},
		"an answer in a fragment":  {url.Values{"response_mode": {"fragment"}}, "invalid_request"},
		"a request object":         {url.Values{"request": {"x"}}, "invalid_request"},
		"a scope of nobody":        {url.Values{"scopes": {"s3:other:read"}}, "invalid_scope"},
		"a scope, in the singular": {url.Values{"scope": {"s3:other:read"}}, "invalid_scope"},
		"a state without end":      {url.Values{"state": {strings.Repeat("x", 1025)}}, "invalid_request"},
		"scopes without end":       {url.Values{"scopes": {strings.Repeat(sso.S3Scope+" ", 200)}}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if q := w.browser().open(authorization(c.id, x.change)).sent().Query(); q.Get("error") != x.error ||
				q.Get("code") != "" {
				t.Errorf("%v, want %s", q, x.error)
			}
		})
	}
	for name, query := range map[string]string{
		"a client that is none":      authorization("x", nil),
		"an application that is not": authorization(w.app.ARN()+"x", nil),
		"an application for nobody":  authorization(w.app.ARN(), nil),
		"a parameter twice":          authorization(c.id, nil) + "&state=2",
		"a client twice":             authorization(c.id, nil) + "&client_id=" + c.id,
		"a query that is none":       "/authorize?%zz",
		"a query without end":        authorization(c.id, nil) + "&more=" + strings.Repeat("x", 16<<10),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			if b := w.browser().open(query); len(b.trail) > 0 || b.status < 400 {
				t.Errorf("%v %d %s", b.trail, b.status, b.page)
			}
		})
	}
	w.t = t
	to := w.browser().open(authorization(c.id, url.Values{"scopes": {sso.S3Scope}})).press("approve").sent()
	if d := c.redeem(to, nil).opens(w); !d.HasScope(sso.S3Scope) {
		t.Errorf("%+v", d)
	}
	devices := w.register(map[string]any{"grantTypes": []string{string(oauth.DeviceCode)}})
	if q := w.browser().open(authorization(devices.id, nil)).sent().Query(); q.Get("error") != "unauthorized_client" ||
		q.Get("code") != "" {
		t.Errorf("a client that registered for devices alone: %v", q)
	}
	less := w.register(map[string]any{"scopes": []string{"openid"}})
	to = w.browser().open(authorization(less.id, nil)).press("approve").sent()
	if d := less.redeem(to, nil).opens(w); d.HasScope(sso.S3Scope) {
		t.Errorf("a client that asked for less got %+v", d)
	}
}

// An address that tries too many wrong user codes is refused. Right ones do not count.
func TestAttack40_GuessingUserCodes(t *testing.T) {
	w := newWorld(t)
	d := w.register(nil).start()
	b := w.browser()
	for range 40 {
		b.enter(d.text("userCode")).shows(200, `id="approve"`)
	}
	for range 40 {
		b.enter("BBBB-BBBB")
	}
	b.shows(429, "too_many_guesses")
	b.enter(d.text("userCode")).shows(429, "too_many_guesses")
	w.Advance(time.Minute)
	b.enter(d.text("userCode")).shows(200, `id="approve"`)
}

func TestPagesKeepToThemselves(t *testing.T) {
	w := newWorld(t)
	c := w.register(map[string]any{"clientName": `<script>alert(1)</script>"'`})
	for _, path := range []string{"/device", "/device?user_code=%22%3E%3Cscript%3E", authorization(c.id, nil),
		"/authorize", "/authorize/callback?state=x"} {
		b := w.browser().open(path)
		for k, want := range map[string]string{
			"X-Frame-Options":        "DENY",
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "no-store",
			"Referrer-Policy":        "same-origin",
			"Content-Type":           "text/html; charset=utf-8",
		} {
			if got := b.header.Get(k); got != want {
				t.Errorf("%s: %s is %q", path, k, got)
			}
		}
		policy := b.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy is %s", path, policy)
			}
		}
		if strings.Contains(b.page, "<script") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s %s", path, policy, b.page)
		}
		for _, cookie := range b.header["Set-Cookie"] {
			if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=") ||
				!strings.Contains(cookie, "Path=/") {
				t.Errorf("%s: %s", path, cookie)
			}
		}
	}
}

// A browser that uses another name of this server is redirected to the public name, which its cookies belong to, with
// the whole query.
func TestAnotherNameOfTheServer(t *testing.T) {
	w := newWorld(t)
	c := w.register(nil)
	path := authorization(c.id, nil)
	there := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
	get := func(u string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, u, nil)
		must(t, err)
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}).Do(r)
		must(t, err)
		resp.Body.Close()
		return resp
	}
	r := get(there + path)
	if to := r.Header.Get("Location"); to != w.url+path+"&moved=1" {
		t.Fatalf("%d %s", r.StatusCode, to)
	}
	if r := get(there + path + "&moved=1"); r.StatusCode != 200 {
		t.Errorf("something in between gives every request another name: %d", r.StatusCode)
	}
	if b := w.browser().open(path + "&moved=1").press("approve"); b.left == nil {
		t.Errorf("%d %s", b.status, b.page)
	}
}
