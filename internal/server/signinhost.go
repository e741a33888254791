package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/control/oauth"
	"latchkey/internal/front"
	"latchkey/internal/pages"
)

// signInURL is the origin at which people sign in: one of its own if the configuration has one, else the server's
// public URL.
func (s *Server) signInURL() string {
	if s.Config.SignInURL != "" {
		return strings.TrimSuffix(s.Config.SignInURL, "/")
	}
	return s.publicURL()
}

// pageHost is the host that alone has the pages of this server, or empty when pages and objects share every host.
func (c *Config) pageHost() string {
	u, err := url.Parse(c.SignInURL)
	if c.SignInURL == "" || err != nil {
		return ""
	}
	return front.HostName(u.Host)
}

// CheckSignInURL checks that people sign in at a host that has nothing else: it is not the public URL's, and neither
// one of the domains nor below one, where its first labels would be a bucket's name. Ports do not tell hosts apart,
// because cookies do not know them. An empty URL is valid.
func CheckSignInURL(c Config) error {
	if c.SignInURL == "" {
		return nil
	}
	if err := checkOrigin("sign-in", c.SignInURL); err != nil {
		return err
	}
	host := c.pageHost()
	if u, err := url.Parse(c.PublicURL); err == nil && c.PublicURL != "" && front.HostName(u.Host) == host {
		return fmt.Errorf("the sign-in URL %q is at the host of the public URL: it needs a host of its own", c.SignInURL)
	}
	for _, d := range c.Domains {
		if name := strings.ToLower(d); host == name || strings.HasSuffix(host, "."+name) {
			return fmt.Errorf("the sign-in URL %q is at the domain %s, where buckets are: it needs a host of its own",
				c.SignInURL, d)
		}
	}
	return nil
}

// isPages reports whether a host is the one that alone has the pages.
func (t *router) isPages(host string) bool {
	return t.pageHost != "" && front.HostName(host) == t.pageHost
}

// servePages answers on the host that alone has the pages. Nothing there is an object, and nothing is signed for an AWS
// service.
func (t *router) servePages(w http.ResponseWriter, r *http.Request) {
	switch {
	case signed(r):
		t.elsewhere.ServeHTTP(w, r)
	case ownPath(r.URL.Path):
		t.own.ServeHTTP(w, r)
	case r.URL.Path == KeysPath && r.Method == http.MethodGet:
		t.keys.ServeHTTP(w, r)
	case r.URL.Path == DiscoveryPath && r.Method == http.MethodGet:
		t.signIn.ServeHTTP(w, r)
	case pages.Claims(r):
		t.pages.ServeHTTP(w, r)
	case t.api.ClaimsForPeople(r):
		t.api.ServeHTTP(w, r)
	default:
		t.elsewhere.ServeHTTP(w, r)
	}
}

// entersPages reports whether an unsigned request at another host is for a page at which a sign-in begins. Clients of
// Identity Center open /authorize below the endpoint that they know.
func (t *router) entersPages(r *http.Request) bool {
	return t.pageHost != "" && r.Method == http.MethodGet && r.URL.Path != oauth.CallbackPath && pages.Claims(r)
}

// sendToPages sends a browser to the same page at the host of the pages.
func (t *router) sendToPages(w http.ResponseWriter, r *http.Request) {
	to := t.pagesURL + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// refuseElsewhere answers, at the host of the pages, what is no page (RFC 9110, 15.5.20).
func refuseElsewhere(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", "sandbox")
	http.Error(w, "people sign in at this host; objects and AWS services are at another one", http.StatusMisdirectedRequest)
}
