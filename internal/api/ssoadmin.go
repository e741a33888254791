package api

import (
	"context"

	wire "latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

func (a *API) registerSSOAdmin(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.ListInstances, a.listCenters)
	awswire.Handle(m, wire.DescribeInstance, a.describeCenter)
	awswire.Handle(m, wire.CreateInstance, a.createCenter)
	awswire.Handle(m, wire.UpdateInstance, a.updateCenter)
	awswire.Handle(m, wire.DeleteInstance, a.deleteCenter)

	awswire.Handle(m, wire.CreateApplication, a.createApplication)
	awswire.Handle(m, wire.DescribeApplication, a.describeApplication)
	awswire.Handle(m, wire.UpdateApplication, a.updateApplication)
	awswire.Handle(m, wire.DeleteApplication, a.deleteApplication)
	awswire.Handle(m, wire.ListApplications, a.listApplications)
	awswire.Handle(m, wire.ListApplicationProviders, a.listApplicationProviders)
	awswire.Handle(m, wire.DescribeApplicationProvider, a.describeApplicationProvider)

	a.registerApplicationParts(m)
	a.registerRegions(m)

	awswire.Handle(m, wire.CreateTrustedTokenIssuer, a.createIssuer)
	awswire.Handle(m, wire.DescribeTrustedTokenIssuer, a.describeIssuer)
	awswire.Handle(m, wire.UpdateTrustedTokenIssuer, a.updateIssuer)
	awswire.Handle(m, wire.DeleteTrustedTokenIssuer, a.deleteIssuer)
	awswire.Handle(m, wire.ListTrustedTokenIssuers, a.listIssuers)

	awswire.Handle(m, wire.TagResource, a.tagCenter)
	awswire.Handle(m, wire.UntagResource, a.untagCenter)
	awswire.Handle(m, wire.ListTagsForResource, a.listCenterTags)
}

// The largest pages of sso-admin's lists. A request for a larger page gets one of this size.
const (
	ssoPage         = 100
	instancesPage   = 10
	applicationPage = 50
)

// pageAt returns where a page begins and how long it is.
func pageAt(token *string, asked *int32, limit int) identitycenter.Cut {
	size := limit
	if asked != nil {
		size = min(int(*asked), limit)
	}
	return identitycenter.Cut{Token: awswire.Value(token), Size: size}
}

func (a *API) listCenters(
	_ context.Context, c *control.Call, in *wire.ListInstancesRequest,
) (*wire.ListInstancesResponse, error) {
	page, err := a.IdentityCenter.Instances(c, pageAt(in.NextToken, in.MaxResults, instancesPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListInstancesResponse{NextToken: awswire.Optional(page.Next)}
	for _, i := range page.Items {
		out.Instances = append(out.Instances, centerOut(i))
	}
	return out, nil
}

func centerOut(i *sso.Instance) wire.InstanceMetadata {
	return wire.InstanceMetadata{
		InstanceArn:     new(i.ARN()),
		IdentityStoreId: new(i.IdentityStoreID),
		OwnerAccountId:  new(string(i.Account)),
		Name:            awswire.Optional(i.Name),
		CreatedDate:     new(i.Created),
		Status:          new("ACTIVE"),
	}
}

func (a *API) describeCenter(
	_ context.Context, c *control.Call, in *wire.DescribeInstanceRequest,
) (*wire.DescribeInstanceResponse, error) {
	i, err := a.IdentityCenter.Instance(c, awswire.Value(in.InstanceArn))
	if err != nil {
		return nil, err
	}
	o := centerOut(i)
	return &wire.DescribeInstanceResponse{
		InstanceArn:     o.InstanceArn,
		IdentityStoreId: o.IdentityStoreId,
		OwnerAccountId:  o.OwnerAccountId,
		Name:            o.Name,
		CreatedDate:     o.CreatedDate,
		Status:          o.Status,
		EncryptionConfigurationDetails: &wire.EncryptionConfigurationDetails{
			KeyType:          new(ownKey),
			EncryptionStatus: new("ENABLED"),
		},
	}, nil
}

// ownKey is the only kind of key that encrypts an instance: the server's.
const ownKey = "AWS_OWNED_KMS_KEY"

func (a *API) createCenter(
	ctx context.Context, c *control.Call, in *wire.CreateInstanceRequest,
) (*wire.CreateInstanceResponse, error) {
	i, err := a.IdentityCenter.CreateInstance(ctx, c,
		identitycenter.NewInstance{
			Name:        awswire.Value(in.Name),
			ClientToken: awswire.Value(in.ClientToken),
			Tags:        ssoTagsIn(in.Tags),
		})
	if err != nil {
		return nil, err
	}
	return &wire.CreateInstanceResponse{InstanceArn: new(i.ARN())}, nil
}

func (a *API) updateCenter(
	ctx context.Context, c *control.Call, in *wire.UpdateInstanceRequest,
) (*wire.UpdateInstanceResponse, error) {
	if e := in.EncryptionConfiguration; e != nil && (awswire.Value(e.KeyType) != ownKey || e.KmsKeyArn != nil) {
		return nil, fault.New(fault.Invalid, fault.Member, "The instance can only be encrypted with %s", ownKey)
	}
	return nil, a.IdentityCenter.UpdateInstance(ctx, c, awswire.Value(in.InstanceArn), in.Name)
}

func (a *API) deleteCenter(
	ctx context.Context, c *control.Call, in *wire.DeleteInstanceRequest,
) (*wire.DeleteInstanceResponse, error) {
	return nil, a.IdentityCenter.DeleteInstance(ctx, c, awswire.Value(in.InstanceArn))
}

func (a *API) createApplication(
	ctx context.Context, c *control.Call, in *wire.CreateApplicationRequest,
) (*wire.CreateApplicationResponse, error) {
	n := identitycenter.NewApplication{
		InstanceARN: awswire.Value(in.InstanceArn),
		Provider:    awswire.Value(in.ApplicationProviderArn),
		Name:        awswire.Value(in.Name),
		Description: awswire.Value(in.Description),
		Portal:      sso.Portal{Visibility: enabled},
		Disabled:    awswire.Value(in.Status) == disabled,
		ClientToken: awswire.Value(in.ClientToken),
		Tags:        ssoTagsIn(in.Tags),
	}
	if p := in.PortalOptions; p != nil {
		if p.Visibility != nil {
			n.Portal.Visibility = *p.Visibility
		}
		if p.SignInOptions != nil {
			n.Portal.Origin, n.Portal.URL = awswire.Value(p.SignInOptions.Origin), awswire.Value(p.SignInOptions.ApplicationUrl)
		}
	}
	app, i, err := a.IdentityCenter.CreateApplication(ctx, c, n)
	if err != nil {
		return nil, err
	}
	return &wire.CreateApplicationResponse{
		ApplicationArn:   new(app.ARN()),
		InstanceArn:      new(i.ARN()),
		IdentityStoreArn: new(i.IdentityStoreARN()),
	}, nil
}

// The values of a status.
const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

// applicationOut is an application as DescribeApplication and ListApplications give it.
func applicationOut(app *sso.Application, i *sso.Instance) wire.Application {
	status := enabled
	if app.Disabled {
		status = disabled
	}
	portal := &wire.PortalOptions{Visibility: new(app.Portal.Visibility)}
	if app.Portal.Origin != "" {
		portal.SignInOptions = &wire.SignInOptions{
			Origin:         new(app.Portal.Origin),
			ApplicationUrl: awswire.Optional(app.Portal.URL),
		}
	}
	return wire.Application{
		ApplicationArn:         new(app.ARN()),
		ApplicationProviderArn: new(app.Provider),
		Name:                   new(app.Name),
		ApplicationAccount:     new(string(app.Account)),
		InstanceArn:            new(i.ARN()),
		IdentityStoreArn:       new(i.IdentityStoreARN()),
		Status:                 new(status),
		PortalOptions:          portal,
		Description:            awswire.Optional(app.Description),
		CreatedDate:            new(app.Created),
		CreatedFrom:            new(app.CreatedFrom),
	}
}

func (a *API) describeApplication(
	_ context.Context, c *control.Call, in *wire.DescribeApplicationRequest,
) (*wire.DescribeApplicationResponse, error) {
	app, i, err := a.IdentityCenter.Application(c, awswire.Value(in.ApplicationArn))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeApplicationResponse(applicationOut(app, i))), nil
}

func (a *API) updateApplication(
	ctx context.Context, c *control.Call, in *wire.UpdateApplicationRequest,
) (*wire.UpdateApplicationResponse, error) {
	ch := identitycenter.ApplicationChange{Name: in.Name, Description: in.Description}
	if in.Status != nil {
		ch.Disabled = new(*in.Status == disabled)
	}
	if p := in.PortalOptions; p != nil && p.SignInOptions != nil {
		ch.Portal = &sso.Portal{
			Origin: awswire.Value(p.SignInOptions.Origin),
			URL:    awswire.Value(p.SignInOptions.ApplicationUrl),
		}
	}
	return nil, a.IdentityCenter.UpdateApplication(ctx, c, awswire.Value(in.ApplicationArn), ch)
}

func (a *API) deleteApplication(
	ctx context.Context, c *control.Call, in *wire.DeleteApplicationRequest,
) (*wire.DeleteApplicationResponse, error) {
	return nil, a.IdentityCenter.DeleteApplication(ctx, c, awswire.Value(in.ApplicationArn))
}

func (a *API) listApplications(
	_ context.Context, c *control.Call, in *wire.ListApplicationsRequest,
) (*wire.ListApplicationsResponse, error) {
	f := identitycenter.ApplicationFilter{}
	if in.Filter != nil {
		f.Account, f.Provider = awswire.Value(in.Filter.ApplicationAccount), awswire.Value(in.Filter.ApplicationProvider)
	}
	page, i, err := a.IdentityCenter.Applications(c, awswire.Value(in.InstanceArn), f,
		pageAt(in.NextToken, in.MaxResults, applicationPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationsResponse{NextToken: awswire.Optional(page.Next)}
	for _, app := range page.Items {
		out.Applications = append(out.Applications, applicationOut(app, i))
	}
	return out, nil
}

func providerOut(p *identitycenter.Provider) wire.ApplicationProvider {
	out := wire.ApplicationProvider{
		ApplicationProviderArn: new(p.ARN), FederationProtocol: new("OAUTH"),
		DisplayData: &wire.DisplayData{DisplayName: new(p.DisplayName), Description: new(p.Description)},
	}
	if len(p.Scopes) > 0 {
		out.ResourceServerConfig = &wire.ResourceServerConfig{Scopes: map[string]wire.ResourceServerScopeDetails{}}
		for _, s := range p.Scopes {
			out.ResourceServerConfig.Scopes[s.Name] = wire.ResourceServerScopeDetails{
				LongDescription: new(s.Description),
				DetailedTitle:   new(s.Title),
			}
		}
	}
	return out
}

func (a *API) listApplicationProviders(
	_ context.Context, c *control.Call, in *wire.ListApplicationProvidersRequest,
) (*wire.ListApplicationProvidersResponse, error) {
	page, err := a.IdentityCenter.Providers(c, pageAt(in.NextToken, in.MaxResults, ssoPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListApplicationProvidersResponse{NextToken: awswire.Optional(page.Next)}
	for i := range page.Items {
		out.ApplicationProviders = append(out.ApplicationProviders, providerOut(&page.Items[i]))
	}
	return out, nil
}

func (a *API) describeApplicationProvider(
	_ context.Context, c *control.Call, in *wire.DescribeApplicationProviderRequest,
) (*wire.DescribeApplicationProviderResponse, error) {
	p, err := a.IdentityCenter.Provider(c, awswire.Value(in.ApplicationProviderArn))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeApplicationProviderResponse(providerOut(p))), nil
}
