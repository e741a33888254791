package caller

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// Simulate returns the caller that a user or a role would be if it made a request with these facts: with its policies,
// its tags and its names, as of this snapshot. Nobody has authenticated as this caller. It may explain decisions, but
// no access may rest on it. session is the name of a role's session, empty for a session without a name.
func Simulate(snap *engine.Snapshot, principalID, session string, facts Facts) (*Caller, error) {
	c := &Caller{Snapshot: snap, Facts: facts, User: snap.User(principalID), Role: snap.Role(principalID)}
	switch {
	case c.Role != nil:
		c.Account = c.Role.Account
		c.Session = simulatedSession(c, session)
	case c.User != nil:
		c.Account = c.User.Account
	default:
		return nil, fault.New(fault.Invalid, fault.Grantee, "the principal does not exist")
	}
	return c, c.simulate(session)
}

// SimulatePerson is Simulate for the session of a role that acts for a person of the directory. Without a role, the
// result is a caller who has the person's identities and no policies. Everything that asks its policies is then
// refused, because only the session decides which role bears the identity. SimulatePerson does not check that what the
// delegation names still stands.
func SimulatePerson(snap *engine.Snapshot, roleID string, d credential.Delegation, facts Facts) (*Caller, error) {
	c := &Caller{Snapshot: snap, Facts: facts}
	if roleID != "" {
		if c.Role = snap.Role(roleID); c.Role == nil {
			return nil, fault.New(fault.Invalid, fault.Grantee, "the role does not exist")
		}
		c.Account = c.Role.Account
	}
	c.Session = simulatedSession(c, "")
	c.Session.Delegation = d
	if c.Role == nil {
		return c, nil
	}
	return c, c.simulate("")
}

// SimulateAsserted is SimulatePerson for the session of a role in which an engine has named the person in a tag. The
// account is that of the directory.
func SimulateAsserted(
	snap *engine.Snapshot, roleID string, account access.AccountID, person directory.UserID, facts Facts,
) (*Caller, error) {
	c, err := SimulatePerson(snap, roleID, credential.Delegation{}, facts)
	if err != nil {
		return nil, err
	}
	c.Session.Account, c.Session.Asserted = string(account), string(person)
	return c, nil
}

func simulatedSession(c *Caller, name string) *credential.Session {
	s := &credential.Session{
		Kind:    credential.AssumedRole,
		Account: string(c.Account),
		Name:    name,
		Issued:  c.Facts.Time,
		Expires: c.Facts.Time.Add(12 * time.Hour),
	}
	if c.Role != nil {
		s.PrincipalID = c.Role.ID
	}
	return s
}

func (c *Caller) simulate(session string) error {
	c.identify()
	if session == "" {
		c.Principal.SessionARN = ""
	}
	return (&Authenticator{}).load(c)
}
