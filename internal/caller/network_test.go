package caller_test

import (
	"net/netip"
	"testing"

	"latchkey/internal/caller"
)

func TestNetworkOfAClient(t *testing.T) {
	for address, want := range map[string]string{
		"198.51.100.7":        "198.51.100.7/32",
		"::ffff:198.51.100.7": "198.51.100.7/32",
		"2001:db8:0:1::1":     "2001:db8:0:1::/64",
		"2001:db8:0:1:f::2":   "2001:db8:0:1::/64",
		"fe80::1%eth0":        "fe80::/64",
	} {
		if got := caller.Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if caller.Network(netip.Addr{}).IsValid() {
		t.Error("an address that is not known has a network")
	}
}
