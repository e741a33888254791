package principals_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
)

// world is a deployment with two accounts and their root keys.
type world struct {
	*controltest.World
	*principals.Principals
	t         *testing.T
	root      controltest.Keys
	otherRoot controltest.Keys
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t)
	w := &world{World: cw, Principals: &principals.Principals{Control: cw.Control}, t: t}
	w.root, w.otherRoot = w.ensure(account), w.ensure(other)
	return w
}

func (w *world) ensure(id access.AccountID) controltest.Keys {
	w.t.Helper()
	k, err := w.EnsureRoot(w.t.Context(), id, principals.RootKey{})
	if err != nil {
		w.t.Fatal(err)
	}
	return controltest.Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}
}

// by begins an IAM call.
func (w *world) by(k controltest.Keys) *control.Call {
	w.t.Helper()
	return w.Call(w.t, k, "iam", "Test")
}

func (w *world) asRoot() *control.Call { w.t.Helper(); return w.by(w.root) }

// user creates a user with a key. The user's only policy allows these actions on these resources.
func (w *world) user(name, allow string) (*iam.User, controltest.Keys) {
	w.t.Helper()
	u, err := w.CreateUser(w.t.Context(), w.asRoot(), principals.NewUser{Name: name})
	must(w.t, err)
	if allow != "" {
		must(w.t, w.PutInline(w.t.Context(), w.asRoot(), principals.UserNamed(name), "p", allow))
	}
	return u, w.key(name)
}

func (w *world) key(name string) controltest.Keys {
	w.t.Helper()
	k, err := w.CreateAccessKey(w.t.Context(), w.asRoot(), name)
	must(w.t, err)
	return controltest.Keys{ID: k.ID, Secret: k.Secret.Reveal()}
}

func (w *world) role(name, trust string) *iam.Role {
	w.t.Helper()
	r, err := w.CreateRole(w.t.Context(), w.asRoot(), principals.NewRole{Name: name, Trust: trust})
	must(w.t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that err is a fault of this kind whose text contains this.
func refused(t *testing.T, err error, k fault.Kind, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("not refused; want %v: %s", k, text)
	}
	f := fault.Of(err)
	if f.Kind != k || !strings.Contains(f.Text, text) {
		t.Fatalf("refused with %v: %q (%v); want %v: %q", f.Kind, f.Text, err, k, text)
	}
}

// allow is a policy document that allows actions on resources.
func allow(actions, resources string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.ReplaceAll(actions, " ", `","`) +
		`"],"Resource":["` + strings.ReplaceAll(resources, " ", `","`) + `"]}]}`
}

// trusting is a trust policy that lets these principals assume the role.
func trusting(arns ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) +
		`"]},"Action":"sts:AssumeRole"}]}`
}
