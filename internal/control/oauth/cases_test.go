package oauth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/control/oauth"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/maintenance"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// The numbered cases of AWS's behaviour that this server must follow.

func TestIdentityCase047_Exchange(t *testing.T) {
	w := newWorld(t)
	out := w.exchange(w.ask(nil))
	if out.Life != time.Hour || out.Type != oauth.AccessTokenType || out.Access.IsZero() || !out.Refresh.IsZero() {
		t.Errorf("%+v", out)
	}
	if !slices.Equal(out.Scopes, []string{"sts:identity_context", "s3:access_grants:read_write", "openid", "aws"}) {
		t.Errorf("scopes %q", out.Scopes)
	}
	c := claims(t, out.ID)
	center := w.Center(t, account)
	for name, want := range map[string]any{
		"iss":                    "https://identitycenter.amazonaws.com/" + center.ID,
		"sub":                    string(w.alice.ID),
		"aud":                    w.app.ID,
		"sts:identity_context":   out.Context.Reveal(),
		"aws:identity_store_id":  center.IdentityStoreID,
		"aws:identity_store_arn": center.IdentityStoreARN(),
		"aws:instance_account":   string(account),
		"aws:instance_arn":       center.ARN(),
		"aws:application_arn":    w.app.ARN(),
	} {
		if c[name] != want {
			t.Errorf("%s is %v, want %v", name, c[name], want)
		}
	}
	if act, _ := c["act"].(map[string]any); act["sub"] != w.issuer.ARN() {
		t.Errorf("act is %v", c["act"])
	}
	if _, err := time.Parse(time.RFC3339, c["auth_time"].(string)); err != nil {
		t.Error(err)
	}
	if c["sts:audit_context"] == "" || c["aws:credential_id"] == "" || c["exp"].(float64)-c["iat"].(float64) != 3600 {
		t.Errorf("%v", c)
	}
	if n := len(out.Context.Reveal()); n < 4 || n > 2048 {
		t.Errorf("the context has %d characters", n)
	}
	jws, err := jose.ParseSignedCompact(out.ID.Reveal(), []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	if _, err := jws.Verify(w.Exchange.Keys().Keys[0]); err != nil {
		t.Errorf("the identity token is not signed with a key of ours: %v", err)
	}
	records := w.Records(t)
	last := records[len(records)-1]
	if last.UserIdentity.OnBehalfOf == nil || last.UserIdentity.OnBehalfOf.UserID != string(w.alice.ID) ||
		last.ErrorCode != "" {
		t.Errorf("the record is %+v", last)
	}
	line, _ := last.JSON()
	for _, secret := range []credential.Secret{out.Access, out.ID, out.Context} {
		if strings.Contains(string(line), secret.Reveal()) {
			t.Error("the record holds a token")
		}
	}
}

func TestIdentityCase048_ActorPolicy(t *testing.T) {
	w := newWorld(t)
	stranger, keys := w.person("stranger")
	w.refusedTo(keys, w.ask(nil), fault.Denied, "", "actor_not_allowed")
	everything := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	must(t, w.IAM.PutInline(t.Context(), w.Call(t, w.root, "iam", "Test"), userNamed("stranger"), "all", everything))
	w.refusedTo(keys, w.ask(nil), fault.Denied, "", "actor_not_allowed")
	w.refusedTo(w.root, w.ask(nil), fault.Denied, "", "actor_not_allowed")
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Actor = nil })
	w.refused(w.ask(nil), fault.Denied, "", "actor_not_allowed")
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Actor = &sso.ActorPolicy{Bound: "{"} })
	w.refused(w.ask(nil), fault.Denied, "", "actor_not_allowed")
	// A policy that names the account leaves the decision to the account's own policies.
	w.SetApplication(t, w.app, func(a *sso.Application) {
		a.Actor = &sso.ActorPolicy{Bound: actors("arn:aws:iam::123456789012:root")}
	})
	w.refused(w.ask(nil), fault.Denied, "", "actor_not_allowed")
	if _, err := w.try(keys, w.ask(nil)); err != nil {
		t.Errorf("%s: %v", stranger.Name, err)
	}
}

func TestIdentityCase049_UnknownApplication(t *testing.T) {
	w := newWorld(t)
	in := w.ask(nil)
	for _, id := range []string{"", "apl-1", w.app.ID,
		sso.ApplicationARN(account, w.app.InstanceID, sso.NewApplicationID()),
		sso.ApplicationARN("210987654321", w.app.InstanceID, w.app.ID)} {
		in.ClientID = id
		w.refused(in, fault.Unauthenticated, fault.Application, "client_unknown")
	}
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Disabled = true })
	w.refused(w.ask(nil), fault.Unauthenticated, fault.Application, "client_disabled")
}

func TestIdentityCase050_GrantTypeNotConfigured(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.AuthorizationCode}} })
	w.refused(w.ask(nil), fault.Denied, fault.ApplicationGrant, "grant_type_not_configured")
	in := w.ask(nil)
	in.GrantType = string(sso.AuthorizationCode)
	w.refused(in, fault.Invalid, fault.Member, "parameter_missing")
	in.Code, in.RedirectURI = credential.NewSecret("code"), "https://app.example.org/back"
	w.refused(in, fault.Invalid, fault.IdentityToken, "code_unknown")
}

func TestIdentityCase051_UnknownGrantType(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"foo", "", "JWT-BEARER", "password"} {
		in := w.ask(nil)
		in.GrantType = name
		w.refused(in, fault.Unsupported, fault.ApplicationGrant, "grant_type_unknown")
	}
	in := w.ask(nil)
	in.Assertion = credential.Secret{}
	w.refused(in, fault.Invalid, fault.Member, "parameter_missing")
}

func TestIdentityCase052_AssertionRefused(t *testing.T) {
	w := newWorld(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(w.idp.PublicKey())
	must(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	body := w.idp.Claims(map[string]any{"email": "alice@example.org"})
	for name, c := range map[string]struct {
		token credential.Secret
		want  string
	}{
		"exp in the past": {w.token(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}),
			"token_expired"},
		"no exp":                 {w.token(map[string]any{"exp": nil}), "claim_missing"},
		"wrong audience":         {w.token(map[string]any{"aud": "other"}), "aud_mismatch"},
		"unknown issuer":         {w.token(map[string]any{"iss": "https://accounts.example"}), "issuer_unknown"},
		"issuer but for a slash": {w.token(map[string]any{"iss": w.idp.URL + "/"}), "issuer_unknown"},
		"bad signature": {credential.NewSecret(oidctest.Sign(t, jose.RS256, stranger, "key-1", body)),
			"signature_invalid"},
		"HS256 keyed with the public key": {credential.NewSecret(oidctest.Sign(t, jose.HS256, public, "key-1", body)),
			"alg_forbidden"},
		"no JWT": {credential.NewSecret("x"), "token_malformed"},
		"no sub": {w.token(map[string]any{"sub": nil}), "claim_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			in := w.ask(nil)
			in.Assertion = c.token
			w.refused(in, fault.Invalid, fault.IdentityToken, c.want)
		})
	}
	t.Run("alg none", func(t *testing.T) {
		in := w.ask(nil)
		parts := strings.Split(in.Assertion.Reveal(), ".")
		in.Assertion = credential.NewSecret("eyJhbGciOiJub25lIn0." + parts[1] + ".")
		w.refused(in, fault.Invalid, fault.IdentityToken, "alg_forbidden")
	})
	t.Run("issuer that the application does not accept", func(t *testing.T) {
		other := oidctest.New(t)
		w.Issuer(t, account, other.URL, nil)
		in := w.ask(nil)
		in.Assertion = credential.NewSecret(other.Token(t, map[string]any{"email": "alice@example.org"}))
		w.refused(in, fault.Invalid, fault.IdentityToken, "issuer_unknown")
		if other.Fetches.Load() != 0 {
			t.Error("its keys were fetched")
		}
	})
	t.Run("issuer deleted", func(t *testing.T) {
		w.Change(t, func(tx *store.Tx) error { return store.Issuers.Delete(tx, w.issuer.ID) })
		w.refused(w.ask(nil), fault.Invalid, fault.IdentityToken, "issuer_unknown")
	})
}

func TestIdentityCase053_Replay(t *testing.T) {
	w := newWorld(t)
	in := w.ask(map[string]any{"jti": "one"})
	w.exchange(in)
	w.refused(in, fault.Invalid, fault.IdentityToken, "token_replayed")
	w.refused(w.ask(map[string]any{"jti": "one"}), fault.Invalid, fault.IdentityToken, "token_replayed")
	w.exchange(w.ask(map[string]any{"jti": "two"}))
	plain := w.ask(nil)
	w.exchange(plain)
	w.exchange(plain)
}

func TestReplayAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	in := w.ask(map[string]any{"jti": "one"})
	var all sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		call := w.Call(t, w.keys, "sso-oauth", "CreateTokenWithIAM")
		all.Go(func() {
			_, err := w.Exchange.CreateTokenWithIAM(t.Context(), call, in)
			won[i] = err == nil
		})
	}
	all.Wait()
	if n := len(slices.DeleteFunc(won, func(ok bool) bool { return !ok })); n != 1 {
		t.Errorf("the token was exchanged %d times", n)
	}
}

func TestRefusedTokensAreNotUsedUp(t *testing.T) {
	w := newWorld(t)
	in := w.ask(map[string]any{"jti": "one", "email": "bob@example.org"})
	w.refused(in, fault.Invalid, fault.IdentityToken, "user_not_found")
	w.Person(t, account, "bob")
	w.exchange(in)
}

func TestTokenUsesAreForgottenWhenTheTokenHasExpired(t *testing.T) {
	w := newWorld(t)
	w.exchange(w.ask(map[string]any{"jti": "one"}))
	w.Advance(3 * time.Hour)
	w.exchange(w.ask(map[string]any{"jti": "two"}))
	(&maintenance.Loop{
		DB: w.DB, Update: w.Engine.Update, Now: w.Now, Log: slog.New(slog.DiscardHandler),
		Tasks: []maintenance.Task{maintenance.Expired(w.DB, &store.TokenUses)},
	}).Pass(t.Context())
	n := 0
	for _, err := range store.TokenUses.All(t.Context(), w.DB) {
		must(t, err)
		n++
	}
	if n != 1 {
		t.Errorf("%d uses are kept", n)
	}
}

func TestIdentityCase054_NobodyOrSeveral(t *testing.T) {
	w := newWorld(t)
	w.refused(w.ask(map[string]any{"email": "nobody@example.org"}), fault.Invalid, fault.IdentityToken, "user_not_found")
	w.refused(w.ask(map[string]any{"email": nil}), fault.Invalid, fault.IdentityToken, "claim_missing")
	w.refused(w.ask(map[string]any{"email": ""}), fault.Invalid, fault.IdentityToken, "claim_missing")
	w.refused(w.ask(map[string]any{"email": "*"}), fault.Invalid, fault.IdentityToken, "user_not_found")
	// Two people here cannot have the same address. They can have the same id in two external directories.
	bob := w.Person(t, account, "bob")
	for issuer, u := range map[string]*directory.User{"okta": w.alice, "entra": bob} {
		w.SetPerson(t, u, func(u *directory.User) { u.ExternalIDs = []directory.ExternalID{{Issuer: issuer, ID: "4711"}} })
	}
	changed := *w.issuer
	changed.ClaimPath, changed.StorePath = "sub", sso.ByExternalID
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Update(tx, &changed) })
	w.refused(w.ask(map[string]any{"sub": "4711"}), fault.Invalid, fault.IdentityToken, "user_ambiguous")
	w.SetPerson(t, bob, func(u *directory.User) { u.ExternalIDs = nil })
	w.exchange(w.ask(map[string]any{"sub": "4711"}))
}

// For a provider that distinguishes a long s from an s, two names are two people where the directory would have one.
func TestAttack22_ANameThatFoldsToAnothers(t *testing.T) {
	w := newWorld(t)
	w.SetPerson(t, w.alice, func(u *directory.User) {
		u.UserName, u.Emails[0].Value = "Sales-Élise", "Sales-Élise@example.org"
	})
	w.exchange(w.ask(map[string]any{"email": "sales-éLISE@EXAMPLE.org"}))
	w.refused(w.ask(map[string]any{"email": "\u017fales-élise@example.org"}), fault.Invalid, fault.IdentityToken,
		"user_not_found")
	w.refused(w.ask(map[string]any{"email": "sales-e\u0301lise@example.org"}), fault.Invalid, fault.IdentityToken,
		"user_not_found")
	changed := *w.issuer
	changed.StorePath = sso.ByUserName
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Update(tx, &changed) })
	w.exchange(w.ask(map[string]any{"email": "sales-élise"}))
	w.refused(w.ask(map[string]any{"email": "\u017fales-élise"}), fault.Invalid, fault.IdentityToken, "user_not_found")
}

// A person to whom another issuer gave the same id is a different person.
func TestAttack22_TheSubjectOfAnotherIssuer(t *testing.T) {
	w := newWorld(t)
	changed := *w.issuer
	changed.ClaimPath, changed.StorePath = "sub", sso.ByExternalID
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Update(tx, &changed) })
	w.SetPerson(t, w.alice, func(u *directory.User) {
		u.ExternalIDs = []directory.ExternalID{{Issuer: "https://other.example.org", ID: "1"}}
	})
	w.refused(w.ask(map[string]any{"sub": "1"}), fault.Invalid, fault.IdentityToken, "user_not_found")
	w.SetPerson(t, w.alice, func(u *directory.User) {
		u.ExternalIDs = []directory.ExternalID{{Issuer: w.idp.URL, ID: "1"}}
	})
	w.exchange(w.ask(map[string]any{"sub": "1"}))
}

func TestWhoATokenNames(t *testing.T) {
	w := newWorld(t)
	changed := *w.issuer
	changed.ClaimPath, changed.StorePath = "preferred.name", sso.ByUserName
	w.exchange(w.ask(map[string]any{"email": "ALICE@Example.ORG"}))
	for _, v := range []any{false, "false", "False", 0, "0", "no", "", []any{}, []any{true}, 2} {
		w.refused(w.ask(map[string]any{"email_verified": v}), fault.Invalid, fault.IdentityToken, "claim_unverified")
	}
	for _, v := range []any{true, "true", "True", 1, "1"} {
		w.exchange(w.ask(map[string]any{"email_verified": v}))
	}
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Update(tx, &changed) })
	w.refused(w.ask(nil), fault.Invalid, fault.IdentityToken, "claim_missing")
	w.exchange(w.ask(map[string]any{"preferred": map[string]any{"name": "Alice"}}))
}

func TestIdentityCase055_DisabledUser(t *testing.T) {
	w := newWorld(t)
	w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = true })
	w.refused(w.ask(nil), fault.Denied, "", "user_disabled")
}

func TestIdentityCase056_Assignment(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.AssignmentOptional = false })
	w.refused(w.ask(nil), fault.Denied, "", "not_assigned")
	g := w.Group(t, account, "g1")
	w.Assign(t, w.app, sso.Group, string(g.ID))
	w.refused(w.ask(nil), fault.Denied, "", "not_assigned")
	w.Join(t, g, w.alice)
	w.exchange(w.ask(nil))
	w.Leave(t, g, w.alice)
	w.refused(w.ask(nil), fault.Denied, "", "not_assigned")
	w.Assign(t, w.app, sso.User, string(w.alice.ID))
	w.exchange(w.ask(nil))
}

func TestIdentityCase057_Scopes(t *testing.T) {
	w := newWorld(t)
	in := w.ask(nil)
	in.Scopes = []string{"s3:other:read"}
	w.refused(in, fault.Invalid, fault.AccessScope, "scope_not_configured")
	in.Scopes = []string{sso.S3Scope, "openid"}
	if out := w.exchange(in); !slices.Contains(out.Scopes, sso.S3Scope) {
		t.Errorf("scopes %q", out.Scopes)
	}
	in.Scopes = []string{"openid"}
	if out := w.exchange(in); slices.Contains(out.Scopes, sso.S3Scope) {
		t.Errorf("scopes %q", out.Scopes)
	}
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Scopes = nil })
	in.Scopes = nil
	if out := w.exchange(in); !slices.Equal(out.Scopes, []string{"sts:identity_context", "openid", "aws"}) {
		t.Errorf("scopes without an access scope: %q", out.Scopes)
	}
}

func TestIdentityCase058_RotatedKeys(t *testing.T) {
	w := newWorld(t)
	w.exchange(w.ask(nil))
	w.idp.Rotate(t)
	w.exchange(w.ask(nil))
	if n := w.idp.Fetches.Load(); n != 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	for n := range 30 {
		in := w.ask(nil)
		in.Assertion = credential.NewSecret(oidctest.Sign(t, jose.RS256, stranger, "flood",
			w.idp.Claims(map[string]any{"email": "alice@example.org"})))
		if n == 0 { // the keys are fetched for it
			w.refused(in, fault.Invalid, fault.IdentityToken, "key_unknown")
			continue
		}
		w.refused(in, fault.Throttled, fault.IdentityToken, "keys_not_refetched")
	}
	if n := w.idp.Fetches.Load(); n > 4 {
		t.Errorf("30 tokens with unknown keys made %d fetches", n)
	}
}

func TestIdentityCase059_Refresh(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Grants = append(a.Grants, sso.Grant{Type: sso.RefreshToken}) })
	first := w.exchange(w.ask(nil))
	if first.Refresh.IsZero() {
		t.Fatal("no refresh token")
	}
	in := oauth.Request{ClientID: w.app.ARN(), GrantType: string(sso.RefreshToken), RefreshToken: first.Refresh}
	w.Advance(7 * time.Hour)
	second := w.exchange(in)
	if claims(t, second.ID)["sub"] != string(w.alice.ID) ||
		claims(t, second.ID)["aws:credential_id"] != claims(t, first.ID)["aws:credential_id"] {
		t.Error("the new tokens are another person's or another sign-in's")
	}
	if second.Refresh.Reveal() != first.Refresh.Reveal() { // it would hang on everybody who used it, and grow each time
		t.Error("an application's refresh token was replaced")
	}
	w.Advance(time.Hour + time.Second)
	w.refused(in, fault.Expired, fault.IdentityToken, "token_expired")
	in.RefreshToken = second.Refresh
	w.refused(in, fault.Expired, fault.IdentityToken, "token_expired") // refreshing does not prolong
}

func TestRefreshTokensRefused(t *testing.T) {
	w := newWorld(t)
	w.SetApplication(t, w.app, func(a *sso.Application) { a.Grants = append(a.Grants, sso.Grant{Type: sso.RefreshToken}) })
	other := w.application(func(a *sso.Application) { a.Grants = []sso.Grant{{Type: sso.RefreshToken}} })
	in := w.ask(nil)
	in.Scopes = []string{"openid"}
	narrow := w.exchange(in)
	first := w.exchange(w.ask(nil))
	ask := oauth.Request{ClientID: w.app.ARN(), GrantType: string(sso.RefreshToken), RefreshToken: first.Refresh}
	with := func(change func(*oauth.Request)) oauth.Request { r := ask; change(&r); return r }
	w.refused(with(func(r *oauth.Request) {
		r.ClientID = other.ARN()
	}), fault.Invalid, fault.IdentityToken, "refresh_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.RefreshToken = first.Access
	}), fault.Invalid, fault.IdentityToken, "refresh_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.RefreshToken = credential.NewSecret("x")
	}), fault.Invalid, fault.IdentityToken, "refresh_token_invalid")
	w.refused(with(func(r *oauth.Request) {
		r.RefreshToken = credential.Secret{}
	}), fault.Invalid, fault.Member, "parameter_missing")
	w.refused(with(func(r *oauth.Request) {
		r.RefreshToken, r.Scopes = narrow.Refresh, []string{sso.S3Scope}
	}), fault.Invalid, fault.AccessScope, "scope_not_configured")
	if out := w.exchange(with(func(r *oauth.Request) {
		r.RefreshToken = narrow.Refresh
	})); slices.Contains(out.Scopes, sso.S3Scope) {
		t.Errorf("a narrow token gave %q", out.Scopes)
	}
	w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = true })
	w.refused(ask, fault.Denied, "", "user_disabled")
	w.SetPerson(t, w.alice, func(*directory.User) {})
	w.Change(t, func(tx *store.Tx) error { return store.Issuers.Delete(tx, w.issuer.ID) })
	w.refused(ask, fault.Denied, "", "issuer_deleted")
}
