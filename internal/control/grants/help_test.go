package grants_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/store"
)

const (
	account = access.AccountID("111122223333")
	other   = access.AccountID("444455556666")

	iamARN      = "arn:aws:iam::111122223333:"
	instanceARN = "arn:aws:s3:us-east-1:111122223333:access-grants/default"
	defaultLoc  = instanceARN + "/location/default"

	serviceTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
)

// world is a deployment of two accounts. The first has the buckets lake and pond, an instance with the default location
// and the role lake for it, and user u with a key and the permission to call GetDataAccess. The second has the bucket
// foreign.
type world struct {
	*controltest.World
	STS       *sts.Tokens
	G         *grants.Grants
	t         testing.TB
	root      controltest.Keys
	otherRoot controltest.Keys
	u         *iam.User
	keys      controltest.Keys // of u
}

func newWorld(t testing.TB) *world {
	w := newEmpty(t)
	ctx := t.Context()
	_, err := w.G.CreateInstance(ctx, w.as(w.root), "", nil)
	must(t, err)
	w.location("s3://", "lake")
	w.u, w.keys = w.user(w.root, "u",
		allow("s3:GetDataAccess s3:ListCallerAccessGrants s3:GetAccessGrantsInstanceForPrefix", "*"))
	return w
}

// newEmpty is a world without an instance and without user u.
func newEmpty(t testing.TB) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account), controltest.Account(other),
		controltest.Bucket("lake", account), controltest.Bucket("pond", account), controltest.Bucket("foreign", other))
	token := &sts.Tokens{Control: cw.Control}
	w := &world{
		World: cw, t: t, root: cw.Root(account), otherRoot: cw.Root(other), STS: token,
		G: &grants.Grants{Control: cw.Control, Tokens: token, Vendor: grants.Sealed{Ring: cw.Ring}},
	}
	w.Auth.Regrant = w.G.Regrant
	w.role("lake", serviceTrust, 0)
	return w
}

func (w *world) role(name, trust string, limit time.Duration) *iam.Role {
	w.t.Helper()
	return w.Role(w.t, w.root, principals.NewRole{Name: name, Trust: trust, MaxSession: limit})
}

// user makes a user with a key and, if a document is given, one inline policy.
func (w *world) user(root controltest.Keys, name, document string) (*iam.User, controltest.Keys) {
	w.t.Helper()
	return w.User(w.t, root, name, document)
}

// policy replaces the inline policy of a user.
func (w *world) policy(root controltest.Keys, user, document string) {
	w.t.Helper()
	must(w.t, w.IAM.PutInline(w.t.Context(), w.as(root), principals.UserNamed(user), "p", document))
}

func (w *world) location(scope, role string) *store.Location {
	w.t.Helper()
	l, err := w.G.CreateLocation(w.t.Context(), w.as(w.root), scope, iamARN+"role/"+role, nil)
	must(w.t, err)
	return l
}

// grant gives a principal a permission on a part of the default location.
func (w *world) grant(who, sub string, p access.Permission) *access.Grant {
	w.t.Helper()
	g, err := w.G.CreateGrant(w.t.Context(), w.as(w.root), grantTo(who, sub, p))
	must(w.t, err)
	return g
}

func grantTo(who, sub string, p access.Permission) grants.NewGrant {
	return grants.NewGrant{
		LocationID: "default",
		SubPrefix:  sub,
		Grantee:    access.Grantee{Type: access.IAM, ID: who},
		Permission: p,
	}
}

// as begins an S3 Control call on the caller's own account.
func (w *world) as(k controltest.Keys) *control.Call {
	w.t.Helper()
	return w.Call(w.t, k, "s3", "Test")
}

// on begins an S3 Control call on an account.
func (w *world) on(target access.AccountID, k controltest.Keys) *control.Call {
	w.t.Helper()
	c := w.as(k)
	c.Address(target)
	return c
}

// vend calls GetDataAccess, which must succeed.
func (w *world) vend(k controltest.Keys, target string, p access.Permission) *grants.Vended {
	w.t.Helper()
	v, err := w.ask(w.as(k), grants.DataAccess{Target: target, Permission: p, Privilege: access.Default})
	must(w.t, err)
	return v
}

func (w *world) ask(c *control.Call, in grants.DataAccess) (*grants.Vended, error) {
	w.t.Helper()
	v, err := w.G.GetDataAccess(w.t.Context(), c, in)
	if err != nil && v != nil {
		w.t.Error("a refusal brings credentials")
	}
	return v, err
}

// open returns the session that a credential carries.
func (w *world) open(c credential.Credentials) credential.Session {
	w.t.Helper()
	s, _, err := w.Ring.Open(c.AccessKeyID, c.SessionToken.Reveal(), w.Now())
	must(w.t, err)
	return s
}

// assume makes a session of a role for a user.
func (w *world) assume(k controltest.Keys, role string, in sts.AssumeRole) controltest.Keys {
	w.t.Helper()
	in.RoleARN = iamARN + "role/" + role
	if in.SessionName == "" {
		in.SessionName = "session"
	}
	a, err := w.STS.AssumeRole(w.t.Context(), w.Call(w.t, k, "sts", "AssumeRole"), in)
	must(w.t, err)
	return controltest.KeysOf(a.Credentials)
}

// count returns the numbers of an operation's audit records, allowed and refused.
func (w *world) count(name string) (allowed, refused int) {
	w.t.Helper()
	for _, e := range w.Records(w.t) {
		switch {
		case e.EventName != name:
		case e.ErrorCode == "":
			allowed++
		default:
			refused++
		}
	}
	return allowed, refused
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that err is a fault of this kind and entity, and that a client gets this code and status.
func refused(t testing.TB, err error, k fault.Kind, n fault.Entity, code string, status int) {
	t.Helper()
	if err == nil {
		t.Errorf("not refused; want %s", code)
		return
	}
	if !fault.Is(err, k, n) {
		t.Errorf("refused with %v, want %v (%s)", err, k, n)
	}
	if a := awserror.Of(awserror.S3, err); a.Code != code || a.Status != status || a.Message == "" {
		t.Errorf("the client is told %d %s: %q, want %d %s", a.Status, a.Code, a.Message, status, code)
	}
}

// denied checks that the caller's permission was refused, in the words of IAM.
func denied(t testing.TB, err error, action string) {
	t.Helper()
	refused(t, err, fault.Denied, "", "AccessDenied", 403)
	if err != nil && !strings.Contains(err.Error(), "is not authorized to perform: "+action+" on resource") {
		t.Errorf("refused with %v, which does not name %s", err, action)
	}
}

func allow(actions, resources string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement("Allow", actions, resources) + `]}`
}

// allBut allows everything but one action on one resource.
func allBut(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement("Allow", "*", "*") + `,` +
		statement("Deny", action, resource) + `]}`
}

func statement(effect, actions, resources string) string {
	return `{"Effect":"` + effect + `","Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"],"Resource":["` +
		strings.ReplaceAll(resources, " ", `","`) + `"]}`
}

// under adds a condition to the last statement of a document.
func under(document, operator, key, value string) string {
	return strings.TrimSuffix(document, "}]}") + `,"Condition":{"` + operator + `":{"` + key + `":"` + value + `"}}}]}`
}

func trusting(arns ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) +
		`"]},"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]}]}`
}

// sharing is a resource policy of the first account's instance.
func sharing(actions string, arns ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) +
		`"]},"Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"],"Resource":"` + instanceARN + `"}]}`
}
