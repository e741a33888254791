// Package peopletest gives tests the whole way of a person of the directory to data: an identity provider on loopback,
// an application that exchanges its tokens, a role whose sessions act for people, and a location of S3 Access Grants.
package peopletest

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
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

// Way is what the people of an account need to get to the data in one bucket. It has no grants at first.
type Way struct {
	STS      *sts.Tokens
	Grants   *grants.Grants
	Exchange *oauth.Exchange

	Provider     *oidctest.Issuer // whose tokens say who a person is, by the email address
	Issuer       *sso.Issuer      // of Provider
	Client       *iam.User        // for whom applications exchange tokens
	Keys         controltest.Keys // of Client
	App          *sso.Application
	Bearer       *iam.Role // r1, whose sessions act for people
	LocationRole *iam.Role // lr
	Location     access.LocationID

	t       testing.TB
	world   *controltest.World
	account access.AccountID
}

// New lays the way for an account of the world whose root user has a key. It makes the bucket and an Access Grants
// instance that is associated with the account's Identity Center.
func New(t testing.TB, w *controltest.World, account access.AccountID, bucket string) *Way {
	t.Helper()
	way := &Way{
		STS:      &sts.Tokens{Control: w.Control},
		Exchange: &oauth.Exchange{Control: w.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now})},
		Provider: oidctest.New(t),
		t:        t, world: w, account: account,
	}
	way.Grants = &grants.Grants{Control: w.Control, Tokens: way.STS, Vendor: grants.Sealed{Ring: w.Ring}}
	w.Auth.Regrant, w.Auth.MayAct = way.Grants.Regrant, oauth.MayAct
	w.Add(t, controltest.Bucket(bucket, account))
	way.Client, way.Keys = w.User(t, w.Root(account), "app", "")
	way.Issuer = w.Issuer(t, account, way.Provider.URL, nil)
	way.App = w.Application(t, account, controltest.Exchanging(way.Issuer, way.Client.ID))
	way.Bearer = way.role("r1", `{"Effect":"Allow","Principal":{"AWS":"`+way.Client.ARN()+
		`"},"Action":["sts:AssumeRole","sts:SetContext"]}`)
	way.LocationRole = way.role("lr", `{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},
		 "Action":["sts:AssumeRole","sts:SetSourceIdentity"],
		 "Condition":{"StringEquals":{"aws:SourceAccount":"`+string(account)+`"}}},
		{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:SetContext",
		 "Condition":{"ForAllValues:ArnEquals":
		 {"sts:RequestContextProviders":["arn:aws:iam::aws:contextProvider/IdentityCenter"]}}}`)
	_, err := way.Grants.CreateInstance(t.Context(), way.Root("s3"), w.Center(t, account).ARN(), nil)
	controltest.Must(t, err)
	l, err := way.Grants.CreateLocation(t.Context(), way.Root("s3"), "s3://"+bucket+"/", way.LocationRole.ARN(), nil)
	controltest.Must(t, err)
	way.Location = l.ID
	return way
}

// Root begins a call of the account's root user.
func (w *Way) Root(service string) *control.Call {
	w.t.Helper()
	return w.world.Call(w.t, w.world.Root(w.account), service, "Test")
}

// role makes a role that may do everything, with these statements in its trust policy.
func (w *Way) role(name, trust string) *iam.Role {
	w.t.Helper()
	return w.Role(name, `{"Version":"2012-10-17","Statement":[`+trust+`]}`)
}

// Role makes a role of the account that may do everything.
func (w *Way) Role(name, trust string) *iam.Role {
	w.t.Helper()
	r := w.world.Role(w.t, w.world.Root(w.account), principals.NewRole{Name: name, Trust: trust})
	err := w.world.IAM.PutInline(w.t.Context(), w.Root("iam"), principals.RoleNamed(name), "all",
		controltest.Allow("*", "*"))
	controltest.Must(w.t, err)
	return r
}

// Session makes a session of Bearer that acts for the person with this email address, who comes through app: identity
// token, token exchange, AssumeRole. It fails if the exchange or AssumeRole is refused.
func (w *Way) Session(email string, app *sso.Application) (controltest.Keys, error) {
	w.t.Helper()
	out, err := w.Exchange.CreateTokenWithIAM(w.t.Context(),
		w.world.Call(w.t, w.Keys, "sso-oauth", "CreateTokenWithIAM"), oauth.Request{
			ClientID:  app.ARN(),
			GrantType: string(sso.JWTBearer),
			Assertion: credential.NewSecret(w.Provider.Token(w.t, map[string]any{
				"sub": "subject of " + email, "email": email,
			})),
		})
	if err != nil {
		return controltest.Keys{}, err
	}
	a, err := w.STS.AssumeRole(w.t.Context(), w.world.Call(w.t, w.Keys, "sts", "AssumeRole"), sts.AssumeRole{
		RoleARN: w.Bearer.ARN(), SessionName: "TrustedIdentityPropagationSDKPluginEnhanced-" + app.ID,
		Contexts: []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: out.Context}},
	})
	if err != nil {
		return controltest.Keys{}, err
	}
	return controltest.KeysOf(a.Credentials), nil
}

// Grant gives somebody read access to a sub prefix of the location, through an application if app is not empty.
func (w *Way) Grant(to access.Grantee, sub, app string) *access.Grant {
	w.t.Helper()
	g, err := w.Grants.CreateGrant(w.t.Context(), w.Root("s3"), grants.NewGrant{
		LocationID: w.Location, SubPrefix: sub, Grantee: to, Permission: access.Read, ApplicationARN: app,
	})
	controltest.Must(w.t, err)
	return g
}

// Vend asks for read access to a target with these keys.
func (w *Way) Vend(k controltest.Keys, target string) (controltest.Keys, error) {
	w.t.Helper()
	v, err := w.Grants.GetDataAccess(w.t.Context(), w.world.Call(w.t, k, "s3", "GetDataAccess"),
		grants.DataAccess{Target: target, Permission: access.Read, Privilege: access.Default})
	if err != nil {
		return controltest.Keys{}, err
	}
	return controltest.KeysOf(v.Credentials), nil
}
