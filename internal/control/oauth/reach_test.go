package oauth_test

import (
	"testing"

	"latchkey/internal/control/oauth"
	"latchkey/internal/sso"
)

// A request that began before its token was made is decided by a snapshot that shows the token's revision.
func TestATokenThatIsNewerThanTheRequest(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Grants = append(a.Grants, sso.Grant{Type: sso.RefreshToken}) })
	call := w.Call(t, w.keys, "sso-oauth", "CreateTokenWithIAM")
	other := w.application(nil) // so that the token is of a later revision
	token := w.exchange(w.ask(nil)).Refresh
	if other.ID == "" || w.Engine.Current().Rev() == call.Snapshot.Rev() {
		t.Fatal("the request is as new as the token")
	}
	_, err := w.Exchange.CreateTokenWithIAM(t.Context(), call,
		oauth.Request{ClientID: w.app.ARN(), GrantType: string(sso.RefreshToken), RefreshToken: token})
	must(t, err)
}
