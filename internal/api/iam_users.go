package api

import (
	"context"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

func userOut(u *iam.User) wire.User {
	return wire.User{
		Path: new(u.Path), UserName: new(u.Name), UserId: new(u.ID), Arn: new(u.ARN()), CreateDate: new(u.Created),
		PermissionsBoundary: boundaryOut(u.Boundary), Tags: iamTagsOut(u.Tags),
	}
}

func (a *API) createUser(
	ctx context.Context, c *control.Call, in *wire.CreateUserRequest,
) (*wire.CreateUserResponse, error) {
	u, err := a.Principals.CreateUser(ctx, c, principals.NewUser{
		Name:     awswire.Value(in.UserName),
		Path:     awswire.Value(in.Path),
		Boundary: awswire.Value(in.PermissionsBoundary),
		Tags:     iamTagsIn(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateUserResponse{User: new(userOut(u))}, nil
}

func (a *API) getUser(_ context.Context, c *control.Call, in *wire.GetUserRequest) (*wire.GetUserResponse, error) {
	u, err := a.Principals.GetUser(c, awswire.Value(in.UserName))
	if err != nil {
		return nil, err
	}
	if u == nil { // the root user, which has no name
		root := wire.User{UserId: new(string(c.Account)), Arn: new(iam.RootARN(c.Account))}
		if account := c.Snapshot.Account(c.Account); account != nil {
			root.CreateDate = new(account.Created)
		}
		return &wire.GetUserResponse{User: &root}, nil
	}
	return &wire.GetUserResponse{User: new(userOut(u))}, nil
}

func (a *API) listUsers(
	_ context.Context, c *control.Call, in *wire.ListUsersRequest,
) (*wire.ListUsersResponse, error) {
	page, err := a.Principals.ListUsers(c, awswire.Value(in.PathPrefix), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUsersResponse{}
	for _, u := range page.Items {
		w := userOut(u)
		w.PermissionsBoundary, w.Tags = nil, nil // lists leave them out (IAM API reference, ListUsers)
		out.Users = append(out.Users, w)
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) updateUser(ctx context.Context, c *control.Call, in *wire.UpdateUserRequest) error {
	return a.Principals.UpdateUser(ctx, c, awswire.Value(in.UserName),
		principals.UserChange{Name: awswire.Value(in.NewUserName), Path: awswire.Value(in.NewPath)})
}

func (a *API) deleteUser(ctx context.Context, c *control.Call, in *wire.DeleteUserRequest) error {
	return a.Principals.DeleteUser(ctx, c, awswire.Value(in.UserName))
}

func (a *API) listGroupsForUser(
	_ context.Context, c *control.Call, in *wire.ListGroupsForUserRequest,
) (*wire.ListGroupsForUserResponse, error) {
	err := a.Principals.ListBelongings(c, "iam:ListGroupsForUser", principals.UserNamed(awswire.Value(in.UserName)))
	return &wire.ListGroupsForUserResponse{IsTruncated: new(false)}, err
}

func (a *API) createAccessKey(
	ctx context.Context, c *control.Call, in *wire.CreateAccessKeyRequest,
) (*wire.CreateAccessKeyResponse, error) {
	k, err := a.Principals.CreateAccessKey(ctx, c, awswire.Value(in.UserName))
	if err != nil {
		return nil, err
	}
	return &wire.CreateAccessKeyResponse{AccessKey: &wire.AccessKey{
		UserName: awswire.Optional(k.UserName), AccessKeyId: new(k.ID), Status: new(string(k.Status)),
		SecretAccessKey: new(k.Secret.Reveal()), CreateDate: new(k.Created),
	}}, nil
}

func (a *API) listAccessKeys(
	_ context.Context, c *control.Call, in *wire.ListAccessKeysRequest,
) (*wire.ListAccessKeysResponse, error) {
	page, user, err := a.Principals.ListAccessKeys(c, awswire.Value(in.UserName), asked(in.Marker, in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &wire.ListAccessKeysResponse{}
	for _, k := range page.Items {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, wire.AccessKeyMetadata{
			UserName: awswire.Optional(user), AccessKeyId: new(k.ID), Status: new(string(k.Status)), CreateDate: new(k.Created),
		})
	}
	out.IsTruncated, out.Marker = truncated(page.Marker)
	return out, nil
}

func (a *API) updateAccessKey(ctx context.Context, c *control.Call, in *wire.UpdateAccessKeyRequest) error {
	return a.Principals.UpdateAccessKey(ctx, c, awswire.Value(in.UserName), awswire.Value(in.AccessKeyId),
		iam.KeyStatus(awswire.Value(in.Status)))
}

func (a *API) deleteAccessKey(ctx context.Context, c *control.Call, in *wire.DeleteAccessKeyRequest) error {
	return a.Principals.DeleteAccessKey(ctx, c, awswire.Value(in.UserName), awswire.Value(in.AccessKeyId))
}

// getAccessKeyLastUsed answers "N/A", as AWS does for a key that was never used. The last use is in the audit log.
func (a *API) getAccessKeyLastUsed(
	_ context.Context, c *control.Call, in *wire.GetAccessKeyLastUsedRequest,
) (*wire.GetAccessKeyLastUsedResponse, error) {
	user, err := a.Principals.AccessKeyUser(c, awswire.Value(in.AccessKeyId))
	if err != nil {
		return nil, err
	}
	return &wire.GetAccessKeyLastUsedResponse{
		UserName:          awswire.Optional(user),
		AccessKeyLastUsed: &wire.AccessKeyLastUsed{ServiceName: new("N/A"), Region: new("N/A")},
	}, nil
}
