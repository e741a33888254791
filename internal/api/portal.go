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
	awswire.Handle(m, wire.Logout, a.logout)
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
