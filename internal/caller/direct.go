package caller

import (
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// LeavesOpen reports whether nothing of the caller's own stands against an action that a grant gives: no policy denies
// it, that of the resource included, and the caller's boundary and session policies allow it. d is Decide's answer.
//
// The allow-list of identity contexts does not count. It keeps a person's session from using the rights of its role,
// and lets the session ask for grants.
func (c *Caller) LeavesOpen(a Ask, d policy.Decision) bool {
	if d.Effect != policy.ExplicitDeny || d.Layer != policy.LayerGuard {
		return d.LeavesOpen()
	}
	ps := c.policies
	ps.Guard = nil
	return c.decide(a, ps).LeavesOpen()
}

// In returns the caller of the same request as it takes place in another region.
func (c *Caller) In(region string) *Caller {
	if c.Facts.Region == region {
		return c
	}
	other := &Caller{
		Principal: c.Principal, Account: c.Account, AccessKeyID: c.AccessKeyID, User: c.User, Role: c.Role,
		Session: c.Session, Snapshot: c.Snapshot, Facts: c.Facts, policies: c.policies, shared: c.Meter(),
	}
	other.Facts.Region = region
	return other
}

// Holder returns the caller that the holder of a vended credential would be in a caller's request. Nobody has
// authenticated as this caller. The session need not be sealed: it is what GetDataAccess would have vended to the
// caller.
func (a *Authenticator) Holder(of *Caller, s *credential.Session) (*Caller, error) {
	c := &Caller{Session: s, Snapshot: of.Snapshot, Facts: of.Facts, shared: of.Meter()}
	c.establishSession()
	c.identify()
	return c, a.load(c)
}

// StillHolds checks that everything a session hangs on stands, and that the request that it answers would be granted to
// its asker now. It is what every request with a vended credential is checked for, whatever Revocation says.
func (a *Authenticator) StillHolds(asker *Caller, s *credential.Session) error {
	if why := leash(asker.Snapshot, s); why != nil {
		return why
	}
	if a.Regrant == nil {
		return fault.New(fault.Denied, fault.SessionToken, "").For(fault.AskerNotAllowed)
	}
	return a.Regrant(asker, s)
}
