package sts_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

const notTrusted = "Not authorized to perform sts:AssumeRoleWithWebIdentity"

func TestIdentityCase082_TrustOnTheSubject(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	t.Run("the right subject gets a session", func(t *testing.T) {
		keys, v := w.get(role, nil)
		if v.Subject != pod || v.Provider != w.provider.ARN() || v.Audience != "app" ||
			v.ARN != "arn:aws:sts::123456789012:assumed-role/etl/session" ||
			v.RoleID != role.ID+":session" || v.PackedSize >= 0 || v.SourceIdentity != "" {
			t.Errorf("%+v", v)
		}
		id, err := w.STS.CallerIdentity(w.by(keys))
		must(t, err)
		if id.ARN != v.ARN || id.UserID != v.RoleID || id.Account != account {
			t.Errorf("%+v", id)
		}
	})
	for name, ask := range map[string]struct {
		claims map[string]any
		role   string
	}{
		"another subject":                {map[string]any{"sub": pod + "2"}, role.ARN()},
		"a subject that differs in case": {map[string]any{"sub": strings.ToUpper(pod)}, role.ARN()},
		"a role that does not exist":     {nil, role.ARN() + "2"},
		"a role under another path":      {nil, "arn:aws:iam::123456789012:role/x/etl"},
		"a role that trusts others":      {nil, w.role("other", "sts:AssumeRole", w.u.ARN()).ARN()},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := w.ask(w.token(ask.claims), sts.WebIdentity{RoleARN: ask.role})
			refused(t, err, fault.Denied, notTrusted)
			if fault.Of(err).Text.String() != notTrusted {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestIdentityCase083_NoOpenIDConnectProvider(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	unknown := oidctest.New(t)
	for name, token := range map[string]string{
		"an issuer that no account knows":   unknown.Token(t, map[string]any{"sub": pod}),
		"an issuer's URL with a slash more": w.token(map[string]any{"iss": w.issuer.URL + "/"}),
		"the issuer's URL with another scheme": w.token(map[string]any{"iss": strings.Replace(w.issuer.URL, "http:", "https:",
			1)}),
		"the issuer's URL without a scheme": w.token(map[string]any{"iss": w.provider.Name()}),
		"no issuer":                         w.token(map[string]any{"iss": nil}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.ask(token, sts.WebIdentity{RoleARN: role.ARN()})
			refused(t, err, fault.Invalid, "No OpenIDConnect provider found in your account for ")
			if !fault.Is(err, fault.Invalid, fault.IdentityToken) {
				t.Errorf("%v", err)
			}
		})
	}
	if n := unknown.Fetches.Load(); n != 0 {
		t.Errorf("a stranger was asked for its keys %d times", n)
	}
	t.Run("a provider of another account than the role's", func(t *testing.T) {
		w.register(w.otherRoot, "app")
		must(t, w.IAM.DeleteOIDCProvider(t.Context(), w.asRoot(), w.provider.ARN()))
		_, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Invalid, "No OpenIDConnect provider found")
	})
}

func TestWebIdentityToken(t *testing.T) {
	w := newWebWorld(t)
	role := w.podRole("etl")
	good := w.token(nil)
	parts := strings.Split(good, ".")
	other := oidctest.New(t)
	for name, c := range map[string]struct {
		token string
		kind  fault.Kind
		text  string
	}{
		"for another audience":     {w.token(map[string]any{"aud": "other"}), fault.Invalid, "Incorrect token audience"},
		"issued to another client": {w.token(map[string]any{"azp": "other"}), fault.Invalid, "Incorrect token audience"},
		"expired": {w.token(map[string]any{"exp": time.Now().Add(-2 * oidc.ExpirySkew).Unix()}),
			fault.Expired, "Token expired"},
		"without exp": {w.token(map[string]any{"exp": nil}), fault.Invalid, "no exp claim"},
		"without sub": {w.token(map[string]any{"sub": nil}), fault.Invalid, "no sub claim"},
		"not valid yet": {w.token(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), fault.Denied,
			"not valid yet"},
		"with a subject that is none": {w.token(map[string]any{"sub": 7}), fault.Denied, "sub claim is not a string"},
		"with an endless subject": {w.token(map[string]any{"sub": strings.Repeat("x", 256)}), fault.Denied,
			"longer than 255"},
		"signed by somebody else": {other.Token(t, map[string]any{"iss": w.issuer.URL, "sub": pod}), fault.Invalid,
			"signature of the token does not match"},
		"without a signature": {parts[0] + "." + parts[1] + ".", fault.Invalid, "The token is not accepted"},
		"of algorithm none":   {"eyJhbGciOiJub25lIn0." + parts[1] + ".", fault.Invalid, "algorithm"},
		"too long":            {good + strings.Repeat("A", oidc.MaxToken), fault.Invalid, "more than 20000"},
		"no token":            {"abcd", fault.Invalid, "not a signed JWT"},
	} {
		t.Run("a token "+name+" is refused", func(t *testing.T) {
			_, err := w.ask(c.token, sts.WebIdentity{RoleARN: role.ARN()})
			refused(t, err, c.kind, c.text)
			if fault.Of(err).Entity != fault.IdentityToken {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("the client that a token was issued to counts in place of its audience", func(t *testing.T) {
		_, v := w.get(role, map[string]any{"azp": "app", "aud": "account"})
		if v.Audience != "app" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("one audience of several suffices", func(t *testing.T) {
		_, v := w.get(role, map[string]any{"aud": []string{"account", "app"}})
		if v.Audience != "app" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a provider that does not answer is worth another try", func(t *testing.T) {
		w := newWebWorld(t)
		role := w.podRole("etl")
		w.issuer.Serve(oidctest.Discovery, failing)
		_, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Unavailable, "Couldn't communicate with your identity provider")
	})
	t.Run("a private address is not fetched unless the server may", func(t *testing.T) {
		w := newWebWorld(t)
		role := w.podRole("etl")
		w.STS.Verifier = oidc.New(oidc.Options{Now: w.Now})
		_, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Invalid, "Couldn't retrieve verification key from your identity provider")
		if n := w.issuer.Fetches.Load(); n != 0 {
			t.Errorf("fetched %d times", n)
		}
	})
	t.Run("a server without a verifier accepts no token", func(t *testing.T) {
		w := newWebWorld(t)
		role := w.podRole("etl")
		w.STS.Verifier = nil
		_, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN()})
		refused(t, err, fault.Invalid, "No OpenIDConnect provider")
	})
}

func TestWebIdentityRequest(t *testing.T) {
	w := newWebWorld(t)
	role := w.roleWith(principals.NewRole{
		Name:       "etl",
		Trust:      w.trust("sts:AssumeRoleWithWebIdentity", ``),
		MaxSession: 2 * time.Hour,
	})
	for name, c := range map[string]struct {
		in   sts.WebIdentity
		kind fault.Kind
		text string
	}{
		"a session name with a slash": {sts.WebIdentity{SessionName: "a/b"}, fault.Invalid, "roleSessionName"},
		"a session that is too short": {sts.WebIdentity{Duration: 899 * time.Second}, fault.Invalid,
			"durationSeconds"},
		"a session longer than any": {sts.WebIdentity{Duration: 43201 * time.Second}, fault.Invalid,
			"durationSeconds"},
		"a session longer than the role's": {sts.WebIdentity{Duration: 2*time.Hour + time.Second}, fault.Invalid,
			"MaxSessionDuration"},
		"a policy that is none": {sts.WebIdentity{Policy: "{"}, fault.Malformed, ""},
		"a managed policy that is not there": {sts.WebIdentity{PolicyARNs: []string{"arn:aws:iam::123456789012:policy/x"}},
			fault.Invalid, "does not exist"},
		"a provider of OAuth 2.0 tokens": {sts.WebIdentity{ProviderID: "www.amazon.com"}, fault.Invalid, "ProviderId"},
		"a user's ARN":                   {sts.WebIdentity{RoleARN: w.u.ARN()}, fault.Invalid, "is invalid"},
		"no ARN":                         {sts.WebIdentity{RoleARN: "etl"}, fault.Invalid, "is invalid"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if c.in.RoleARN == "" {
				c.in.RoleARN = role.ARN()
			}
			_, err := w.ask(w.token(nil), c.in)
			refused(t, err, c.kind, c.text)
		})
	}
	t.Run("lasts an hour unless asked otherwise", func(t *testing.T) {
		_, v := w.get(role, nil)
		if left := time.Until(v.Credentials.Expires); left > time.Hour || left < 59*time.Minute {
			t.Errorf("%v", left)
		}
	})
	t.Run("lasts as long as the role allows, even if the token does not", func(t *testing.T) {
		v, err := w.ask(w.token(map[string]any{"exp": time.Now().Add(time.Minute).Unix()}),
			sts.WebIdentity{RoleARN: role.ARN(), Duration: 2 * time.Hour})
		must(t, err)
		if left := time.Until(v.Credentials.Expires); left < 119*time.Minute {
			t.Errorf("%v", left)
		}
	})
	t.Run("a session policy takes away", func(t *testing.T) {
		v, err := w.ask(w.token(nil), sts.WebIdentity{RoleARN: role.ARN(), Policy: allow("iam:ListUsers", "*")})
		must(t, err)
		if v.PackedSize < 1 {
			t.Errorf("%d %%", v.PackedSize)
		}
		may(t, w.world, v, "iam:ListUsers", true)
		may(t, w.world, v, "iam:ListRoles", false)
	})
}
