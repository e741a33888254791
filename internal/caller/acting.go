package caller

import (
	"time"

	"github.com/google/uuid"

	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/iam"
)

// ActingFor says for whom the server acts as a role.
type ActingFor struct {
	Session string    // role session name: the person's
	End     time.Time // when the person's sign-in ends; what the session makes ends no later
	Facts   Facts     // of the person's request

	Federation credential.Federation // the provider that vouched for the person
}

// Acting returns the caller that this server is when it acts as a role for a person who has signed in here, in place of
// a program with credentials of the role. It has the role's policies and nothing more. The caller of Acting must have
// established that the person signed in. What the session makes ends when the role or the
// provider is deleted.
func Acting(snap *engine.Snapshot, role *iam.Role, in ActingFor) (*Caller, error) {
	c := &Caller{Account: role.Account, Role: role, Snapshot: snap, Facts: in.Facts}
	c.Session = &credential.Session{
		ID: credential.SessionID(uuid.New()), Kind: credential.AssumedRole, Account: string(role.Account),
		PrincipalID: role.ID, Name: in.Session, ParentPrincipalID: role.ID,
		Issued: in.Facts.Time.UTC().Truncate(time.Second), Expires: in.End.UTC().Truncate(time.Second),
		Federation: in.Federation,
	}
	c.identify()
	return c, (&Authenticator{}).load(c)
}
