package grants

import (
	"context"
	"encoding/json"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/broker"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/probe"
	"latchkey/internal/store"
)

// The states of a location's vending.
const (
	StateSealed  = "SEALED"  // credentials are sealed by this server
	StatePending = "PENDING" // asked for, but the probe has still to pass; credentials are sealed until then
	StateActive  = "ACTIVE"  // credentials are sessions of the store
	StateStopped = "STOPPED" // the store failed the probe: nothing is vended
	StateRefused = "REFUSED" // the store failed a check that was pending; credentials are sealed
)

// LocationVending is how a location vends, and what the probe last found.
type LocationVending struct {
	Location access.LocationID
	Mode     string
	State    string
	Reason   string    // why it is stopped, or what it waits for
	Since    time.Time // since when it is so; zero: not known
	Proven   time.Time // when the store last passed the probe; zero: never
	Report   *probe.Report
	Due      time.Time // when a check that is pending can be tried; zero: none is
}

// Actions of this server's own on locations.
const (
	putVending    = "latchkey:PutLocationVending"
	getVending    = "latchkey:GetLocationVending"
	probeLocation = "latchkey:ProbeLocation"
)

// PutLocationVending sets how credentials for a location are made. For sessions of the store's own STS the store must
// pass the probe, which runs now. If a check can be tried later only, the mode takes effect when it has passed.
func (g *Grants) PutLocationVending(
	ctx context.Context, call *control.Call, id access.LocationID, mode string,
) (*LocationVending, error) {
	l, err := g.location(call, putVending, id)
	if err != nil {
		return nil, err
	}
	switch mode {
	case SealedMode:
		return g.seal(ctx, call, l)
	case UpstreamSTS:
	default:
		return nil, fault.New(fault.Invalid, fault.Member, "Mode must be one of %s, %s", UpstreamSTS, SealedMode)
	}
	target, err := g.probed(call, l)
	if err != nil {
		return nil, err
	}
	report, pending := probe.Run(ctx, *target)
	if !report.PassedBut(probe.ExpiryCheck) || report.Failed() {
		return nil, fault.Refuse(fault.Invalid, fault.Location, fault.ProbeNotPassed,
			"The store of upstream %s does not keep sessions inside their prefix, or it could not be seen: %s. %s. "+
				"Use the mode sealed for this location.", target.Store.Name, report.Trouble(), cleaned(report))
	}
	v := &store.Vending{Asked: g.Control.Now().UTC(), Of: target.Store.Fingerprint(), Escapes: report.Escapes()}
	if report.Passed() {
		v.Since, v.Proven = v.Asked, report.Ended
	}
	row, err := g.probeRow(l, target, report, pending)
	if err != nil {
		return nil, err
	}
	changed, err := g.setVending(ctx, call, l, v, row)
	if err != nil {
		return nil, err
	}
	return vendingOf(changed, row), nil
}

func cleaned(r *probe.Report) string {
	if len(r.Cleanup.Left) > 0 {
		return "Scratch objects are left behind below " + r.Prefix
	}
	return "The scratch objects are removed"
}

func (g *Grants) seal(ctx context.Context, call *control.Call, l *store.Location) (*LocationVending, error) {
	changed, err := g.setVending(ctx, call, l, nil, nil)
	if err != nil {
		return nil, err
	}
	return vendingOf(changed, nil), nil
}

// setVending stores how a location vends, and its probe. A nil row removes the probe's.
func (g *Grants) setVending(
	ctx context.Context, call *control.Call, l *store.Location, v *store.Vending, row *store.LocationProbe,
) (*store.Location, error) {
	var changed store.Location
	err := g.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Locations.Get(ctx, tx, locationID(&l.Location))
		if err != nil {
			return err
		}
		changed = *current
		changed.Vending = v
		if err := store.Locations.Update(tx, &changed); err != nil {
			return err
		}
		return putProbe(ctx, tx, locationID(&l.Location), row)
	})
	return &changed, err
}

// putProbe replaces the row of a location's probe. A nil row removes it.
func putProbe(ctx context.Context, tx *store.Tx, id string, row *store.LocationProbe) error {
	_, err := store.LocationProbes.Get(ctx, tx, id)
	switch {
	case fault.Is(err, fault.NotFound, fault.Location):
		if row == nil {
			return nil
		}
		return store.LocationProbes.Insert(tx, row)
	case err != nil:
		return err
	case row == nil:
		return store.LocationProbes.Delete(tx, id)
	}
	return store.LocationProbes.Update(tx, row)
}

// LocationVending returns how a location vends and what the probe last found.
func (g *Grants) LocationVending(
	ctx context.Context, call *control.Call, id access.LocationID,
) (*LocationVending, error) {
	l, err := g.location(call, getVending, id)
	if err != nil {
		return nil, err
	}
	row, err := store.LocationProbes.Get(ctx, g.Control.DB, locationID(&l.Location))
	if err != nil && !fault.Is(err, fault.NotFound, fault.Location) {
		return nil, err
	}
	if err != nil {
		row = nil
	}
	return vendingOf(l, row), nil
}

// vendingOf says how a location vends.
func vendingOf(l *store.Location, row *store.LocationProbe) *LocationVending {
	out := &LocationVending{Location: l.ID, Mode: SealedMode, State: StateSealed}
	if row != nil {
		var r probe.Report
		if json.Unmarshal(row.Report, &r) == nil {
			out.Report = &r
		}
		out.Due = row.Due
	}
	v := l.Vending
	if v == nil {
		return out
	}
	out.Mode, out.State, out.Since, out.Proven = UpstreamSTS, StateActive, v.Since, v.Proven
	switch {
	case v.Stopped != "" && v.Since.IsZero():
		out.Mode, out.State, out.Reason, out.Since = SealedMode, StateRefused, v.Stopped, v.StoppedAt
	case v.Stopped != "":
		out.State, out.Reason, out.Since = StateStopped, v.Stopped, v.StoppedAt
	case v.Since.IsZero():
		out.State, out.Since = StatePending, v.Asked
		out.Reason = "the store has still to refuse a session that has expired"
	}
	return out
}

// probed is what a probe of the location is run on.
func (g *Grants) probed(call *control.Call, l *store.Location) (*probe.Target, error) {
	if l.Scope.Bucket() == "" {
		return nil, fault.Refuse(fault.Invalid, fault.Location, fault.StoreNotConfigured,
			"The default location s3:// has no store of its own. Register a location for the bucket.")
	}
	return g.target(call.Snapshot.Bucket(l.Scope.Bucket()), l)
}

// prefixOf is the beginning of the keys of a location.
func prefixOf(l *store.Location) (string, error) {
	whole, err := access.Join(l.Scope, "", false)
	if err != nil {
		return "", control.AccessFault(err)
	}
	return whole.Key(), nil
}

// Patience is how long a probe that somebody waits for waits for a session to expire.
const Patience = 10 * time.Second

func (g *Grants) probeRow(
	l *store.Location, of *probe.Target, r *probe.Report, e *probe.Expiry,
) (*store.LocationProbe, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	row := &store.LocationProbe{
		Location: locationID(&l.Location), Account: l.Account, Ran: r.Began, Report: text, Of: of.Store.Fingerprint(),
	}
	if e != nil {
		row.Due = e.Due()
		if row.Expiry, err = g.sealExpiry(e); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// expiry is a probe.Expiry as it is sealed.
type expiry struct {
	Key, Content, ID, Secret, Token string
	Expires                         time.Time
}

const expiryPurpose = "a session that a probe waits for"

func (g *Grants) sealExpiry(e *probe.Expiry) ([]byte, error) {
	keys := broker.Keys(e.Keys)
	text, err := json.Marshal(expiry{
		e.Key, e.Content, keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, e.Keys.Expires,
	})
	if err != nil {
		return nil, err
	}
	return g.Control.Ring.Seal(expiryPurpose, text), nil
}
