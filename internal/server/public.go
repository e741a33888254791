package server

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// publicURL is the URL by which browsers know this server: the configuration's, else the listener's. The Host of a
// request never decides it, because it goes to OpenID providers as a redirect URI.
func (s *Server) publicURL() string {
	return cmp.Or(strings.TrimSuffix(s.Config.PublicURL, "/"), s.URL())
}

// CheckPublicURL checks the public URL of a configuration. It must be a scheme and a host, nothing else. An empty one
// is valid.
func CheckPublicURL(text string) error {
	if text == "" {
		return nil
	}
	return checkOrigin("public", text)
}

// checkOrigin checks a URL that is a scheme and a host. which says which URL of the configuration it is.
func checkOrigin(which, text string) error {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		u.Scheme+"://"+u.Host != strings.TrimSuffix(text, "/") || strings.ToLower(text) != text {
		return fmt.Errorf("the %s URL %q is not a scheme and a host in small letters, such as https://grants.example.org",
			which, text)
	}
	return nil
}
