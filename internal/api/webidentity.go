package api

import (
	"context"

	"latchkey/internal/audit"
	wire "latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
)

// byToken opens the call of an operation whose input has a token that proves who calls. Clients do not sign such a
// request. If there is a signature all the same, it must be valid, but it does not say who calls: signer is who signed
// it, or nil.
func (q *request) byToken(signer *caller.Caller) (*control.Call, error) {
	f := q.front
	facts := f.Auth.Unsigned(q.Request, f.Control.Now(), q.From)
	if signer != nil {
		facts = signer.Facts
	}
	snap, err := f.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	call := f.Control.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "WebIdentityUser"}, Snapshot: snap, Facts: facts,
	}, q.opening())
	call.Unproven = true
	return call, nil
}

func (a *API) assumeRoleWithWebIdentity(
	ctx context.Context, c *control.Call, in *wire.AssumeRoleWithWebIdentityRequest,
) (*wire.AssumeRoleWithWebIdentityResponse, error) {
	ask := sts.WebIdentity{
		RoleARN:     awswire.Value(in.RoleArn),
		SessionName: awswire.Value(in.RoleSessionName),
		Token:       credential.NewSecret(awswire.Value(in.WebIdentityToken)),
		ProviderID:  awswire.Value(in.ProviderId),
		Duration:    seconds(in.DurationSeconds),
		Policy:      awswire.Value(in.Policy),
	}
	for _, p := range in.PolicyArns {
		ask.PolicyARNs = append(ask.PolicyARNs, awswire.Value(p.Arn))
	}
	s, err := a.Tokens.AssumeRoleWithWebIdentity(ctx, c, ask)
	if err != nil {
		return nil, err
	}
	out := &wire.AssumeRoleWithWebIdentityResponse{
		Credentials:                 credentialsOut(s.Credentials),
		SubjectFromWebIdentityToken: new(s.Subject),
		Provider:                    new(s.Provider),
		Audience:                    new(s.Audience),
		AssumedRoleUser:             &wire.AssumedRoleUser{AssumedRoleId: new(s.RoleID), Arn: new(s.ARN)},
		SourceIdentity:              awswire.Optional(s.SourceIdentity),
	}
	if s.PackedSize >= 0 {
		out.PackedPolicySize = new(int32(s.PackedSize))
	}
	return out, nil
}
