package sts

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
)

// SignedIn is a person for whom an OpenID provider vouched when the person signed in at this server.
type SignedIn struct {
	RoleARN     string // of the role that a token of the person would begin with
	SessionName string
	Account     access.AccountID
	Issuer      string // URL of the provider
	ClientID    string // for which the provider vouched
	Subject     string // the person, to the provider
}

// Beginning checks that AssumeRoleWithWebIdentity would give the person a session of the role now: the account has the
// provider and accepts the client, and the role's trust policy lets the person in. It returns the role, and what a
// session depends on that begins so. It makes and records nothing.
func (t *Tokens) Beginning(call *control.Call, in SignedIn) (*iam.Role, credential.Federation, error) {
	p := call.Snapshot.OIDCProviderByName(in.Account, iam.OIDCProviderName(in.Issuer))
	switch {
	case p == nil || p.URL != in.Issuer:
		return nil, credential.Federation{}, noProvider(in.Issuer)
	case !slices.ContainsFunc([]string{in.ClientID}, p.Accepts):
		return nil, credential.Federation{}, wrongAudience()
	case in.Subject == "":
		return nil, credential.Federation{}, fault.New(fault.Denied, "", "The sign-in has no subject; sign in again")
	}
	probe := t.Control.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "WebIdentityUser"}, Snapshot: call.Snapshot, Facts: call.Facts,
	}, control.Opening{Source: "sts.amazonaws.com", Operation: "AssumeRoleWithWebIdentity"})
	ask := AssumeRole{RoleARN: in.RoleARN, SessionName: in.SessionName, token: &verifiedToken{
		account: in.Account, provider: p, audience: in.ClientID,
		claims: &oidc.Claims{Issuer: in.Issuer, Subject: in.Subject, Audience: []string{in.ClientID}},
	}}
	ask.token.identify(probe)
	role, err := ask.trustedRole(probe, nil, nil, nil)
	return role, credential.Federation{ProviderID: p.ID, ClientID: in.ClientID, Subject: in.Subject}, err
}
