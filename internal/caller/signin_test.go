package caller_test

import (
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// A delegation with another person's sign-in does not stand.
func TestASignInIsOfOnePerson(t *testing.T) {
	w := newWorld(t)
	w.change(func(tx *store.Tx) error {
		if err := store.SignIns.Insert(tx, &sso.SignIn{Account: account, ID: "settings"}); err != nil {
			return err
		}
		return store.InsertPersonSignIn(t.Context(), tx,
			&store.PersonSignIn{ID: "in", Account: account, Settings: "settings", UserID: "alice"})
	})
	snap := w.Engine.Current()
	if err := caller.SignInStands(snap, &credential.Delegation{SignInID: "in", UserID: "alice"}); err != nil {
		t.Error(err)
	}
	err := caller.SignInStands(snap, &credential.Delegation{SignInID: "in", UserID: "bob"})
	if fault.Of(err).Reason != fault.SignInEnded {
		t.Error(err)
	}
}
