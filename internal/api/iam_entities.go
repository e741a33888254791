package api

import (
	"context"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

// What users and roles have in common: policies, boundaries and tags. IAM's answers about both have the same members,
// so one function makes them for a user, and a conversion makes those for a role. A member that only one of them has
// would not compile.

func user(name *string) principals.Entity { return principals.UserNamed(awswire.Value(name)) }

func role(name *string) principals.Entity { return principals.RoleNamed(awswire.Value(name)) }

func policyNames(page principals.Page[string], err error) (*wire.ListUserPoliciesResponse, error) {
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoliciesResponse{PolicyNames: page.Items}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func attachedPolicies(page principals.Page[string], err error) (*wire.ListAttachedUserPoliciesResponse, error) {
	if err != nil {
		return nil, err
	}
	out := &wire.ListAttachedUserPoliciesResponse{AttachedPolicies: attachedOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func tagPage(page principals.Page[iam.Tag], err error) (*wire.ListUserTagsResponse, error) {
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserTagsResponse{Tags: iamTagsOut(page.Items)}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) putUserPolicy(ctx context.Context, c *control.Call, in *wire.PutUserPolicyRequest) error {
	return a.Principals.PutInline(ctx, c, user(in.UserName),
		awswire.Value(in.PolicyName), awswire.Value(in.PolicyDocument))
}

func (a *API) getUserPolicy(
	_ context.Context, c *control.Call, in *wire.GetUserPolicyRequest,
) (*wire.GetUserPolicyResponse, error) {
	p, err := a.Principals.GetInline(c, user(in.UserName), awswire.Value(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &wire.GetUserPolicyResponse{
		UserName:       in.UserName,
		PolicyName:     new(p.Name),
		PolicyDocument: encoded(p.Document),
	}, nil
}

func (a *API) deleteUserPolicy(ctx context.Context, c *control.Call, in *wire.DeleteUserPolicyRequest) error {
	return a.Principals.DeleteInline(ctx, c, user(in.UserName), awswire.Value(in.PolicyName))
}

func (a *API) listUserPolicies(
	_ context.Context, c *control.Call, in *wire.ListUserPoliciesRequest,
) (*wire.ListUserPoliciesResponse, error) {
	return policyNames(a.Principals.ListInline(c, user(in.UserName), asked(in.Marker, in.MaxItems)))
}

func (a *API) attachUserPolicy(ctx context.Context, c *control.Call, in *wire.AttachUserPolicyRequest) error {
	return a.Principals.AttachPolicy(ctx, c, user(in.UserName), awswire.Value(in.PolicyArn))
}

func (a *API) detachUserPolicy(ctx context.Context, c *control.Call, in *wire.DetachUserPolicyRequest) error {
	return a.Principals.DetachPolicy(ctx, c, user(in.UserName), awswire.Value(in.PolicyArn))
}

func (a *API) listAttachedUserPolicies(
	_ context.Context, c *control.Call, in *wire.ListAttachedUserPoliciesRequest,
) (*wire.ListAttachedUserPoliciesResponse, error) {
	return attachedPolicies(a.Principals.ListAttached(c, user(in.UserName), awswire.Value(in.PathPrefix),
		asked(in.Marker, in.MaxItems)))
}

func (a *API) putUserBoundary(ctx context.Context, c *control.Call, in *wire.PutUserPermissionsBoundaryRequest) error {
	return a.Principals.PutBoundary(ctx, c, user(in.UserName), awswire.Value(in.PermissionsBoundary))
}

func (a *API) deleteUserBoundary(
	ctx context.Context, c *control.Call, in *wire.DeleteUserPermissionsBoundaryRequest,
) error {
	return a.Principals.DeleteBoundary(ctx, c, user(in.UserName))
}

func (a *API) tagUser(ctx context.Context, c *control.Call, in *wire.TagUserRequest) error {
	return a.Principals.TagEntity(ctx, c, user(in.UserName), iamTagsIn(in.Tags))
}

func (a *API) untagUser(ctx context.Context, c *control.Call, in *wire.UntagUserRequest) error {
	return a.Principals.UntagEntity(ctx, c, user(in.UserName), in.TagKeys)
}

func (a *API) listUserTags(
	_ context.Context, c *control.Call, in *wire.ListUserTagsRequest,
) (*wire.ListUserTagsResponse, error) {
	return tagPage(a.Principals.ListTags(c, user(in.UserName), asked(in.Marker, in.MaxItems)))
}

func (a *API) putRolePolicy(ctx context.Context, c *control.Call, in *wire.PutRolePolicyRequest) error {
	return a.Principals.PutInline(ctx, c, role(in.RoleName),
		awswire.Value(in.PolicyName), awswire.Value(in.PolicyDocument))
}

func (a *API) getRolePolicy(
	_ context.Context, c *control.Call, in *wire.GetRolePolicyRequest,
) (*wire.GetRolePolicyResponse, error) {
	p, err := a.Principals.GetInline(c, role(in.RoleName), awswire.Value(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &wire.GetRolePolicyResponse{
		RoleName:       in.RoleName,
		PolicyName:     new(p.Name),
		PolicyDocument: encoded(p.Document),
	}, nil
}

func (a *API) deleteRolePolicy(ctx context.Context, c *control.Call, in *wire.DeleteRolePolicyRequest) error {
	return a.Principals.DeleteInline(ctx, c, role(in.RoleName), awswire.Value(in.PolicyName))
}

func (a *API) listRolePolicies(
	_ context.Context, c *control.Call, in *wire.ListRolePoliciesRequest,
) (*wire.ListRolePoliciesResponse, error) {
	out, err := policyNames(a.Principals.ListInline(c, role(in.RoleName), asked(in.Marker, in.MaxItems)))
	return (*wire.ListRolePoliciesResponse)(out), err
}

func (a *API) attachRolePolicy(ctx context.Context, c *control.Call, in *wire.AttachRolePolicyRequest) error {
	return a.Principals.AttachPolicy(ctx, c, role(in.RoleName), awswire.Value(in.PolicyArn))
}

func (a *API) detachRolePolicy(ctx context.Context, c *control.Call, in *wire.DetachRolePolicyRequest) error {
	return a.Principals.DetachPolicy(ctx, c, role(in.RoleName), awswire.Value(in.PolicyArn))
}

func (a *API) listAttachedRolePolicies(
	_ context.Context, c *control.Call, in *wire.ListAttachedRolePoliciesRequest,
) (*wire.ListAttachedRolePoliciesResponse, error) {
	out, err := attachedPolicies(a.Principals.ListAttached(c, role(in.RoleName), awswire.Value(in.PathPrefix),
		asked(in.Marker, in.MaxItems)))
	return (*wire.ListAttachedRolePoliciesResponse)(out), err
}

func (a *API) putRoleBoundary(ctx context.Context, c *control.Call, in *wire.PutRolePermissionsBoundaryRequest) error {
	return a.Principals.PutBoundary(ctx, c, role(in.RoleName), awswire.Value(in.PermissionsBoundary))
}

func (a *API) deleteRoleBoundary(
	ctx context.Context, c *control.Call, in *wire.DeleteRolePermissionsBoundaryRequest,
) error {
	return a.Principals.DeleteBoundary(ctx, c, role(in.RoleName))
}

func (a *API) tagRole(ctx context.Context, c *control.Call, in *wire.TagRoleRequest) error {
	return a.Principals.TagEntity(ctx, c, role(in.RoleName), iamTagsIn(in.Tags))
}

func (a *API) untagRole(ctx context.Context, c *control.Call, in *wire.UntagRoleRequest) error {
	return a.Principals.UntagEntity(ctx, c, role(in.RoleName), in.TagKeys)
}

func (a *API) listRoleTags(
	_ context.Context, c *control.Call, in *wire.ListRoleTagsRequest,
) (*wire.ListRoleTagsResponse, error) {
	out, err := tagPage(a.Principals.ListTags(c, role(in.RoleName), asked(in.Marker, in.MaxItems)))
	return (*wire.ListRoleTagsResponse)(out), err
}
