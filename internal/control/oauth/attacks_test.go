package oauth_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

const other = access.AccountID("210987654321")

// elsewhere is a second account with an issuer and an application of its own. The keys are its root user's.
func (w *world) elsewhere(
	change func(*sso.Application),
) (controltest.Keys, *oidctest.Issuer, *sso.Issuer, *sso.Application) {
	w.t.Helper()
	w.Add(w.t, controltest.Account(other))
	idp := oidctest.New(w.t)
	issuer := w.Issuer(w.t, other, idp.URL, nil)
	w.Person(w.t, other, "alice")
	app := w.Application(w.t, other, func(a *sso.Application) {
		a.Actor = &sso.ActorPolicy{Bound: actors("arn:aws:iam::210987654321:root")}
		change(a)
	})
	return w.Root(other), idp, issuer, app
}

// A token of one account's Identity Center is not valid in another account's.
func TestAttack36_AccessTokenOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	keys, _, _, app := w.elsewhere(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.TokenExchange}} })
	w.refusedTo(keys, oauth.Request{
		ClientID:         app.ARN(),
		GrantType:        string(sso.TokenExchange),
		SubjectToken:     w.exchange(w.ask(nil)).Access,
		SubjectTokenType: oauth.AccessTokenType,
	}, fault.Invalid, fault.IdentityToken, "subject_token_invalid")
}

// An issuer that only another account trusts is not trusted here, even if an application names it.
func TestAttack36_IssuerOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	_, idp, issuer, _ := w.elsewhere(func(*sso.Application) {})
	w.SetApplication(t, w.app, func(a *sso.Application) {
		a.Grants[0].Issuers = append(a.Grants[0].Issuers,
			sso.AuthorizedIssuer{IssuerARN: issuer.ARN(), Audiences: []string{"app"}})
	})
	in := w.ask(nil)
	in.Assertion = credential.NewSecret(idp.Token(t, map[string]any{"email": "alice@example.org"}))
	w.refused(in, fault.Invalid, fault.IdentityToken, "issuer_unknown")
}

// A credential that was vended for a prefix gets no tokens, even if an actor policy names its session.
func TestAttack19_VendedCredential(t *testing.T) {
	w := newWorld(t)
	r, err := w.IAM.CreateRole(t.Context(), w.Call(t, w.root, "iam", "Test"), principals.NewRole{Name: "location",
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	must(t, err)
	now := time.Now().UTC().Truncate(time.Second)
	w.Auth.Revocation = caller.AtExpiry // a vended session without a grant behind it
	c, err := w.Ring.Mint(credential.Session{
		ID:                credential.SessionID(uuid.New()),
		Kind:              credential.Vended,
		Account:           string(account),
		PrincipalID:       r.ID,
		Name:              "s1",
		Issued:            now,
		Expires:           now.Add(time.Hour),
		GrantID:           "g",
		LocationID:        "l",
		Scope:             "s3://lake/p/*",
		Permission:        "READ",
		GranteeType:       "IAM",
		GranteeID:         w.user.ARN(),
		CallerPrincipalID: w.user.ID,
	})
	must(t, err)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Actor = &sso.ActorPolicy{Bound: actors(r.ID + ":s1")} })
	w.refusedTo(controltest.KeysOf(c), w.ask(nil), fault.Denied, "", "actor_not_allowed")
}

// A session that acts for a user whom an engine named gets no tokens: they would stand for a person whom nobody proved.
func TestAttack19_AssertedUser(t *testing.T) {
	w := newWorld(t)
	r, err := w.IAM.CreateRole(t.Context(), w.Call(t, w.root, "iam", "Test"), principals.NewRole{Name: "engine",
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.user.ARN() +
			`"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`})
	must(t, err)
	snap, err := w.Engine.Snapshot()
	must(t, err)
	now := time.Now().UTC().Truncate(time.Second)
	w.Auth.Regrant = func(*caller.Caller, *credential.Session) error { return nil } // who may name users is sts's matter
	c, err := w.Ring.Mint(credential.Session{
		ID:                credential.SessionID(uuid.New()),
		Kind:              credential.AssumedRole,
		Account:           string(account),
		PrincipalID:       r.ID,
		Name:              "s1",
		Issued:            now,
		Expires:           now.Add(time.Hour),
		Asserted:          string(w.alice.ID),
		ParentKey:         w.keys.ID,
		ParentPrincipalID: w.user.ID,
		Revision:          uint64(snap.Rev()),
		Asked:             credential.Asked{Principal: w.user.ID},
	})
	must(t, err)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Actor = &sso.ActorPolicy{Bound: actors(r.ID + ":s1")} })
	w.refusedTo(controltest.KeysOf(c), w.ask(nil), fault.Denied, "", "assertion_not_carried")
}
