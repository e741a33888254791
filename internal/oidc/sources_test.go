package oidc

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Nobody makes the server remember more sources than it fetches keys for.
func TestSourcesInMemoryAreBounded(t *testing.T) {
	const every = 30 * time.Second
	now := time.Now()
	i := &issuer{all: rate.NewLimiter(rate.Every(every/maxShare), maxBurst*maxShare)}
	allowed := 0
	for n := range 1000 {
		if i.allows(netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)}), 32), now, every) {
			allowed++
		}
	}
	if allowed != maxBurst*maxShare || len(i.sources) > maxBurst*maxShare {
		t.Errorf("%d fetches, %d sources in memory", allowed, len(i.sources))
	}
	now = now.Add(maxBurst * every)
	if !i.allows(netip.Prefix{}, now, every) || len(i.sources) != 1 {
		t.Errorf("%d sources are remembered for ever", len(i.sources))
	}
}
