// Package sts has the operations of STS: sessions of roles and of users, who a caller is, and whose an access key is.
// It also answers our own services whether they may assume a role.
//
// It decides who gets a session, for how long, and with which contents. It seals nothing itself: package credential
// does, and only after the audit record is committed. Package caller decides when a session ends.
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

// admit refuses the sessions that must not make further ones: a vended credential, which gives access to a prefix of a
// bucket and nothing else, and a session with the identity of a directory user (AWS's allow-list for identity contexts
// has no sts action that makes a session), whether the user is proven or named by an engine.
func admit(call *control.Call, action, resource string) error {
	if _, acts := call.Person(); call.IsVended() || acts {
		d := policy.NoSessionPolicy(action)
		return fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: resource, Because: d.Because(),
		}).For(call.ReasonOf(d))
	}
	return nil
}

// constraint is the sentence in which AWS refuses a value.
func constraint(value, member, rule string) error {
	return fault.New(fault.Invalid, fault.Member,
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

// wholeSeconds returns now in the precision of sessions.
func wholeSeconds(now time.Time) time.Time { return now.UTC().Truncate(time.Second) }

// mint seals a session whose record is committed. If it cannot be sealed, a further record says so.
func (t *Tokens) mint(call *control.Call, s credential.Session) (credential.Credentials, error) {
	c, err := t.Control.Ring.Mint(s)
	if err != nil {
		call.Failed()
	}
	return c, err
}

// Inherit makes a new session depend on what the caller's session depends on: every key, role and token on the way. It
// seals into the session what the caller asked, so that the same can be asked again. It also makes the new session end
// no later than the session that made it, so that no chain lives longer than its first session.
func Inherit(call *control.Call, s *credential.Session) {
	s.Revision, s.Asked = uint64(call.Snapshot.Rev()), call.Asked()
	s.Grounds.AddAll(call.Grounds())
	s.Grounds.Add(credential.OnPrincipal, s.PrincipalID)
	if call.Session == nil {
		s.ParentKey, s.ParentPrincipalID = call.AccessKeyID, call.Principal.ID
		return
	}
	s.Federation = call.Session.Federation
	s.Actors.AddAll(call.Session.Actors)
	s.ParentKey, s.ParentPrincipalID, s.Chained = call.Session.ParentKey, call.Session.ParentPrincipalID, true
	if call.Session.Expires.Before(s.Expires) {
		s.Expires = call.Session.Expires
	}
}
