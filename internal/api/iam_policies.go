package api

import (
	"context"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

func policyOut(m *principals.ManagedPolicy) wire.Policy {
	return wire.Policy{
		PolicyName:                    new(m.Name),
		PolicyId:                      new(m.ID),
		Arn:                           new(m.ARN()),
		Path:                          new(m.Path),
		DefaultVersionId:              new(m.Default),
		AttachmentCount:               new(int32(m.Attached)),
		PermissionsBoundaryUsageCount: new(int32(m.Bounding)),
		IsAttachable:                  new(true),
		Description:                   awswire.Optional(m.Description),
		CreateDate:                    new(m.Created),
		UpdateDate:                    new(m.Updated),
		Tags:                          iamTagsOut(m.Tags),
	}
}

func versionOut(v iam.PolicyVersion, inForce bool) wire.PolicyVersion {
	return wire.PolicyVersion{VersionId: new(v.ID), IsDefaultVersion: new(inForce), CreateDate: new(v.Created)}
}

func (a *API) createPolicy(
	ctx context.Context, c *control.Call, in *wire.CreatePolicyRequest,
) (*wire.CreatePolicyResponse, error) {
	m, err := a.Principals.CreatePolicy(ctx, c, principals.NewPolicy{
		Name:        awswire.Value(in.PolicyName),
		Path:        awswire.Value(in.Path),
		Description: awswire.Value(in.Description),
		Document:    awswire.Value(in.PolicyDocument),
		Tags:        iamTagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreatePolicyResponse{Policy: new(policyOut(m))}, nil
}

func (a *API) getPolicy(
	_ context.Context, c *control.Call, in *wire.GetPolicyRequest,
) (*wire.GetPolicyResponse, error) {
	m, err := a.Principals.GetPolicy(c, awswire.Value(in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &wire.GetPolicyResponse{Policy: new(policyOut(m))}, nil
}

func (a *API) listPolicies(
	_ context.Context, c *control.Call, in *wire.ListPoliciesRequest,
) (*wire.ListPoliciesResponse, error) {
	filter := principals.PolicyFilter{
		Scope:        principals.Scope(awswire.Value(in.Scope)),
		PathPrefix:   awswire.Value(in.PathPrefix),
		OnlyAttached: in.OnlyAttached != nil && *in.OnlyAttached,
		Usage:        principals.Usage(awswire.Value(in.PolicyUsageFilter)),
	}
	page, err := a.Principals.ListPolicies(c, filter, asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListPoliciesResponse{}
	for _, m := range page.Items {
		w := policyOut(m)
		w.Description, w.Tags = nil, nil // lists leave them out (IAM API reference, ListPolicies)
		out.Policies = append(out.Policies, w)
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) deletePolicy(ctx context.Context, c *control.Call, in *wire.DeletePolicyRequest) error {
	return a.Principals.DeletePolicy(ctx, c, awswire.Value(in.PolicyArn))
}

func (a *API) createPolicyVersion(
	ctx context.Context, c *control.Call, in *wire.CreatePolicyVersionRequest,
) (*wire.CreatePolicyVersionResponse, error) {
	inForce := in.SetAsDefault != nil && *in.SetAsDefault
	v, err := a.Principals.CreatePolicyVersion(ctx, c, awswire.Value(in.PolicyArn), awswire.Value(in.PolicyDocument),
		inForce)
	if err != nil {
		return nil, err
	}
	return &wire.CreatePolicyVersionResponse{PolicyVersion: new(versionOut(v, inForce))}, nil
}

func (a *API) getPolicyVersion(
	_ context.Context, c *control.Call, in *wire.GetPolicyVersionRequest,
) (*wire.GetPolicyVersionResponse, error) {
	v, inForce, err := a.Principals.GetPolicyVersion(c, awswire.Value(in.PolicyArn), awswire.Value(in.VersionId))
	if err != nil {
		return nil, err
	}
	out := versionOut(v, inForce)
	out.Document = encoded(v.Document)
	return &wire.GetPolicyVersionResponse{PolicyVersion: &out}, nil
}

func (a *API) listPolicyVersions(
	_ context.Context, c *control.Call, in *wire.ListPolicyVersionsRequest,
) (*wire.ListPolicyVersionsResponse, error) {
	page, inForce, err := a.Principals.ListPolicyVersions(c, awswire.Value(in.PolicyArn), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListPolicyVersionsResponse{}
	for _, v := range page.Items {
		out.Versions = append(out.Versions, versionOut(v, v.ID == inForce))
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) deletePolicyVersion(ctx context.Context, c *control.Call, in *wire.DeletePolicyVersionRequest) error {
	return a.Principals.DeletePolicyVersion(ctx, c, awswire.Value(in.PolicyArn), awswire.Value(in.VersionId))
}

func (a *API) setDefaultPolicyVersion(
	ctx context.Context, c *control.Call, in *wire.SetDefaultPolicyVersionRequest,
) error {
	return a.Principals.SetDefaultPolicyVersion(ctx, c, awswire.Value(in.PolicyArn), awswire.Value(in.VersionId))
}

// listEntitiesForPolicy lists users and roles. The filters Group, LocalManagedPolicy and AWSManagedPolicy match nothing
// here: no policy is attached to a group, or is AWS's.
func (a *API) listEntitiesForPolicy(
	_ context.Context, c *control.Call, in *wire.ListEntitiesForPolicyRequest,
) (*wire.ListEntitiesForPolicyResponse, error) {
	filter := principals.EntityFilter{
		Kind:       principals.Kind(awswire.Value(in.EntityFilter)),
		PathPrefix: awswire.Value(in.PathPrefix),
		Usage:      principals.Usage(awswire.Value(in.PolicyUsageFilter)),
	}
	page, err := a.Principals.ListEntitiesForPolicy(c, awswire.Value(in.PolicyArn), filter, asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListEntitiesForPolicyResponse{}
	for _, u := range page.Items {
		if u.Kind == principals.Role {
			out.PolicyRoles = append(out.PolicyRoles, wire.PolicyRole{RoleName: new(u.Name), RoleId: new(u.ID)})
		} else {
			out.PolicyUsers = append(out.PolicyUsers, wire.PolicyUser{UserName: new(u.Name), UserId: new(u.ID)})
		}
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) tagPolicy(ctx context.Context, c *control.Call, in *wire.TagPolicyRequest) error {
	return a.Principals.TagPolicy(ctx, c, awswire.Value(in.PolicyArn), iamTagsIn(in.Tags))
}

func (a *API) untagPolicy(ctx context.Context, c *control.Call, in *wire.UntagPolicyRequest) error {
	return a.Principals.UntagPolicy(ctx, c, awswire.Value(in.PolicyArn), in.TagKeys)
}

func (a *API) listPolicyTags(
	_ context.Context, c *control.Call, in *wire.ListPolicyTagsRequest,
) (*wire.ListPolicyTagsResponse, error) {
	out, err := tagPage(a.Principals.ListPolicyTags(c, awswire.Value(in.PolicyArn), asked(in.Marker, in.MaxItems)))
	return (*wire.ListPolicyTagsResponse)(out), err
}
