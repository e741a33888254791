package caller

import (
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// GroundsOf are the grounds that a session is checked against, itself included, also those of a session that an
// earlier release sealed.
func GroundsOf(s *credential.Session) credential.Grounds {
	var all credential.Grounds
	all.Add(credential.OnSession, s.ID.String())
	all.Add(credential.OnPrincipal, s.PrincipalID)
	if s.IsOld() {
		old, _ := oldGrounds(s) // without them the session has ended, which its own check says
		all.AddAll(old)
	}
	all.AddAll(s.Grounds)
	return all
}

// GroundsStand says whether grounds stand, and were not cut since a revision, or since a time if the revision is
// not known. It returns why not, or nil. It is a part of what is checked when a session is used: that the request
// which made it would still be granted is another one.
func GroundsStand(snap *engine.Snapshot, all credential.Grounds, revision uint64, since time.Time) *fault.Error {
	return groundsStand(snap, all, generation{revision, since})
}
