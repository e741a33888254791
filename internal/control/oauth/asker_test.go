package oauth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/caller"
	"latchkey/internal/control"
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
