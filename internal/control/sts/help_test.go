package sts_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
)

const (
	account = access.AccountID("123456789012")
	other   = access.AccountID("210987654321")
	iamARN  = "arn:aws:iam::123456789012:"
)

// world is a deployment with two accounts, and user u in the first with a key and no policies.
type world struct {
	*controltest.World
	STS       *sts.Tokens
	t         *testing.T
	root      controltest.Keys
	otherRoot controltest.Keys
	u         *iam.User
	keys      controltest.Keys // of u
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account), controltest.Account(other))
	w := &world{World: cw, STS: &sts.Tokens{Control: cw.Control}, t: t, root: cw.Root(account), otherRoot: cw.Root(other)}
	w.Auth.Regrant = w.STS.Regrant
	w.u, w.keys = w.User(t, w.root, "u", "")
	return w
}

func (w *world) asRoot() *control.Call { w.t.Helper(); return w.Call(w.t, w.root, "iam", "Test") }

// by begins an STS call.
func (w *world) by(k controltest.Keys) *control.Call {
	w.t.Helper()
	return w.Call(w.t, k, "sts", "Test")
}

// forOwn begins a call of GetSessionToken, which is an open operation and is recognised by its name.
func (w *world) forOwn(k controltest.Keys) *control.Call {
	w.t.Helper()
	return w.Call(w.t, k, "sts", "GetSessionToken")
}

// role creates a role that trusts these principals for these actions. The role's policy allows everything.
func (w *world) role(name string, actions string, arns ...string) *iam.Role {
	w.t.Helper()
	return w.roleWith(principals.NewRole{Name: name, Trust: trusting(actions, arns...)})
}

func (w *world) roleWith(in principals.NewRole) *iam.Role {
	w.t.Helper()
	r := w.Role(w.t, w.root, in)
	must(w.t, w.IAM.PutInline(w.t.Context(), w.asRoot(), principals.RoleNamed(in.Name), "all", allow("*", "*")))
	return r
}

// assume assumes a role, which must succeed.
func (w *world) assume(k controltest.Keys, in sts.AssumeRole) (controltest.Keys, *sts.Assumed) {
	w.t.Helper()
	if in.SessionName == "" {
		in.SessionName = "session"
	}
	a, err := w.STS.AssumeRole(w.t.Context(), w.by(k), in)
	must(w.t, err)
	return controltest.KeysOf(a.Credentials), a
}

// try assumes a role and returns the refusal.
func (w *world) try(k controltest.Keys, in sts.AssumeRole) error {
	w.t.Helper()
	if in.SessionName == "" {
		in.SessionName = "session"
	}
	a, err := w.STS.AssumeRole(w.t.Context(), w.by(k), in)
	if err != nil && a != nil {
		w.t.Error("a refusal brings credentials")
	}
	return err
}

var (
	must    = controltest.Must
	refused = controltest.Refused
	allow   = controltest.Allow
)

func trusting(actions string, arns ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) +
		`"]},"Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"]}]}`
}

// withCondition returns a document of one statement with a condition added.
func withCondition(document, operator, key, value string) string {
	return strings.TrimSuffix(document, "}]}") + `,"Condition":{"` + operator + `":{"` + key + `":"` + value + `"}}}]}`
}

// delegation returns the delegation of an application that acts for a directory user. Both exist.
func (w *world) delegation() credential.Delegation {
	w.t.Helper()
	u, app := w.Person(w.t, account, "alice"), w.Application(w.t, account, nil)
	return credential.Delegation{
		IdentityStoreID: string(u.Store), UserID: string(u.ID), ApplicationARN: app.ARN(), CredentialID: "credential-1",
		IdentityCenterInstance: sso.InstanceARN(app.InstanceID), Scopes: sso.S3Scope,
	}
}
