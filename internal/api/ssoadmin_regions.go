package api

import (
	"context"

	wire "latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
)

// registerRegions registers the operations on the regions of an instance and on an application's session configuration.
func (a *API) registerRegions(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.AddRegion, a.addRegion)
	awswire.Handle(m, wire.RemoveRegion, a.removeRegion)
	awswire.Handle(m, wire.DescribeRegion, a.describeRegion)
	awswire.Handle(m, wire.ListRegions, a.listRegions)
	awswire.Handle(m, wire.PutApplicationSessionConfiguration, a.putSessionConfiguration)
	awswire.Handle(m, wire.GetApplicationSessionConfiguration, a.getSessionConfiguration)
}

func (a *API) addRegion(
	_ context.Context, c *control.Call, in *wire.AddRegionRequest,
) (*wire.AddRegionResponse, error) {
	return nil, a.IdentityCenter.AddRegion(c, awswire.Value(in.InstanceArn), awswire.Value(in.RegionName))
}

func (a *API) removeRegion(
	_ context.Context, c *control.Call, in *wire.RemoveRegionRequest,
) (*wire.RemoveRegionResponse, error) {
	return nil, a.IdentityCenter.RemoveRegion(c, awswire.Value(in.InstanceArn), awswire.Value(in.RegionName))
}

func (a *API) describeRegion(
	_ context.Context, c *control.Call, in *wire.DescribeRegionRequest,
) (*wire.DescribeRegionResponse, error) {
	r, err := a.IdentityCenter.DescribeRegion(c, awswire.Value(in.InstanceArn), awswire.Value(in.RegionName))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeRegionResponse(regionOut(r))), nil
}

func (a *API) listRegions(
	_ context.Context, c *control.Call, in *wire.ListRegionsRequest,
) (*wire.ListRegionsResponse, error) {
	page, err := a.IdentityCenter.Regions(c, awswire.Value(in.InstanceArn), pageAt(in.NextToken, in.MaxResults, ssoPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListRegionsResponse{NextToken: awswire.Optional(page.Next)}
	for _, r := range page.Items {
		out.Regions = append(out.Regions, regionOut(r))
	}
	return out, nil
}

func regionOut(r identitycenter.Region) wire.RegionMetadata {
	return wire.RegionMetadata{
		RegionName:      new(r.Name),
		Status:          new("ACTIVE"),
		AddedDate:       new(r.Added),
		IsPrimaryRegion: new(r.Primary),
	}
}

func (a *API) putSessionConfiguration(
	ctx context.Context, c *control.Call, in *wire.PutApplicationSessionConfigurationRequest,
) (*wire.PutApplicationSessionConfigurationResponse, error) {
	return nil, a.IdentityCenter.PutBackgroundSessions(ctx, c, awswire.Value(in.ApplicationArn),
		awswire.Value(in.UserBackgroundSessionApplicationStatus))
}

func (a *API) getSessionConfiguration(
	_ context.Context, c *control.Call, in *wire.GetApplicationSessionConfigurationRequest,
) (*wire.GetApplicationSessionConfigurationResponse, error) {
	status, err := a.IdentityCenter.BackgroundSessions(c, awswire.Value(in.ApplicationArn))
	if err != nil {
		return nil, err
	}
	return &wire.GetApplicationSessionConfigurationResponse{
		UserBackgroundSessionApplicationStatus: awswire.Optional(status),
	}, nil
}
