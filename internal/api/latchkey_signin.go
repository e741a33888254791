package api

import (
	"context"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/credential"
)

func (a *API) putSignIn(
	ctx context.Context, c *control.Call, in *wire.PutSignInRequest,
) (*wire.PutSignInResponse, error) {
	n := identitycenter.NewSignIn{
		IssuerURL:       awswire.Value(in.IssuerUrl),
		ClientID:        awswire.Value(in.ClientId),
		Scopes:          in.Scopes,
		Application:     awswire.Value(in.ApplicationArn),
		ApplicationRole: awswire.Value(in.ApplicationRoleArn),
		BearerRole:      awswire.Value(in.IdentityBearerRoleArn),
		CreateUsers:     in.CreateUsers != nil && *in.CreateUsers,
		GroupsClaim:     awswire.Value(in.GroupsClaim),
	}
	if in.ClientSecret != nil {
		n.ClientSecret = new(credential.NewSecret(*in.ClientSecret))
	}
	if err := a.IdentityCenter.PutSignIn(ctx, c, n); err != nil {
		return nil, err
	}
	return &wire.PutSignInResponse{}, nil
}

func (a *API) getSignIn(_ context.Context, c *control.Call, _ *wire.GetSignInRequest) (*wire.GetSignInResponse, error) {
	s, err := a.IdentityCenter.SignIn(c)
	if err != nil {
		return nil, err
	}
	return &wire.GetSignInResponse{
		IssuerUrl:             new(s.IssuerURL),
		ClientId:              new(s.ClientID),
		HasClientSecret:       new(len(s.Sealed) > 0),
		Scopes:                s.Scopes,
		ApplicationArn:        new(s.Application),
		ApplicationRoleArn:    new(s.ApplicationRole),
		IdentityBearerRoleArn: new(s.BearerRole),
		CreateUsers:           new(s.CreateUsers),
		GroupsClaim:           awswire.Optional(s.GroupsClaim),
	}, nil
}

func (a *API) deleteSignIn(
	ctx context.Context, c *control.Call, _ *wire.DeleteSignInRequest,
) (*wire.DeleteSignInResponse, error) {
	if err := a.IdentityCenter.DeleteSignIn(ctx, c); err != nil {
		return nil, err
	}
	return &wire.DeleteSignInResponse{}, nil
}
