package oauth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// An asker that is cut while the issuer takes its time gets tokens that have ended.
func TestAttack49_AnAskerThatIsCutMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.Exchange.Provision = func(ctx context.Context, _ *control.Call, _ access.AccountID, _ *sso.Issuer,
		_ *oidc.Claims) error {
		return w.Engine.Update(ctx, func(tx *store.Tx) error {
			return tx.Cut(store.Ended, credential.Ground{Kind: credential.OnAccessKey, ID: w.keys.ID})
		})
	}
	out, err := w.Exchange.CreateTokenWithIAM(t.Context(), w.Call(t, w.keys, "sso-oauth", "CreateTokenWithIAM"),
		w.ask(nil))
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Ring.OpenDelegation(credential.IdentityContext, out.Context, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	snap, err := w.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.SealedStands(snap, &d); fault.Of(err).Reason != fault.SessionsEnded {
		t.Errorf("the context stands: %v", err)
	}
}

// A token of a revision that this node does not know is not accepted: it may be of a history that has ended.
func TestAttack41_TokensOfALostHistory(t *testing.T) {
	w := newWorld(t)
	snap, err := w.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	d := credential.SealedDelegation{Revision: uint64(snap.Rev()) + 1, Issued: time.Now()}
	err = caller.SealedStands(snap, &d)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

// TestAttack49_ATokenWhoseActorMayNotActAnyMore presents a token that a user asked for who lost that right: for a
// session, and for another application's token.
func TestAttack49_ATokenWhoseActorMayNotActAnyMore(t *testing.T) {
	w := newWorld(t)
	tokens := &sts.Tokens{Control: w.Control}
	way := &grants.Grants{Control: w.Control, Tokens: tokens, Vendor: grants.Sealed{Ring: w.Ring}}
	w.Auth.Regrant, w.Auth.MayAct = way.Regrant, oauth.MayAct
	other, otherKeys := w.person("other")
	second := w.application(func(a *sso.Application) {
		a.Grants, a.Actor = []sso.Grant{{Type: sso.TokenExchange}}, &sso.ActorPolicy{Bound: actors(other.ID)}
	})
	role := w.Role(t, w.root, principals.NewRole{Name: "r", Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
		other.ARN() + `"},"Action":["sts:AssumeRole","sts:SetContext"]}]}`})
	first := w.exchange(w.ask(nil))
	exchange := func() error {
		_, err := w.try(otherKeys, oauth.Request{ClientID: second.ARN(), GrantType: string(sso.TokenExchange),
			SubjectToken: first.Access, SubjectTokenType: oauth.AccessTokenType})
		return err
	}
	assume := func() error {
		_, err := tokens.AssumeRole(t.Context(), w.Call(t, otherKeys, "sts", "AssumeRole"), sts.AssumeRole{
			RoleARN: role.ARN(), SessionName: "session",
			Contexts: []sts.ProvidedContext{{ProviderARN: sts.ContextProvider, Assertion: first.Context}},
		})
		return err
	}
	must(t, exchange())
	must(t, assume())
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Actor = &sso.ActorPolicy{Bound: actors(other.ID)} })
	for name, use := range map[string]func() error{"exchange": exchange, "session": assume} {
		if f := fault.Of(use()); f == nil || f.Kind != fault.Denied || f.Reason != fault.ActorPolicyRemoved {
			t.Errorf("%s: %v", name, f)
		}
	}
}
