package login

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
)

// callback is the one page of the loopback port. It accepts one answer: the first that has the right state.
type callback struct {
	redirect *url.URL
	state    string
	provider *Provider
	taken    atomic.Bool
	answer   chan answer
}

// answer is what the provider's redirect carried.
type answer struct {
	code string
	err  error
}

func newCallback(redirect *url.URL, state string, p *Provider) *callback {
	return &callback{redirect: redirect, state: state, provider: p, answer: make(chan answer, 1)}
}

// ServeHTTP answers the browser. A request without the state of this sign-in is not the provider's answer. Any page in
// the browser can send one, so it must not end the sign-in.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	path := c.redirect.EscapedPath()
	if path == "" {
		path = "/"
	}
	q := r.URL.Query()
	switch {
	case r.Host != c.redirect.Host: // a foreign host name that resolves to this machine
		page(w, http.StatusForbidden, "Not here", "This address belongs to a sign-in on this machine.")
	case r.URL.EscapedPath() != path:
		page(w, http.StatusNotFound, "Not here", "There is nothing at this address.")
	case r.Method != http.MethodGet:
		h.Set("Allow", http.MethodGet)
		page(w, http.StatusMethodNotAllowed, "Not so", "The provider's answer comes as GET.")
	case subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1:
		page(w, http.StatusBadRequest, "Not this sign-in",
			"This answer does not belong to the sign-in that waits. Go on in the window where you began.")
	case !c.taken.CompareAndSwap(false, true):
		page(w, http.StatusGone, "Done already", "This sign-in was answered before. You may close this window.")
	default:
		a := c.read(q)
		if a.err != nil {
			page(w, http.StatusBadRequest, "Not signed in", "The reason is in the terminal. You may close this window.")
		} else {
			page(w, http.StatusOK, "Back to the terminal", "The sign-in goes on there. You may close this window.")
		}
		c.answer <- a
	}
}

func (c *callback) read(q url.Values) answer {
	iss := q.Get("iss")
	switch {
	// RFC 9207: an answer of another provider must not be accepted as this provider's.
	case iss != "" && iss != c.provider.Issuer, iss == "" && c.provider.NamesItself:
		return answer{err: fmt.Errorf("the answer is not of the provider %s but of %q", c.provider.Issuer, Printable(iss))}
	case q.Get("error") != "":
		return answer{err: fmt.Errorf("the provider did not sign you in: %s",
			oauthText(q.Get("error"), q.Get("error_description"), ""))}
	case q.Get("code") == "":
		return answer{err: fmt.Errorf("the provider answered without a code")}
	}
	return answer{code: q.Get("code")}
}

// page writes a page. The caller passes constant texts only.
func page(w http.ResponseWriter, status int, title, text string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"+
		"<title>Latchkey: %[1]s</title></head>\n<body><h1>%[1]s</h1><p>%[2]s</p></body></html>\n", title, text)
}
