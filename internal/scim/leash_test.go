package scim_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// data has what people of the directory need to get access to the bucket lake.
type data struct {
	*world
	sts      *sts.Tokens
	grants   *grants.Grants
	exchange *oauth.Exchange
	idp      *oidctest.Issuer
	app      *sso.Application
	role     *iam.Role
	keys     controltest.Keys // of the application
	location access.LocationID
}

func newData(t *testing.T) *data {
	t.Helper()
	w := newWorld(t)
	d := &data{world: w, sts: &sts.Tokens{Control: w.Control}, idp: oidctest.New(t)}
	d.grants = &grants.Grants{Control: w.Control, Tokens: d.sts, Vendor: grants.Sealed{Ring: w.Ring}}
	d.exchange = &oauth.Exchange{Control: w.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now})}
	w.Add(t, controltest.Bucket("lake", account))
	u, keys := w.User(t, w.Root(account), "app", "")
	d.keys = keys
	issuer := w.Issuer(t, account, d.idp.URL, nil)
	d.app = w.Application(t, account, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"app"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
			u.ID + `"},"Action":"sso-oauth:*","Resource":"*"}]}`}
	})
	trust := func(principal, action string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{` + principal + `},"Action":[` + action +
			`]}]}`
	}
	d.role = d.newRole("r1", trust(`"AWS":"`+u.ARN()+`"`, `"sts:AssumeRole","sts:SetContext"`))
	lr := d.newRole("lr", trust(`"Service":"access-grants.s3.amazonaws.com"`,
		`"sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"`))
	_, err := d.grants.CreateInstance(t.Context(), d.root("s3"), w.Center(t, account).ARN(), nil)
	d.must(err)
	l, err := d.grants.CreateLocation(t.Context(), d.root("s3"), "s3://lake/", lr.ARN(), nil)
	d.must(err)
	d.location = l.ID
	return d
}

func (d *data) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *data) root(service string) *control.Call {
	d.t.Helper()
	return d.Call(d.t, d.Root(account), service, "Test")
}

func (d *data) newRole(name, trust string) *iam.Role {
	d.t.Helper()
	r := d.Role(d.t, d.Root(account), principals.NewRole{Name: name, Trust: trust})
	d.must(d.IAM.PutInline(d.t.Context(), d.root("iam"), principals.RoleNamed(name), "all", everything))
	return r
}

// session makes a session that acts for a person, starting with an identity token.
func (d *data) session(email string) (controltest.Keys, error) {
	d.t.Helper()
	out, err := d.exchange.CreateTokenWithIAM(d.t.Context(), d.Call(d.t, d.keys, "sso-oauth", "CreateTokenWithIAM"),
		oauth.Request{
			ClientID:  d.app.ARN(),
			GrantType: string(sso.JWTBearer),
			Assertion: credential.NewSecret(d.idp.Token(d.t, map[string]any{"email": email})),
		})
	if err != nil {
		return controltest.Keys{}, err
	}
	a, err := d.sts.AssumeRole(d.t.Context(), d.Call(d.t, d.keys, "sts", "AssumeRole"), sts.AssumeRole{
		RoleARN:     d.role.ARN(),
		SessionName: "person",
		Contexts:    []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: out.Context}},
	})
	if err != nil {
		return controltest.Keys{}, err
	}
	return controltest.KeysOf(a.Credentials), nil
}

// vend gets a credential for a person whose group has read access.
func (d *data) vend(email string) controltest.Keys {
	d.t.Helper()
	s, err := d.session(email)
	d.must(err)
	v, err := d.grants.GetDataAccess(d.t.Context(), d.Call(d.t, s, "s3", "GetDataAccess"),
		grants.DataAccess{Target: "s3://lake/in/*", Permission: access.Read})
	d.must(err)
	return controltest.KeysOf(v.Credentials)
}

func TestWhatSCIMTakesAwayEndsAtTheNextRequest(t *testing.T) {
	d := newData(t)
	alice := d.user("alice")
	g := d.group("readers", alice)
	_, err := d.grants.CreateGrant(t.Context(), d.root("s3"), grants.NewGrant{
		LocationID: d.location,
		SubPrefix:  "in/*",
		Grantee:    access.Grantee{Type: access.DirectoryGroup, ID: g},
		Permission: access.Read,
	})
	d.must(err)
	for name, c := range map[string]struct {
		away, back []string // method, path, body
		reason     string
	}{
		"disabling": {
			[]string{"PATCH", "/Users/" + alice, patch(`{"op":"Replace","path":"active","value":"False"}`)},
			[]string{"PATCH", "/Users/" + alice, patch(`{"op":"Replace","path":"active","value":"True"}`)}, "user_disabled",
		},
		"leaving a group": {
			[]string{"PATCH", "/Groups/" + g, patch(`{"op":"remove","path":"members[value eq \"` + alice + `\"]"}`)},
			[]string{"PATCH", "/Groups/" + g, patch(`{"op":"add","path":"members","value":[{"value":"` + alice + `"}]}`)},
			"membership_removed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			vended := d.vend("alice@mail.example.org")
			if _, err := d.Authenticate(t, vended, "s3"); err != nil {
				t.Fatalf("before: %v", err)
			}
			d.do(c.away[0], c.away[1], c.away[2])
			if _, err := d.Authenticate(t, vended, "s3"); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("afterwards: %v", err)
			}
			d.do(c.back[0], c.back[1], c.back[2])
			if _, err := d.Authenticate(t, vended, "s3"); err != nil {
				t.Fatalf("given back: %v", err)
			}
		})
	}
	t.Run("deleting, and a namesake gets nothing of it", func(t *testing.T) {
		vended := d.vend("alice@mail.example.org")
		d.do("DELETE", "/Users/"+alice, "").want(204)
		d.user("alice")
		if _, err := d.Authenticate(t, vended, "s3"); err == nil || !strings.Contains(err.Error(), "user_deleted") {
			t.Fatalf("afterwards: %v", err)
		}
		s, err := d.session("alice@mail.example.org")
		d.must(err)
		if _, err := d.grants.GetDataAccess(t.Context(), d.Call(t, s, "s3", "GetDataAccess"),
			grants.DataAccess{Target: "s3://lake/in/*", Permission: access.Read}); err == nil {
			t.Fatal("the namesake was given access")
		}
	})
	t.Run("who is disabled exchanges no token (case 38)", func(t *testing.T) {
		bob := d.user("bob")
		if _, err := d.session("bob@mail.example.org"); err != nil {
			t.Fatal(err)
		}
		d.do("PATCH", "/Users/"+bob, patch(`{"op":"Replace","path":"active","value":"False"}`)).want(200)
		if _, err := d.session("bob@mail.example.org"); err == nil {
			t.Fatal("the exchange was not refused")
		}
	})
}
