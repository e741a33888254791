package engine

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// changeSignedIn makes one change to the sign-ins of people.
func (w *world) changeSignedIn(tx *store.Tx) error {
	if len(w.signedIn) == 0 || w.pick(2) == 0 {
		in := &store.PersonSignIn{ID: fmt.Sprint("in", len(w.signedIn)), Account: w.account(), UserID: pickOf(w, names)}
		w.signedIn = append(w.signedIn, in.ID)
		return store.PersonSignIns.Insert(tx, in)
	}
	in, err := store.PersonSignIns.Get(w.Context(), tx, pickOf(w, w.signedIn))
	if err != nil {
		return err
	}
	if w.pick(3) == 0 {
		return store.PersonSignIns.Delete(tx, in.ID)
	}
	in.Refreshes, in.Ended = in.Refreshes+1, w.time()
	return store.PersonSignIns.Update(tx, in)
}

// describeSignedIn returns everything that can be read about the sign-ins of people.
func (w *world) describeSignedIn(s *Snapshot) (out []string) {
	for _, id := range w.signedIn {
		out = append(out, fmt.Sprintf("sign-in %s: %+v %v", id, s.PersonSignIn(id), s.SignInStands(id)))
	}
	return out
}

func TestSignInStands(t *testing.T) {
	in := func(change func(*store.PersonSignIn)) *store.PersonSignIn {
		row := &store.PersonSignIn{ID: "in", Account: acct, Settings: "s1"}
		change(row)
		return row
	}
	for name, c := range map[string]struct {
		row      *store.PersonSignIn
		settings *sso.SignIn
		want     bool
	}{
		"it stands": {in(func(*store.PersonSignIn) {}), &sso.SignIn{Account: acct, ID: "s1"}, true},
		"it ended": {in(func(r *store.PersonSignIn) { r.Ended = time.Unix(1, 0) }),
			&sso.SignIn{Account: acct, ID: "s1"}, false},
		"no settings":  {in(func(*store.PersonSignIn) {}), nil, false},
		"new settings": {in(func(*store.PersonSignIn) {}), &sso.SignIn{Account: acct, ID: "s2"}, false},
		"never was":    {nil, &sso.SignIn{Account: acct, ID: "s1"}, false},
		"another account's settings": {in(func(r *store.PersonSignIn) { r.Account = "444455556666" }),
			&sso.SignIn{Account: acct, ID: "s1"}, false},
	} {
		d := (&Snapshot{}).edit()
		if c.row != nil {
			d.putPersonSignIn(c.row)
		}
		if c.settings != nil {
			d.putSignIn(c.settings)
		}
		s, _ := d.publish(1)
		if got := s.SignInStands("in"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
