package caller

import (
	"net"
	"net/http"
	"net/netip"
)

// Connection is how a request reached the server, as package front established it. The client cannot choose any of its
// values.
type Connection struct {
	RequestID string
	SourceIP  netip.Addr // the client's address; the zero Addr: not known
	// The TLS version of the client's connection to this server, such as tls.VersionTLS12. Zero: no TLS, or the connection
	// is a proxy's.
	TLS        uint16
	TLSAtProxy bool // a trusted proxy says that the client came to it with TLS
}

// Direct returns the connection of a request that came without a proxy: the peer is the client.
func Direct(r *http.Request, requestID string) Connection {
	c := Connection{RequestID: requestID}
	if r.TLS != nil {
		c.TLS = r.TLS.Version
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.SourceIP, _ = netip.ParseAddr(host)
	}
	return c
}

// Network is the network that stands for a client in counts and budgets: its address or, for IPv6, the 2^64 addresses
// that one client usually has.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
