package api

import (
	"context"

	"latchkey/internal/access"
	wire "latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/fault"
)

func (a *API) createGrant(
	ctx context.Context, c *control.Call, in *wire.CreateAccessGrantRequest,
) (*wire.CreateAccessGrantResult, error) {
	grantee, err := granteeIn(in.Grantee)
	if err != nil {
		return nil, control.AccessFault(err)
	}
	permission, err := access.ParsePermission(awswire.Value(in.Permission))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	n := grants.NewGrant{
		LocationID:     access.LocationID(awswire.Value(in.AccessGrantsLocationId)),
		Grantee:        grantee,
		Permission:     permission,
		ApplicationARN: awswire.Value(in.ApplicationArn),
		Object:         awswire.Value(in.S3PrefixType) == "Object",
		Tags:           tagsIn(in.Tags),
	}
	if in.AccessGrantsLocationConfiguration != nil {
		n.SubPrefix = awswire.Value(in.AccessGrantsLocationConfiguration.S3SubPrefix)
	}
	g, err := a.Grants.CreateGrant(ctx, c, n)
	if err != nil {
		return nil, err
	}
	o := grantOut(g)
	return &wire.CreateAccessGrantResult{
		CreatedAt:                         o.CreatedAt,
		AccessGrantId:                     o.AccessGrantId,
		AccessGrantArn:                    o.AccessGrantArn,
		Grantee:                           o.Grantee,
		AccessGrantsLocationId:            o.AccessGrantsLocationId,
		AccessGrantsLocationConfiguration: o.AccessGrantsLocationConfiguration,
		Permission:                        o.Permission,
		GrantScope:                        o.GrantScope,
		ApplicationArn:                    o.ApplicationArn,
	}, nil
}

// granteeIn reads a grantee. It refuses malformed grantees with the text that clients look for.
func granteeIn(in *wire.Grantee) (access.Grantee, error) {
	if in == nil {
		return access.Grantee{}, fault.New(fault.Invalid, fault.Grantee, "Invalid Grantee in the request: it is missing")
	}
	kind, err := access.ParseGranteeType(awswire.Value(in.GranteeType))
	if err != nil {
		return access.Grantee{}, err
	}
	return access.ParseGrantee(kind, awswire.Value(in.GranteeIdentifier))
}

func granteeOut(g access.Grantee) *wire.Grantee {
	return &wire.Grantee{GranteeType: new(g.Type.String()), GranteeIdentifier: new(g.ID)}
}

// grantOut is a grant as GetAccessGrant gives it. A grant without a sub prefix has an empty one, not none. AWS does so,
// and Terraform relies on it.
func grantOut(g *access.Grant) wire.GetAccessGrantResult {
	return wire.GetAccessGrantResult{
		CreatedAt:                         new(g.CreatedAt),
		AccessGrantId:                     new(g.ID.String()),
		AccessGrantArn:                    new(g.ARN()),
		Grantee:                           granteeOut(g.Grantee),
		AccessGrantsLocationId:            new(string(g.LocationID)),
		Permission:                        new(g.Permission.String()),
		GrantScope:                        new(g.Scope.String()),
		AccessGrantsLocationConfiguration: &wire.AccessGrantsLocationConfiguration{S3SubPrefix: new(g.SubPrefix)},
		ApplicationArn:                    awswire.Optional(g.ApplicationARN),
	}
}

func (a *API) getGrant(
	ctx context.Context, c *control.Call, in *wire.GetAccessGrantRequest,
) (*wire.GetAccessGrantResult, error) {
	g, err := a.Grants.Grant(ctx, c, awswire.Value(in.AccessGrantId))
	if err != nil {
		return nil, err
	}
	return new(grantOut(g)), nil
}

func (a *API) listGrants(
	ctx context.Context, c *control.Call, in *wire.ListAccessGrantsRequest,
) (*wire.ListAccessGrantsResult, error) {
	size, err := control.PageSize(in.MaxResults, maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	f := grants.GrantFilter{
		GranteeID:      awswire.Value(in.GranteeIdentifier),
		Scope:          awswire.Value(in.GrantScope),
		ApplicationARN: awswire.Value(in.ApplicationArn),
	}
	if in.GranteeType != nil {
		if f.GranteeType, err = access.ParseGranteeType(*in.GranteeType); err != nil {
			return nil, fault.New(fault.Invalid, fault.Member, "%s", err)
		}
	}
	if in.Permission != nil {
		if f.Permission, err = access.ParsePermission(*in.Permission); err != nil {
			return nil, control.AccessFault(err)
		}
	}
	page, err := a.Grants.Grants(ctx, c, f, awswire.Value(in.NextToken), size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListAccessGrantsResult{NextToken: awswire.Optional(page.Next)}
	for i := range page.Grants {
		out.AccessGrantsList = append(out.AccessGrantsList, wire.ListAccessGrantEntry(grantOut(&page.Grants[i])))
	}
	return out, nil
}

func (a *API) deleteGrant(
	ctx context.Context, c *control.Call, in *wire.DeleteAccessGrantRequest,
) (*wire.DeleteAccessGrantResult, error) {
	return nil, a.Grants.DeleteGrant(ctx, c, awswire.Value(in.AccessGrantId))
}

func (a *API) listCallerGrants(
	_ context.Context, c *control.Call, in *wire.ListCallerAccessGrantsRequest,
) (*wire.ListCallerAccessGrantsResult, error) {
	size, err := control.PageSize(in.MaxResults, maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	if err := instanceScope(in.InstanceScope); err != nil {
		return nil, err
	}
	page, err := a.Grants.CallerGrants(c, awswire.Value(in.GrantScope),
		in.AllowedByApplication != nil && *in.AllowedByApplication, awswire.Value(in.NextToken), size)
	if err != nil {
		return nil, err
	}
	out := &wire.ListCallerAccessGrantsResult{NextToken: awswire.Optional(page.Next)}
	for _, g := range page.Grants {
		entry := wire.ListCallerAccessGrantsEntry{
			Permission:     new(g.Permission.String()),
			GrantScope:     new(g.Scope.String()),
			ApplicationArn: new(g.ApplicationARN),
		}
		if in.InstanceScope != nil {
			entry.AccessGrantsInstanceArn = new(access.InstanceARN(c.Target, c.Facts.Region))
		}
		out.CallerAccessGrantsList = append(out.CallerAccessGrantsList, entry)
	}
	return out, nil
}

// instanceScope accepts ALL. On AWS it also covers instances that other accounts share through RAM. There are none
// here, so ALL finds what the account's own instance has.
func instanceScope(p *string) error {
	if p != nil && *p != "ALL" {
		return fault.New(fault.Invalid, fault.Request, "instanceScope must be ALL")
	}
	return nil
}

func (a *API) getDataAccess(
	ctx context.Context, c *control.Call, in *wire.GetDataAccessRequest,
) (*wire.GetDataAccessResult, error) {
	permission, err := access.ParsePermission(awswire.Value(in.Permission))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	privilege, err := access.ParsePrivilege(awswire.Value(in.Privilege))
	if err != nil {
		return nil, control.AccessFault(err)
	}
	if err := instanceScope(in.InstanceScope); err != nil {
		return nil, err
	}
	v, err := a.Grants.GetDataAccess(ctx, c, grants.DataAccess{
		Target:       awswire.Value(in.Target),
		Permission:   permission,
		Privilege:    privilege,
		Object:       awswire.Value(in.TargetType) == "Object",
		Duration:     seconds(in.DurationSeconds),
		AuditContext: awswire.Value(in.AuditContext),
	})
	if err != nil {
		return nil, err
	}
	return &wire.GetDataAccessResult{
		Credentials: &wire.Credentials{
			AccessKeyId: new(v.Credentials.AccessKeyID), SecretAccessKey: new(v.Credentials.Secret.Reveal()),
			SessionToken: new(v.Credentials.SessionToken.Reveal()), Expiration: new(v.Credentials.Expires),
		},
		MatchedGrantTarget: new(v.Matched), Grantee: granteeOut(v.Grantee),
	}, nil
}

func (a *API) tagResource(
	ctx context.Context, c *control.Call, in *wire.TagResourceRequest,
) (*wire.TagResourceResult, error) {
	return nil, a.Grants.Tag(ctx, c, awswire.Value(in.ResourceArn), tagsIn(in.Tags))
}

func (a *API) untagResource(
	ctx context.Context, c *control.Call, in *wire.UntagResourceRequest,
) (*wire.UntagResourceResult, error) {
	return nil, a.Grants.Untag(ctx, c, awswire.Value(in.ResourceArn), in.TagKeys)
}

func (a *API) listTags(
	ctx context.Context, c *control.Call, in *wire.ListTagsForResourceRequest,
) (*wire.ListTagsForResourceResult, error) {
	tags, err := a.Grants.Tags(ctx, c, awswire.Value(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return &wire.ListTagsForResourceResult{Tags: tagsOut(tags)}, nil
}
