package oauth

import (
	"net/netip"
	"testing"
	"time"
)

// One address cannot start so many devices that nobody else's can wait.
func TestAttack40_OneAddressLeavesRoom(t *testing.T) {
	var l limiter
	from, now, started := netip.MustParseAddr("203.0.113.7"), time.Unix(1e9, 0), 0
	for end := now.Add(DeviceLife); now.Before(end); now = now.Add(100 * time.Millisecond) {
		if _, ok := l.reserve(from, now, forStarts); ok {
			started++
		}
	}
	if started < 100 || started > MaxPending/2 {
		t.Errorf("one address starts %d devices in the time that one waits, of %d that may", started, MaxPending)
	}
	// All addresses of one subscriber share an allowance. Another subscriber has another one.
	if _, ok := l.reserve(netip.MustParseAddr("203.0.113.8"), now, forStarts); !ok {
		t.Error("another address is held back")
	}
	for range forStarts.burst {
		l.reserve(netip.MustParseAddr("2001:db8:1:2::1"), now, forStarts)
	}
	if _, ok := l.reserve(netip.MustParseAddr("2001:db8:1:2::ffff"), now, forStarts); ok {
		t.Error("a subscriber has as many tries as addresses")
	}
}
