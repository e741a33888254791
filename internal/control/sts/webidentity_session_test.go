package sts_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// Everything that ends a session that a token made also ends the sessions that were made with that session.
func TestAttack21_AFederatedSessionDiesWithItsProvider(t *testing.T) {
	for name, end := range map[string]func(*webWorld, context.Context) error{
		"the provider is deleted": func(w *webWorld, ctx context.Context) error {
			return w.IAM.DeleteOIDCProvider(ctx, w.asRoot(), w.provider.ARN())
		},
		"the client id is removed": func(w *webWorld, ctx context.Context) error {
			return w.IAM.RemoveOIDCClient(ctx, w.asRoot(), w.provider.ARN(), "app")
		},
		"the role is deleted": func(w *webWorld, ctx context.Context) error {
			return errors.Join(w.IAM.DeleteInline(ctx, w.asRoot(), principals.RoleNamed("etl"), "all"),
				w.IAM.DeleteRole(ctx, w.asRoot(), "etl"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWebWorld(t)
			role := w.podRole("etl")
			next := w.role("next", "sts:AssumeRole", role.ARN())
			own, _ := w.get(role, nil)
			chained, _ := w.assume(own, sts.AssumeRole{RoleARN: next.ARN()})
			must(t, end(w, t.Context()))
			for who, k := range map[string]controltest.Keys{"the session": own, "a session made with it": chained} {
				_, err := w.Authenticate(t, k, "sts")
				if _, ok := errors.AsType[*caller.Ended](err); !ok {
					t.Errorf("%s: %v", who, err)
				}
			}
			if name == "the provider is deleted" {
				again := w.register(w.root, "app")
				if again.ARN() != w.provider.ARN() {
					t.Fatal("another ARN")
				}
				if _, err := w.Authenticate(t, own, "sts"); err == nil {
					t.Error("a provider that was made again brings sessions back")
				}
				w.get(role, nil) // the trust is in the ARN, as on AWS
			}
		})
	}
}

func TestAFederatedSessionChains(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	next := w.role("next", "sts:AssumeRole", role.ARN())
	own, v := w.get(role, nil)
	chained, _ := w.assume(own, sts.AssumeRole{RoleARN: next.ARN()})
	s := w.by(chained).Session
	if !s.Chained || s.Federation != w.by(own).Session.Federation || s.ParentPrincipalID != role.ID ||
		s.Expires.After(v.Credentials.Expires) {
		t.Errorf("%+v", s)
	}
	err := w.try(own, sts.AssumeRole{RoleARN: next.ARN(), Duration: 2 * time.Hour})
	refused(t, err, fault.Invalid, "1 hour session limit")
	w.Advance(v.Credentials.Expires.Sub(w.Now()))
	if _, err := w.Authenticate(t, own, "sts"); fault.KindOf(err) != fault.Expired {
		t.Errorf("%v", err)
	}
}

// A pod with a session from its token may exchange people's tokens if the application's actor policy names its role.
func TestAFederatedSessionExchangesTokens(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	w.Person(t, account, "alice")
	issuer := w.Issuer(t, account, w.issuer.URL, nil)
	app := w.Application(t, account, controltest.Exchanging(issuer, role.ID))
	keys, _ := w.get(role, nil)
	e := &oauth.Exchange{Control: w.Control, Verifier: w.STS.Verifier}
	out, err := e.CreateTokenWithIAM(t.Context(), w.Call(t, keys, "sso-oauth", "CreateTokenWithIAM"), oauth.Request{
		ClientID:  app.ARN(),
		GrantType: string(sso.JWTBearer),
		Assertion: credential.NewSecret(w.issuer.Token(t, map[string]any{"email": "alice@example.org"})),
	})
	if err != nil || out.Context.IsZero() {
		t.Fatalf("%v", err)
	}
}

func TestWebIdentityRecord(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	before := len(w.Records(t))
	token := w.token(nil)
	v, err := w.ask(token, sts.WebIdentity{RoleARN: role.ARN()})
	must(t, err)
	all := w.Records(t)
	if len(all) != before+1 {
		t.Fatalf("%d records", len(all)-before)
	}
	e := all[before]
	who := e.UserIdentity
	if who.Type != "WebIdentityUser" || who.PrincipalID != w.provider.ARN()+":app:"+pod || who.UserName != pod ||
		who.IdentityProvider != w.provider.ARN() || who.AccessKeyID != "" {
		t.Errorf("%+v", who)
	}
	if e.RecipientAccountID != string(account) || e.EventName != "AssumeRoleWithWebIdentity" ||
		e.EventSource != "sts.amazonaws.com" ||
		e.ResponseElements["subjectFromWebIdentityToken"] != pod || e.ResponseElements["provider"] != w.provider.ARN() ||
		e.ResponseElements["audience"] != "app" || len(e.Resources) != 2 {
		t.Errorf("%+v", e)
	}
	text, err := json.Marshal(e)
	must(t, err)
	keys := controltest.KeysOf(v.Credentials)
	f := w.by(keys).Event.UserIdentity.SessionContext.WebIDFederation
	if f == nil || f.FederatedProvider != w.provider.ARN() || f.Attributes[w.key("sub")] != pod ||
		f.Attributes[w.key("aud")] != "app" {
		t.Errorf("the session's own records: %+v", f)
	}
	for _, secret := range []string{token, strings.Split(token, ".")[2], v.Credentials.Secret.Reveal(),
		v.Credentials.SessionToken.Reveal()} {
		if strings.Contains(string(text), secret) {
			t.Error("the record holds a secret")
		}
	}
}

// The bearer of a foreign token has no permissions from the policies of accounts: only the role says what it may do.
func TestAFederatedCallerHasNoRightsOfItsOwn(t *testing.T) {
	w := newWebWorld(t)
	call := w.nobody()
	_, err := w.STS.AssumeRoleWithWebIdentity(t.Context(), call, sts.WebIdentity{
		RoleARN: w.podRole("etl").ARN(), SessionName: "session", Token: credential.NewSecret(w.token(nil)),
	})
	must(t, err)
	if call.Principal.Kind != policy.Federated || call.Unproven {
		t.Fatalf("%+v", call.Principal)
	}
	if err := call.May("iam:ListUsers", "*", policy.Values{}, nil, account); err == nil {
		t.Error("it may list users")
	}
	_, err = w.IAM.CreateUser(t.Context(), call, principals.NewUser{Name: "x"})
	refused(t, err, fault.Denied, "")
}

// Two providers whose tokens have the same subject are different: a role that trusts one does not trust the other.
func TestAttack22_TheSameSubjectOfAnotherProvider(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	second := newWebWorld(t)
	_, err := w.IAM.CreateOIDCProvider(t.Context(), w.asRoot(),
		principals.NewOIDCProvider{URL: second.issuer.URL, ClientIDs: []string{"app"}})
	must(t, err)
	_, err = w.ask(second.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
	refused(t, err, fault.Denied, notTrusted)
	w.get(role, nil)
	for _, iss := range []any{"", nil, 7, []string{w.issuer.URL}} {
		_, err := w.ask(w.token(map[string]any{"iss": iss}), sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Invalid, "No OpenIDConnect provider")
	}
}

// Forged tokens cause no fetches beyond the verifier's limits, however many there are.
func TestAttack22_AFloodOfForgedTokensFetchesNothing(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	w.get(role, nil)
	before := w.issuer.Fetches.Load()
	stranger := newWebWorld(t)
	forged := stranger.token(map[string]any{"iss": w.issuer.URL})
	for range 50 {
		_, err := w.ask(forged, sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Invalid, "")
	}
	if n := w.issuer.Fetches.Load() - before; n > 3 {
		t.Errorf("fetched %d times", n)
	}
	if len(w.Records(t)) == 0 {
		t.Error("no records at all")
	}
	w.get(role, nil)
}
