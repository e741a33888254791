package pages_test

import (
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/oauth"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// began begins a request of a client now. What happens before the request goes on is not in its snapshot.
func (c *client) began() func(last answer) error {
	c.t.Helper()
	snap, err := c.Engine.Snapshot()
	must(c.t, err)
	call := c.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "Unknown"}, Snapshot: snap, Facts: caller.Facts{Time: c.Now()},
	}, control.Opening{Source: oauth.Source, Operation: "CreateToken"})
	return func(last answer) error {
		c.t.Helper()
		_, err := c.exchange.CreateToken(c.t.Context(), call, oauth.PublicRequest{
			ClientID: c.id, ClientSecret: credential.NewSecret(c.secret), GrantType: string(sso.RefreshToken),
			RefreshToken: credential.NewSecret(last.text("refreshToken")),
		})
		return err
	}
}

// A sign-in that ends while its token is refreshed brings no further tokens: the row in the transaction counts, not the
// request's snapshot.
func TestAttack20_ASignInThatEndsMeanwhile(t *testing.T) {
	for name, end := range map[string]func(w *world, id string) error{
		"it ends": func(w *world, id string) error {
			return w.Engine.Update(t.Context(), func(tx *store.Tx) error {
				in, err := store.PersonSignIns.Get(t.Context(), tx, id)
				if err == nil {
					in.Ended, in.EndedBy = tx.Now(), fault.SignInEnded
					err = store.PersonSignIns.Update(tx, in)
				}
				return err
			})
		},
		"its row is deleted": func(w *world, id string) error {
			return w.Engine.Update(t.Context(), func(tx *store.Tx) error { return store.PersonSignIns.Delete(tx, id) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, first := signedIn(w)
			goOn := c.began()
			must(t, end(w, w.signInOf(first)))
			if err := goOn(first); fault.Of(err).Reason != fault.SignInEnded {
				t.Errorf("the refresh: %v", err)
			}
		})
	}
}

// A token that is used up while another request with it is under way is judged by what the row says then.
func TestAttack20_ATokenThatIsUsedUpMeanwhile(t *testing.T) {
	w := newWorld(t)
	c, first := signedIn(w)
	goOn := c.began()
	last := c.refresh(c.refresh(first))
	if err := goOn(first); fault.Of(err).Reason != fault.RefreshTokenReused {
		t.Errorf("the refresh: %v", err)
	}
	c.ended(last, "refresh_token_reused")
}

// An application that may have no refresh tokens any more says so.
func TestARefreshWithoutTheGrant(t *testing.T) {
	w := newWorld(t)
	c, first := signedIn(w)
	w.Advance(time.Minute)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Grants = a.Grants[:1] })
	c.refresh(first).wants(t, 400, "UnauthorizedClientException", "unauthorized_client", "grant_type_not_configured")
}
