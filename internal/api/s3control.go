package api

import (
	"context"
	"time"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/store"
)

func (a *API) registerS3Control(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateAccessGrantsInstance, a.createInstance)
	awswire.Handle(m, wire.GetAccessGrantsInstance, a.getInstance)
	awswire.Handle(m, wire.GetAccessGrantsInstanceForPrefix, a.getInstanceForPrefix)
	awswire.Handle(m, wire.ListAccessGrantsInstances, a.listInstances)
	awswire.Handle(m, wire.DeleteAccessGrantsInstance, a.deleteInstance)
	awswire.Handle(m, wire.PutAccessGrantsInstanceResourcePolicy, a.putInstancePolicy)
	awswire.Handle(m, wire.GetAccessGrantsInstanceResourcePolicy, a.getInstancePolicy)
	awswire.Handle(m, wire.DeleteAccessGrantsInstanceResourcePolicy, a.deleteInstancePolicy)
	awswire.Handle(m, wire.AssociateAccessGrantsIdentityCenter, a.associateIdentityCenter)
	awswire.Handle(m, wire.DissociateAccessGrantsIdentityCenter, a.dissociateIdentityCenter)

	awswire.Handle(m, wire.CreateAccessGrantsLocation, a.createLocation)
	awswire.Handle(m, wire.GetAccessGrantsLocation, a.getLocation)
	awswire.Handle(m, wire.ListAccessGrantsLocations, a.listLocations)
	awswire.Handle(m, wire.UpdateAccessGrantsLocation, a.updateLocation)
	awswire.Handle(m, wire.DeleteAccessGrantsLocation, a.deleteLocation)

	awswire.Handle(m, wire.CreateAccessGrant, a.createGrant)
	awswire.Handle(m, wire.GetAccessGrant, a.getGrant)
	awswire.Handle(m, wire.ListAccessGrants, a.listGrants)
	awswire.Handle(m, wire.DeleteAccessGrant, a.deleteGrant)
	awswire.Handle(m, wire.ListCallerAccessGrants, a.listCallerGrants)
	awswire.Handle(m, wire.GetDataAccess, a.getDataAccess)

	awswire.Handle(m, wire.TagResource, a.tagResource)
	awswire.Handle(m, wire.UntagResource, a.untagResource)
	awswire.Handle(m, wire.ListTagsForResource, a.listTags)
}

// maxPage is the largest page of every Access Grants list. It is also the size of a page if the client states none.
const maxPage = 1000

func (a *API) createInstance(
	ctx context.Context, c *control.Call, in *wire.CreateAccessGrantsInstanceRequest,
) (*wire.CreateAccessGrantsInstanceResult, error) {
	i, err := a.Grants.CreateInstance(ctx, c, awswire.Value(in.IdentityCenterArn), tagsIn(in.Tags))
	if err != nil {
		return nil, err
	}
	out := wire.CreateAccessGrantsInstanceResult{
		CreatedAt:               new(i.CreatedAt),
		AccessGrantsInstanceId:  new(access.InstanceID),
		AccessGrantsInstanceArn: new(i.ARN()),
	}
	out.IdentityCenterArn, out.IdentityCenterInstanceArn, out.IdentityCenterApplicationArn = identityCenter(i)
	return &out, nil
}

// identityCenter returns the three association members. The deprecated first one has the application's ARN, as on AWS.
func identityCenter(i *store.Instance) (deprecated, instance, application *string) {
	if i.IdentityCenterARN == "" {
		return nil, nil, nil
	}
	return new(i.ApplicationARN), new(i.IdentityCenterARN), new(i.ApplicationARN)
}

func (a *API) getInstance(
	_ context.Context, c *control.Call, _ *wire.GetAccessGrantsInstanceRequest,
) (*wire.GetAccessGrantsInstanceResult, error) {
	i, err := a.Grants.Instance(c)
	if err != nil {
		return nil, err
	}
	out := wire.GetAccessGrantsInstanceResult{
		CreatedAt:               new(i.CreatedAt),
		AccessGrantsInstanceId:  new(access.InstanceID),
		AccessGrantsInstanceArn: new(i.ARN()),
	}
	out.IdentityCenterArn, out.IdentityCenterInstanceArn, out.IdentityCenterApplicationArn = identityCenter(i)
	return &out, nil
}

func (a *API) getInstanceForPrefix(
	_ context.Context, c *control.Call, in *wire.GetAccessGrantsInstanceForPrefixRequest,
) (*wire.GetAccessGrantsInstanceForPrefixResult, error) {
	i, err := a.Grants.InstanceForPrefix(c, awswire.Value(in.S3Prefix))
	if err != nil {
		return nil, err
	}
	return &wire.GetAccessGrantsInstanceForPrefixResult{
		AccessGrantsInstanceArn: new(i.ARN()),
		AccessGrantsInstanceId:  new(access.InstanceID),
	}, nil
}

func (a *API) listInstances(
	_ context.Context, c *control.Call, in *wire.ListAccessGrantsInstancesRequest,
) (*wire.ListAccessGrantsInstancesResult, error) {
	if _, err := control.PageSize(in.MaxResults, maxPage, maxPage); err != nil {
		return nil, err
	}
	instances, err := a.Grants.Instances(c, awswire.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListAccessGrantsInstancesResult{}
	for _, i := range instances {
		entry := wire.ListAccessGrantsInstanceEntry{
			CreatedAt:               new(i.CreatedAt),
			AccessGrantsInstanceId:  new(access.InstanceID),
			AccessGrantsInstanceArn: new(i.ARN()),
		}
		entry.IdentityCenterArn, entry.IdentityCenterInstanceArn, entry.IdentityCenterApplicationArn = identityCenter(i)
		out.AccessGrantsInstancesList = append(out.AccessGrantsInstancesList, entry)
	}
	return out, nil
}

func (a *API) deleteInstance(
	ctx context.Context, c *control.Call, _ *wire.DeleteAccessGrantsInstanceRequest,
) (*wire.DeleteAccessGrantsInstanceResult, error) {
	return nil, a.Grants.DeleteInstance(ctx, c)
}

func (a *API) putInstancePolicy(
	ctx context.Context, c *control.Call, in *wire.PutAccessGrantsInstanceResourcePolicyRequest,
) (*wire.PutAccessGrantsInstanceResourcePolicyResult, error) {
	i, err := a.Grants.PutPolicy(ctx, c, awswire.Value(in.Policy), awswire.Value(in.Organization))
	if err != nil {
		return nil, err
	}
	return &wire.PutAccessGrantsInstanceResourcePolicyResult{
		Policy:       new(i.Policy),
		Organization: awswire.Optional(i.Organization),
		CreatedAt:    new(i.PolicyCreated),
	}, nil
}

func (a *API) getInstancePolicy(
	_ context.Context, c *control.Call, _ *wire.GetAccessGrantsInstanceResourcePolicyRequest,
) (*wire.GetAccessGrantsInstanceResourcePolicyResult, error) {
	i, err := a.Grants.Policy(c)
	if err != nil {
		return nil, err
	}
	return &wire.GetAccessGrantsInstanceResourcePolicyResult{
		Policy:       new(i.Policy),
		Organization: awswire.Optional(i.Organization),
		CreatedAt:    new(i.PolicyCreated),
	}, nil
}

func (a *API) deleteInstancePolicy(
	ctx context.Context, c *control.Call, _ *wire.DeleteAccessGrantsInstanceResourcePolicyRequest,
) (*wire.DeleteAccessGrantsInstanceResourcePolicyResult, error) {
	return nil, a.Grants.DeletePolicy(ctx, c)
}

func (a *API) associateIdentityCenter(
	ctx context.Context, c *control.Call, in *wire.AssociateAccessGrantsIdentityCenterRequest,
) (*wire.AssociateAccessGrantsIdentityCenterResult, error) {
	return nil, a.Grants.Associate(ctx, c, awswire.Value(in.IdentityCenterArn))
}

func (a *API) dissociateIdentityCenter(
	ctx context.Context, c *control.Call, _ *wire.DissociateAccessGrantsIdentityCenterRequest,
) (*wire.DissociateAccessGrantsIdentityCenterResult, error) {
	return nil, a.Grants.Dissociate(ctx, c)
}

func (a *API) createLocation(
	ctx context.Context, c *control.Call, in *wire.CreateAccessGrantsLocationRequest,
) (*wire.CreateAccessGrantsLocationResult, error) {
	l, err := a.Grants.CreateLocation(ctx, c, awswire.Value(in.LocationScope), awswire.Value(in.IAMRoleArn),
		tagsIn(in.Tags))
	if err != nil {
		return nil, err
	}
	return new(wire.CreateAccessGrantsLocationResult(locationOut(l))), nil
}

// locationOut returns the five members that every answer about a location has.
func locationOut(l *store.Location) wire.GetAccessGrantsLocationResult {
	return wire.GetAccessGrantsLocationResult{
		CreatedAt: new(l.CreatedAt), AccessGrantsLocationId: new(string(l.ID)), AccessGrantsLocationArn: new(l.ARN()),
		LocationScope: new(l.Scope.String()), IAMRoleArn: new(l.RoleARN),
	}
}

func (a *API) getLocation(
	_ context.Context, c *control.Call, in *wire.GetAccessGrantsLocationRequest,
) (*wire.GetAccessGrantsLocationResult, error) {
	l, err := a.Grants.Location(c, access.LocationID(awswire.Value(in.AccessGrantsLocationId)))
	if err != nil {
		return nil, err
	}
	return new(locationOut(l)), nil
}

func (a *API) listLocations(
	_ context.Context, c *control.Call, in *wire.ListAccessGrantsLocationsRequest,
) (*wire.ListAccessGrantsLocationsResult, error) {
	size, err := control.PageSize(in.MaxResults, maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	page, err := a.Grants.Locations(c, awswire.Value(in.LocationScope), awswire.Value(in.NextToken), size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListAccessGrantsLocationsResult{NextToken: awswire.Optional(page.Next)}
	for _, l := range page.Locations {
		out.AccessGrantsLocationsList = append(out.AccessGrantsLocationsList,
			wire.ListAccessGrantsLocationsEntry(locationOut(l)))
	}
	return out, nil
}

func (a *API) updateLocation(
	ctx context.Context, c *control.Call, in *wire.UpdateAccessGrantsLocationRequest,
) (*wire.UpdateAccessGrantsLocationResult, error) {
	l, err := a.Grants.UpdateLocation(ctx, c, access.LocationID(awswire.Value(in.AccessGrantsLocationId)),
		awswire.Value(in.IAMRoleArn))
	if err != nil {
		return nil, err
	}
	return new(wire.UpdateAccessGrantsLocationResult(locationOut(l))), nil
}

func (a *API) deleteLocation(
	ctx context.Context, c *control.Call, in *wire.DeleteAccessGrantsLocationRequest,
) (*wire.DeleteAccessGrantsLocationResult, error) {
	return nil, a.Grants.DeleteLocation(ctx, c, access.LocationID(awswire.Value(in.AccessGrantsLocationId)))
}

func tagsIn(in []wire.Tag) []access.Tag {
	tags := make([]access.Tag, len(in))
	for i, t := range in {
		tags[i] = access.Tag{Key: awswire.Value(t.Key), Value: awswire.Value(t.Value)}
	}
	return tags
}

func tagsOut(tags []access.Tag) []wire.Tag {
	out := make([]wire.Tag, len(tags))
	for i, t := range tags {
		out[i] = wire.Tag{Key: new(t.Key), Value: new(t.Value)}
	}
	return out
}

// seconds is the duration of a member that is in whole seconds.
func seconds(p *int32) time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(*p) * time.Second
}
