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

func (a *API) createTokenWithIAM(ctx context.Context, c *control.Call, in *wire.CreateTokenWithIAMRequest) (*wire.CreateTokenWithIAMResponse, error) {
	t, err := a.Exchange.CreateTokenWithIAM(ctx, c, oauth.Request{
		ClientID: text(in.ClientId), GrantType: text(in.GrantType), Scopes: in.Scope, Assertion: credential.NewSecret(text(in.Assertion)),
		RefreshToken: credential.NewSecret(text(in.RefreshToken)), SubjectToken: credential.NewSecret(text(in.SubjectToken)),
		SubjectTokenType: text(in.SubjectTokenType), RequestedTokenType: text(in.RequestedTokenType),
		Code: credential.NewSecret(text(in.Code)), RedirectURI: text(in.RedirectUri), CodeVerifier: credential.NewSecret(text(in.CodeVerifier)),
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTokenWithIAMResponse{
		AccessToken: new(t.Access.Reveal()), TokenType: new("Bearer"), ExpiresIn: new(int32(t.Life.Seconds())),
		RefreshToken: optional(t.Refresh.Reveal()), IdToken: new(t.ID.Reveal()), IssuedTokenType: new(t.Type), Scope: t.Scopes,
		AwsAdditionalDetails: &wire.AwsAdditionalDetails{IdentityContext: new(t.Context.Reveal())},
	}, nil
}
