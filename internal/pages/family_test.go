package pages_test

import (
	"sync"
	"testing"
	"time"

	"latchkey/internal/credential"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

func (c *client) refresh(from answer) answer {
	c.t.Helper()
	return c.token(map[string]any{"grantType": "refresh_token", "refreshToken": from.text("refreshToken")})
}

// signedIn signs alice in for a new client.
func signedIn(w *world) (*client, answer) {
	w.t.Helper()
	c, to := approved(w, nil)
	return c, c.redeem(to, nil)
}

// exchange is a token exchange with an access token, which fails when the token's sign-in has ended.
func (w *world) exchangeOf(from answer) map[string]any {
	w.t.Helper()
	other := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.TokenExchange}} })
	return map[string]any{"clientId": other.ARN(), "grantType": string(sso.TokenExchange),
		"subjectToken": from.text("accessToken"), "subjectTokenType": "urn:ietf:params:oauth:token-type:access_token"}
}

// ended checks that a sign-in has ended, with everything that resulted from it, and why.
func (c *client) ended(last answer, why string) {
	c.t.Helper()
	in, err := store.PersonSignIns.Get(c.t.Context(), c.DB, c.signInOf(last))
	must(c.t, err)
	if in.Ended.IsZero() || string(in.EndedBy) != why {
		c.t.Errorf("the sign-in: %+v, want %s", in, why)
	}
	c.refresh(last).wants(c.t, 400, "InvalidGrantException", "invalid_grant", "sign_in_ended")
	c.withIAM(c.exchangeOf(last)).wants(c.t, 400, "AccessDeniedException", "access_denied", "sign_in_ended")
}

func (w *world) signInOf(a answer) string {
	w.t.Helper()
	d, err := w.Ring.OpenDelegation(credential.AccessToken, credential.NewSecret(a.text("accessToken")), w.Now())
	must(w.t, err)
	return d.SignInID
}

// Each refresh token is used once and brings the next. All tokens of a sign-in have its id.
func TestRefreshTokensAreReplaced(t *testing.T) {
	w := newWorld(t)
	c, first := signedIn(w)
	last, id := first, w.signInOf(first)
	if _, other := signedIn(w); w.signInOf(other) == id {
		t.Error("two sign-ins have one id")
	}
	for range 4 {
		w.Advance(30 * time.Minute)
		next := c.refresh(last)
		next.opens(w)
		if next.text("refreshToken") == last.text("refreshToken") || w.signInOf(next) != id {
			t.Fatal("the refresh token was not replaced within its sign-in")
		}
		last = next
	}
	out := w.withIAM(w.exchangeOf(last))
	if out.status != 200 || w.signInOf(out) != id {
		t.Errorf("an exchanged token is of another sign-in: %+v", out)
	}
}

// A client whose answer got lost tries again, and gets tokens of the generation that the lost answer had.
func TestARefreshWhoseAnswerGotLost(t *testing.T) {
	w := newWorld(t)
	c, first := signedIn(w)
	w.Advance(time.Hour)
	lost := c.refresh(first)
	w.Advance(119 * time.Second)
	again := c.refresh(first)
	again.opens(w)
	w.Advance(time.Hour)
	c.refresh(again).opens(w)
	w.Advance(time.Minute)
	fresh := c.refresh(lost) // of the same generation, within the grace
	fresh.opens(w)
	w.Advance(5 * time.Minute)
	c.refresh(first).wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_reused")
	c.ended(fresh, "refresh_token_reused")
}

// Two processes that share a token refresh it at once: both go on.
func TestOneRefreshTokenManyTimesAtOnce(t *testing.T) {
	w := newWorld(t)
	c, first := signedIn(w)
	answers := make([]answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = c.refresh(first) })
	}
	all.Wait()
	for _, a := range answers {
		a.opens(w)
	}
	in, err := store.PersonSignIns.Get(t.Context(), w.DB, w.signInOf(first))
	if err != nil || in.Refreshes != 2 {
		t.Errorf("the token was replaced to %+v (%v)", in, err)
	}
}

// A refresh token that was used before ends its sign-in: it or its successor is in a thief's hands.
func TestAttack20_AReusedRefreshTokenEndsItsFamily(t *testing.T) {
	for name, use := range map[string]func(w *world, c *client, first answer) (stolen, last answer){
		"after the grace": func(w *world, c *client, first answer) (answer, answer) {
			last := c.refresh(first)
			w.Advance(2 * time.Minute)
			return first, last
		},
		"two generations old, at once": func(w *world, c *client, first answer) (answer, answer) {
			return first, c.refresh(c.refresh(first))
		},
		"the thief was first, and the client is late": func(w *world, c *client, first answer) (answer, answer) {
			thief := c.refresh(c.refresh(first))
			return first, thief
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, first := signedIn(w)
			_, neighbour := signedIn(w)
			stolen, last := use(w, c, first)
			last.opens(w)
			c.refresh(stolen).wants(t, 400, "InvalidGrantException", "invalid_grant", "refresh_token_reused")
			c.ended(last, "refresh_token_reused")
			if a := w.withIAM(w.exchangeOf(neighbour)); a.status != 200 {
				t.Errorf("another sign-in of the person ended: %+v", a)
			}
			records := w.Records(t)
			told := false
			for _, r := range records {
				told = told || r.EventName == "CreateToken" && r.Latchkey != nil && r.Latchkey.Reason == "refresh_token_reused" &&
					r.AdditionalEventData["signInEnded"] != nil
			}
			if !told {
				t.Error("no record says that the sign-in ended")
			}
		})
	}
}

// A code that is redeemed again ends what it brought, whoever brings it.
func TestAttack22_AReplayedCodeEndsWhatItBrought(t *testing.T) {
	w := newWorld(t)
	c, to := approved(w, nil)
	got := c.redeem(to, nil)
	got.opens(w)
	w.register(nil).redeem(to, nil).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
	c.ended(got, "code_replayed")

	d := c.start()
	w.browser().enter(d.text("userCode")).press("approve").shows(200, "Approved")
	got = c.poll(d)
	got.opens(w)
	c.poll(d).wants(t, 400, "InvalidGrantException", "invalid_grant", "code_replayed")
	c.ended(got, "code_replayed")
}

// When a code is redeemed several times at once, one request gets tokens, and those have ended.
func TestAttack22_ACodeRedeemedTwiceAtOnceEnds(t *testing.T) {
	w := newWorld(t)
	c, to := approved(w, nil)
	answers := make([]answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = c.redeem(to, nil) })
	}
	all.Wait()
	for _, a := range answers {
		if a.status == 200 {
			c.ended(a, "code_replayed")
		}
	}
}

// Deleting the settings by which people sign in ends their sign-ins for good, also when the same settings come back.
func TestAttack21_SignInsEndWithTheirSettings(t *testing.T) {
	w := newWorld(t)
	c, got := signedIn(w)
	waits, waiting := approved(w, nil)
	settings, err := store.SignIns.Get(t.Context(), w.DB, string(account))
	must(t, err)
	w.Change(t, func(tx *store.Tx) error { return store.SignIns.Delete(tx, string(account)) })
	refused := func() {
		t.Helper()
		c.refresh(got).wants(t, 400, "InvalidGrantException", "invalid_grant", "sign_in_deleted")
		w.withIAM(w.exchangeOf(got)).wants(t, 400, "AccessDeniedException", "access_denied", "sign_in_deleted")
	}
	refused()
	again := *settings
	again.ID = "another"
	w.Change(t, func(tx *store.Tx) error { return store.SignIns.Insert(tx, &again) })
	refused()
	waits.redeem(waiting, nil).wants(t, 400, "AccessDeniedException", "access_denied", "sign_in_deleted")
	_, got = signedIn(w)
	got.opens(w)
}

// A session that began before its sign-in expired goes on, and its row is kept for as long.
func TestSignInsAreKeptAsLongAsTheirSessions(t *testing.T) {
	w := newWorld(t)
	_, got := signedIn(w)
	id := w.signInOf(got)
	w.Advance(8*time.Hour + 24*time.Hour)
	w.clean()
	if _, err := store.PersonSignIns.Get(t.Context(), w.DB, id); err != nil {
		t.Errorf("the row that sessions need: %v", err)
	}
	w.Advance(2 * time.Hour)
	w.clean()
	if _, err := store.PersonSignIns.Get(t.Context(), w.DB, id); err == nil {
		t.Error("the row was not removed")
	}
}
