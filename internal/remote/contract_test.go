package remote_test

import (
	"testing"

	"latchkey/internal/upstream"
	"latchkey/internal/upstream/upstreamtest"
)

// TestUpstreamLatchkey checks the contract of every store behind the gateway in front of a store that is flat.
func TestUpstreamLatchkey(t *testing.T) {
	s := open(t, latchkey(t).options(t))
	upstreamtest.Run(t, func(*testing.T) upstream.Upstream { return s })
}

// TestUpstreamVersitygw checks it in front of one that maps keys to paths.
func TestUpstreamVersitygw(t *testing.T) {
	s := open(t, versitygw(t).options(t))
	upstreamtest.RunBut(t, map[string]string{
		"uploads are listed page by page": "versitygw 1.8.0 refuses its own NextUploadIdMarker with InvalidArgument",
	}, func(*testing.T) upstream.Upstream { return s })
}
