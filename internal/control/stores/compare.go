package stores

import (
	"maps"
	"slices"
	"time"

	"latchkey/internal/bucket"
)

// compare finds what differs from what was seen before.
func (p *pass) compare() {
	names := map[string]bool{}
	for n := range p.rows {
		names[n] = true
	}
	for n := range p.seen {
		names[n] = true
	}
	for n := range p.owned {
		names[n] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, now := p.rows[name], p.seen[name]
		if p.owned[name] != nil {
			p.registered++
			p.compareOwned(name, old, now)
		} else {
			p.compareStray(old, now)
		}
	}
}

// compareOwned compares a bucket that an account has.
func (p *pass) compareOwned(name string, old, now *bucket.Observation) {
	if now == nil {
		p.missing++
		if old == nil {
			old = &bucket.Observation{Upstream: p.member.Name, Name: name}
		}
		if old.Missing.IsZero() {
			gone := *old
			gone.Missing, gone.Registered = p.now, true
			p.writes = append(p.writes, write{row: &gone, change: "the store does not have the bucket any more"})
		}
		return
	}
	if old == nil {
		p.writes = append(p.writes, write{row: now})
		return
	}
	now.Replaced = old.Replaced
	change := ""
	switch {
	case old.Registered && !old.Made.IsZero() && !now.Made.IsZero() && !old.Made.Equal(now.Made):
		now.Replaced = p.now
		change = "the store's bucket is another one of the same name: it was made " + now.Made.Format(time.RFC3339)
	case !old.Missing.IsZero():
		change = "the store has the bucket again"
	case old.Registered && old.Versioning != now.Versioning:
		change = "versioning was " + named(old.Versioning) + " and is " + named(now.Versioning)
	}
	if *old != *now {
		p.writes = append(p.writes, write{row: now, change: change})
	}
}

func named(versioning string) string {
	if versioning == "" {
		return "off"
	}
	return versioning
}

// compareStray compares a bucket that no account has.
func (p *pass) compareStray(old, now *bucket.Observation) {
	switch {
	case old == nil && !p.first:
		p.writes = append(p.writes, write{row: now, change: "the store has a new bucket, which no account has"})
	case old == nil:
		p.writes = append(p.writes, write{row: now})
	case now == nil && old.Registered: // deleted here
		p.writes = append(p.writes, write{row: old, delete: true})
	case now == nil && p.strays <= maxStrays:
		p.writes = append(p.writes, write{row: old, delete: true, change: "the store does not have the bucket any more"})
	case now != nil && *old != *now:
		p.writes = append(p.writes, write{row: now})
	}
}
