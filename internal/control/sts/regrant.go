package sts

import (
	"strings"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/policy"
)

// Regrant checks that the request which made a session would be granted now: that the asker may still assume the role
// with everything that the request had, or that no policy denies a user GetSessionToken. The asker is as of now, see
// caller.Authenticator. The session is not one that was vended.
func (t *Tokens) Regrant(asker *caller.Caller, s *credential.Session) error {
	call := control.Probe(asker, asker.Account)
	if s.Kind != credential.AssumedRole {
		ask := caller.Ask{Action: actionSession, Resource: "*", ResourceAccount: call.Account}
		if call.Decide(ask).Effect == policy.ExplicitDeny {
			return notTrusted(s, nil)
		}
		return nil
	}
	role := call.Snapshot.Role(s.PrincipalID)
	if role == nil {
		return notTrusted(s, nil)
	}
	in := AssumeRole{
		RoleARN: role.ARN(), SessionName: s.Name, ExternalID: s.Asked.ExternalID, SourceIdentity: s.SourceIdentity,
		names: s.Asserted != "", token: tokenOf(asker, s, role),
	}
	var behalf *onBehalf
	switch {
	case s.UserID != "":
		behalf = &onBehalf{Delegation: s.Delegation}
	case !s.Asked.Audit.IsZero():
		behalf = &onBehalf{Delegation: s.Asked.Audit, audit: true}
	}
	if _, err := in.trustedRole(call, s.Tags, s.TransitiveTagKeys, behalf); err != nil {
		return notTrusted(s, err)
	}
	return nil
}

func notTrusted(s *credential.Session, why error) error {
	text := "the request that made a session on the way would not be granted now: the role does not trust the asker, " +
		"or the asker may not assume it"
	if s.Kind != credential.AssumedRole {
		text = "the user may not make sessions any more"
	}
	return fault.New(fault.Denied, fault.SessionToken, "%s", text).Because(why).For(fault.RoleNotTrusting)
}

// tokenOf returns what a session remembers of the foreign token that it was made with; nil: there was none.
func tokenOf(asker *caller.Caller, s *credential.Session, role *iam.Role) *verifiedToken {
	if asker.Principal.Kind != policy.Federated {
		return nil
	}
	v := &verifiedToken{
		account: role.Account, provider: asker.Snapshot.OIDCProvider(s.ProviderID), audience: s.ClientID,
		claims: &oidc.Claims{Subject: s.Subject, Party: s.Party, Audience: lines(s.Audiences), All: map[string]any{}},
	}
	if methods := lines(s.Methods); methods != nil {
		all := make([]any, len(methods))
		for i, m := range methods {
			all[i] = m
		}
		v.claims.All["amr"] = all
	}
	return v
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
