package oauth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// allowance is a rate limit for one key: burst tries at once, and then one more every interval.
type allowance struct {
	burst int
	every time.Duration
}

// All people of an office may share one address. Behind a proxy everybody does, unless the proxy is trusted to forward
// the client's address.
var (
	forStarts        = allowance{60, 2 * time.Second}
	forRegistrations = allowance{60, 2 * time.Second}
	forGuesses       = allowance{20, 3 * time.Second}
	// Of one code: a person mistypes it a few times, and nobody tries it from many addresses until a device gets it.
	forGuessesOfCode = allowance{10, time.Minute}
)

// maxLimiters is how many addresses are remembered before the oldest are forgotten.
const maxLimiters = 8192

// limiter limits what each key may do, on this node. It keeps two generations: when the newer one is full, it becomes
// the older one, whose keys are forgotten unless they come again. So a source that fills it does not free others, or
// itself, from their limits at once. The zero limiter is ready for use.
type limiter[K comparable] struct {
	mu         sync.Mutex
	newer, old map[K]*rate.Limiter
}

// reserve uses up one try of a key. ok is false when there is none left. giveBack returns the try.
func (l *limiter[K]) reserve(key K, now time.Time, a allowance) (giveBack func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(key, a).ReserveN(now, 1)
	if r.DelayFrom(now) > 0 {
		r.CancelAt(now)
		return nil, false
	}
	return func() { r.CancelAt(now) }, true
}

func (l *limiter[K]) of(key K, a allowance) *rate.Limiter {
	one := l.newer[key]
	if one != nil {
		return one
	}
	if one = l.old[key]; one == nil {
		one = rate.NewLimiter(rate.Every(a.every), a.burst)
	}
	if l.newer == nil || len(l.newer) >= maxLimiters {
		l.newer, l.old = map[K]*rate.Limiter{}, l.newer
	}
	l.newer[key] = one
	return one
}

// network is what one subscriber has: an IPv4 address, or an IPv6 network of 64 bits.
func network(from netip.Addr) netip.Prefix {
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	p, _ := from.Prefix(bits)
	return p
}
