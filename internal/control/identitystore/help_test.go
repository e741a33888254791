package identitystore_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	missing = "00000000-0000-4000-8000-000000000000"
)

// world is a deployment with two accounts, their root keys and their identity stores.
type world struct {
	*controltest.World
	*people.Directory
	t               *testing.T
	root, otherRoot controltest.Keys
	in, otherIn     directory.StoreID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account), controltest.Account(other))
	return &world{
		World: cw, Directory: &people.Directory{Control: cw.Control}, t: t,
		root: cw.Root(account), in: cw.Store(t, account), otherRoot: cw.Root(other), otherIn: cw.Store(t, other),
	}
}

// by begins a call.
func (w *world) by(k controltest.Keys) *control.Call {
	w.t.Helper()
	return w.Call(w.t, k, "identitystore", "Test")
}

func (w *world) asRoot() *control.Call { w.t.Helper(); return w.by(w.root) }

// caller creates an IAM user with this policy and no other.
func (w *world) caller(name, policy string) controltest.Keys {
	w.t.Helper()
	_, k := w.User(w.t, w.root, name, policy)
	return k
}

func allow(action string, resources ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":["` +
		strings.Join(resources, `","`) + `"]}]}`
}

// attributes returns the attributes of a user who has all required ones.
func attributes(name string) directory.User {
	return directory.User{UserName: name, DisplayName: "D " + name, Name: directory.Name{GivenName: "G", FamilyName: "F"},
		Emails: []directory.Email{{Value: name + "@example.com", Type: "work", Primary: true}}}
}

func (w *world) user(name string) *directory.User {
	w.t.Helper()
	u, err := w.CreateUser(w.t.Context(), w.asRoot(), w.in, attributes(name))
	must(w.t, err)
	return u
}

func (w *world) group(name string) *directory.Group {
	w.t.Helper()
	g, err := w.CreateGroup(w.t.Context(), w.asRoot(), w.in, directory.Group{DisplayName: name})
	must(w.t, err)
	return g
}

func (w *world) join(g *directory.Group, u *directory.User) *directory.Membership {
	w.t.Helper()
	m, err := w.CreateMembership(w.t.Context(), w.asRoot(), w.in, g.ID, u.ID)
	must(w.t, err)
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that err is a fault of this kind whose text contains this, with these fields in pairs.
func refused(t *testing.T, err error, k fault.Kind, text string, fields ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("not refused; want %v: %s", k, text)
	}
	f := fault.Of(err)
	if f.Kind != k || !strings.Contains(f.Text.String(), text) {
		t.Fatalf("refused with %v: %q (%v); want %v: %q", f.Kind, f.Text, err, k, text)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if f.Fields[fields[i]] != fields[i+1] {
			t.Errorf("the field %s is %q; want %q", fields[i], f.Fields[fields[i]], fields[i+1])
		}
	}
}
