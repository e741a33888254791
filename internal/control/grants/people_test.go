package grants_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	registered "latchkey/internal/bucket"

	"latchkey/internal/awserror"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
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
	IAM      *principals.Principals
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

const peopleTrust = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole",
	"sts:SetSourceIdentity"],
	 "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}},
	{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:SetContext",
	 "Condition":{"ForAllValues:ArnEquals":
	 {"sts:RequestContextProviders":["arn:aws:iam::aws:contextProvider/IdentityCenter"]}}}]}`

func newPeopleWorld(t testing.TB) *peopleWorld {
	t.Helper()
	cw := controltest.New(t)
	w := &peopleWorld{
		World: cw,
		t:     t,
		IAM:   &principals.Principals{Control: cw.Control},
		STS:   &sts.Tokens{Control: cw.Control},
		idp:   oidctest.New(t),
	}
	w.Grants = &grants.Grants{Control: cw.Control, Tokens: w.STS, Vendor: grants.Sealed{Ring: cw.Ring}}
	w.Exchange = &oauth.Exchange{Control: cw.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: cw.Now})}
	k, err := w.IAM.EnsureRoot(t.Context(), owner, principals.RootKey{})
	w.must(err)
	w.root = controltest.Keys{ID: k.AccessKeyID, Secret: k.Secret.Reveal()}
	w.Change(t, func(tx *store.Tx) error {
		return store.Buckets.Insert(tx, &registered.Bucket{Name: bucket, Account: owner, Region: controltest.Region})
	})
	w.user, err = w.IAM.CreateUser(t.Context(), w.as("iam"), principals.NewUser{Name: "app"})
	w.must(err)
	key, err := w.IAM.CreateAccessKey(t.Context(), w.as("iam"), "app")
	w.must(err)
	w.keys = controltest.Keys{ID: key.ID, Secret: key.Secret.Reveal()}
	w.alice = w.Person(t, owner, "alice")
	w.g1 = w.Group(t, owner, "g1", w.alice)
	w.issuer = w.Issuer(t, owner, w.idp.URL, nil)
	w.app = w.application()
	w.r1 = w.role("r1", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+w.user.ARN()+
		`"},"Action":["sts:AssumeRole","sts:SetContext"]}]}`)
	w.lr = w.role("lr", peopleTrust)
	_, err = w.Grants.CreateInstance(t.Context(), w.as("s3"), w.Center(t, owner).ARN(), nil)
	w.must(err)
	l, err := w.Grants.CreateLocation(t.Context(), w.as("s3"), "s3://"+bucket+"/", w.lr.ARN(), nil)
	w.must(err)
	w.location = l.ID
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
	return w.Application(w.t, owner, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: w.issuer.ARN(), Audiences: []string{"app"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			w.user.ID + `"},"Action":"sso-oauth:*","Resource":"*"}]}`}
	})
}

func (w *peopleWorld) role(name, trust string) *iam.Role {
	w.t.Helper()
	r, err := w.IAM.CreateRole(w.t.Context(), w.as("iam"), principals.NewRole{Name: name, Trust: trust})
	w.must(err)
	w.must(w.IAM.PutInline(w.t.Context(), w.as("iam"), principals.RoleNamed(name), "all",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	return r
}

// session makes a session of r1 for a person: identity token, exchange, AssumeRole.
func (w *peopleWorld) session(name string, app *sso.Application) controltest.Keys {
	w.t.Helper()
	out, err := w.Exchange.CreateTokenWithIAM(w.t.Context(), w.Call(w.t, w.keys, "sso-oauth", "CreateTokenWithIAM"),
		oauth.Request{
			ClientID:  app.ARN(),
			GrantType: string(sso.JWTBearer),
			Assertion: credential.NewSecret(w.idp.Token(w.t, map[string]any{"email": name + "@example.org"})),
		})
	w.must(err)
	a, err := w.STS.AssumeRole(w.t.Context(), w.Call(w.t, w.keys, "sts", "AssumeRole"), sts.AssumeRole{
		RoleARN: w.r1.ARN(), SessionName: "TrustedIdentityPropagationSDKPluginEnhanced-" + app.ID,
		Contexts: []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: out.Context}},
	})
	w.must(err)
	return controltest.KeysOf(a.Credentials)
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
	w.t.Helper()
	g, err := w.Grants.CreateGrant(w.t.Context(), w.as("s3"), grants.NewGrant{
		LocationID: w.location, SubPrefix: sub, Grantee: to, Permission: access.Read, ApplicationARN: app,
	})
	w.must(err)
	return g
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
	if err == nil || fault.KindOf(err) != fault.Denied || !strings.Contains(fault.Of(err).Text, "Access Denied: "+reason) {
		w.t.Fatalf("%v; want a denial for %s", err, reason)
	}
}
