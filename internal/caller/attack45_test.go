package caller_test

import (
	"context"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Nothing is decided for a client that has gone, also after the caller was checked anew.
func TestAttack45_DecisionsEndWithTheirClient(t *testing.T) {
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	c, _, err := w.Auth.Authenticate(w.Sign(t, w.key, "sts", "").WithContext(ctx), "sts", caller.Connection{})
	must(t, err)
	ask := caller.Ask{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: account}
	if d := c.Decide(ask); !d.Allowed {
		t.Fatal(d.Explain())
	}
	w.change(func(tx *store.Tx) error { return store.Users.Update(tx, &w.user) })
	fresh, err := w.Auth.Reauthenticate(c)
	must(t, err)
	if fresh == c {
		t.Fatal("the caller was not checked anew")
	}
	leave()
	if d := fresh.Decide(ask); d.Allowed || d.Stopped != policy.ClientGone ||
		caller.StoppedReason(d) != fault.ClientGone {
		t.Errorf("after the client has gone: %s", d.Explain())
	}
	direct, _, err := w.Auth.Authenticate(w.Sign(t, w.key, "sts", "").WithContext(ctx), "sts", caller.Connection{})
	must(t, err)
	err = direct.Authorize(ask)
	if f := fault.Of(err); f == nil || f.Kind != fault.Denied || f.Reason != fault.ClientGone {
		t.Errorf("the refusal: %v", err)
	}
}

// TestAttack45_AChainHasOneMeter: the steps of everybody who is asked again count for the request that asks. Otherwise
// each session of a long chain would have a budget of its own.
func TestAttack45_AChainHasOneMeter(t *testing.T) {
	w := newWorld(t)
	var asker *caller.Caller
	w.Auth.Regrant = func(c *caller.Caller, _ *credential.Session) error { asker = c; return nil }
	if who := w.who(w.mint(w.grounded())); asker == nil || asker.Meter() != who.Meter() {
		t.Error("the asker of the session has a meter of its own")
	}
}
