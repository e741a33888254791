package oauth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// allowance is a rate limit for one address: burst tries at once, and then one more every interval.
type allowance struct {
	burst int
	every time.Duration
}

// All people of an office may share one address. Behind a proxy everybody does, unless the proxy is trusted to forward
// the client's address. Within DeviceLife one address can start far fewer than MaxPending requests, so it cannot use up
// what an account may have.
var (
	forStarts  = allowance{60, 2 * time.Second}
	forGuesses = allowance{20, 3 * time.Second}
)

// maxLimiters is how many addresses are remembered.
const maxLimiters = 8192

// limiter limits what each address may do, on this node. The zero limiter is ready for use.
type limiter struct {
	mu   sync.Mutex
	each map[netip.Prefix]*rate.Limiter
}

// reserve uses up one try of an address. ok is false when there is none left. giveBack returns the try.
func (l *limiter) reserve(from netip.Addr, now time.Time, a allowance) (giveBack func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64 // the network of one subscriber
	}
	key, _ := from.Prefix(bits)
	one := l.each[key]
	if one == nil {
		if l.each == nil || len(l.each) >= maxLimiters {
			l.each = map[netip.Prefix]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Every(a.every), a.burst)
		l.each[key] = one
	}
	r := one.ReserveN(now, 1)
	if r.DelayFrom(now) > 0 {
		r.CancelAt(now)
		return nil, false
	}
	return func() { r.CancelAt(now) }, true
}
