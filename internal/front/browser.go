package front

import (
	"net"
	"net/http"
	"strings"

	"latchkey/internal/fault"
)

// This file has what concerns browsers in particular: what pages of other origins may do, what this server's own pages
// may do, and what a stored object may do.

// Preflight refuses the request that a browser sends before a page of another origin sends its own (the CORS protocol).
// It comes unsigned, with method OPTIONS. No bucket has rules that would allow it anything. For any other request
// Preflight returns nil.
func Preflight(r *http.Request) error {
	if r.Method != http.MethodOptions {
		return nil
	}
	return fault.New(fault.Denied, "", "CORSResponse: CORS is not enabled for this bucket.")
}

// PageHeaders sets headers that keep a page of this server from being cached, framed, and reached from other sites.
// policy is its Content-Security-Policy.
func PageHeaders(h http.Header, policy string) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // forms need their origin, others get nothing
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// Values of headers that every answer, or every answer with an object, has. They are made once, and never changed: a
// header that gets another value gets another slice.
var (
	noSniff   = []string{"nosniff"}
	sandboxed = []string{"sandbox"}
)

// sandbox keeps an object that a browser shows as a page from acting as this server. Anybody may have written the
// object, and cookies know hosts only, no ports. The request's headers have no say: a copy that a browser or a proxy
// cached for one request is served for others.
func (f *Frame) sandbox(h http.Header, host string) {
	if f.PageHost == "" || HostName(host) == f.PageHost {
		h["Content-Security-Policy"] = sandboxed
	}
}

// HostName is the name in a Host header as names are compared: in lower case, without the port and without the dot
// that may end it.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Navigates reports whether a browser opens the answer as a page of its own, and not from within another page: as a
// frame, as an image, or for a script. Programs that are no browsers, and browsers on a connection without TLS, do not
// say how they will use an answer. They are believed.
func Navigates(r *http.Request) bool {
	mode, use := r.Header.Values("Sec-Fetch-Mode"), r.Header.Values("Sec-Fetch-Dest")
	return (len(mode) == 0 || len(mode) == 1 && mode[0] == "navigate") &&
		(len(use) == 0 || len(use) == 1 && use[0] == "document")
}
