package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// Bounds of the records about refused data requests. A client that does not notice sends requests on and on, and must
// fill neither the audit log nor this node's memory. Whoever has many sessions or addresses fills the places of one
// principal only: from then on all of them are counted together, and the places of others stay free.
const (
	refusalInterval = time.Minute // one record for a session and reason, and one at its end if more came
	maxRefusals     = 4096        // sessions, keys and sources with a reason, in an interval
	maxOfPrincipal  = 64          // of them, of one principal
	maxAnonymous    = 256         // of them, networks of which nobody knows who sends from there
	maxFolded       = 1024        // further places, in which many are counted together
	maxUnwritten    = 2 * (maxRefusals + maxFolded)
	refusalBatch    = 128 // records in one commit
)

// refusalKey says which refusals are counted together.
type refusalKey struct {
	whose   string // what who names: session, key, source; or, if there are too many: principal, anonymous, account
	who     string
	account access.AccountID // the caller's; of a stranger, the bucket's
	owner   access.AccountID // of the bucket; empty: not known
	reason  string
}

// refusalCount are the refusals of a key in one interval.
type refusalCount struct {
	group string
	began time.Time
	more  int64         // refusals after the recorded one
	first []audit.Event // the records of the first one
}

// refusals counts refused data requests, and keeps the records that are not written yet. The zero refusals is ready for
// use.
type refusals struct {
	mu        sync.Mutex
	counts    map[refusalKey]*refusalCount
	groups    map[string]int // number of places that each principal has
	folded    int            // number of places in which many are counted together
	unwritten []audit.Event
	lost      int64         // refusals that no record counts
	strangers []audit.Event // those of unwritten about requests whose sender nobody knows, for data events

	writing sync.Mutex // held while records are written: when a flush returns, no other one is on its way
}

// note counts a refusal. If it is the first one of its key in the interval, records makes what is to be written.
func (l *refusals) note(k refusalKey, group string, now time.Time, records func() []audit.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts, l.groups = map[refusalKey]*refusalCount{}, map[string]int{}
	}
	if c := l.counts[k]; c != nil && now.Sub(c.began) >= refusalInterval {
		l.close(k, c, now)
	}
	k, ok := l.place(k, group)
	if !ok {
		l.lost++
		return
	}
	if c := l.counts[k]; c != nil {
		c.more++
		return
	}
	c := &refusalCount{group: group, began: now, first: records()}
	l.counts[k] = c
	if isFolded(k) {
		l.folded++
	} else {
		l.groups[group]++
	}
	l.write(group, c.first)
}

// place returns the key under which a refusal is counted: its own or, if there is no place left, that of its principal
// or account.
func (l *refusals) place(k refusalKey, group string) (refusalKey, bool) {
	limit := maxOfPrincipal
	if k.whose == "source" {
		limit = maxAnonymous
	}
	if l.counts[k] != nil || l.groups[group] < limit && len(l.counts)-l.folded < maxRefusals {
		return k, true
	}
	wide := refusalKey{whose: "principal", who: group, account: k.account, reason: k.reason}
	if k.whose == "source" {
		wide.whose, wide.who = "anonymous", ""
	}
	if l.counts[wide] != nil || l.folded < maxFolded/2 {
		return wide, true
	}
	wide = refusalKey{whose: "account", account: k.account, reason: k.reason}
	return wide, l.counts[wide] != nil || l.folded < maxFolded
}

// isFolded reports whether a key counts the refusals of many.
func isFolded(k refusalKey) bool {
	return k.whose == "principal" || k.whose == "anonymous" || k.whose == "account"
}

// close ends the interval of a key. If more refusals came than the recorded one, a further record says how many.
func (l *refusals) close(k refusalKey, c *refusalCount, now time.Time) {
	delete(l.counts, k)
	if isFolded(k) {
		l.folded--
	} else if l.groups[c.group]--; l.groups[c.group] == 0 {
		delete(l.groups, c.group)
	}
	if c.more == 0 {
		return
	}
	more := make([]audit.Event, len(c.first))
	for i, e := range c.first {
		added := *e.Added()
		added.Refusals, added.Whose = c.more, k.whose
		e.EventID, e.EventTime, e.Latchkey = uuid.NewString(), now.UTC().Truncate(time.Second), &added
		if isFolded(k) { // the first one's resources are not everybody's
			e.Resources, e.RequestParameters = nil, map[string]any{}
			added.Session, added.GrantID, added.GrantScope, added.LocationID, added.Expires = "", "", "", "", ""
		}
		if k.whose == "anonymous" || k.whose == "account" {
			e.UserIdentity, e.SourceIPAddress, e.UserAgent = audit.Identity{Type: "Unknown"}, "", ""
			e.AdditionalEventData = nil
		}
		more[i] = e
	}
	l.write(c.group, more)
}

// write puts records into the queue. If the database has not taken any for a long time, they are only counted.
func (l *refusals) write(group string, records []audit.Event) {
	if len(l.unwritten)+len(records) > maxUnwritten {
		l.lost += int64(len(records))
		return
	}
	l.unwritten = append(l.unwritten, records...)
	if group == strangers && len(l.strangers)+len(records) <= maxUnwritten {
		l.strangers = append(l.strangers, records...)
	}
}

// takeStrangers takes the records about requests whose sender nobody knows.
func (l *refusals) takeStrangers() (records []audit.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	records, l.strangers = l.strangers, nil
	return records
}

// end closes the intervals that are over, or all of them, and takes the records that are to be written.
func (l *refusals) end(now time.Time, all bool) (records []audit.Event, lost int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, c := range l.counts {
		if all || now.Sub(c.began) >= refusalInterval {
			l.close(k, c, now)
		}
	}
	records, lost = l.unwritten, l.lost
	l.unwritten, l.lost = nil, 0
	return records, lost
}

// back puts records back that could not be written.
func (l *refusals) back(records []audit.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := max(0, maxUnwritten-len(l.unwritten))
	if len(records) > room {
		l.lost += int64(len(records) - room)
		records = records[:room]
	}
	l.unwritten = append(records, l.unwritten...)
}

// RecordRefusals writes the records of refused data requests to the audit log until ctx ends, and then what is left.
// One goroutine calls it.
func (g *Gateway) RecordRefusals(ctx context.Context) {
	ticker := time.NewTicker(writeRefusals)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxLastWrite)
			defer cancel()
			_ = g.FlushRefusals(last, true)
			return
		case <-ticker.C:
			_ = g.FlushRefusals(ctx, false)
		}
	}
}

const (
	writeRefusals = time.Second     // how long a record waits at most
	maxLastWrite  = 5 * time.Second // how long a shutdown waits for the database
)

// FlushRefusals writes the records that are due now. With all, it also ends every interval, so that each count is
// written. What could not be written is logged, and written by a later call.
func (g *Gateway) FlushRefusals(ctx context.Context, all bool) error {
	g.refusals.writing.Lock()
	defer g.refusals.writing.Unlock()
	records, lost := g.refusals.end(g.Control.Now(), all)
	g.recordStrangers()
	var failed error
	for len(records) > 0 && failed == nil {
		n := min(len(records), refusalBatch)
		if failed = g.Control.DB.Record(ctx, records[:n]...); failed == nil {
			records = records[n:]
		}
	}
	if failed != nil {
		g.refusals.back(records)
	}
	if g.Frame.Log != nil && (failed != nil || lost > 0) {
		attrs := []slog.Attr{slog.Int("waiting", len(records)), slog.Int64("lost", lost)}
		if failed != nil {
			attrs = append(attrs, slog.String("error", failed.Error()))
		}
		g.Frame.Log.LogAttrs(ctx, slog.LevelError, "refusals were not recorded", attrs...)
	}
	return failed
}
