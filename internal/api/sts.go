package api

import (
	"context"

	wire "latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
)

func (a *API) registerSTS(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.AssumeRole, a.assumeRole)
	awswire.Handle(m, wire.AssumeRoleWithWebIdentity, a.assumeRoleWithWebIdentity)
	awswire.Handle(m, wire.GetCallerIdentity, a.getCallerIdentity)
	awswire.Handle(m, wire.GetSessionToken, a.getSessionToken)
	awswire.Handle(m, wire.GetAccessKeyInfo, a.getAccessKeyInfo)
}

func credentialsOut(c credential.Credentials) *wire.Credentials {
	return &wire.Credentials{
		AccessKeyId: new(c.AccessKeyID), SecretAccessKey: new(c.Secret.Reveal()), SessionToken: new(c.SessionToken.Reveal()),
		Expiration: new(c.Expires),
	}
}

func (a *API) assumeRole(
	ctx context.Context, c *control.Call, in *wire.AssumeRoleRequest,
) (*wire.AssumeRoleResponse, error) {
	ask := sts.AssumeRole{
		RoleARN:           awswire.Value(in.RoleArn),
		SessionName:       awswire.Value(in.RoleSessionName),
		Duration:          seconds(in.DurationSeconds),
		Policy:            awswire.Value(in.Policy),
		ExternalID:        awswire.Value(in.ExternalId),
		SourceIdentity:    awswire.Value(in.SourceIdentity),
		TransitiveTagKeys: in.TransitiveTagKeys,
		MFA:               in.SerialNumber != nil || in.TokenCode != nil,
	}
	for _, p := range in.ProvidedContexts {
		ask.Contexts = append(ask.Contexts,
			sts.ProvidedContext{
				ProviderARN: awswire.Value(p.ProviderArn),
				Assertion:   credential.NewSecret(awswire.Value(p.ContextAssertion)),
			})
	}
	for _, p := range in.PolicyArns {
		ask.PolicyARNs = append(ask.PolicyARNs, awswire.Value(p.Arn))
	}
	for _, t := range in.Tags {
		ask.Tags = append(ask.Tags, iam.Tag{Key: awswire.Value(t.Key), Value: awswire.Value(t.Value)})
	}
	s, err := a.Tokens.AssumeRole(ctx, c, ask)
	if err != nil {
		return nil, err
	}
	out := &wire.AssumeRoleResponse{
		Credentials:     credentialsOut(s.Credentials),
		AssumedRoleUser: &wire.AssumedRoleUser{AssumedRoleId: new(s.RoleID), Arn: new(s.ARN)},
		SourceIdentity:  awswire.Optional(s.SourceIdentity),
	}
	if s.PackedSize >= 0 {
		out.PackedPolicySize = new(int32(s.PackedSize))
	}
	return out, nil
}

func (a *API) getCallerIdentity(
	_ context.Context, c *control.Call, _ *wire.GetCallerIdentityRequest,
) (*wire.GetCallerIdentityResponse, error) {
	id, err := a.Tokens.CallerIdentity(c)
	if err != nil {
		return nil, err
	}
	return &wire.GetCallerIdentityResponse{UserId: new(id.UserID), Account: new(string(id.Account)), Arn: new(id.ARN)}, nil
}

func (a *API) getSessionToken(
	ctx context.Context, c *control.Call, in *wire.GetSessionTokenRequest,
) (*wire.GetSessionTokenResponse, error) {
	s, err := a.Tokens.SessionToken(ctx, c, seconds(in.DurationSeconds), in.SerialNumber != nil || in.TokenCode != nil)
	if err != nil {
		return nil, err
	}
	return &wire.GetSessionTokenResponse{Credentials: credentialsOut(*s)}, nil
}

func (a *API) getAccessKeyInfo(
	_ context.Context, c *control.Call, in *wire.GetAccessKeyInfoRequest,
) (*wire.GetAccessKeyInfoResponse, error) {
	account, err := a.Tokens.AccessKeyAccount(c, awswire.Value(in.AccessKeyId))
	if err != nil {
		return nil, err
	}
	return &wire.GetAccessKeyInfoResponse{Account: new(string(account))}, nil
}
