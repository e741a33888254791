package grants_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/controltest/peopletest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/sts"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

const (
	owner  = access.AccountID("123456789012")
	bucket = "lake"
)

// peopleWorld is a deployment in which people of a directory get access to data. It has an issuer that runs on
// loopback, alice and group g1, an application, the role r1 whose sessions act for people, and a location whose role
// trusts the service.
type peopleWorld struct {
	*controltest.World
	t        testing.TB
	way      *peopletest.Way
	STS      *sts.Tokens
	Grants   *grants.Grants
	Exchange *oauth.Exchange
	root     controltest.Keys
	keys     controltest.Keys // of the application's user
	user     *iam.User
	idp      *oidctest.Issuer
	issuer   *sso.Issuer
	app      *sso.Application
	alice    *directory.User
	g1       *directory.Group
	r1, lr   *iam.Role
	location access.LocationID
}

func newPeopleWorld(t testing.TB) *peopleWorld {
	t.Helper()
	cw := controltest.New(t, controltest.Account(owner))
	way := peopletest.New(t, cw, owner, bucket)
	w := &peopleWorld{
		World: cw, way: way, t: t, root: cw.Root(owner), STS: way.STS, Grants: way.Grants, Exchange: way.Exchange,
		keys: way.Keys, user: way.Client, idp: way.Provider, issuer: way.Issuer, app: way.App, r1: way.Bearer,
		lr: way.LocationRole, location: way.Location,
	}
	w.alice = w.Person(t, owner, "alice")
	w.g1 = w.Group(t, owner, "g1", w.alice)
	return w
}

func (w *peopleWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// as begins a call of the account's root.
func (w *peopleWorld) as(service string) *control.Call {
	w.t.Helper()
	return w.Call(w.t, w.root, service, "Test")
}

func (w *peopleWorld) application() *sso.Application {
	return w.Application(w.t, owner, controltest.Exchanging(w.issuer, w.user.ID))
}

func (w *peopleWorld) role(name, trust string) *iam.Role { return w.way.Role(name, trust) }

// session makes a session of r1 for a person: identity token, exchange, AssumeRole.
func (w *peopleWorld) session(name string, app *sso.Application) controltest.Keys {
	w.t.Helper()
	k, err := w.way.Session(name+"@example.org", app)
	w.must(err)
	return k
}

// plain makes a session of r1 that acts for nobody.
func (w *peopleWorld) plain() controltest.Keys {
	w.t.Helper()
	a, err := w.STS.AssumeRole(w.t.Context(), w.Call(w.t, w.keys, "sts", "AssumeRole"),
		sts.AssumeRole{RoleARN: w.r1.ARN(), SessionName: "plain"})
	w.must(err)
	return controltest.KeysOf(a.Credentials)
}

func user(u *directory.User) access.Grantee {
	return access.Grantee{Type: access.DirectoryUser, ID: string(u.ID)}
}

func group(g *directory.Group) access.Grantee {
	return access.Grantee{Type: access.DirectoryGroup, ID: string(g.ID)}
}

func role(r *iam.Role) access.Grantee { return access.Grantee{Type: access.IAM, ID: r.ARN()} }

// grant gives read access to a sub prefix of the bucket.
func (w *peopleWorld) grant(to access.Grantee, sub, app string) *access.Grant {
	return w.way.Grant(to, sub, app)
}

func (w *peopleWorld) ask(k controltest.Keys, target string) (*grants.Vended, error) {
	w.t.Helper()
	call := w.Call(w.t, k, "s3", "GetDataAccess")
	v, err := w.Grants.GetDataAccess(w.t.Context(), call,
		grants.DataAccess{Target: target, Permission: access.Read, Privilege: access.Default})
	var refusal awserror.Error
	if err != nil {
		refusal = awserror.Error{Code: "AccessDenied", Message: fault.Of(err).Message()}
	}
	w.must(w.Finish(w.t.Context(), call, refusal))
	return v, err
}

// vends checks that the target is vended, by the grant of this scope and grantee.
func (w *peopleWorld) vends(k controltest.Keys, target, matched string, by access.Grantee) *grants.Vended {
	w.t.Helper()
	v, err := w.ask(k, target)
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	if v.Matched != matched || v.Grantee != by {
		w.t.Fatalf("%s: matched %s of %v, want %s of %v", target, v.Matched, v.Grantee, matched, by)
	}
	return v
}

func (w *peopleWorld) denies(k controltest.Keys, target string) {
	w.t.Helper()
	v, err := w.ask(k, target)
	if err == nil || fault.KindOf(err) != fault.Denied || v != nil {
		w.t.Fatalf("%s: %+v, %v; want a denial", target, v, err)
	}
}

func (w *peopleWorld) list(k controltest.Keys, byApplication bool) map[string]string {
	w.t.Helper()
	page, err := w.Grants.CallerGrants(w.Call(w.t, k, "s3", "ListCallerAccessGrants"), "", byApplication, "", 100)
	w.must(err)
	found := map[string]string{}
	for _, g := range page.Grants {
		found[g.Scope.String()] = g.ApplicationARN
	}
	return found
}

// ended checks that the next request with these keys is refused with this reason.
func (w *peopleWorld) ended(k controltest.Keys, reason string) {
	w.t.Helper()
	_, err := w.Authenticate(w.t, k, "s3")
	if err == nil || fault.KindOf(err) != fault.Denied ||
		!strings.Contains(fault.Of(err).Text.String(), "Access Denied: "+reason) {
		w.t.Fatalf("%v; want a denial for %s", err, reason)
	}
}
