// Package sightings remembers which sessions this node has authenticated: whose they are, what they hang on, when they
// were used last, and from where. It is for showing who holds live credentials, and decides nothing.
//
// Its memory is bounded and is lost with the node. What other nodes have seen it does not know.
package sightings

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
)

// Bounds of the table.
const (
	numberOfShards = 64
	maxShardBytes  = 512 << 10 // so 32 MiB in all
	maxGroundBytes = 8 << 10   // of one session's grounds; what is more is left out
	maxAddresses   = 4         // of one session: the latest
	baseBytes      = 512       // of one sighting without its texts
	sampled        = 16        // sightings that are compared to find one that is forgotten
)

// Sighting is what is remembered of one session.
type Sighting struct {
	Number            int64 // sightings are numbered in the order of their first time
	ID                credential.SessionID
	AccessKeyID       string
	Kind              credential.Kind
	Account           string
	PrincipalID, Name string
	AskerID           string // immutable id of who asked for the session; empty: the bearer of a foreign token
	UserID            string // of the directory; empty: nobody's
	GrantID           string
	Scope, Permission string
	Issued, Expires   time.Time
	Revision          uint64
	Grounds           credential.Grounds
	Old               bool // an earlier release sealed the session

	Last      time.Time    // when the session was used last, to the second
	Addresses []netip.Addr // from which it was used, the latest first
	Refused   time.Time    // when it was refused last because it had ended; zero: never
	Reason    fault.Reason // why
	Text      string
}

// Table holds sightings. Its methods may be used by any number of goroutines.
type Table struct {
	began    time.Time
	numbers  atomic.Int64
	lost     atomic.Int64 // when a sighting of a live session was last forgotten, in seconds; 0: never
	shards   [numberOfShards]shard
	maxBytes int // of a shard
}

type shard struct {
	mu    sync.RWMutex
	of    map[credential.SessionID]*entry
	bytes int
	held  map[string]int // bytes by source
}

type entry struct {
	last atomic.Pointer[use]
	mu   sync.Mutex
	Sighting
	size int
}

// use is the last use of a session: another request in the same second from the same address changes nothing.
type use struct {
	second  int64
	from    netip.Addr
	refused bool
}

// New makes an empty table, of a node that begins now.
func New(now time.Time) *Table { return &Table{began: now, maxBytes: maxShardBytes} }

// Since is the time from which on the table knows all live sessions that this node has authenticated.
func (t *Table) Since() time.Time {
	if lost := t.lost.Load(); lost != 0 {
		return time.Unix(lost, 0).UTC()
	}
	return t.began
}

// Saw remembers that a session was used now, or was refused because it has ended. The signature of the request must be
// verified. It takes no lock that two requests of different sessions share for writing, unless the session is new.
func (t *Table) Saw(c *caller.Caller, ended *fault.Error) {
	s := c.Session
	if s == nil {
		return
	}
	now := use{c.Facts.Time.Unix(), c.Facts.SourceIP, ended != nil}
	in := &t.shards[int(s.ID[0])%numberOfShards]
	in.mu.RLock()
	e := in.of[s.ID]
	in.mu.RUnlock()
	if e == nil {
		e = t.add(in, c)
	}
	if last := e.last.Load(); last != nil && *last == now {
		return
	}
	kept := now // on the heap, which a request that changes nothing does not need
	e.last.Store(&kept)
	e.mu.Lock()
	defer e.mu.Unlock()
	at := time.Unix(now.second, 0).UTC()
	if ended != nil {
		e.Refused, e.Reason, e.Text = at, ended.Reason, ended.Message()
		return
	}
	e.Last = at
	e.remember(now.from)
}

func (e *entry) remember(from netip.Addr) {
	if !from.IsValid() || len(e.Addresses) > 0 && e.Addresses[0] == from {
		return
	}
	all := []netip.Addr{from} // a new slice: copies of the sighting have the old one
	for _, a := range e.Addresses {
		if a != from && len(all) < maxAddresses {
			all = append(all, a)
		}
	}
	e.Addresses = all
}

func (t *Table) add(in *shard, c *caller.Caller) *entry {
	fresh := newEntry(c)
	in.mu.Lock()
	defer in.mu.Unlock()
	if e := in.of[fresh.ID]; e != nil {
		return e
	}
	if in.of == nil {
		in.of, in.held = map[credential.SessionID]*entry{}, map[string]int{}
	}
	for in.bytes+fresh.size > t.maxBytes && len(in.of) > 0 {
		t.forget(in, c.Facts.Time)
	}
	fresh.Number = t.numbers.Add(1)
	in.of[fresh.ID] = fresh
	in.bytes += fresh.size
	in.held[fresh.source()] += fresh.size
	return fresh
}

// forget looks at some sightings and removes those that have expired. If there are none, it removes one of the source
// that holds the most of them, the one that was used least recently. So whoever makes many sessions forgets its own.
func (t *Table) forget(in *shard, now time.Time) {
	var worst *entry
	n, expired := 0, false
	for id, e := range in.of {
		if n++; n > sampled {
			break
		}
		if !now.Before(e.Expires) {
			in.remove(id)
			expired = true
			continue
		}
		if worst == nil || in.before(e, worst) {
			worst = e
		}
	}
	if !expired && worst != nil {
		in.remove(worst.ID)
		t.lost.Store(now.Unix())
	}
}

// before reports whether a is forgotten before b.
func (in *shard) before(a, b *entry) bool {
	if x, y := in.held[a.source()], in.held[b.source()]; x != y {
		return x > y
	}
	return a.used() < b.used()
}

func (in *shard) remove(id credential.SessionID) {
	e := in.of[id]
	delete(in.of, id)
	in.bytes -= e.size
	if in.held[e.source()] -= e.size; in.held[e.source()] == 0 {
		delete(in.held, e.source())
	}
}

// source is who had the session made: a person or, without one, a principal.
func (e *entry) source() string { return cmp.Or(e.UserID, e.AskerID, e.PrincipalID) }

func (e *entry) used() int64 {
	if last := e.last.Load(); last != nil {
		return last.second
	}
	return 0
}

// newEntry copies what is kept of a session. It copies the texts, because those of the session are parts of the whole
// token.
func newEntry(c *caller.Caller) *entry {
	s := c.Session
	e := &entry{Sighting: Sighting{
		ID: s.ID, Kind: s.Kind, Issued: s.Issued, Expires: s.Expires, Revision: s.Revision, Old: s.IsOld(),
		AccessKeyID: strings.Clone(c.AccessKeyID), Account: strings.Clone(s.Account),
		PrincipalID: strings.Clone(s.PrincipalID), Name: strings.Clone(s.Name), AskerID: strings.Clone(s.Asked.Principal),
		UserID: strings.Clone(cmp.Or(s.UserID, s.Asserted)), GrantID: strings.Clone(s.GrantID), Scope: strings.Clone(s.Scope),
		Permission: strings.Clone(s.Permission),
	}}
	if e.AskerID == "" {
		e.AskerID = strings.Clone(cmp.Or(s.CallerPrincipalID, s.ParentPrincipalID))
	}
	e.size = baseBytes + len(e.AccessKeyID) + len(e.Account) + len(e.PrincipalID) + len(e.Name) + len(e.AskerID) +
		len(e.UserID) + len(e.GrantID) + len(e.Scope) + len(e.Permission)
	grounds := 0
	for _, g := range caller.GroundsOf(s) {
		if grounds += len(g.ID) + 24; grounds > maxGroundBytes {
			break
		}
		e.Grounds = append(e.Grounds, credential.Ground{Kind: g.Kind, ID: strings.Clone(g.ID)})
	}
	e.size += min(grounds, maxGroundBytes)
	return e
}

// Get returns the sighting of a session.
func (t *Table) Get(id credential.SessionID) (Sighting, bool) {
	in := &t.shards[int(id[0])%numberOfShards]
	in.mu.RLock()
	e := in.of[id]
	in.mu.RUnlock()
	if e == nil {
		return Sighting{}, false
	}
	return e.copy(), true
}

func (e *entry) copy() Sighting {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.Sighting
}

// After returns the sightings whose number is above after and that match, in their order, at most limit.
func (t *Table) After(after int64, limit int, match func(*Sighting) bool) []Sighting {
	var all []*entry
	for i := range t.shards {
		in := &t.shards[i]
		in.mu.RLock()
		for _, e := range in.of {
			if e.Number > after {
				all = append(all, e)
			}
		}
		in.mu.RUnlock()
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.Number, b.Number) })
	var out []Sighting
	for _, e := range all {
		if len(out) == limit {
			break
		}
		if s := e.copy(); match(&s) {
			out = append(out, s)
		}
	}
	return out
}
