package sessions_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sessions"
	"latchkey/internal/credential"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// An account whose role acts for a person of another account's directory learns neither who that is, nor what became
// of the person.
func TestAnotherAccountsPeopleAreNotNamed(t *testing.T) {
	w := newWorld(t)
	r := w.Role(t, w.Root(other), principals.NewRole{Name: "theirs", Trust: `{"Version":"2012-10-17","Statement":{
		"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + string(account) + `:root"},"Action":"sts:AssumeRole"}}`})
	snap, err := w.Engine.Snapshot()
	controltest.Must(t, err)
	now := w.Now().UTC().Truncate(time.Second)
	s := credential.Session{
		ID: credential.SessionID(uuid.New()), Kind: credential.AssumedRole, Account: string(other), PrincipalID: r.ID,
		Name: "s", Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour), Revision: uint64(snap.Rev()),
		Delegation: credential.Delegation{
			IdentityStoreID: string(w.alice.Store), UserID: string(w.alice.ID), ApplicationARN: w.way.App.ARN(),
			IdentityCenterInstance: sso.InstanceARN(w.way.App.InstanceID), CredentialID: "c", Scopes: sso.S3Scope,
		},
	}
	// It is older than every record, so the list has it from the sighting.
	s.Grounds = caller.DelegationGrounds(&s.Delegation)
	c, err := w.Ring.Mint(s)
	controltest.Must(t, err)
	if _, err := w.Authenticate(t, controltest.KeysOf(c), "sts"); err != nil {
		t.Fatal(err)
	}
	listed := func() sessions.Entry {
		t.Helper()
		out, err := w.s.List(t.Context(), w.root(other, "ListSessions"), sessions.Which{}, sessions.Page{Size: 10})
		controltest.Must(t, err)
		if len(out.Entries) != 1 || out.Entries[0].SessionID != s.ID.String() {
			t.Fatalf("listed %+v", out.Entries)
		}
		return *out.Entries[0]
	}
	if e := listed(); e.UserName != "" || e.Ended {
		t.Errorf("before: %+v", e)
	}
	off := *w.alice
	off.Disabled = true
	w.Change(t, func(tx *store.Tx) error { return store.DirectoryUsers.Update(tx, &off) })
	if e := listed(); e.UserName != "" || !e.Ended || e.Reason != "something that the session hangs on has gone" {
		t.Errorf("after: %+v", e)
	}
}
