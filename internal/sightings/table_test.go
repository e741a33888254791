package sightings

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// use is a request of a session, some seconds after the start.
func aUse(n uint64, seconds int, from string) *caller.Caller {
	s := &credential.Session{Kind: credential.AssumedRole, Account: "123456789012", Issued: start,
		Expires: start.Add(time.Hour), Revision: 1}
	binary.BigEndian.PutUint64(s.ID[8:], n) // all in one shard
	return &caller.Caller{Session: s, AccessKeyID: "ASIA", Facts: caller.Facts{
		Time: start.Add(time.Duration(seconds) * time.Second), SourceIP: netip.MustParseAddr(from),
	}}
}

func all(*Sighting) bool { return true }

func TestUsesAreRemembered(t *testing.T) {
	table := New(start)
	for i, from := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.4", "192.0.2.5"} {
		table.Saw(aUse(1, i, from), nil)
	}
	table.Saw(&caller.Caller{}, nil) // of a long-term key
	s, ok := table.Get(aUse(1, 0, "::1").Session.ID)
	var from []string
	for _, a := range s.Addresses {
		from = append(from, a.String())
	}
	if got := strings.Join(from, " "); !ok || !s.Last.Equal(start.Add(5*time.Second)) ||
		got != "192.0.2.5 192.0.2.4 192.0.2.3 192.0.2.1" {
		t.Errorf("%+v from %s", s, got)
	}
	if _, ok := table.Get(credential.SessionID{9}); ok {
		t.Error("a session that nobody used")
	}
	ended := fault.New(fault.Denied, fault.SessionToken, "gone").For(fault.SessionsEnded)
	table.Saw(aUse(1, 7, "192.0.2.9"), ended)
	if s, _ = table.Get(s.ID); !s.Last.Equal(start.Add(5*time.Second)) || !s.Refused.Equal(start.Add(7*time.Second)) ||
		s.Text != "gone" || s.Addresses[0] != netip.MustParseAddr("192.0.2.5") {
		t.Errorf("after a refusal: %+v", s)
	}
}

// An address that alternates with another one within a second is not missed.
func TestAddressesWithinASecond(t *testing.T) {
	table := New(start)
	table.Saw(aUse(1, 0, "192.0.2.1"), nil)
	table.Saw(aUse(1, 0, "192.0.2.2"), nil)
	if s, _ := table.Get(aUse(1, 0, "::1").Session.ID); len(s.Addresses) != 2 {
		t.Errorf("%v", s.Addresses)
	}
}

func TestTheTableIsBounded(t *testing.T) {
	table := New(start)
	table.maxBytes = 100 * baseBytes
	if !table.Since().Equal(start) {
		t.Errorf("since %v", table.Since())
	}
	for i := range 1000 {
		table.Saw(aUse(uint64(i), i, "192.0.2.1"), nil)
	}
	in := &table.shards[0]
	if n := len(in.of); in.bytes > table.maxBytes || n < 80 || n > 100 {
		t.Errorf("%d sightings, %d bytes", n, in.bytes)
	}
	if since := table.Since(); !since.After(start) {
		t.Errorf("complete since %v", since)
	}
	size, held := 0, 0
	for _, e := range in.of {
		size += e.size
	}
	for _, n := range in.held {
		held += n
	}
	if size != in.bytes || held != size {
		t.Errorf("%d and %d bytes are counted, %d are there", in.bytes, held, size)
	}
	// Expired ones go first, and are no loss.
	lost := table.lost.Load()
	for i := range 50 {
		table.Saw(aUse(uint64(2000+i), 7200, "192.0.2.1"), nil)
	}
	if table.lost.Load() != lost {
		t.Error("a live one was forgotten while others had expired")
	}
}

// Whoever makes very many sessions makes the table forget them, and not those of others.
func TestAttack54_AFloodOfSessionsForgetsItsOwn(t *testing.T) {
	table := New(start)
	table.maxBytes = 100 * baseBytes
	for i := range 10 {
		c := aUse(uint64(i), 0, "192.0.2.1")
		c.Session.UserID = string(rune('a' + i))
		table.Saw(c, nil)
	}
	for i := range 2000 {
		c := aUse(uint64(100+i), 1+i, "192.0.2.9")
		c.Session.Asked.Principal = "flood"
		table.Saw(c, nil)
	}
	left := table.After(0, -1, func(s *Sighting) bool { return s.UserID != "" })
	if len(left) != 10 {
		t.Errorf("%d sightings of others are left", len(left))
	}
	if n := len(table.shards[0].held); n != 11 {
		t.Errorf("%d sources are counted", n)
	}
}

func TestManyGroundsAreBounded(t *testing.T) {
	table := New(start)
	c := aUse(1, 0, "192.0.2.1")
	for i := range 100 {
		c.Session.Grounds.Add(credential.OnPerson, strings.Repeat("x", 1000)+string(rune('a'+i)))
	}
	table.Saw(c, nil)
	s, _ := table.Get(c.Session.ID)
	if n := len(s.Grounds); n == 0 || n > maxGroundBytes/1000 {
		t.Errorf("%d grounds are kept", n)
	}
}

func TestSightingsAreListedInTheirOrder(t *testing.T) {
	table := New(start)
	for i := range 10 {
		table.Saw(aUse(uint64(i), 0, "192.0.2.1"), nil)
	}
	n, last := 0, int64(0)
	for {
		page := table.After(last, 3, all)
		for _, s := range page {
			if s.Number <= last {
				t.Fatalf("%d after %d", s.Number, last)
			}
			n, last = n+1, s.Number
		}
		if len(page) < 3 {
			break
		}
	}
	if n != 10 {
		t.Errorf("%d were listed", n)
	}
	if got := table.After(0, -1, func(s *Sighting) bool { return s.Number == 4 }); len(got) != 1 {
		t.Errorf("%d match", len(got))
	}
}

func TestManyAtOnce(t *testing.T) {
	table := New(start)
	table.maxBytes = 20 * baseBytes
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 500 {
				table.Saw(aUse(uint64(n%30), n, "192.0.2.1"), nil)
				if n%50 == i {
					table.After(0, -1, func(*Sighting) bool { return true })
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkSaw(b *testing.B) {
	table, c := New(start), aUse(1, 0, "192.0.2.1")
	for b.Loop() {
		table.Saw(c, nil)
	}
}
