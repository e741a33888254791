package budget

import (
	"net/netip"
	"sync"
)

// Intake counts the bytes of request bodies that are in memory: those of all sources, and those of each. Set its bounds
// before its first use. Its zero value admits nothing.
//
// A source is an IPv4 address, or the /64 network of an IPv6 address, because one client has a whole /64.
type Intake struct {
	MaxAll    int64 // bytes of all sources
	MaxSource int64 // bytes of one source

	mu  sync.Mutex
	all int64
	of  map[netip.Prefix]int64
}

// Hold counts n more bytes of a source, and reports whether there is room for them. If there is none, it counts
// nothing.
func (i *Intake) Hold(from netip.Addr, n int64) bool {
	if n == 0 {
		return true
	}
	source := sourceOf(from)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.all+n > i.MaxAll || i.of[source]+n > i.MaxSource {
		return false
	}
	if i.of == nil {
		i.of = map[netip.Prefix]int64{}
	}
	i.all += n
	i.of[source] += n
	return true
}

// Release ends what Hold counted.
func (i *Intake) Release(from netip.Addr, n int64) {
	if n == 0 {
		return
	}
	source := sourceOf(from)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all -= n
	if i.of[source] -= n; i.of[source] == 0 {
		delete(i.of, source)
	}
}

func sourceOf(a netip.Addr) netip.Prefix {
	bits := 64
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // of the invalid address: the invalid prefix, a source of its own
	return p
}
