package api

import (
	"context"

	wire "latchkey/internal/awsapi/sso"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/portal"
	"latchkey/internal/credential"
)

func (a *API) registerPortal(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.GetRoleCredentials, a.getRoleCredentials)
	awswire.Handle(m, wire.ListAccounts, a.listAccounts)
	awswire.Handle(m, wire.ListAccountRoles, a.listAccountRoles)
	awswire.Handle(m, wire.Logout, a.logout)
}

func (a *API) listAccounts(
	ctx context.Context, c *control.Call, in *wire.ListAccountsRequest,
) (*wire.ListAccountsResponse, error) {
	all, err := a.Portal.ListAccounts(ctx, c, portal.ListRequest{
		Token: credential.NewSecret(awswire.Value(in.AccessToken)), NextToken: awswire.Value(in.NextToken),
	})
	if err != nil {
		return nil, err
	}
	out := &wire.ListAccountsResponse{AccountList: []wire.AccountInfo{}}
	for _, account := range all {
		out.AccountList = append(out.AccountList,
			wire.AccountInfo{AccountId: new(string(account.ID)), AccountName: new(account.Name)})
	}
	return out, nil
}

func (a *API) listAccountRoles(
	ctx context.Context, c *control.Call, in *wire.ListAccountRolesRequest,
) (*wire.ListAccountRolesResponse, error) {
	role, err := a.Portal.ListAccountRoles(ctx, c, awswire.Value(in.AccountId), portal.ListRequest{
		Token: credential.NewSecret(awswire.Value(in.AccessToken)), NextToken: awswire.Value(in.NextToken),
	})
	if err != nil {
		return nil, err
	}
	return &wire.ListAccountRolesResponse{RoleList: []wire.RoleInfo{
		{RoleName: new(role.Name), AccountId: new(string(role.Account))},
	}}, nil
}

func (a *API) getRoleCredentials(
	ctx context.Context, c *control.Call, in *wire.GetRoleCredentialsRequest,
) (*wire.GetRoleCredentialsResponse, error) {
	k, err := a.Portal.GetRoleCredentials(ctx, c, portal.RoleRequest{
		Token:    credential.NewSecret(awswire.Value(in.AccessToken)),
		Account:  awswire.Value(in.AccountId),
		RoleName: awswire.Value(in.RoleName),
	})
	if err != nil {
		return nil, err
	}
	return &wire.GetRoleCredentialsResponse{RoleCredentials: &wire.RoleCredentials{
		AccessKeyId:     new(k.AccessKeyID),
		SecretAccessKey: new(k.Secret.Reveal()),
		SessionToken:    new(k.SessionToken.Reveal()),
		Expiration:      new(k.Expires.UnixMilli()),
	}}, nil
}

func (a *API) logout(
	ctx context.Context, c *control.Call, in *wire.LogoutRequest,
) (*wire.LogoutResponse, error) {
	if err := a.Portal.Logout(ctx, c, credential.NewSecret(awswire.Value(in.AccessToken))); err != nil {
		return nil, err
	}
	return &wire.LogoutResponse{}, nil
}
