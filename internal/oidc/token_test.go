package oidc_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

// trusting trusts one issuer for the audience "app".
func trusting(url string) func(string) (oidc.Issuer, bool) {
	return func(iss string) (oidc.Issuer, bool) {
		return oidc.Issuer{Audiences: []string{"other", "app"}}, iss == url
	}
}

// anywhere is the source of a token of which it does not matter where it came from.
var anywhere netip.Prefix

func inside() *oidc.Verifier { return oidc.New(oidc.Options{AllowPrivate: true}) }

// refused checks that a token is refused for this reason.
func refused(t *testing.T, v *oidc.Verifier, i *oidctest.Issuer, token string, want fault.Reason) {
	t.Helper()
	c, err := v.Verify(t.Context(), token, anywhere, trusting(i.URL))
	e, ok := errors.AsType[*oidc.Error](err)
	if !ok || e.Reason != want {
		t.Fatalf("got %+v, %v; want %s", c, err, want)
	}
	if e.Text == "" || strings.Contains(e.Text, token) || strings.Contains(e.Text, "127.0.0.1") {
		t.Errorf("the text tells nothing or too much: %q", e.Text)
	}
}

func TestVerify(t *testing.T) {
	i := oidctest.New(t)
	v := inside()
	token := i.Token(t, map[string]any{"email": "a@example.org", "jti": "one", "aud": []string{"x", "app"}})
	c, err := v.Verify(t.Context(), token, anywhere, trusting(i.URL))
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != "subject-1" || c.ID != "one" || c.Issuer != i.URL ||
		c.Path("email") != "a@example.org" || c.Expires.IsZero() {
		t.Errorf("%+v", c)
	}
	for range 5 {
		if _, err := v.Verify(t.Context(), i.Token(t, nil), anywhere, trusting(i.URL)); err != nil {
			t.Fatal(err)
		}
	}
	if n := i.Fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestAlgorithms(t *testing.T) {
	i := oidctest.New(t)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512} {
		i.Use(rsaKey, jose.JSONWebKey{Key: rsaKey.Public()})
		if _, err := inside().Verify(t.Context(),
			oidctest.Sign(t, alg, rsaKey, "", i.Claims(nil)), anywhere, trusting(i.URL)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for alg, curve := range map[jose.SignatureAlgorithm]elliptic.Curve{
		jose.ES256: elliptic.P256(),
		jose.ES384: elliptic.P384(),
		jose.ES512: elliptic.P521(),
	} {
		key, _ := ecdsa.GenerateKey(curve, rand.Reader)
		i.Use(key, jose.JSONWebKey{Key: key.Public(), KeyID: "ec"})
		if _, err := inside().Verify(t.Context(),
			oidctest.Sign(t, alg, key, "ec", i.Claims(nil)), anywhere, trusting(i.URL)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	i.Use(edKey, jose.JSONWebKey{Key: edKey.Public(), KeyID: "ed"})
	if _, err := inside().Verify(t.Context(),
		oidctest.Sign(t, jose.EdDSA, edKey, "ed", i.Claims(nil)), anywhere, trusting(i.URL)); err != nil {
		t.Errorf("EdDSA: %v", err)
	}
}

func TestClaims(t *testing.T) {
	i := oidctest.New(t)
	v := inside()
	now := time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).Unix() }
	for name, c := range map[string]struct {
		claims map[string]any
		want   fault.Reason
	}{
		"refused without iss":               {map[string]any{"iss": nil}, fault.IssuerUnknown},
		"refused with another issuer":       {map[string]any{"iss": i.URL + "/"}, fault.IssuerUnknown},
		"refused with iss that is no text":  {map[string]any{"iss": 7}, fault.IssuerUnknown},
		"refused without aud":               {map[string]any{"aud": nil}, fault.ClaimMissing},
		"refused with another aud":          {map[string]any{"aud": "App"}, fault.AudMismatch},
		"refused with an empty list of aud": {map[string]any{"aud": []string{}}, fault.AudMismatch},
		"refused with aud that is a number": {map[string]any{"aud": 1}, fault.ClaimInvalid},
		"refused with a number in aud":      {map[string]any{"aud": []any{"app", 1}}, fault.ClaimInvalid},
		"refused without exp":               {map[string]any{"exp": nil}, fault.ClaimMissing},
		"refused when expired":              {map[string]any{"exp": ago(2 * time.Minute)}, fault.TokenExpired},
		"refused with exp that is text":     {map[string]any{"exp": "9999999999"}, fault.ClaimInvalid},
		"refused with exp beyond all time":  {map[string]any{"exp": 1e300}, fault.ClaimInvalid},
		"refused with nbf in the future":    {map[string]any{"nbf": ago(-time.Hour)}, fault.TokenNotYetValid},
		"refused with iat in the future":    {map[string]any{"iat": ago(-time.Hour)}, fault.TokenNotYetValid},
		"refused without sub":               {map[string]any{"sub": nil}, fault.ClaimMissing},
		"refused with an empty sub":         {map[string]any{"sub": ""}, fault.ClaimMissing},
		"refused with sub that is a number": {map[string]any{"sub": 1}, fault.ClaimInvalid},
		"refused with jti that is a number": {map[string]any{"jti": 1}, fault.ClaimInvalid},
		"accepted without iat":              {map[string]any{"iat": nil}, ""},
		"accepted with clocks that are a bit apart": {map[string]any{
			"iat": ago(-time.Minute),
			"nbf": ago(-time.Minute),
			"exp": ago(30 * time.Second),
		}, ""},
		"accepted with a fraction of a second": {map[string]any{"exp": float64(ago(-time.Hour)) + 0.5}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			token := i.Token(t, c.claims)
			if c.want != "" {
				refused(t, v, i, token, c.want)
			} else if _, err := v.Verify(t.Context(), token, anywhere, trusting(i.URL)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPath(t *testing.T) {
	c := &oidc.Claims{All: map[string]any{
		"email":                  "a",
		"address":                map[string]any{"country": "CH", "n": 1},
		"https://x.example/mail": "b",
		"a.b":                    map[string]any{"c": "d"},
	}}
	for path, want := range map[string]string{
		"email": "a", "address.country": "CH", "https://x.example/mail": "b",
		"a.b.c": "d", "address": "", "address.n": "", "no": "", "": "", ".": "",
	} {
		if got := c.Path(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// raw assembles a token from a header, claims and a signature.
func raw(header, claims, signature string) string {
	e := base64.RawURLEncoding.EncodeToString
	return e([]byte(header)) + "." + e([]byte(claims)) + "." + signature
}

func TestAttack22_ForgedTokens(t *testing.T) {
	i := oidctest.New(t)
	v := inside()
	claims, _ := json.Marshal(i.Claims(nil))
	der, _ := x509.MarshalPKIXPublicKey(i.PublicKey())
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	modulus := i.PublicKey().(*rsa.PublicKey).N.Bytes()
	stranger, _ := rsa.GenerateKey(rand.Reader, 2048)
	good := i.Token(t, nil)
	parts := strings.Split(good, ".")
	t.Run("HS256 keyed with the public key as PEM", func(t *testing.T) {
		refused(t, v, i, oidctest.Sign(t, jose.HS256, public, "key-1", i.Claims(nil)), fault.AlgForbidden)
	})
	t.Run("HS512 keyed with the modulus", func(t *testing.T) {
		refused(t, v, i, oidctest.Sign(t, jose.HS512, modulus, "key-1", i.Claims(nil)), fault.AlgForbidden)
	})
	for _, none := range []string{"none", "None", "NONE", "", "hs256", "rs256"} {
		t.Run(fmt.Sprintf("algorithm %q", none), func(t *testing.T) {
			refused(t, v, i, raw(fmt.Sprintf(`{"alg":%q}`, none), string(claims), ""), fault.AlgForbidden)
			refused(t, v, i, raw(fmt.Sprintf(`{"alg":%q,"kid":"key-1"}`, none), string(claims), parts[2]), fault.AlgForbidden)
		})
	}
	t.Run("no algorithm", func(t *testing.T) {
		refused(t, v, i, raw(`{"kid":"key-1"}`, string(claims), ""), fault.AlgForbidden)
	})
	t.Run("an algorithm that the key is not for", func(t *testing.T) {
		refused(t, v, i, raw(`{"alg":"ES256","kid":"key-1"}`, string(claims), parts[2]), fault.AlgForbidden)
		refused(t, v, i, raw(`{"alg":"RS512","kid":"key-1"}`, string(claims), parts[2]), fault.AlgForbidden)
	})
	t.Run("no signature", func(t *testing.T) { refused(t, v, i, parts[0]+"."+parts[1]+".", fault.SignatureInvalid) })
	t.Run("a stranger's key under the issuer's key id", func(t *testing.T) {
		refused(t, v, i, oidctest.Sign(t, jose.RS256, stranger, "key-1", i.Claims(nil)), fault.SignatureInvalid)
	})
	t.Run("a key that the token brings along", func(t *testing.T) {
		o := (&jose.SignerOptions{EmbedJWK: true}).WithHeader("kid", "key-1").WithHeader("jku", "https://evil.example/keys")
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: stranger}, o)
		if err != nil {
			t.Fatal(err)
		}
		jws, _ := s.Sign(claims)
		token, _ := jws.CompactSerialize()
		refused(t, v, i, token, fault.SignatureInvalid)
	})
	t.Run("claims changed after signing", func(t *testing.T) {
		changed, _ := json.Marshal(i.Claims(map[string]any{"sub": "root"}))
		refused(t, v, i, parts[0]+"."+base64.RawURLEncoding.EncodeToString(changed)+"."+parts[2], fault.SignatureInvalid)
	})
	t.Run("a claim twice", func(t *testing.T) {
		refused(t, v, i, raw(`{"alg":"RS256"}`, `{"iss":"`+i.URL+`","sub":"a","sub":"b"}`, parts[2]), fault.TokenMalformed)
	})
	t.Run("a critical header", func(t *testing.T) {
		refused(t, v, i, raw(`{"alg":"RS256","crit":["b64"],"b64":false}`, string(claims), parts[2]), fault.TokenMalformed)
	})
	t.Run("a log-out token", func(t *testing.T) {
		refused(t, v, i, raw(`{"alg":"RS256","typ":"logout+jwt"}`, string(claims), parts[2]), fault.TypeForbidden)
	})
	t.Run("missing exp", func(t *testing.T) {
		refused(t, v, i, i.Token(t, map[string]any{"exp": nil}), fault.ClaimMissing)
	})
	t.Run("wrong audience", func(t *testing.T) {
		refused(t, v, i, i.Token(t, map[string]any{"aud": "else"}), fault.AudMismatch)
	})
	t.Run("empty iss, though somebody trusts it", func(t *testing.T) {
		_, err := v.Verify(t.Context(), i.Token(t, map[string]any{"iss": ""}), anywhere, func(string) (oidc.Issuer, bool) {
			return oidc.Issuer{Audiences: []string{"app"}}, true
		})
		if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.IssuerUnknown {
			t.Fatal(err)
		}
	})
	t.Run("disabled issuer", func(t *testing.T) {
		_, err := v.Verify(t.Context(), good, anywhere, func(string) (oidc.Issuer, bool) {
			return oidc.Issuer{Audiences: []string{"app"}, Disabled: true}, true
		})
		if e, ok := errors.AsType[*oidc.Error](err); !ok || e.Reason != fault.IssuerDisabled {
			t.Fatal(err)
		}
	})
	t.Run("43: more values than a token has, or deeper ones", func(t *testing.T) {
		var deep any
		for range 30 {
			deep = []any{deep}
		}
		for _, claim := range []any{make([]int, 6000), deep} {
			refused(t, v, i, i.Token(t, map[string]any{"x": claim}), fault.TokenMalformed)
		}
	})
	t.Run("too large", func(t *testing.T) { refused(t, v, i, strings.Repeat("a", oidc.MaxToken+1), fault.TokenTooLarge) })
	for _, s := range []string{"", ".", "..", "a.b", "a.b.c", "a.b.c.d", parts[0] + "." + parts[1], good +
		"\n", `{"payload":""}`, parts[0] + "=." + parts[1] + "." + parts[2]} {
		t.Run(fmt.Sprintf("malformed %.10q", s), func(t *testing.T) {
			if c, err := v.Verify(t.Context(), s, anywhere, trusting(i.URL)); err == nil {
				t.Fatalf("accepted: %+v", c)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	i := oidctest.New(f)
	v := inside()
	good := i.Token(f, nil)
	f.Add(good)
	f.Add(raw(`{"alg":"none"}`, `{"iss":"x"}`, ""))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token, anywhere, trusting(i.URL))
		if err == nil && token != good {
			t.Fatalf("accepted %q: %+v", token, c)
		}
		if _, ok := errors.AsType[*oidc.Error](err); err != nil && !ok {
			t.Fatalf("%q: %v", token, err)
		}
	})
}
