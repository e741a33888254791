package api

import (
	"context"
	"time"

	wire "latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/provision"
)

// registerProvisioning registers the operations on the tokens of provisioning clients. On AWS only the console makes
// such tokens.
func (a *API) registerProvisioning(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateProvisioningToken, a.createProvisioningToken)
	awswire.Handle(m, wire.ListProvisioningTokens, a.listProvisioningTokens)
	awswire.Handle(m, wire.DeleteProvisioningToken, a.deleteProvisioningToken)
}

func (a *API) provisioning() *provision.Tokens { return &provision.Tokens{Control: a.Control} }

func (a *API) createProvisioningToken(
	ctx context.Context, c *control.Call, in *wire.CreateProvisioningTokenRequest,
) (*wire.CreateProvisioningTokenResponse, error) {
	var life time.Duration
	if in.DurationSeconds != nil {
		life = time.Duration(*in.DurationSeconds) * time.Second
	}
	t, err := a.provisioning().Create(ctx, c, life)
	if err != nil {
		return nil, err
	}
	return &wire.CreateProvisioningTokenResponse{
		TokenId:        new(t.ID),
		Token:          new(t.Secret.Reveal()),
		ExpirationTime: new(t.Expires),
	}, nil
}

func (a *API) listProvisioningTokens(
	ctx context.Context, c *control.Call, _ *wire.ListProvisioningTokensRequest,
) (*wire.ListProvisioningTokensResponse, error) {
	all, err := a.provisioning().List(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &wire.ListProvisioningTokensResponse{}
	for _, t := range all {
		out.Tokens = append(out.Tokens, wire.ProvisioningToken{
			TokenId: new(t.ID), CreatedTime: new(t.Created), CreatedBy: new(t.CreatedBy), ExpirationTime: new(t.Expires),
		})
	}
	return out, nil
}

func (a *API) deleteProvisioningToken(
	ctx context.Context, c *control.Call, in *wire.DeleteProvisioningTokenRequest,
) (*wire.DeleteProvisioningTokenResponse, error) {
	if err := a.provisioning().Delete(ctx, c, awswire.Value(in.TokenId)); err != nil {
		return nil, err
	}
	return &wire.DeleteProvisioningTokenResponse{}, nil
}
