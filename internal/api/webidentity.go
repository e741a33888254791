package api

import (
	"context"
	"net/http"

	"latchkey/internal/audit"
	wire "latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
)

// byToken opens the call of an operation whose proof of who calls is a token in its input. Clients do not sign it. A
// signature that is there all the same must hold, and does not say who calls.
func (f *Front) byToken(q *request, r *http.Request, op *awswire.Operation) (*control.Call, error) {
	facts := f.Auth.Unsigned(r, f.Control.Now(), q.id)
	if r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Algorithm") {
		who, signature, err := f.Auth.Authenticate(r, q.endpoint.service.SigningName, q.id)
		if err != nil {
			return nil, err
		}
		if !isRegion(who.Facts.Region) {
			return nil, fault.New(fault.Invalid, fault.Authorization, "The authorization header is malformed; the region %q is not a region", who.Facts.Region)
		}
		r.Body = signature.Body(sigv4.BodyOptions{})
		facts = who.Facts
	}
	snap, err := f.Control.Engine.Snapshot()
	if err != nil {
		return nil, err
	}
	q.call = f.Control.BeginFor(audit.Identity{Type: "WebIdentityUser"}, "", snap, facts, q.endpoint.source, op.Name, readOnly(op.Name), nil)
	q.call.Unproven = true
	return q.call, nil
}

func (a *API) assumeRoleWithWebIdentity(ctx context.Context, c *control.Call, in *wire.AssumeRoleWithWebIdentityRequest) (*wire.AssumeRoleWithWebIdentityResponse, error) {
	ask := sts.WebIdentity{
		RoleARN: text(in.RoleArn), SessionName: text(in.RoleSessionName), Token: credential.NewSecret(text(in.WebIdentityToken)),
		ProviderID: text(in.ProviderId), Duration: seconds(in.DurationSeconds), Policy: text(in.Policy),
	}
	for _, p := range in.PolicyArns {
		ask.PolicyARNs = append(ask.PolicyARNs, text(p.Arn))
	}
	s, err := a.Tokens.AssumeRoleWithWebIdentity(ctx, c, ask)
	if err != nil {
		return nil, err
	}
	out := &wire.AssumeRoleWithWebIdentityResponse{
		Credentials: credentialsOut(s.Credentials), SubjectFromWebIdentityToken: new(s.Subject), Provider: new(s.Provider), Audience: new(s.Audience),
		AssumedRoleUser: &wire.AssumedRoleUser{AssumedRoleId: new(s.RoleID), Arn: new(s.ARN)}, SourceIdentity: optional(s.SourceIdentity),
	}
	if s.PackedSize >= 0 {
		out.PackedPolicySize = new(int32(s.PackedSize))
	}
	return out, nil
}
