package server

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// ProxyName is the host name by which clients of `latchkey exec` and `latchkey env` reach the server. They use the
// server as their proxy, so that {account}.s3.latchkey needs no name service.
const ProxyName = "s3.latchkey"

// ownDomains are the host names of this server. The public URL's is one of them: no bucket is in it, even if it lies
// below another of the names.
func ownDomains(c Config) []string {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return c.Domains
	}
	return append(slices.Clone(c.Domains), strings.ToLower(u.Hostname()))
}

// names are the host names of this server when a client uses it as a proxy.
type names struct {
	domains []string
	port    string // of the listener
}

// isOwn reports whether host, with or without a port, is the server itself: its domains and every name below them,
// localhost, and loopback addresses, each only with the server's own port.
func (n *names) isOwn(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if port != "" && port != n.port {
		return false
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	for _, d := range n.domains {
		if name == d || strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}
