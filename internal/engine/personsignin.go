package engine

import "latchkey/internal/store"

// PersonSignIn returns the sign-in of a person by its id. It is nil when the sign-in expired long ago or never was.
func (s *Snapshot) PersonSignIn(id string) *store.PersonSignIn { return s.signedIn.at(id) }

// SignInStands reports whether what results from a sign-in may be used: its row is there and has no end, and the
// settings by which the person signed in are still those of the account. Time alone does not end it, because tokens and
// sessions have times of their own.
func (s *Snapshot) SignInStands(id string) bool {
	in := s.signedIn.at(id)
	if in == nil || !in.Ended.IsZero() {
		return false
	}
	settings := s.SignIn(in.Account)
	return settings != nil && settings.ID == in.Settings
}

func (d *draft) putPersonSignIn(row *store.PersonSignIn) { d.signedIn.set(d.t, row.ID, row) }

func (d *draft) dropPersonSignIn(id string) { d.signedIn.delete(d.t, id) }
