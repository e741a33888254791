package api

import (
	"context"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
)

// registerResolve registers the settings that say whom grants answer in S3 requests.
func (a *API) registerResolve(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.GetResolveGrants, a.getResolveGrants)
	awswire.Handle(m, wire.PutResolveGrants, a.putResolveGrants)
	awswire.Handle(m, wire.GetAssertedIdentities, a.getAssertedIdentities)
	awswire.Handle(m, wire.PutAssertedIdentities, a.putAssertedIdentities)
}

func (a *API) getResolveGrants(
	_ context.Context, c *control.Call, _ *wire.GetResolveGrantsRequest,
) (*wire.GetResolveGrantsResponse, error) {
	on, err := a.Grants.ResolveGrants(c)
	if err != nil {
		return nil, err
	}
	return &wire.GetResolveGrantsResponse{Enabled: &on}, nil
}

func (a *API) putResolveGrants(
	ctx context.Context, c *control.Call, in *wire.PutResolveGrantsRequest,
) (*wire.PutResolveGrantsResponse, error) {
	return &wire.PutResolveGrantsResponse{}, a.Grants.SetResolveGrants(ctx, c, awswire.Value(in.Enabled))
}

func (a *API) getAssertedIdentities(
	_ context.Context, c *control.Call, in *wire.GetAssertedIdentitiesRequest,
) (*wire.GetAssertedIdentitiesResponse, error) {
	l, err := a.Grants.Asserted(c, access.LocationID(awswire.Value(in.LocationId)))
	if err != nil {
		return nil, err
	}
	return &wire.GetAssertedIdentitiesResponse{LocationId: new(string(l.ID)), Allowed: &l.Asserted}, nil
}

func (a *API) putAssertedIdentities(
	ctx context.Context, c *control.Call, in *wire.PutAssertedIdentitiesRequest,
) (*wire.PutAssertedIdentitiesResponse, error) {
	id := access.LocationID(awswire.Value(in.LocationId))
	return &wire.PutAssertedIdentitiesResponse{}, a.Grants.SetAsserted(ctx, c, id, awswire.Value(in.Allowed))
}
