package sessions_test

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/controltest/peopletest"
	"latchkey/internal/control/sessions"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/sightings"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	target  = "s3://lake/team/x"
)

// world is an account whose people alice and bob read a prefix by a grant to their group.
type world struct {
	*controltest.World
	t          *testing.T
	way        *peopletest.Way
	s          *sessions.Sessions
	alice, bob *directory.User
	team       *directory.Group
	grant      *access.Grant
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: controltest.New(t, controltest.Account(account), controltest.Account(other)), t: t}
	w.way = peopletest.New(t, w.World, account, "lake")
	w.alice, w.bob = w.Person(t, account, "alice"), w.Person(t, account, "bob")
	w.team = w.Group(t, account, "team", w.alice, w.bob)
	w.grant = w.way.Grant(access.Grantee{Type: access.DirectoryGroup, ID: string(w.team.ID)}, "team/*", "")
	w.s = &sessions.Sessions{Control: w.Control, Seen: sightings.New(w.Now())}
	w.Auth.Saw = w.s.Seen.Saw
	return w
}

// vend makes a credential for a person.
func (w *world) vend(u *directory.User) controltest.Keys {
	w.t.Helper()
	k, err := w.way.Session(u.UserName+"@example.org", w.way.App)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := w.way.Vend(k, target)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) ended(k controltest.Keys) bool {
	w.t.Helper()
	_, err := w.Authenticate(w.t, k, "s3")
	if err == nil {
		return false
	}
	if f := fault.Of(err); f.Reason != fault.SessionsEnded {
		w.t.Errorf("it ended with %v", err)
	}
	return true
}

// root begins a call of the root user of an account.
func (w *world) root(id access.AccountID, operation string) *control.Call {
	w.t.Helper()
	return w.Call(w.t, w.Root(id), "latchkey", operation)
}

func (w *world) end(which sessions.Which) *sessions.Ended {
	w.t.Helper()
	out, err := w.s.End(w.t.Context(), w.root(account, "EndSessions"), which)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// list lists all pages of this size.
func (w *world) list(which sessions.Which, size int) (all []*sessions.Entry) {
	w.t.Helper()
	for p := (sessions.Page{Size: size}); ; {
		out, err := w.s.List(w.t.Context(), w.root(account, "ListSessions"), which, p)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(out.Entries) > size {
			w.t.Fatalf("a page of %d has %d entries", size, len(out.Entries))
		}
		if all = append(all, out.Entries...); out.Next == "" {
			return all
		}
		p.Token = out.Next
	}
}

// vended are the vended credentials among sessions.
func vended(all []*sessions.Entry) (out []*sessions.Entry) {
	for _, e := range all {
		if e.Kind == "VENDED" {
			out = append(out, e)
		}
	}
	return out
}

func (w *world) events(name string) []store.Record {
	w.t.Helper()
	all, err := w.DB.Events(w.t.Context(), store.AuditFilter{Account: string(account), EventName: name, NewestFirst: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}
