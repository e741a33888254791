package sts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/policy"
)

// WebIdentity is the input of AssumeRoleWithWebIdentity.
type WebIdentity struct {
	RoleARN, SessionName string
	Token                credential.Secret // an OpenID Connect token: the proof of who is calling
	ProviderID           string            // of OAuth 2.0 access tokens, which are not accepted
	Duration             time.Duration     // zero: one hour
	Policy               string            // session policy; empty: none
	PolicyARNs           []string          // managed policies that narrow the session
}

// Vouched is the session that AssumeRoleWithWebIdentity made.
type Vouched struct {
	Assumed
	Subject  string // of the token
	Provider string // ARN of the OpenID Connect provider
	Audience string // the client id that the token was for
}

const actionWeb = "sts:AssumeRoleWithWebIdentity"

// maxSubject is how long a sub claim may be (OpenID Connect Core 1.0, section 2; STS API reference).
const maxSubject = 255

// AssumeRoleWithWebIdentity makes a session of a role for the bearer of a foreign token. The call needs no caller,
// because the token says who is asking. The provider is the OpenID Connect provider of the role's account whose URL is
// the token's issuer. It must verify the token and accept its audience, and the role's trust policy must allow the
// provider. A role that does not exist is refused in the same words as a role that does not trust the provider.
//
// The session ends with the role, with the provider, and when the provider no longer accepts the client id. As on AWS,
// it does not end with the token. No refusal repeats the token.
func (t *Tokens) AssumeRoleWithWebIdentity(ctx context.Context, call *control.Call, in WebIdentity) (*Vouched, error) {
	if in.ProviderID != "" {
		return nil, fault.New(fault.Invalid, fault.Member,
			"ProviderId goes with OAuth 2.0 access tokens, which are not accepted: "+
				"leave it out and send an OpenID Connect token.")
	}
	ask := AssumeRole{
		RoleARN:     in.RoleARN,
		SessionName: in.SessionName,
		Duration:    in.Duration,
		Policy:      in.Policy,
		PolicyARNs:  in.PolicyARNs,
	}
	if err := ask.check(); err != nil {
		return nil, err
	}
	role, ok := iam.ParsePrincipalARN(in.RoleARN)
	if !ok || !role.Role {
		return nil, fault.New(fault.Invalid, fault.Member, "%s is invalid", in.RoleARN)
	}
	var err error
	if ask.token, err = t.vouch(ctx, call, role.Account, in.Token); err != nil {
		return nil, err
	}
	ask.token.identify(call)
	if err := ask.token.addClaims(&ask); err != nil {
		return nil, err
	}
	tags, transitive, err := ask.sessionTags(call)
	if err != nil {
		return nil, err
	}
	if _, err := ask.asserted(tags, transitive); err != nil {
		return nil, err
	}
	found, err := ask.trustedRole(call, tags, transitive, nil)
	if err != nil {
		return nil, err
	}
	made, err := t.makeSession(ctx, call, &ask, sessionParts{role: found, tags: tags, transitive: transitive})
	if err != nil {
		return nil, err
	}
	v := ask.token
	return &Vouched{Assumed: *made, Subject: v.claims.Subject, Provider: v.provider.ARN(), Audience: v.audience}, nil
}

// verifiedToken is a foreign token that a provider of an account has verified.
type verifiedToken struct {
	account  access.AccountID
	provider *iam.OIDCProvider
	audience string // the client id of the provider that the token is for
	claims   *oidc.Claims
}

// vouch verifies a token with the provider of an account. The verification may fetch keys, which takes time. Therefore
// vouch sets the call's snapshot to one that is taken after it.
func (t *Tokens) vouch(
	ctx context.Context, call *control.Call, account access.AccountID, token credential.Secret,
) (*verifiedToken, error) {
	if t.Verifier == nil {
		return nil, noProvider("")
	}
	issuer, snap := "", call.Snapshot
	from := caller.Network(call.Facts.SourceIP)
	claims, err := t.Verifier.Verify(ctx, token.Reveal(), from, func(iss string) (oidc.Issuer, bool) {
		issuer = iss
		p := snap.OIDCProviderByName(account, iam.OIDCProviderName(iss))
		if p == nil || p.URL != iss {
			return oidc.Issuer{}, false
		}
		return oidc.Issuer{Audiences: p.ClientIDs, Party: true}, true
	})
	if bad, ok := errors.AsType[*oidc.Error](err); ok {
		return nil, refuseToken(bad, issuer)
	}
	if err != nil {
		return nil, err
	}
	if call.Snapshot, err = t.Control.Engine.Snapshot(); err != nil {
		return nil, err
	}
	p := call.Snapshot.OIDCProviderByName(account, iam.OIDCProviderName(claims.Issuer))
	if p == nil || p.URL != claims.Issuer {
		return nil, noProvider(claims.Issuer)
	}
	v := &verifiedToken{account: account, provider: p, claims: claims}
	audiences := claims.Audience
	if claims.Party != "" {
		audiences = []string{claims.Party}
	}
	i := slices.IndexFunc(audiences, p.Accepts)
	if i < 0 {
		return nil, wrongAudience()
	}
	v.audience = audiences[i]
	if len(claims.Subject) > maxSubject {
		return nil, fault.New(fault.Denied, fault.IdentityToken, "The sub claim of the token is longer than %d characters",
			maxSubject).For(fault.ClaimTooLong)
	}
	return v, nil
}

// identify makes the person in the token the caller of the call. From then on the call leaves a record, in the role's
// account (CloudTrail user guide, "CloudTrail userIdentity element", type WebIdentityUser).
func (v *verifiedToken) identify(call *control.Call) {
	call.RecordFor(v.account)
	call.Principal = policy.Principal{Kind: policy.Federated, Federated: v.provider.ARN()}
	call.Event.UserIdentity = audit.Identity{
		Type: "WebIdentityUser", PrincipalID: v.provider.ARN() + ":" + v.audience + ":" + v.claims.Subject,
		UserName: v.claims.Subject, IdentityProvider: v.provider.ARN(),
	}
}

// action is the action that the trust policy must allow.
func (v *verifiedToken) action() string {
	if v == nil {
		return actionAssume
	}
	return actionWeb
}

// values sets the condition keys of a foreign token (IAM user guide, "Available keys for AWS OIDC federation"). If the
// token names the client that it was issued to, the key aud is that client, and the token's aud claim is in the key
// oaud.
func (v *verifiedToken) values(to *policy.Values) {
	if v == nil {
		return
	}
	name := v.provider.Name()
	to.Set(name+":sub", v.claims.Subject)
	to.Set(name+":aud", v.audience)
	if v.claims.Party != "" {
		to.Set(name+":azp", v.claims.Party)
		to.Set(name+":oaud", v.claims.Audience...)
	}
	if amr := textList(v.claims.All["amr"]); len(amr) > 0 {
		to.Set(name+":amr", amr...)
	}
}

// addToSession makes the session depend on the provider.
func (v *verifiedToken) addToSession(s *credential.Session) {
	if v == nil {
		return
	}
	s.Federation = credential.Federation{ProviderID: v.provider.ID, ClientID: v.audience, Subject: v.claims.Subject}
	if v.claims.Party != "" {
		s.Party, s.Audiences = v.claims.Party, strings.Join(v.claims.Audience, "\n")
	}
	s.Methods = strings.Join(textList(v.claims.All["amr"]), "\n")
	s.ParentPrincipalID = s.PrincipalID // a chain that begins here ends with this role
	s.Grounds.Add(credential.OnProvider, v.provider.ID)
	s.Grounds.Add(credential.OnProviderClient, credential.Joined(v.provider.ID, v.audience))
}

// addToRecord completes the record.
func (v *verifiedToken) addToRecord(call *control.Call) {
	if v == nil {
		return
	}
	call.Event.ResponseElements["subjectFromWebIdentityToken"] = v.claims.Subject
	call.Event.ResponseElements["provider"] = v.provider.ARN()
	call.Event.ResponseElements["audience"] = v.audience
	call.Event.Resources = append(call.Event.Resources,
		audit.Resource{Type: "AWS::IAM::OIDCProvider", ARN: v.provider.ARN(), AccountID: string(v.account)})
}
