package api

import (
	"context"
	"math"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/stores"
)

func (a *API) registerUpstreams(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.ListUpstreams, a.listUpstreams)
	awswire.Handle(m, wire.TestUpstream, a.testUpstream)
	awswire.Handle(m, wire.CheckUpstreamBypass, a.checkUpstreamBypass)
}

// listUpstreams lists the stores behind the server. Their endpoints are for the operator alone.
func (a *API) listUpstreams(
	ctx context.Context, c *control.Call, _ *wire.ListUpstreamsRequest,
) (*wire.ListUpstreamsResponse, error) {
	if err := a.onlyOperator(c, "list the upstreams"); err != nil {
		return nil, err
	}
	all, err := a.Stores.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &wire.ListUpstreamsResponse{NewBuckets: new(a.Stores.Upstreams.NewBuckets())}
	for i := range all {
		out.Upstreams = append(out.Upstreams, upstreamOut(&all[i]))
	}
	return out, nil
}

func upstreamOut(l *stores.Listed) wire.Upstream {
	o := &l.Observation
	out := wire.Upstream{
		Name: &l.Name, Status: new(string(l.State.Status)), StatusTime: new(l.State.Since), Flat: new(true),
		Reason: awswire.Optional(l.State.Reason), RegisteredBuckets: count(l.Registered),
	}
	if !l.State.Checked.IsZero() {
		out.CheckedTime = new(l.State.Checked)
	}
	m := l.Member
	if m == nil {
		return out
	}
	for _, e := range m.Endpoints {
		out.Endpoints = append(out.Endpoints, e.String())
	}
	for _, e := range m.Store.Endpoints() {
		if e.Failures > 0 {
			out.EndpointProblems = append(out.EndpointProblems, wire.EndpointProblem{
				Endpoint: new(e.URL), Away: new(e.Away), Time: new(e.Since), Failures: count(e.Failures),
				Reason: awswire.Optional(e.LastError),
			})
		}
	}
	out.Region, out.Flat = &m.Region, new(m.Flat)
	out.KeySource, out.KeyProblem = new(m.Keys.String()), awswire.Optional(m.Trouble())
	if m.STS != nil {
		out.Vending = new(string(m.STS.Dialect))
	}
	if o.Problem != "" && out.Reason == nil {
		out.Reason = &o.Problem
	}
	if o.Time.IsZero() {
		return out
	}
	out.ObservedTime = new(o.Time)
	out.UnregisteredBuckets, out.MissingBuckets = count(o.Unregistered), count(o.Missing)
	for _, x := range o.Changes {
		out.Changes = append(out.Changes, wire.UpstreamChange{Time: new(x.Time), Bucket: new(x.Bucket), Text: new(x.Text)})
	}
	return out
}

// testUpstream tries what a store does, and reports it. It answers when the test has ended.
func (a *API) testUpstream(
	ctx context.Context, c *control.Call, in *wire.TestUpstreamRequest,
) (*wire.TestUpstreamResponse, error) {
	if err := a.onlyOperator(c, "test upstreams"); err != nil {
		return nil, err
	}
	checks, err := a.Stores.Test(ctx, awswire.Value(in.Name), awswire.Value(in.Bucket))
	if err != nil {
		return nil, err
	}
	return &wire.TestUpstreamResponse{Checks: checksOut(checks)}, nil
}

// checkUpstreamBypass looks for ways past the server.
func (a *API) checkUpstreamBypass(
	ctx context.Context, c *control.Call, in *wire.CheckUpstreamBypassRequest,
) (*wire.CheckUpstreamBypassResponse, error) {
	if err := a.onlyOperator(c, "check upstreams"); err != nil {
		return nil, err
	}
	checks, err := a.Stores.Bypass(ctx, awswire.Value(in.Name))
	if err != nil {
		return nil, err
	}
	return &wire.CheckUpstreamBypassResponse{Checks: checksOut(checks)}, nil
}

func checksOut(all []stores.Check) (out []wire.StoreCheck) {
	for _, x := range all {
		out = append(out, wire.StoreCheck{
			Name: new(x.Name), Bucket: awswire.Optional(x.Bucket), Outcome: new(string(x.Outcome)),
			Text: awswire.Optional(x.Text), Milliseconds: new(int32(min(x.Took, math.MaxInt32))),
		})
	}
	return out
}
