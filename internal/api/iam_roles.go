package api

import (
	"context"
	"time"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

func roleOut(c *control.Call, r *iam.Role) wire.Role {
	return wire.Role{
		Path: new(r.Path), RoleName: new(r.Name), RoleId: new(r.ID), Arn: new(r.ARN()), CreateDate: new(r.Created),
		AssumeRolePolicyDocument: encoded(principals.Trust(c.Snapshot, r)), Description: awswire.Optional(r.Description),
		MaxSessionDuration:  new(int32(r.MaxSession / time.Second)),
		PermissionsBoundary: boundaryOut(r.Boundary), Tags: iamTagsOut(r.Tags),
	}
}

func (a *API) createRole(
	ctx context.Context, c *control.Call, in *wire.CreateRoleRequest,
) (*wire.CreateRoleResponse, error) {
	n := principals.NewRole{
		Name:        awswire.Value(in.RoleName),
		Path:        awswire.Value(in.Path),
		Description: awswire.Value(in.Description),
		Trust:       awswire.Value(in.AssumeRolePolicyDocument),
		Boundary:    awswire.Value(in.PermissionsBoundary),
		Tags:        iamTagsIn(in.Tags),
	}
	if in.MaxSessionDuration != nil {
		n.MaxSession = time.Duration(*in.MaxSessionDuration) * time.Second
	}
	r, err := a.Principals.CreateRole(ctx, c, n)
	if err != nil {
		return nil, err
	}
	return &wire.CreateRoleResponse{Role: new(roleOut(c, r))}, nil
}

func (a *API) getRole(_ context.Context, c *control.Call, in *wire.GetRoleRequest) (*wire.GetRoleResponse, error) {
	r, err := a.Principals.GetRole(c, awswire.Value(in.RoleName))
	if err != nil {
		return nil, err
	}
	out := roleOut(c, r)
	out.RoleLastUsed = &wire.RoleLastUsed{} // as AWS answers for a role that was never used
	return &wire.GetRoleResponse{Role: &out}, nil
}

func (a *API) listRoles(
	_ context.Context, c *control.Call, in *wire.ListRolesRequest,
) (*wire.ListRolesResponse, error) {
	page, err := a.Principals.ListRoles(c, awswire.Value(in.PathPrefix), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListRolesResponse{}
	for _, r := range page.Items {
		w := roleOut(c, r)
		w.PermissionsBoundary, w.Tags = nil, nil // lists leave them out (IAM API reference, ListRoles)
		out.Roles = append(out.Roles, w)
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) updateRole(
	ctx context.Context, c *control.Call, in *wire.UpdateRoleRequest,
) (*wire.UpdateRoleResponse, error) {
	change := principals.RoleChange{Description: in.Description}
	if in.MaxSessionDuration != nil {
		change.MaxSession = new(time.Duration(*in.MaxSessionDuration) * time.Second)
	}
	return nil, a.Principals.UpdateRole(ctx, c, awswire.Value(in.RoleName), change)
}

func (a *API) updateRoleDescription(
	ctx context.Context, c *control.Call, in *wire.UpdateRoleDescriptionRequest,
) (*wire.UpdateRoleDescriptionResponse, error) {
	r, err := a.Principals.UpdateRoleDescription(ctx, c, awswire.Value(in.RoleName), awswire.Value(in.Description))
	if err != nil {
		return nil, err
	}
	return &wire.UpdateRoleDescriptionResponse{Role: new(roleOut(c, r))}, nil
}

func (a *API) updateAssumeRolePolicy(
	ctx context.Context, c *control.Call, in *wire.UpdateAssumeRolePolicyRequest,
) error {
	return a.Principals.UpdateAssumeRolePolicy(ctx, c, awswire.Value(in.RoleName), awswire.Value(in.PolicyDocument))
}

func (a *API) deleteRole(ctx context.Context, c *control.Call, in *wire.DeleteRoleRequest) error {
	return a.Principals.DeleteRole(ctx, c, awswire.Value(in.RoleName))
}

func (a *API) listInstanceProfiles(
	_ context.Context, c *control.Call, in *wire.ListInstanceProfilesRequest,
) (*wire.ListInstanceProfilesResponse, error) {
	err := a.Principals.ListInstanceProfiles(c, awswire.Value(in.PathPrefix))
	return &wire.ListInstanceProfilesResponse{IsTruncated: new(false)}, err
}

func (a *API) listInstanceProfilesForRole(
	_ context.Context, c *control.Call, in *wire.ListInstanceProfilesForRoleRequest,
) (*wire.ListInstanceProfilesForRoleResponse, error) {
	err := a.Principals.ListBelongings(c, "iam:ListInstanceProfilesForRole",
		principals.RoleNamed(awswire.Value(in.RoleName)))
	return &wire.ListInstanceProfilesForRoleResponse{IsTruncated: new(false)}, err
}
