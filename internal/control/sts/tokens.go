// Package sts is what may be asked of STS: sessions of roles and of users, who one is, and whose a key is;
// and the one question that a service of ours asks, whether a role lets itself be assumed by it.
//
// It decides who gets a session, for how long and with what on it. It seals nothing itself: package
// credential does, and only after the audit record is committed. How a session ends is package caller's.
package sts

import (
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/policy"
)

// Tokens serves the operations of STS.
type Tokens struct {
	Control  *control.Control
	Verifier *oidc.Verifier // of foreign tokens; nil: none is accepted
}

// admit refuses the sessions that must not make further ones: a vended credential, whose reach is a prefix of
// a bucket and nothing else, and a session with the identity of a directory user (AWS's allow-list for
// identity contexts has no sts action that makes a session).
func admit(call *control.Call, action, resource string) error {
	if call.IsVended() || call.Session != nil && call.Session.UserID != "" {
		return fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: resource, Because: policy.NoSessionPolicy(action).Because(),
		})
	}
	return nil
}

// constraint is the sentence in which AWS refuses a value.
func constraint(value, member, rule string) error {
	return fault.New(fault.Invalid, fault.Member,
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// seconds is now in the precision of sessions.
func seconds(now time.Time) time.Time { return now.UTC().Truncate(time.Second) }

// Inherit gives a new session what the caller's hangs on: the long-term key and the principal at the root of
// the chain. It also ends no later than the session that made it, so that no chain outlives its beginning.
func Inherit(call *control.Call, s *credential.Session) {
	if call.Session == nil {
		s.ParentKey, s.ParentPrincipalID = call.AccessKeyID, call.Principal.ID
		return
	}
	s.Federation = call.Session.Federation
	s.ParentKey, s.ParentPrincipalID, s.Chained = call.Session.ParentKey, call.Session.ParentPrincipalID, true
	if call.Session.Expires.Before(s.Expires) {
		s.Expires = call.Session.Expires
	}
}
