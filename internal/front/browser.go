package front

import (
	"net/http"
	"strings"

	"latchkey/internal/fault"
)

// Whatever this server says to browsers in particular is here: what pages of other origins may do, what its own pages
// may do, and what an object that somebody stored may do.

// Preflight refuses the question that a browser asks before a page of another origin sends a request (the CORS
// protocol): it comes unsigned, with method OPTIONS. No bucket has rules that would allow it anything. It is nil for
// any other request.
func Preflight(r *http.Request) error {
	if r.Method != http.MethodOptions {
		return nil
	}
	return fault.New(fault.Denied, "", "CORSResponse: CORS is not enabled for this bucket.")
}

// PageHeaders keep a page of this server from being cached, framed, and reached from other sites. policy is its
// Content-Security-Policy.
func PageHeaders(h http.Header, policy string) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // forms need their origin, others get nothing
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// sandbox keeps an object that a browser shows as a page from acting as this server: objects have the origin of the
// pages where people sign in, and anybody may have written them.
func sandbox(h http.Header, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" || strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Security-Policy", "sandbox")
		h.Set("X-Content-Type-Options", "nosniff")
	}
}
