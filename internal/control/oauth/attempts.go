package oauth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// allowance is what one address may do: so much at once, and then one each so often.
type allowance struct {
	burst int
	every time.Duration
}

// An office may have one address, and a proxy in front of us makes it everybody's: forwarded headers are not believed.
// Within DeviceLife one address can start far fewer than MaxPending: it shall not keep everybody else out.
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

// take uses up one try of an address. ok is false when there is none left; back gives it back.
func (l *limiter) take(from netip.Addr, now time.Time, a allowance) (back func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64 // what one subscriber has
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
