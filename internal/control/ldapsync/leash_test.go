package ldapsync_test

import (
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/ldap/ldaptest"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

// vendTo sets up all that alice, who came from LDAP, needs to get a credential by a grant to her group. It returns that
// credential.
func (w *world) vendTo(t *testing.T) controltest.Keys {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, idp := t.Context(), oidctest.New(t)
	tokens := &sts.Tokens{Control: w.Control}
	g := &grants.Grants{Control: w.Control, Tokens: tokens, Vendor: grants.Sealed{Ring: w.Ring}}
	ex := &oauth.Exchange{Control: w.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now})}
	as := func(service string) *control.Call { return w.Call(t, w.root, service, "Test") }
	w.Add(t, controltest.Bucket("lake", account))
	app, appKeys := w.User(t, w.root, "app", "")
	role := func(name, trust string) *iam.Role {
		r := w.Role(t, w.root, principals.NewRole{Name: name, Trust: trust})
		must(w.IAM.PutInline(ctx, as("iam"), principals.RoleNamed(name), "all",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
		return r
	}
	bearer := role("bearer",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+app.ARN()+
			`"},"Action":["sts:AssumeRole","sts:SetContext"]}]}`)
	location := role("location",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},`+
			`"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"]}]}`)
	issuer := w.Issuer(t, account, idp.URL, nil)
	a := w.Application(t, account, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"app"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			app.ID + `"},"Action":"sso-oauth:*","Resource":"*"}]}`}
	})
	_, err := g.CreateInstance(ctx, as("s3"), w.Center(t, account).ARN(), nil)
	must(err)
	l, err := g.CreateLocation(ctx, as("s3"), "s3://lake/", location.ARN(), nil)
	must(err)
	_, err = g.CreateGrant(ctx, as("s3"),
		grants.NewGrant{LocationID: l.ID, SubPrefix: "finance/*", Permission: access.Read,
			Grantee: access.Grantee{Type: access.DirectoryGroup, ID: string(w.group("readers").ID)}})
	must(err)
	token, err := ex.CreateTokenWithIAM(ctx, w.Call(t, appKeys, "sso-oauth", "CreateTokenWithIAM"), oauth.Request{
		ClientID:  a.ARN(),
		GrantType: string(sso.JWTBearer),
		Assertion: credential.NewSecret(idp.Token(t, map[string]any{"email": "alice@example.org"})),
	})
	must(err)
	session, err := tokens.AssumeRole(ctx, w.Call(t, appKeys, "sts", "AssumeRole"), sts.AssumeRole{
		RoleARN:     bearer.ARN(),
		SessionName: "alice",
		Contexts:    []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: token.Context}},
	})
	must(err)
	v, err := g.GetDataAccess(ctx, w.Call(t, controltest.KeysOf(session.Credentials), "s3", "GetDataAccess"),
		grants.DataAccess{Target: "s3://lake/finance/*", Permission: access.Read, Privilege: access.Default})
	must(err)
	return controltest.KeysOf(v.Credentials)
}

func TestWhoLeavesAnLDAPGroupLosesTheCredentialAtTheNextRequest(t *testing.T) {
	for name, cut := range map[string]func(w *world){
		"out of the group": func(w *world) { w.ldap.Set(w.t, ldaptest.GroupDN("readers"), "member", dns("bob")...) },
		"out of a group in the group": func(w *world) {
			w.ldap.Set(w.t, ldaptest.GroupDN("inner"), "member", dns("bob")...)
		},
		"locked": func(w *world) {
			w.ldap.Set(w.t, ldaptest.PersonDN("alice"), "pwdAccountLockedTime", "000001010000Z")
		},
		"gone":           func(w *world) { w.ldap.Delete(w.t, ldaptest.PersonDN("alice")) },
		"the group gone": func(w *world) { w.ldap.Delete(w.t, ldaptest.GroupDN("readers")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.ldap.Person(t, "alice")
			w.ldap.Person(t, "bob")
			direct := dns("alice", "bob")
			w.ldap.Group(t, "inner", dns("alice", "bob")...)
			if name == "out of a group in the group" {
				direct = []string{ldaptest.GroupDN("inner")}
			}
			w.ldap.Group(t, "readers", direct...)
			w.sync()
			k := w.vendTo(t)
			if _, err := w.Authenticate(t, k, "s3"); err != nil {
				t.Fatalf("before: %v", err)
			}
			w.sync()
			if _, err := w.Authenticate(t, k, "s3"); err != nil {
				t.Fatalf("after a run that changed nothing: %v", err)
			}
			cut(w)
			w.sync()
			if _, err := w.Authenticate(t, k, "s3"); !fault.Is(err, fault.Denied, fault.SessionToken) {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
