package pages

import (
	"errors"
	"net/http"

	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control/oauth"
	"latchkey/internal/fault"
	"latchkey/internal/front"
)

// kind describes the pages to the frame. Anybody with a browser may open them.
var kind = front.Kind{Service: "pages", IDHeader: front.IDHeader, Open: true}

// visit is one request. Cookies are set on w at once. Send or Refuse writes the page.
type visit struct {
	*Pages
	*front.Exchange
	w     http.ResponseWriter
	r     *http.Request
	facts caller.Facts
	reply reply
}

// reply is a page, or the redirect of a browser.
type reply struct {
	status   int
	redirect string
	page     string
	data     map[string]any
}

// ServeHTTP serves a request that Claims.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{Pages: p, Exchange: p.Frame.Begin(w, r, kind), w: w, r: r}
	v.facts = p.Auth.Unsigned(r, p.Auth.Now(), v.From)
	front.PageHeaders(w.Header(), policy)
	v.Serve(v)
}

// Answer determines the reply.
func (v *visit) Answer() (err error) {
	v.reply, err = v.route()
	return err
}

// Send writes the reply.
func (v *visit) Send(w http.ResponseWriter) error { return write(w, v.reply) }

// Explain maps a failure as the OAuth service does, except that a browser that asks too often gets status 429, and one
// that asks from within another page status 403.
func (v *visit) Explain(err error) awserror.Error {
	told := awserror.Of(awserror.OAuth, err)
	switch {
	case fault.KindOf(err) == fault.Throttled:
		told.Status = http.StatusTooManyRequests
	case fault.Of(err).Reason == fault.NotNavigated:
		told.Status = http.StatusForbidden
	}
	return told
}

// Refuse sends the error to the client, if the client may have it, or shows it to the person.
func (v *visit) Refuse(w http.ResponseWriter, err error, told awserror.Error) {
	if back, ok := errors.AsType[*oauth.RedirectError](err); ok {
		_ = write(w, redirect(back.URL))
		return
	}
	if _, ok := errors.AsType[*wrongCode](err); ok {
		_ = write(w, reply{http.StatusNotFound, "", "device", map[string]any{"Wrong": true}})
		return
	}
	reason := told.Reason
	if told.Text == told.Message { // the reason is not for clients
		reason = ""
	}
	_ = write(w, reply{told.Status, "", "done", map[string]any{
		"Title": "That did not work", "Text": told.Text, "Reason": reason, "Request": v.ID,
	}})
}

func write(w http.ResponseWriter, r reply) error {
	if r.redirect != "" {
		w.Header().Set("Location", r.redirect)
		w.WriteHeader(r.status)
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(r.status)
	return pages.ExecuteTemplate(w, r.page, r.data)
}

func redirect(to string) reply { return reply{status: http.StatusSeeOther, redirect: to} }

func show(page string, data map[string]any) reply { return reply{http.StatusOK, "", page, data} }

// route names the operation of a request, and runs it.
func (v *visit) route() (reply, error) {
	v.Operation = operation(v.r)
	if !front.Navigates(v.r) {
		return reply{}, fault.Refuse(fault.Denied, "", fault.NotNavigated,
			"this page can only be opened as a page of its own")
	}
	if to, ok := v.publicURL(); ok {
		return redirect(to), nil
	}
	if v.r.Method == http.MethodPost {
		return v.post()
	}
	switch v.r.URL.Path {
	case oauth.AuthorizePath:
		return v.authorize()
	case oauth.CallbackPath:
		return v.callback()
	}
	return show("device", map[string]any{"Code": v.r.URL.Query().Get("user_code")}), nil
}

// operation is the name of a request in the log and the metrics.
func operation(r *http.Request) string {
	post := r.Method == http.MethodPost
	switch {
	case r.URL.Path == oauth.CallbackPath:
		return "UserAuthentication"
	case r.URL.Path == oauth.AuthorizePath && post:
		return "PostAuthorize"
	case r.URL.Path == oauth.AuthorizePath:
		return "Authorize"
	case post:
		return "PostDevice"
	}
	return "ShowDevice"
}
