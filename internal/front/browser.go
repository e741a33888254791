package front

import (
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
}

// sandbox keeps an object that a browser shows as a page from acting as this server. Objects have the same origin as
// the pages where people sign in, and anybody may have written them.
func sandbox(h http.Header, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" || strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Security-Policy", "sandbox")
		h.Set("X-Content-Type-Options", "nosniff")
	}
}
