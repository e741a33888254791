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

// isOwnFor reports whether host is the server itself for a client that came to the host asked: that host, or another of
// the server's names at the same port. A proxy before the server may have another port than the listener.
func (n *names) isOwnFor(asked, host string) bool {
	port := portIn(asked)
	if plainHost(asked) == plainHost(host) {
		return true
	}
	return (&names{domains: n.domains, port: port}).isOwn(host) && portIn(host) == port
}

// plainHost is a host in lower case, without the dot that may end its name, and without the port of http or https.
func plainHost(host string) string {
	name, port := strings.ToLower(host), ""
	if h, p, err := net.SplitHostPort(name); err == nil && p != "80" && p != "443" {
		name, port = h, ":"+p
	} else if err == nil {
		name = h
	}
	return strings.TrimSuffix(name, ".") + port
}

// portIn is the port in a host; empty for that of the scheme.
func portIn(host string) string {
	_, port, err := net.SplitHostPort(host)
	if err != nil || port == "80" || port == "443" {
		return ""
	}
	return port
}
