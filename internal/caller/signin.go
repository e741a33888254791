package caller

import (
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
)

// SignInStands checks that the sign-in from which a delegation results still stands, and is the person's. A delegation
// that results from no sign-in at this server passes. It fails with a denial whose reason the client is told.
func SignInStands(snap *engine.Snapshot, d *credential.Delegation) error {
	if d.SignInID == "" {
		return nil
	}
	in := snap.PersonSignIn(d.SignInID)
	switch {
	case in == nil || in.UserID != d.UserID || !in.Ended.IsZero():
		return denied(fault.SignInEnded, "the person's sign-in has ended")
	case !snap.SignInStands(d.SignInID):
		return denied(fault.SignInDeleted, "the settings by which the person signed in are deleted")
	}
	return nil
}
