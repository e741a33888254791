package api

import (
	"context"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

const (
	issuerType = "OIDC_JWT"          // the only type of trusted token issuers
	discovery  = "OPEN_ID_DISCOVERY" // the only way in which their keys are found
)

func (a *API) createIssuer(
	ctx context.Context, c *control.Call, in *wire.CreateTrustedTokenIssuerRequest,
) (*wire.CreateTrustedTokenIssuerResponse, error) {
	o := in.TrustedTokenIssuerConfiguration.OidcJwtConfiguration
	if o == nil {
		return nil, fault.New(fault.Invalid, fault.TokenIssuer,
			"TrustedTokenIssuerConfiguration must have the member OidcJwtConfiguration")
	}
	i, err := a.IdentityCenter.CreateIssuer(ctx, c, identitycenter.NewIssuer{
		InstanceARN: awswire.Value(in.InstanceArn),
		Name:        awswire.Value(in.Name),
		URL:         awswire.Value(o.IssuerUrl),
		ClaimPath:   awswire.Value(o.ClaimAttributePath),
		StorePath:   awswire.Value(o.IdentityStoreAttributePath),
		ClientToken: awswire.Value(in.ClientToken),
		Tags:        ssoTagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTrustedTokenIssuerResponse{TrustedTokenIssuerArn: new(i.ARN())}, nil
}

func (a *API) describeIssuer(
	_ context.Context, c *control.Call, in *wire.DescribeTrustedTokenIssuerRequest,
) (*wire.DescribeTrustedTokenIssuerResponse, error) {
	i, err := a.IdentityCenter.Issuer(c, awswire.Value(in.TrustedTokenIssuerArn))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeTrustedTokenIssuerResponse{
		TrustedTokenIssuerArn: new(i.ARN()), Name: new(i.Name), TrustedTokenIssuerType: new(issuerType),
		TrustedTokenIssuerConfiguration: &wire.TrustedTokenIssuerConfiguration{
			OidcJwtConfiguration: &wire.OidcJwtConfiguration{
				IssuerUrl:                  new(i.URL),
				ClaimAttributePath:         new(i.ClaimPath),
				IdentityStoreAttributePath: new(i.StorePath),
				JwksRetrievalOption:        new(discovery),
			},
		},
	}, nil
}

func (a *API) updateIssuer(
	ctx context.Context, c *control.Call, in *wire.UpdateTrustedTokenIssuerRequest,
) (*wire.UpdateTrustedTokenIssuerResponse, error) {
	ch := identitycenter.IssuerChange{Name: in.Name}
	if t := in.TrustedTokenIssuerConfiguration; t != nil {
		o := t.OidcJwtConfiguration
		if o == nil {
			return nil, fault.New(fault.Invalid, fault.TokenIssuer,
				"TrustedTokenIssuerConfiguration must have the member OidcJwtConfiguration")
		}
		ch.ClaimPath, ch.StorePath = o.ClaimAttributePath, o.IdentityStoreAttributePath
	}
	return nil, a.IdentityCenter.UpdateIssuer(ctx, c, awswire.Value(in.TrustedTokenIssuerArn), ch)
}

func (a *API) deleteIssuer(
	ctx context.Context, c *control.Call, in *wire.DeleteTrustedTokenIssuerRequest,
) (*wire.DeleteTrustedTokenIssuerResponse, error) {
	return nil, a.IdentityCenter.DeleteIssuer(ctx, c, awswire.Value(in.TrustedTokenIssuerArn))
}

func (a *API) listIssuers(
	_ context.Context, c *control.Call, in *wire.ListTrustedTokenIssuersRequest,
) (*wire.ListTrustedTokenIssuersResponse, error) {
	page, err := a.IdentityCenter.Issuers(c, awswire.Value(in.InstanceArn), pageAt(in.NextToken, in.MaxResults, ssoPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListTrustedTokenIssuersResponse{NextToken: awswire.Optional(page.Next)}
	for _, i := range page.Items {
		out.TrustedTokenIssuers = append(out.TrustedTokenIssuers, wire.TrustedTokenIssuerMetadata{
			TrustedTokenIssuerArn: new(i.ARN()), Name: new(i.Name), TrustedTokenIssuerType: new(issuerType),
		})
	}
	return out, nil
}

// sameInstance refuses a tag operation whose optional instance is not the resource's.
func sameInstance(instance, resource *string) error {
	if instance == nil {
		return nil
	}
	i, ok := sso.ParseARN(*instance)
	r, known := sso.ParseARN(awswire.Value(resource))
	if !ok || !known || i.InstanceID != r.InstanceID {
		return fault.New(fault.Invalid, fault.Member, "The resource %s does not belong to the instance %s",
			awswire.Value(resource), *instance)
	}
	return nil
}

func (a *API) tagCenter(
	ctx context.Context, c *control.Call, in *wire.TagResourceRequest,
) (*wire.TagResourceResponse, error) {
	if err := sameInstance(in.InstanceArn, in.ResourceArn); err != nil {
		return nil, err
	}
	return nil, a.IdentityCenter.Tag(ctx, c, awswire.Value(in.ResourceArn), ssoTagsIn(in.Tags))
}

func (a *API) untagCenter(
	ctx context.Context, c *control.Call, in *wire.UntagResourceRequest,
) (*wire.UntagResourceResponse, error) {
	if err := sameInstance(in.InstanceArn, in.ResourceArn); err != nil {
		return nil, err
	}
	return nil, a.IdentityCenter.Untag(ctx, c, awswire.Value(in.ResourceArn), in.TagKeys)
}

func (a *API) listCenterTags(
	_ context.Context, c *control.Call, in *wire.ListTagsForResourceRequest,
) (*wire.ListTagsForResourceResponse, error) {
	if err := sameInstance(in.InstanceArn, in.ResourceArn); err != nil {
		return nil, err
	}
	tags, err := a.IdentityCenter.Tags(c, awswire.Value(in.ResourceArn), awswire.Value(in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &wire.ListTagsForResourceResponse{}
	for _, t := range tags {
		out.Tags = append(out.Tags, wire.Tag{Key: new(t.Key), Value: new(t.Value)})
	}
	return out, nil
}

func ssoTagsIn(in []wire.Tag) []access.Tag {
	tags := make([]access.Tag, len(in))
	for i, t := range in {
		tags[i] = access.Tag{Key: awswire.Value(t.Key), Value: awswire.Value(t.Value)}
	}
	return tags
}
