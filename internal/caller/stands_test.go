package caller_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

// grounded makes a vended session that says what it hangs on and what it answers.
func (w *world) grounded() credential.Session {
	snap, err := w.Engine.Snapshot()
	must(w.t, err)
	s := w.session(credential.Vended)
	s.Revision = uint64(snap.Rev())
	at := credential.Joined(string(account), controltest.Region)
	for _, g := range []credential.Ground{
		{Kind: credential.OnAccessKey, ID: w.key.ID}, {Kind: credential.OnPrincipal, ID: w.user.ID},
		{Kind: credential.OnPrincipal, ID: w.role.ID}, {Kind: credential.OnGrantsInstance, ID: at},
		{Kind: credential.OnLocation, ID: credential.Joined(at, "default")},
		{Kind: credential.OnGrant, ID: w.grant.ID.String()}, {Kind: credential.OnBucket, ID: "lake"},
	} {
		s.Grounds.Add(g.Kind, g.ID)
	}
	s.Asked = credential.Asked{Principal: w.user.ID, SourceIP: "192.0.2.1"}
	return s
}

// elsewhere makes a user whom no session knows, and so another snapshot.
func (w *world) elsewhere(name string) {
	w.change(func(tx *store.Tx) error {
		return store.Users.Insert(tx,
			&iam.User{ID: "AIDA" + name, Account: account, Name: name, Path: "/", Created: time.Now()})
	})
}

// TestWritesElsewhereDoNotVoidAnAnswer counts how often the request is asked about that a session answers.
func TestWritesElsewhereDoNotVoidAnAnswer(t *testing.T) {
	w := newWorld(t)
	asked := 0
	w.Auth.Regrant = func(*caller.Caller, *credential.Session) error { asked++; return nil }
	k := w.mint(w.grounded())
	for i := range 5 {
		w.who(k)
		w.elsewhere(fmt.Sprint("someone", i))
	}
	if w.who(k); asked != 1 {
		t.Errorf("asked %d times while others were changed", asked)
	}
	w.user.Tags = nil
	w.change(func(tx *store.Tx) error { return store.Users.Update(tx, &w.user) })
	if w.who(k); asked != 2 {
		t.Errorf("asked %d times when the asker had been changed", asked)
	}
	w.change(func(tx *store.Tx) error {
		return tx.Cut("a test", credential.Ground{Kind: credential.OnPrincipal, ID: "AIDAELSE"})
	})
	if w.who(k); asked != 2 {
		t.Errorf("asked %d times when something else was cut", asked)
	}
}
