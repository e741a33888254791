package api

import (
	"context"

	wire "latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/oauth"
	"latchkey/internal/credential"
)

func (a *API) registerOAuth(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateTokenWithIAM, a.createTokenWithIAM)
	awswire.Handle(m, wire.CreateToken, a.createToken)
	awswire.Handle(m, wire.RegisterClient, a.registerClient)
	awswire.Handle(m, wire.StartDeviceAuthorization, a.startDeviceAuthorization)
}

func (a *API) createTokenWithIAM(
	ctx context.Context, c *control.Call, in *wire.CreateTokenWithIAMRequest,
) (*wire.CreateTokenWithIAMResponse, error) {
	t, err := a.Exchange.CreateTokenWithIAM(ctx, c, oauth.Request{
		ClientID:           awswire.Value(in.ClientId),
		GrantType:          awswire.Value(in.GrantType),
		Scopes:             in.Scope,
		Assertion:          credential.NewSecret(awswire.Value(in.Assertion)),
		RefreshToken:       credential.NewSecret(awswire.Value(in.RefreshToken)),
		SubjectToken:       credential.NewSecret(awswire.Value(in.SubjectToken)),
		SubjectTokenType:   awswire.Value(in.SubjectTokenType),
		RequestedTokenType: awswire.Value(in.RequestedTokenType),
		Code:               credential.NewSecret(awswire.Value(in.Code)),
		RedirectURI:        awswire.Value(in.RedirectUri),
		CodeVerifier:       credential.NewSecret(awswire.Value(in.CodeVerifier)),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTokenWithIAMResponse{
		AccessToken:          new(t.Access.Reveal()),
		TokenType:            new("Bearer"),
		ExpiresIn:            new(int32(t.Life.Seconds())),
		RefreshToken:         awswire.Optional(t.Refresh.Reveal()),
		IdToken:              new(t.ID.Reveal()),
		IssuedTokenType:      new(t.Type),
		Scope:                t.Scopes,
		AwsAdditionalDetails: &wire.AwsAdditionalDetails{IdentityContext: new(t.Context.Reveal())},
	}, nil
}
