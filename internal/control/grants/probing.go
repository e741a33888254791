package grants

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/bucket"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/probe"
	"latchkey/internal/store"
)

// ownSource is the event source of what the server does by itself.
const ownSource = "latchkey.local"

// ProbeEvery is how long it is from one probe of a location to the next.
const ProbeEvery = 24 * time.Hour

// retryProbe is how long it is to the next probe after one that the store did not answer.
const retryProbe = time.Hour

// target is a location's bucket and prefix at its store.
func (g *Grants) target(b *bucket.Bucket, l *store.Location) (*probe.Target, error) {
	s, name, err := g.storeOf(b)
	if err != nil {
		return nil, err
	}
	prefix, err := prefixOf(l)
	if err != nil {
		return nil, err
	}
	return &probe.Target{Store: s, Bucket: name, Prefix: prefix, Patience: Patience}, nil
}

// ProbeLocation runs the probe on a location's store now, whatever the location's mode is, and keeps the report. A
// location that vends sessions of the store stops if the store fails.
func (g *Grants) ProbeLocation(
	ctx context.Context, call *control.Call, id access.LocationID,
) (*LocationVending, error) {
	l, err := g.location(call, probeLocation, id)
	if err != nil {
		return nil, err
	}
	target, err := g.probed(call, l)
	if err != nil {
		return nil, err
	}
	report, pending := probe.Run(ctx, *target)
	row, err := g.probeRow(l, target, report, pending)
	if err != nil {
		return nil, err
	}
	changed := *l
	err = g.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Locations.Get(ctx, tx, locationID(&l.Location))
		if err != nil {
			return err
		}
		changed = *current
		if changed.Vending = judged(current.Vending, report, target.Store.Fingerprint(), tx.Now()); changed.Vending != nil {
			if err := store.Locations.Update(tx, &changed); err != nil {
				return err
			}
		}
		call.Event.ResponseElements = outcome(report)
		return putProbe(ctx, tx, locationID(&l.Location), row)
	})
	if err != nil {
		return nil, err
	}
	return vendingOf(&changed, row), nil
}

// outcome is a report as records have it.
func outcome(r *probe.Report) map[string]any {
	return map[string]any{
		"passed": r.Passed(), "failed": r.Failed(), "trouble": fault.Clip(r.Trouble(), 1<<10),
		"removed": r.Cleanup.Removed, "left": len(r.Cleanup.Left),
	}
}

// judged is how a location vends after a probe. A store that failed stops it for good. One that passed, except for a
// check that is pending, is proven again if it was before: the pending check has its own say when it is due.
func judged(v *store.Vending, r *probe.Report, of string, now time.Time) *store.Vending {
	if v == nil || v.Stopped != "" {
		return v
	}
	c := *v
	switch {
	case r.Failed():
		c.Stopped, c.StoppedAt = fault.Clip(r.Trouble(), 1<<10), now
	case r.Passed():
		if c.Since.IsZero() {
			c.Since = now
		}
		c.Proven, c.Of, c.Escapes = r.Ended, of, r.Escapes()
	case r.PassedBut(probe.ExpiryCheck) && !c.Since.IsZero() && c.Of == of:
		c.Proven, c.Escapes = r.Ended, c.Escapes && r.Escapes()
	}
	return &c
}

// Commit runs a function in one transaction and commits it, unless the caller has lost the right to.
type Commit func(context.Context, func(*store.Tx) error) error

// ProbeNext does the next piece of work on stores: it finishes a check that was pending, or runs the probe where a
// location vends sessions of its store and the last probe is a day old. It looks at locations in the order of their
// creation, behind after. next is 0 when there are no more. An error is the database's: what a store does wrong is
// written down.
func (g *Grants) ProbeNext(ctx context.Context, after int64, commit Commit) (next int64, err error) {
	snap, err := g.Control.Engine.Snapshot()
	if err != nil {
		return 0, err
	}
	rows := map[string]*store.LocationProbe{}
	for row, err := range store.LocationProbes.All(ctx, g.Control.DB) {
		if err != nil {
			return 0, err
		}
		rows[row.Location] = row
	}
	now := g.Control.Now()
	for _, l := range snap.Locations() {
		row := rows[locationID(&l.Location)]
		if l.Seq <= after || l.Vending == nil && (row == nil || len(row.Expiry) == 0) {
			continue
		}
		target, err := g.target(snap.Bucket(l.Scope.Bucket()), l)
		if err != nil { // without a store nothing is vended anyway, and there is nothing to probe
			continue
		}
		switch same := row != nil && row.Of == target.Store.Fingerprint(); {
		case same && len(row.Expiry) > 0:
			if !now.Before(row.Due) {
				return l.Seq, g.finishProbe(ctx, l, row, target, commit)
			}
		case l.Vending != nil && l.Vending.Stopped == "" && (!same || due(row, now)):
			return l.Seq, g.probeAgain(ctx, l, target, commit)
		}
	}
	return 0, nil
}

// due reports whether the last probe of a location is so long ago that it is time for another.
func due(row *store.LocationProbe, now time.Time) bool {
	var r probe.Report
	every := ProbeEvery
	if json.Unmarshal(row.Report, &r) != nil || !r.Passed() {
		every = retryProbe
	}
	return now.Sub(row.Ran) >= every || row.Ran.After(now.Add(every))
}

func (g *Grants) probeAgain(ctx context.Context, l *store.Location, target *probe.Target, commit Commit) error {
	report, pending := probe.Run(ctx, *target)
	row, err := g.probeRow(l, target, report, pending)
	if err != nil {
		return err
	}
	return g.conclude(ctx, l, report, target, row, commit)
}

// finishProbe tries the session that has expired by now.
func (g *Grants) finishProbe(
	ctx context.Context, l *store.Location, row *store.LocationProbe, target *probe.Target, commit Commit,
) error {
	var report probe.Report
	var e expiry
	text, err := g.Control.Ring.Unseal(expiryPurpose, row.Expiry)
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil || json.Unmarshal(row.Report, &report) != nil { // the key ring was replaced: begin again
		return g.probeAgain(ctx, l, target, commit)
	}
	check, cleanup := probe.AfterExpiry(ctx, *target, &probe.Expiry{
		Key: e.Key, Content: e.Content, Keys: credential.Credentials{
			AccessKeyID: e.ID, Secret: credential.NewSecret(e.Secret), SessionToken: credential.NewSecret(e.Token),
			Expires: e.Expires,
		},
	})
	if c := report.Find(probe.ExpiryCheck); c != nil {
		*c = check
	}
	report.Ended = g.Control.Now().UTC()
	report.Cleanup.Removed += cleanup.Removed
	report.Cleanup.Left = append(report.Cleanup.Left, cleanup.Left...)
	done, err := g.probeRow(l, target, &report, nil)
	if err != nil {
		return err
	}
	if check.Outcome == probe.Skipped { // the store did not answer: the same session can be tried again
		done.Expiry, done.Due = row.Expiry, g.Control.Now().Add(time.Minute)
	}
	return g.conclude(ctx, l, &report, target, done, commit)
}

// conclude stores what a probe found and what follows, with a record if the location's vending begins or stops.
func (g *Grants) conclude(ctx context.Context, l *store.Location, report *probe.Report, target *probe.Target,
	row *store.LocationProbe, commit Commit,
) error {
	return commit(ctx, func(tx *store.Tx) error {
		current, err := store.Locations.Get(ctx, tx, locationID(&l.Location))
		if fault.Is(err, fault.NotFound, fault.Location) {
			return nil
		}
		if err != nil {
			return err
		}
		if !sameAsk(current.Vending, l.Vending) {
			return nil // somebody has set the mode again, and has probed the store for that
		}
		if current.Vending == nil {
			return putProbe(ctx, tx, locationID(&l.Location), row)
		}
		changed := *current
		changed.Vending = judged(current.Vending, report, target.Store.Fingerprint(), tx.Now())
		if err := store.Locations.Update(tx, &changed); err != nil {
			return err
		}
		was, is := vendingOf(current, nil), vendingOf(&changed, nil)
		if was.State != is.State {
			if err := tx.Record(vendingEvent(tx.Now(), &changed, is, report)); err != nil {
				return err
			}
		}
		return putProbe(ctx, tx, locationID(&l.Location), row)
	})
}

func sameAsk(a, b *store.Vending) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Asked.Equal(b.Asked)
}

// vendingEvent is the record of a location whose vending begins or stops by what the probe found.
func vendingEvent(now time.Time, l *store.Location, is *LocationVending, report *probe.Report) audit.Event {
	e := audit.Event{
		EventVersion: "1.11",
		UserIdentity: audit.Identity{Type: "AWSService", InvokedBy: ownSource, AccountID: string(l.Account)},
		EventTime:    now.Truncate(time.Second), EventSource: ownSource, EventName: "ProbeLocation", AWSRegion: l.Region,
		RequestParameters: map[string]any{"locationId": string(l.ID)}, ResponseElements: outcome(report),
		RequestID: uuid.NewString(), EventID: uuid.NewString(), EventType: "AwsServiceEvent", ManagementEvent: true,
		RecipientAccountID: string(l.Account), EventCategory: "Management",
	}
	e.ResponseElements["state"] = is.State
	e.Added().LocationID, e.Added().Vending, e.Added().Upstream = string(l.ID), UpstreamSTS, report.Upstream
	if is.State == StateStopped || is.State == StateRefused {
		e.Added().Reason = string(fault.ProbeNotPassed)
	}
	return e
}
