package front

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"latchkey/internal/caller"
)

// Proxies are the networks of the proxies that this server trusts. The zero Proxies trusts no proxy: the peer of the
// connection is the client, and forwarding headers mean nothing.
//
// A trusted proxy must append the address of its own peer to X-Forwarded-For, and set X-Forwarded-Proto itself. This
// server never reads other such headers (Forwarded, X-Real-IP, X-Forwarded-Host).
type Proxies []netip.Prefix

// maxHops is how many addresses of X-Forwarded-For the server reads. A chain of proxies is shorter.
const maxHops = 16

// ParseProxies reads networks such as 10.0.0.0/8 and fd00::/8. A single address is a network of one. ParseProxies
// refuses a network of all addresses, because then every client could choose its address.
func ParseProxies(texts []string) (all Proxies, err error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, bad := netip.ParseAddr(text); bad == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", text)
		case p.Bits() == 0:
			return nil, fmt.Errorf("%q is everybody: every client could choose its address", text)
		case p.Addr().Is4In6():
			return nil, fmt.Errorf("%q is an IPv4 network in IPv6's form: write it as IPv4", text)
		case p.Masked() != p:
			return nil, fmt.Errorf("%q has bits after its length: did you mean %s or %s?", text, p.Masked(), p.Addr())
		}
		all = append(all, p)
	}
	return all, nil
}

// trusts reports whether an address is a trusted proxy's.
func (p Proxies) trusts(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Connection is where a request came from. If the request's peer is a trusted proxy, X-Forwarded-For is read from the
// right: each address in it was appended by the proxy whose address comes after it. The client is the first address
// from the right that is not a trusted proxy's. Reading also ends before a text that is not an address, and after 16
// addresses. Then the client is the last address that was read, because a trusted proxy vouched for that one and for
// nothing further left. Texts that clients write themselves stand further left and are never read. So no client can
// make itself look like the proxy by a malformed or long header.
//
// X-Forwarded-Proto of the trusted proxy says whether the client came with TLS. If there is exactly one such header and
// it is https, the client did. With any other value the client did not. Without the header, the client came as the
// proxy itself did.
func (p Proxies) Connection(r *http.Request, requestID string) caller.Connection {
	c := caller.Direct(r, requestID)
	if !c.SourceIP.IsValid() || !p.trusts(c.SourceIP) {
		return c
	}
	c.SourceIP = p.walk(c.SourceIP, r.Header.Values("X-Forwarded-For"))
	if proto := r.Header.Values("X-Forwarded-Proto"); len(proto) > 0 {
		c.TLS, c.TLSAtProxy = 0, len(proto) == 1 && strings.EqualFold(proto[0], "https")
	}
	return c
}

// walk returns the client at the beginning of a chain of proxies. peer, the end of the chain, is trusted.
func (p Proxies) walk(peer netip.Addr, lines []string) netip.Addr {
	client, hops := peer, 0
	for _, line := range slices.Backward(lines) {
		for more := true; more; hops++ {
			entry := line
			i := strings.LastIndexByte(line, ',')
			if more = i >= 0; more {
				line, entry = line[:i], line[i+1:]
			}
			a, ok := forwarded(strings.Trim(entry, " \t"))
			if !ok || hops == maxHops {
				return client
			}
			if client = a; !p.trusts(a) {
				return client
			}
		}
	}
	return client
}

// forwarded reads one entry of X-Forwarded-For: an address, with or without a port, as the proxies in use write it.
func forwarded(text string) (netip.Addr, bool) {
	if len(text) > len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535") {
		return netip.Addr{}, false
	}
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	} else if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}
