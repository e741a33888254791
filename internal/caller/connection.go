package caller

import (
	"net"
	"net/http"
	"net/netip"
)

// Connection is how a request reached the server, as the server's own front established it. Nothing in it is what the
// client says of itself.
type Connection struct {
	RequestID string
	SourceIP  netip.Addr // the client's address; the zero Addr: not known
	// tls.VersionTLS12 and so on, of the client's connection to this server; zero: no TLS, or a proxy's
	TLS        uint16
	TLSAtProxy bool // a trusted proxy says that the client came to it with TLS
}

// Direct is the connection of a request that came without a proxy in between: the peer is the client.
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
