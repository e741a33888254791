package oauth

import (
	"net/netip"
	"testing"
	"time"
)

// One address cannot start so many devices that nobody else's can wait.
func TestAttack40_OneAddressLeavesRoom(t *testing.T) {
	var l limiter[netip.Prefix]
	from, now, started := netip.MustParseAddr("203.0.113.7"), time.Unix(1e9, 0), 0
	for end := now.Add(DeviceLife); now.Before(end); now = now.Add(100 * time.Millisecond) {
		if _, ok := l.reserve(network(from), now, forStarts); ok {
			started++
		}
	}
	if started < 100 || started > MaxPending/2 {
		t.Errorf("one address starts %d devices in the time that one waits, of %d that may", started, MaxPending)
	}
	// All addresses of one subscriber share an allowance. Another subscriber has another one.
	if _, ok := l.reserve(network(netip.MustParseAddr("203.0.113.8")), now, forStarts); !ok {
		t.Error("another address is held back")
	}
	for range forStarts.burst {
		l.reserve(network(netip.MustParseAddr("2001:db8:1:2::1")), now, forStarts)
	}
	if _, ok := l.reserve(network(netip.MustParseAddr("2001:db8:1:2::ffff")), now, forStarts); ok {
		t.Error("a subscriber has as many tries as addresses")
	}
}

// Addresses that come and go do not free an address from its limit.
func TestAttack54_ManyAddressesFreeNobodyFromALimit(t *testing.T) {
	var l limiter[int]
	now := time.Unix(1e9, 0)
	for range forGuesses.burst {
		l.reserve(-1, now, forGuesses)
	}
	for i := range maxLimiters + 10 {
		l.reserve(i, now, forGuesses)
	}
	if _, ok := l.reserve(-1, now, forGuesses); ok {
		t.Error("an address at its limit was forgotten")
	}
	if n := len(l.newer) + len(l.old); n > 2*maxLimiters {
		t.Errorf("%d addresses are remembered", n)
	}
	var p pollTimes
	p.allow("slow", now, time.Second)
	for i := range maxPollTimes + 10 {
		p.allow(string(rune(i+1000)), now, time.Second)
	}
	if p.allow("slow", now, time.Second) {
		t.Error("a device that asks too often was forgotten")
	}
	if n := len(p.newer) + len(p.old); n > 2*maxPollTimes {
		t.Errorf("%d devices are remembered", n)
	}
}
