package api

import (
	"context"

	"latchkey/internal/audit"
	wire "latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/oauth"
	"latchkey/internal/credential"
)

// byNobody begins a call of the unsigned operations of the OAuth service. Programs at which people sign in call these.
// The caller is nobody until a secret or a code proves more.
func (q *request) byNobody() (*control.Call, error) {
	f := q.front
	snap, err := f.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	facts := f.Auth.Unsigned(q.Request, f.Control.Now(), q.From)
	call := f.Control.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "Unknown"}, Snapshot: snap, Facts: facts,
	}, q.opening())
	call.Unproven = true
	return call, nil
}

func (a *API) registerClient(
	_ context.Context, c *control.Call, in *wire.RegisterClientRequest,
) (*wire.RegisterClientResponse, error) {
	r, err := a.Exchange.Register(c, oauth.Registration{
		Name:         awswire.Value(in.ClientName),
		Type:         awswire.Value(in.ClientType),
		RedirectURIs: in.RedirectUris,
		GrantTypes:   in.GrantTypes,
		Scopes:       in.Scopes,
		StartURL:     awswire.Value(in.IssuerUrl),
		Application:  awswire.Value(in.EntitledApplicationArn),
	})
	if err != nil {
		return nil, err
	}
	return &wire.RegisterClientResponse{
		ClientId:              new(r.Text),
		ClientSecret:          new(r.Secret.Reveal()),
		ClientIdIssuedAt:      new(r.Issued.Unix()),
		ClientSecretExpiresAt: new(r.Expires.Unix()),
		AuthorizationEndpoint: new(a.SignIn.Public + oauth.AuthorizePath),
		TokenEndpoint:         new(a.SignIn.Public + "/token"),
	}, nil
}

func (a *API) startDeviceAuthorization(
	ctx context.Context, c *control.Call, in *wire.StartDeviceAuthorizationRequest,
) (*wire.StartDeviceAuthorizationResponse, error) {
	d, err := a.SignIn.StartDevice(ctx, c, awswire.Value(in.ClientId),
		credential.NewSecret(awswire.Value(in.ClientSecret)), awswire.Value(in.StartUrl))
	if err != nil {
		return nil, err
	}
	return &wire.StartDeviceAuthorizationResponse{
		DeviceCode:              new(d.DeviceCode.Reveal()),
		UserCode:                new(d.UserCode),
		VerificationUri:         new(d.URL),
		VerificationUriComplete: new(d.Complete),
		ExpiresIn:               new(int32(oauth.DeviceLife.Seconds())),
		Interval:                new(int32(oauth.PollInterval.Seconds())),
	}, nil
}

func (a *API) createToken(
	ctx context.Context, c *control.Call, in *wire.CreateTokenRequest,
) (*wire.CreateTokenResponse, error) {
	t, err := a.Exchange.CreateToken(ctx, c, oauth.PublicRequest{
		ClientID:     awswire.Value(in.ClientId),
		ClientSecret: credential.NewSecret(awswire.Value(in.ClientSecret)),
		GrantType:    awswire.Value(in.GrantType),
		DeviceCode:   credential.NewSecret(awswire.Value(in.DeviceCode)),
		Code:         credential.NewSecret(awswire.Value(in.Code)),
		RedirectURI:  awswire.Value(in.RedirectUri),
		CodeVerifier: credential.NewSecret(awswire.Value(in.CodeVerifier)),
		RefreshToken: credential.NewSecret(awswire.Value(in.RefreshToken)),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTokenResponse{
		AccessToken:  new(t.Access.Reveal()),
		TokenType:    new("Bearer"),
		ExpiresIn:    new(int32(t.Life.Seconds())),
		RefreshToken: awswire.Optional(t.Refresh.Reveal()),
	}, nil
}
