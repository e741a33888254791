// Package pages is what a person sees who signs in: where a device's code is typed in, what is asked for, and what
// became of it. Nothing here needs a script, and nothing is loaded from elsewhere.
//
// It owns HTML, cookies and the headers that keep pages from being framed, cached and posted to from elsewhere. It
// decides nothing: package oauth does.
package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control/oauth"
	"latchkey/internal/fault"
)

// Pages serves them. Fill it.
type Pages struct {
	SignIn *oauth.SignIn
	Auth   *caller.Authenticator
	Log    *slog.Logger
}

// Claims reports whether a request is for a page, by its exact path. Buckets may have such names: one that carries an
// AWS signature is for S3, which the caller has to see to, and so is an upload from a form (S3's POST Object).
func Claims(r *http.Request) bool {
	path := r.URL.EscapedPath()
	switch r.Method {
	case http.MethodGet:
		return path == oauth.AuthorizePath || path == oauth.DevicePath || path == oauth.CallbackPath
	case http.MethodPost:
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return err == nil && kind == "application/x-www-form-urlencoded" && (path == oauth.AuthorizePath || path == oauth.DevicePath)
	}
	return false
}

// visit is one request.
type visit struct {
	*Pages
	w     http.ResponseWriter
	r     *http.Request
	facts caller.Facts
	code  int
	err   error
}

// ServeHTTP serves a request that Claims.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{Pages: p, w: w, r: r, facts: p.Auth.Unsigned(r, p.Auth.Now(), uuid.NewString()), code: http.StatusOK}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // forms need their origin, others get nothing
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	v.route()
	attrs := []slog.Attr{slog.String("path", r.URL.Path), slog.String("method", r.Method), slog.Int("status", v.code), slog.String("request", v.facts.RequestID)}
	if v.err != nil {
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	p.Log.LogAttrs(r.Context(), slog.LevelInfo, "page", attrs...)
}

func (v *visit) route() {
	if v.moved() {
		return
	}
	if v.r.Method == http.MethodPost {
		v.post()
		return
	}
	switch v.r.URL.Path {
	case oauth.AuthorizePath:
		v.authorize()
	case oauth.CallbackPath:
		v.callback()
	default:
		v.show("device", map[string]any{"Code": v.r.URL.Query().Get("user_code")})
	}
}

// moved sends a browser that knows this server by another name to the one that the provider sends it back to: cookies
// belong to a name. It does so once, for something in between may change names.
func (v *visit) moved() bool {
	public, err := url.Parse(v.SignIn.Public)
	if err != nil || v.r.Method != http.MethodGet || v.r.URL.Path == oauth.CallbackPath || strings.EqualFold(v.r.Host, public.Host) {
		return false
	}
	const mark = "moved=1"
	query := v.r.URL.RawQuery
	if query == mark || strings.HasSuffix(query, "&"+mark) {
		return false
	}
	if query != "" {
		query += "&"
	}
	v.redirect(v.SignIn.Public + v.r.URL.Path + "?" + query + mark)
	return true
}

func (v *visit) redirect(to string) {
	v.code = http.StatusSeeOther
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(v.code)
}

// authorize shows what a client asks for, or sends the person on for one that the administrator set up.
func (v *visit) authorize() {
	query := strings.TrimSuffix(strings.TrimSuffix(v.r.URL.RawQuery, "moved=1"), "&")
	a, err := v.SignIn.Authorize(v.facts, query)
	if err != nil {
		v.fail(err)
		return
	}
	if !a.Public {
		v.leave(&oauth.Form{Authorization: a})
		return
	}
	at, _ := url.Parse(a.Redirect)
	v.ask(oauth.Form{Authorization: a}, map[string]any{"Client": a.ClientName, "To": at.Host, "Local": oauth.Loopback(a.Redirect), "Scopes": a.Scopes})
}

// ask shows what a person is to agree to, with buttons.
func (v *visit) ask(f oauth.Form, data map[string]any) {
	form, err := v.SignIn.SealForm(v.browser(), f)
	if err != nil {
		v.fail(err)
		return
	}
	data["Form"], data["Action"] = form, v.r.URL.Path
	v.show("ask", data)
}

// post is what a person typed or pressed, on one of our own pages.
func (v *visit) post() {
	if err := http.NewCrossOriginProtection().Check(v.r); err != nil && !v.samePublicOrigin() {
		v.fail(fault.New(fault.Invalid, fault.Request, "form_invalid: this came from another site").Because(err))
		return
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, 16<<10)
	if err := v.r.ParseForm(); err != nil {
		v.fail(fault.New(fault.Invalid, fault.Request, "form_invalid: the form cannot be read").Because(err))
		return
	}
	action := v.r.PostForm.Get("action")
	if action == "find" && v.r.URL.Path == oauth.DevicePath {
		v.find()
		return
	}
	f, err := v.SignIn.OpenForm(v.cookie(browserCookie), v.r.PostForm.Get("form"))
	switch {
	case err != nil:
		v.fail(err)
	case action == "approve":
		v.leave(f)
	case action == "deny" && f.Authorization != nil:
		v.redirect(f.Authorization.Denied())
	case action == "deny":
		if err := v.SignIn.Deny(v.r.Context(), v.facts, f.DeviceID); err != nil {
			v.fail(err)
			return
		}
		v.show("done", map[string]any{"Title": "Denied", "Text": "The device gets no access. You can close this page."})
	default:
		v.fail(fault.New(fault.Invalid, fault.Request, "form_invalid: the form cannot be read"))
	}
}

// samePublicOrigin reports whether a post comes from the origin by which browsers know this server, where a proxy in
// between gives the request another host.
func (v *visit) samePublicOrigin() bool {
	return v.r.Header.Get("Origin") == v.SignIn.Public && v.r.Header.Get("Sec-Fetch-Site") != "cross-site"
}

// find shows which device waits with a code.
func (v *visit) find() {
	asked, err := v.SignIn.FindDevice(v.r.Context(), v.facts, v.r.PostForm.Get("user_code"))
	if fault.Is(err, fault.NotFound, fault.SignIn) {
		v.code, v.err = http.StatusNotFound, err
		v.show("device", map[string]any{"Wrong": true})
		return
	}
	if err != nil {
		v.fail(err)
		return
	}
	v.ask(oauth.Form{DeviceID: asked.ID}, map[string]any{
		"Client": asked.ClientName, "Source": asked.Source, "At": asked.At.UTC().Format("15:04:05 MST"), "Device": true,
	})
}

// leave sends the person to the OpenID provider.
func (v *visit) leave(f *oauth.Form) {
	to, cookie, err := v.SignIn.Begin(v.r.Context(), v.facts, f)
	if err != nil {
		if f.Authorization != nil && fault.KindOf(err) != fault.Internal {
			err = f.Authorization.ReturnError(err)
		}
		v.fail(err)
		return
	}
	v.setCookie(attemptCookie, cookie, http.SameSiteLaxMode, int(oauth.AttemptLife/time.Second))
	v.redirect(to)
}

// callback is where the provider sends the person back to.
func (v *visit) callback() {
	cookie := v.cookie(attemptCookie)
	v.setCookie(attemptCookie, "", http.SameSiteLaxMode, -1)
	out, err := v.SignIn.Callback(v.r.Context(), v.facts, cookie, v.r.URL.RawQuery)
	switch {
	case err != nil:
		v.fail(err)
	case out.Redirect != "":
		v.err = out.Err
		v.redirect(out.Redirect)
	default:
		v.show("done", map[string]any{"Title": "Approved", "Text": "You are signed in on the device. You can close this page."})
	}
}

// fail tells the client, if it may be told, or the person.
func (v *visit) fail(err error) {
	v.err = err
	if back, ok := errors.AsType[*oauth.Returned](err); ok {
		v.redirect(back.URL)
		return
	}
	e := awserror.Of(awserror.OAuth, err)
	v.code = e.Status
	if fault.KindOf(err) == fault.Throttled {
		v.code = http.StatusTooManyRequests
	}
	reason, text, ok := strings.Cut(e.Message, ": ")
	if !ok {
		reason, text = "", e.Message
	}
	v.show("done", map[string]any{"Title": "That did not work", "Text": text, "Reason": reason, "Request": v.facts.RequestID})
}

func (v *visit) show(name string, data map[string]any) {
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(v.code)
	if err := pages.ExecuteTemplate(v.w, name, data); err != nil && v.err == nil {
		v.err = err
	}
}

// policy lets a page have its own style and its forms, and nothing else. It has no form-action: browsers would hold that
// against the redirects after a form too, which lead to the provider and to the client.
var policy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; frame-ancestors 'none'"

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}
