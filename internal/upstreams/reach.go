package upstreams

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Reached is an address at which a store was looked for.
type Reached struct {
	Endpoint string         // the endpoint's host and port
	Address  netip.AddrPort // where it was looked for
	Listed   bool           // the endpoint's name resolves to the address; otherwise the machine has it besides
	Answers  bool           // somebody takes connections there
}

// dialLimit is how long one address may take to take a connection.
const dialLimit = 2 * time.Second

// Reach looks for the store at all addresses of its endpoints, and, if an endpoint is on this machine, at all other
// addresses of this machine. It only opens connections, and sends nothing.
func (m *Member) Reach(ctx context.Context) (all []Reached, err error) {
	for _, e := range m.Endpoints {
		some, err := reach(ctx, e)
		if err != nil {
			return all, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func reach(ctx context.Context, e *url.URL) (all []Reached, err error) {
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", portOf(e))
	if err != nil {
		return nil, err
	}
	listed, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.Hostname())
	if err != nil {
		return nil, err
	}
	own := ownAddresses()
	here := false
	try := func(a netip.Addr, listed bool) {
		at := netip.AddrPortFrom(a.Unmap(), uint16(port))
		all = append(all, Reached{e.Host, at, listed, answers(ctx, at)})
	}
	known := map[netip.Addr]bool{}
	for _, a := range listed {
		a = a.Unmap()
		known[a] = true
		here = here || a.IsLoopback() || own[a]
		try(a, true)
	}
	if here {
		for a := range own {
			if !known[a] && !a.IsLoopback() {
				try(a, false)
			}
		}
	}
	return all, nil
}

// portOf is an endpoint's port.
func portOf(e *url.URL) string {
	if p := e.Port(); p != "" {
		return p
	}
	return e.Scheme
}

// ownAddresses are the addresses of this machine, except those that hold on one link alone.
func ownAddresses() map[netip.Addr]bool {
	own := map[netip.Addr]bool{}
	all, _ := net.InterfaceAddrs() // none: nothing is found
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			own[p.Addr().Unmap()] = true
		}
	}
	return own
}

func answers(ctx context.Context, at netip.AddrPort) bool {
	c, err := (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
