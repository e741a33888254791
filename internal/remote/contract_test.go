package remote_test

import (
	"testing"

	"latchkey/internal/upstream"
	"latchkey/internal/upstream/upstreamtest"
)

// TestUpstream checks that a remote store fulfils the contract of every store behind the gateway.
func TestUpstream(t *testing.T) {
	for name, start := range map[string]func(testing.TB) site{"Latchkey": latchkey, "versitygw": versitygw} {
		t.Run(name, func(t *testing.T) {
			s := open(t, start(t).options(t))
			upstreamtest.Run(t, func(*testing.T) upstream.Upstream { return s })
		})
	}
}
