// Package pages serves the pages that a person sees when signing in: where the person types a device's code, what the
// person is asked to allow, and the result. The pages need no script, and load nothing from elsewhere.
//
// The package owns HTML, cookies and the headers that prevent pages from being framed, cached or posted to from other
// sites. It decides nothing. Package oauth does.
package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/caller"
	"latchkey/internal/control/oauth"
	"latchkey/internal/fault"
	"latchkey/internal/front"
)

// Pages serves the pages. All fields must be set.
type Pages struct {
	SignIn *oauth.SignIn
	Auth   *caller.Authenticator
	Frame  *front.Frame
}

// Claims reports whether a request is for a page, by its exact path. Buckets may have the same names. A request with an
// AWS signature is for S3, which the caller has to check before. An upload from a form (S3's POST Object) is for S3,
// too.
func Claims(r *http.Request) bool {
	path := r.URL.EscapedPath()
	switch r.Method {
	case http.MethodGet:
		return path == oauth.AuthorizePath || path == oauth.DevicePath || path == oauth.CallbackPath
	case http.MethodPost:
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return err == nil && kind == "application/x-www-form-urlencoded" &&
			(path == oauth.AuthorizePath || path == oauth.DevicePath)
	}
	return false
}

// publicURL returns where to redirect a browser that used another name of this server than the public one. The provider
// sends the browser back to the public name, and cookies belong to a name. It redirects only once, because a proxy in
// between may change names.
func (v *visit) publicURL() (to string, ok bool) {
	public, err := url.Parse(v.SignIn.Public)
	if err != nil || v.r.Method != http.MethodGet || v.r.URL.Path == oauth.CallbackPath ||
		strings.EqualFold(v.r.Host, public.Host) {
		return "", false
	}
	const mark = "moved=1"
	query := v.r.URL.RawQuery
	if query == mark || strings.HasSuffix(query, "&"+mark) {
		return "", false
	}
	if query != "" {
		query += "&"
	}
	return v.SignIn.Public + v.r.URL.Path + "?" + query + mark, true
}

// authorize shows what a public client asks for. For an application that an administrator set up, it sends the person
// straight to the provider.
func (v *visit) authorize() (reply, error) {
	query := strings.TrimSuffix(strings.TrimSuffix(v.r.URL.RawQuery, "moved=1"), "&")
	a, err := v.SignIn.Authorize(v.facts, query)
	if err != nil {
		return reply{}, err
	}
	if !a.Public {
		return v.toProvider(&oauth.Form{Authorization: a})
	}
	at, _ := url.Parse(a.Redirect)
	return v.consentPage(oauth.Form{Authorization: a}, map[string]any{
		"Client": a.ClientName, "To": at.Host, "Local": oauth.Loopback(a.Redirect), "Scopes": a.Scopes,
	})
}

// consentPage shows what a person is asked to allow, with buttons.
func (v *visit) consentPage(f oauth.Form, data map[string]any) (reply, error) {
	name, browser := v.browser()
	form, err := v.SignIn.SealForm(browser, f)
	if err != nil {
		return reply{}, err
	}
	data["Form"], data["Action"] = name+"."+form, v.r.URL.Path
	return show("ask", data), nil
}

// post handles what a person typed or pressed on one of our own pages.
func (v *visit) post() (reply, error) {
	if err := http.NewCrossOriginProtection().Check(v.r); err != nil && !v.samePublicOrigin() {
		return reply{}, fault.Refuse(fault.Invalid, fault.Request, fault.FormInvalid,
			"this came from another site").Because(err)
	}
	form, err := v.form()
	if err != nil {
		return reply{}, fault.Refuse(fault.Invalid, fault.Request, fault.FormInvalid, "the form cannot be read").Because(err)
	}
	action := form.Get("action")
	if action == "find" && v.r.URL.Path == oauth.DevicePath {
		return v.find(form.Get("user_code"))
	}
	name, sealed, _ := strings.Cut(form.Get("form"), ".")
	f, err := v.SignIn.OpenForm(v.cookie(browserCookie+name), sealed)
	switch {
	case err != nil:
		return reply{}, err
	case action == "approve":
		return v.toProvider(f)
	case action == "deny" && f.Authorization != nil:
		return redirect(f.Authorization.Denied()), nil
	case action == "deny":
		if err := v.SignIn.Deny(v.r.Context(), v.facts, f.DeviceID); err != nil {
			return reply{}, err
		}
		return show("done", map[string]any{
			"Title": "Denied", "Text": "The device gets no access. You can close this page.",
		}), nil
	}
	return reply{}, fault.Refuse(fault.Invalid, fault.Request, fault.FormInvalid, "the form cannot be read")
}

// formBudget is what a form may cost. Anybody may send one.
var formBudget = budget.Budget{Bytes: 16 << 10, Elements: 20, Time: 15 * time.Second}

// form reads the form of a request.
func (v *visit) form() (url.Values, error) {
	v.Limit(formBudget)
	body, err := awswire.ReadBody(v.r, formBudget.Bytes)
	if err != nil {
		return nil, err
	}
	return awswire.ParseForm(formBudget, string(body))
}

// samePublicOrigin reports whether a post comes from the server's public origin. It is for proxies that change the Host
// of a request.
func (v *visit) samePublicOrigin() bool {
	return v.r.Header.Get("Origin") == v.SignIn.Public && v.r.Header.Get("Sec-Fetch-Site") != "cross-site"
}

// wrongCode is the error for a user code for which no device waits. The person may try another one on the same page.
type wrongCode struct{ error }

// Unwrap returns the cause.
func (e *wrongCode) Unwrap() error { return e.error }

// find shows the device that waits with a code.
func (v *visit) find(userCode string) (reply, error) {
	asked, err := v.SignIn.FindDevice(v.r.Context(), v.facts, userCode)
	if fault.Is(err, fault.NotFound, fault.SignIn) {
		return reply{}, &wrongCode{err}
	}
	if err != nil {
		return reply{}, err
	}
	return v.consentPage(oauth.Form{DeviceID: asked.ID}, map[string]any{
		"Client": asked.ClientName, "Source": asked.Source, "At": asked.At.UTC().Format("15:04:05 MST"), "Device": true,
	})
}

// toProvider sends the person to the OpenID provider.
func (v *visit) toProvider(f *oauth.Form) (reply, error) {
	to, state, cookie, err := v.SignIn.Begin(v.r.Context(), v.facts, f)
	if err != nil {
		if f.Authorization != nil && fault.KindOf(err) != fault.Internal {
			err = f.Authorization.ReturnError(err)
		}
		return reply{}, err
	}
	v.setAttempt(state, cookie)
	return redirect(to), nil
}

// callback handles the person's return from the provider.
func (v *visit) callback() (reply, error) {
	cookie := v.takeAttempt(v.r.URL.Query().Get("state"))
	call, err := v.SignIn.BeginCallback(v.facts)
	if err != nil {
		return reply{}, err
	}
	v.Call = call
	out, err := v.SignIn.Callback(v.r.Context(), call, cookie, v.r.URL.RawQuery)
	switch {
	case err != nil:
		return reply{}, err
	case out.Redirect != "":
		return redirect(out.Redirect), nil
	}
	return show("done", map[string]any{
		"Title": "Approved", "Text": "You are signed in on the device. You can close this page.",
	}), nil
}

// policy is the Content-Security-Policy of the pages. It allows the pages' own style and nothing else that is loaded.
// It has no form-action: browsers would apply that to the redirects after a form too, which lead to the provider and to
// the client.
var policy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; frame-ancestors 'none'"

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}
