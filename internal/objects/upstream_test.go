package objects_test

import (
	"testing"

	"latchkey/internal/objects"
	"latchkey/internal/upstream"
	"latchkey/internal/upstream/upstreamtest"
)

// TestUpstream checks that the embedded store fulfils the contract of every store behind the gateway.
func TestUpstream(t *testing.T) {
	upstreamtest.Run(t, func(t *testing.T) upstream.Upstream {
		s, err := objects.Open(t.Context(), t.TempDir(), objects.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
