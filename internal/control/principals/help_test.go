package principals_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
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
	cw := controltest.New(t, controltest.Account(account), controltest.Account(other))
	return &world{World: cw, Principals: cw.IAM, t: t, root: cw.Root(account), otherRoot: cw.Root(other)}
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
	return w.World.User(w.t, w.root, name, allow)
}

func (w *world) key(name string) controltest.Keys {
	w.t.Helper()
	return w.World.Key(w.t, w.root, name)
}

func (w *world) role(name, trust string) *iam.Role {
	w.t.Helper()
	return w.World.Role(w.t, w.root, principals.NewRole{Name: name, Trust: trust})
}

var (
	must    = controltest.Must
	refused = controltest.Refused
	allow   = controltest.Allow
)

// trusting is a trust policy that lets these principals assume the role.
func trusting(arns ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) +
		`"]},"Action":"sts:AssumeRole"}]}`
}
