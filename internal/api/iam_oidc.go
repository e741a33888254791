package api

import (
	"context"
	"strings"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
)

func (a *API) registerOIDCProviders(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateOpenIDConnectProvider, a.createOIDCProvider)
	awswire.Handle(m, wire.GetOpenIDConnectProvider, a.getOIDCProvider)
	awswire.Handle(m, wire.ListOpenIDConnectProviders, a.listOIDCProviders)
	handleChange(m, wire.DeleteOpenIDConnectProvider, a.deleteOIDCProvider)
	handleChange(m, wire.UpdateOpenIDConnectProviderThumbprint, a.updateOIDCThumbprint)
	handleChange(m, wire.AddClientIDToOpenIDConnectProvider, a.addOIDCClient)
	handleChange(m, wire.RemoveClientIDFromOpenIDConnectProvider, a.removeOIDCClient)
	handleChange(m, wire.TagOpenIDConnectProvider, a.tagOIDCProvider)
	handleChange(m, wire.UntagOpenIDConnectProvider, a.untagOIDCProvider)
	awswire.Handle(m, wire.ListOpenIDConnectProviderTags, a.listOIDCProviderTags)
}

func (a *API) createOIDCProvider(
	ctx context.Context, c *control.Call, in *wire.CreateOpenIDConnectProviderRequest,
) (*wire.CreateOpenIDConnectProviderResponse, error) {
	p, err := a.Principals.CreateOIDCProvider(ctx, c, principals.NewOIDCProvider{
		URL: awswire.Value(in.Url), ClientIDs: in.ClientIDList, Thumbprints: in.ThumbprintList, Tags: iamTagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateOpenIDConnectProviderResponse{OpenIDConnectProviderArn: new(p.ARN()), Tags: iamTagsOut(p.Tags)}, nil
}

func (a *API) getOIDCProvider(
	_ context.Context, c *control.Call, in *wire.GetOpenIDConnectProviderRequest,
) (*wire.GetOpenIDConnectProviderResponse, error) {
	p, err := a.Principals.GetOIDCProvider(c, awswire.Value(in.OpenIDConnectProviderArn))
	if err != nil {
		return nil, err
	}
	return &wire.GetOpenIDConnectProviderResponse{
		Url:          new(strings.TrimPrefix(p.URL, "https://")), // as on AWS; http:// is kept
		ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints, CreateDate: new(p.Created), Tags: iamTagsOut(p.Tags),
	}, nil
}

func (a *API) listOIDCProviders(
	_ context.Context, c *control.Call, _ *wire.ListOpenIDConnectProvidersRequest,
) (*wire.ListOpenIDConnectProvidersResponse, error) {
	all, err := a.Principals.OIDCProviders(c)
	if err != nil {
		return nil, err
	}
	out := &wire.ListOpenIDConnectProvidersResponse{}
	for _, p := range all {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
			wire.OpenIDConnectProviderListEntry{Arn: new(p.ARN())})
	}
	return out, nil
}

func (a *API) deleteOIDCProvider(
	ctx context.Context, c *control.Call, in *wire.DeleteOpenIDConnectProviderRequest,
) error {
	return a.Principals.DeleteOIDCProvider(ctx, c, awswire.Value(in.OpenIDConnectProviderArn))
}

func (a *API) updateOIDCThumbprint(
	ctx context.Context, c *control.Call, in *wire.UpdateOpenIDConnectProviderThumbprintRequest,
) error {
	return a.Principals.SetOIDCThumbprints(ctx, c, awswire.Value(in.OpenIDConnectProviderArn), in.ThumbprintList)
}

func (a *API) addOIDCClient(
	ctx context.Context, c *control.Call, in *wire.AddClientIDToOpenIDConnectProviderRequest,
) error {
	return a.Principals.AddOIDCClient(ctx, c, awswire.Value(in.OpenIDConnectProviderArn), awswire.Value(in.ClientID))
}

func (a *API) removeOIDCClient(
	ctx context.Context, c *control.Call, in *wire.RemoveClientIDFromOpenIDConnectProviderRequest,
) error {
	return a.Principals.RemoveOIDCClient(ctx, c, awswire.Value(in.OpenIDConnectProviderArn), awswire.Value(in.ClientID))
}

func (a *API) tagOIDCProvider(ctx context.Context, c *control.Call, in *wire.TagOpenIDConnectProviderRequest) error {
	return a.Principals.TagOIDCProvider(ctx, c, awswire.Value(in.OpenIDConnectProviderArn), iamTagsIn(in.Tags))
}

func (a *API) untagOIDCProvider(
	ctx context.Context, c *control.Call, in *wire.UntagOpenIDConnectProviderRequest,
) error {
	return a.Principals.UntagOIDCProvider(ctx, c, awswire.Value(in.OpenIDConnectProviderArn), in.TagKeys)
}

func (a *API) listOIDCProviderTags(
	_ context.Context, c *control.Call, in *wire.ListOpenIDConnectProviderTagsRequest,
) (*wire.ListOpenIDConnectProviderTagsResponse, error) {
	out, err := tagPage(a.Principals.ListOIDCProviderTags(c, awswire.Value(in.OpenIDConnectProviderArn),
		asked(in.Marker, in.MaxItems)))
	return (*wire.ListOpenIDConnectProviderTagsResponse)(out), err
}
