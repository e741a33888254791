package api

import (
	"context"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
)

// What users and roles have in common: policies, boundaries and tags.

func (a *API) putUserPolicy(
	ctx context.Context, c *control.Call, in *wire.PutUserPolicyRequest,
) (*wire.PutUserPolicyResponse, error) {
	return nil, a.Principals.PutInline(ctx, c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PolicyName), awswire.Value(in.PolicyDocument))
}

func (a *API) getUserPolicy(
	_ context.Context, c *control.Call, in *wire.GetUserPolicyRequest,
) (*wire.GetUserPolicyResponse, error) {
	p, err := a.Principals.GetInline(c, principals.UserNamed(awswire.Value(in.UserName)), awswire.Value(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &wire.GetUserPolicyResponse{
		UserName:       in.UserName,
		PolicyName:     new(p.Name),
		PolicyDocument: encoded(p.Document),
	}, nil
}

func (a *API) deleteUserPolicy(
	ctx context.Context, c *control.Call, in *wire.DeleteUserPolicyRequest,
) (*wire.DeleteUserPolicyResponse, error) {
	return nil, a.Principals.DeleteInline(ctx, c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PolicyName))
}

func (a *API) listUserPolicies(
	_ context.Context, c *control.Call, in *wire.ListUserPoliciesRequest,
) (*wire.ListUserPoliciesResponse, error) {
	page, err := a.Principals.ListInline(c, principals.UserNamed(awswire.Value(in.UserName)),
		asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoliciesResponse{PolicyNames: page.Items}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) attachUserPolicy(
	ctx context.Context, c *control.Call, in *wire.AttachUserPolicyRequest,
) (*wire.AttachUserPolicyResponse, error) {
	return nil, a.Principals.AttachPolicy(ctx, c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PolicyArn))
}

func (a *API) detachUserPolicy(
	ctx context.Context, c *control.Call, in *wire.DetachUserPolicyRequest,
) (*wire.DetachUserPolicyResponse, error) {
	return nil, a.Principals.DetachPolicy(ctx, c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PolicyArn))
}

func (a *API) listAttachedUserPolicies(
	_ context.Context, c *control.Call, in *wire.ListAttachedUserPoliciesRequest,
) (*wire.ListAttachedUserPoliciesResponse, error) {
	page, err := a.Principals.ListAttached(c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PathPrefix), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListAttachedUserPoliciesResponse{AttachedPolicies: attachedOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) putUserBoundary(
	ctx context.Context, c *control.Call, in *wire.PutUserPermissionsBoundaryRequest,
) (*wire.PutUserPermissionsBoundaryResponse, error) {
	return nil, a.Principals.PutBoundary(ctx, c, principals.UserNamed(awswire.Value(in.UserName)),
		awswire.Value(in.PermissionsBoundary))
}

func (a *API) deleteUserBoundary(
	ctx context.Context, c *control.Call, in *wire.DeleteUserPermissionsBoundaryRequest,
) (*wire.DeleteUserPermissionsBoundaryResponse, error) {
	return nil, a.Principals.DeleteBoundary(ctx, c, principals.UserNamed(awswire.Value(in.UserName)))
}

func (a *API) tagUser(ctx context.Context, c *control.Call, in *wire.TagUserRequest) (*wire.TagUserResponse, error) {
	return nil, a.Principals.TagEntity(ctx, c, principals.UserNamed(awswire.Value(in.UserName)), iamTagsIn(in.Tags))
}

func (a *API) untagUser(
	ctx context.Context, c *control.Call, in *wire.UntagUserRequest,
) (*wire.UntagUserResponse, error) {
	return nil, a.Principals.UntagEntity(ctx, c, principals.UserNamed(awswire.Value(in.UserName)), in.TagKeys)
}

func (a *API) listUserTags(
	_ context.Context, c *control.Call, in *wire.ListUserTagsRequest,
) (*wire.ListUserTagsResponse, error) {
	page, err := a.Principals.ListTags(c, principals.UserNamed(awswire.Value(in.UserName)), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserTagsResponse{Tags: iamTagsOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) putRolePolicy(
	ctx context.Context, c *control.Call, in *wire.PutRolePolicyRequest,
) (*wire.PutRolePolicyResponse, error) {
	return nil, a.Principals.PutInline(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PolicyName), awswire.Value(in.PolicyDocument))
}

func (a *API) getRolePolicy(
	_ context.Context, c *control.Call, in *wire.GetRolePolicyRequest,
) (*wire.GetRolePolicyResponse, error) {
	p, err := a.Principals.GetInline(c, principals.RoleNamed(awswire.Value(in.RoleName)), awswire.Value(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &wire.GetRolePolicyResponse{
		RoleName:       in.RoleName,
		PolicyName:     new(p.Name),
		PolicyDocument: encoded(p.Document),
	}, nil
}

func (a *API) deleteRolePolicy(
	ctx context.Context, c *control.Call, in *wire.DeleteRolePolicyRequest,
) (*wire.DeleteRolePolicyResponse, error) {
	return nil, a.Principals.DeleteInline(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PolicyName))
}

func (a *API) listRolePolicies(
	_ context.Context, c *control.Call, in *wire.ListRolePoliciesRequest,
) (*wire.ListRolePoliciesResponse, error) {
	page, err := a.Principals.ListInline(c, principals.RoleNamed(awswire.Value(in.RoleName)),
		asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListRolePoliciesResponse{PolicyNames: page.Items}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) attachRolePolicy(
	ctx context.Context, c *control.Call, in *wire.AttachRolePolicyRequest,
) (*wire.AttachRolePolicyResponse, error) {
	return nil, a.Principals.AttachPolicy(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PolicyArn))
}

func (a *API) detachRolePolicy(
	ctx context.Context, c *control.Call, in *wire.DetachRolePolicyRequest,
) (*wire.DetachRolePolicyResponse, error) {
	return nil, a.Principals.DetachPolicy(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PolicyArn))
}

func (a *API) listAttachedRolePolicies(
	_ context.Context, c *control.Call, in *wire.ListAttachedRolePoliciesRequest,
) (*wire.ListAttachedRolePoliciesResponse, error) {
	page, err := a.Principals.ListAttached(c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PathPrefix), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListAttachedRolePoliciesResponse{AttachedPolicies: attachedOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) putRoleBoundary(
	ctx context.Context, c *control.Call, in *wire.PutRolePermissionsBoundaryRequest,
) (*wire.PutRolePermissionsBoundaryResponse, error) {
	return nil, a.Principals.PutBoundary(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)),
		awswire.Value(in.PermissionsBoundary))
}

func (a *API) deleteRoleBoundary(
	ctx context.Context, c *control.Call, in *wire.DeleteRolePermissionsBoundaryRequest,
) (*wire.DeleteRolePermissionsBoundaryResponse, error) {
	return nil, a.Principals.DeleteBoundary(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)))
}

func (a *API) tagRole(ctx context.Context, c *control.Call, in *wire.TagRoleRequest) (*wire.TagRoleResponse, error) {
	return nil, a.Principals.TagEntity(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)), iamTagsIn(in.Tags))
}

func (a *API) untagRole(
	ctx context.Context, c *control.Call, in *wire.UntagRoleRequest,
) (*wire.UntagRoleResponse, error) {
	return nil, a.Principals.UntagEntity(ctx, c, principals.RoleNamed(awswire.Value(in.RoleName)), in.TagKeys)
}

func (a *API) listRoleTags(
	_ context.Context, c *control.Call, in *wire.ListRoleTagsRequest,
) (*wire.ListRoleTagsResponse, error) {
	page, err := a.Principals.ListTags(c, principals.RoleNamed(awswire.Value(in.RoleName)), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListRoleTagsResponse{Tags: iamTagsOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}
