package api

import (
	"context"
	"time"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/probe"
)

func (a *API) registerVending(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.PutLocationVending, a.putLocationVending)
	awswire.Handle(m, wire.GetLocationVending, a.getLocationVending)
	awswire.Handle(m, wire.ProbeLocation, a.probeLocation)
}

func (a *API) putLocationVending(
	ctx context.Context, c *control.Call, in *wire.PutLocationVendingRequest,
) (*wire.PutLocationVendingResponse, error) {
	v, err := a.Grants.PutLocationVending(ctx, c, access.LocationID(awswire.Value(in.LocationId)), awswire.Value(in.Mode))
	if err != nil {
		return nil, err
	}
	return vendingOut(v), nil
}

func (a *API) getLocationVending(
	ctx context.Context, c *control.Call, in *wire.GetLocationVendingRequest,
) (*wire.GetLocationVendingResponse, error) {
	v, err := a.Grants.LocationVending(ctx, c, access.LocationID(awswire.Value(in.LocationId)))
	if err != nil {
		return nil, err
	}
	return (*wire.GetLocationVendingResponse)(vendingOut(v)), nil
}

func (a *API) probeLocation(
	ctx context.Context, c *control.Call, in *wire.ProbeLocationRequest,
) (*wire.ProbeLocationResponse, error) {
	v, err := a.Grants.ProbeLocation(ctx, c, access.LocationID(awswire.Value(in.LocationId)))
	if err != nil {
		return nil, err
	}
	return (*wire.ProbeLocationResponse)(vendingOut(v)), nil
}

// vendingOut is the answer of all three operations, which have the same members.
func vendingOut(v *grants.LocationVending) *wire.PutLocationVendingResponse {
	out := &wire.PutLocationVendingResponse{
		LocationId: new(string(v.Location)), Mode: new(v.Mode), State: new(v.State), Reason: awswire.Optional(v.Reason),
		Since: known(v.Since), ProvenTime: known(v.Proven), DueTime: known(v.Due),
	}
	if v.Report != nil {
		out.Report = reportOut(v.Report)
	}
	return out
}

// known is nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func reportOut(r *probe.Report) *wire.ProbeReport {
	out := &wire.ProbeReport{
		BeginTime: known(r.Began), EndTime: known(r.Ended), Upstream: new(r.Upstream), Dialect: new(r.Dialect),
		Bucket: new(r.Bucket), Prefix: new(r.Prefix), Passed: new(r.Passed()), Failed: new(r.Failed()),
		Removed: count(r.Cleanup.Removed), Left: r.Cleanup.Left, CleanupText: awswire.Optional(r.Cleanup.Text),
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		out.Checks = append(out.Checks, wire.ProbeCheck{
			Name: new(c.Name), Outcome: new(string(c.Outcome)), Text: awswire.Optional(c.Text), Time: known(c.At),
			Milliseconds: count(int(c.Took.Milliseconds())), Optional: new(c.Optional),
		})
	}
	return out
}
