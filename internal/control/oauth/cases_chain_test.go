package oauth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/oauth"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

func TestIdentityCase060_TokenExchange(t *testing.T) {
	w := newWorld(t)
	second := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.TokenExchange}} })
	first := w.exchange(w.ask(nil))
	ask := oauth.Request{
		ClientID:         second.ARN(),
		GrantType:        string(sso.TokenExchange),
		SubjectToken:     first.Access,
		SubjectTokenType: oauth.AccessTokenType,
	}
	out := w.exchange(ask)
	c := claims(t, out.ID)
	if c["sub"] != string(w.alice.ID) || c["aws:application_arn"] != second.ARN() ||
		c["aws:credential_id"] == claims(t, first.ID)["aws:credential_id"] {
		t.Errorf("%v", c)
	}
	with := func(change func(*oauth.Request)) oauth.Request { r := ask; change(&r); return r }
	w.refused(with(func(r *oauth.Request) {
		r.SubjectToken = w.token(nil)
	}), fault.Invalid, fault.IdentityToken, "subject_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.SubjectToken = first.ID
	}), fault.Invalid, fault.IdentityToken, "subject_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.SubjectToken = first.Context
	}), fault.Invalid, fault.IdentityToken, "subject_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.SubjectToken = credential.Secret{}
	}), fault.Invalid, fault.Member, "parameter_missing")
	w.refused(with(func(r *oauth.Request) {
		r.SubjectTokenType = "urn:ietf:params:oauth:token-type:jwt"
	}), fault.Invalid, fault.Member, "subject_token_type")
	w.refused(with(func(r *oauth.Request) {
		r.RequestedTokenType = "urn:x"
	}), fault.Invalid, fault.Member, "requested_token_type")
	w.refused(with(func(r *oauth.Request) {
		r.RequestedTokenType = oauth.RefreshTokenType
	}), fault.Denied, fault.ApplicationGrant, "grant_type_not_configured")
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Disabled = true })
	w.refused(ask, fault.Denied, "", "application_disabled")
	// Tokens that came from the first application end with it, too.
	w.refused(with(func(r *oauth.Request) { r.SubjectToken = out.Access }), fault.Denied, "", "application_disabled")
}

// A chain of exchanges must not outlive the sign-in at its start, nor gain scopes.
func TestAttack20_ChainOfExchanges(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) {
		a.Grants = append(a.Grants, sso.Grant{Type: sso.TokenExchange})
	})
	in := w.ask(nil)
	in.Scopes = []string{"openid"}
	token := w.exchange(in).Access
	ask := func() oauth.Request {
		return oauth.Request{
			ClientID:         w.app.ARN(),
			GrantType:        string(sso.TokenExchange),
			SubjectToken:     token,
			SubjectTokenType: oauth.AccessTokenType,
		}
	}
	for range 11 {
		w.Advance(45 * time.Minute)
		out, err := w.try(w.keys, ask())
		if err != nil {
			if fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Expired {
				t.Fatal(err)
			}
			return
		}
		if slices.Contains(out.Scopes, sso.S3Scope) {
			t.Fatalf("scopes %q", out.Scopes)
		}
		token = out.Access
	}
	t.Error("the chain goes on for ever")
}

func TestAttack25_TokensAreNotPrinted(t *testing.T) {
	w := newWorld(t)
	out := w.exchange(w.ask(nil))
	text, err := json.Marshal(out)
	must(t, err)
	if strings.Contains(string(text), out.Access.Reveal()) || strings.Contains(string(text), out.ID.Reveal()) {
		t.Error("tokens print")
	}
}
