package caller

import (
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// Suppose is the caller that a user or a role would be if it made a request with these facts: its policies, its
// tags and its names, as of this snapshot. Nobody has proved to be it: it is for explaining decisions, never
// for taking them. session is the name of a role's session, empty for one without a name.
func Suppose(snap *engine.Snapshot, principalID, session string, facts Facts) (*Caller, error) {
	c := &Caller{Snapshot: snap, Facts: facts, User: snap.User(principalID), Role: snap.Role(principalID)}
	switch {
	case c.Role != nil:
		c.Account = c.Role.Account
		c.Session = &credential.Session{
			Kind: credential.AssumedRole, Account: string(c.Account), PrincipalID: c.Role.ID, Name: session,
			Issued: facts.Time, Expires: facts.Time.Add(12 * time.Hour),
		}
	case c.User != nil:
		c.Account = c.User.Account
	default:
		return nil, fault.New(fault.Invalid, fault.Grantee, "the principal does not exist")
	}
	c.identify()
	if session == "" {
		c.Principal.SessionARN = ""
	}
	return c, (&Authenticator{}).load(c)
}
