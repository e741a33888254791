package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/fault"
	"latchkey/internal/oidc/oidctest"
)

// behind are texts that must not stand behind a JSON document.
var behind = []string{"}", "]", "{}", "null", "0", `"x"`, "x", ",", "\x00", "}}", " {}", "\n]"}

func TestAttack22_JSONWithSomethingBehindIt(t *testing.T) {
	i, p := oidctest.New(t), oidctest.NewProvider(t, "app", nil)
	b64 := base64.RawURLEncoding.EncodeToString
	for _, more := range behind {
		t.Run("behind the header "+more, func(t *testing.T) {
			claims, _ := json.Marshal(i.Claims(nil))
			refused(t, inside(), i, raw(`{"alg":"RS256"}`+more, string(claims), b64([]byte("x"))), fault.TokenMalformed)
		})
		t.Run("behind the claims "+more, func(t *testing.T) {
			claims, _ := json.Marshal(i.Claims(nil))
			refused(t, inside(), i, signText(t, i, string(claims)+more), fault.TokenMalformed)
		})
		for what, path := range map[string]string{"discovery": oidctest.Discovery, "keys": oidctest.KeySet} {
			t.Run("behind the "+what+" "+more, func(t *testing.T) {
				if _, err := inside().Provider(t.Context(), p.URL); err != nil {
					t.Fatal(err)
				}
				good := document(t, p.URL+path)
				defer p.Serve(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) })
				p.Serve(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good+more) })
				refused(t, inside(), p.Issuer, p.Issuer.Token(t, nil), fault.IssuerInvalid)
				if _, err := inside().Provider(t.Context(), p.URL); what == "discovery" && reasonOf(err) != fault.IssuerInvalid {
					t.Errorf("people are sent to sign in: %v", err)
				}
			})
		}
	}
	t.Run("a member of the discovery document twice", func(t *testing.T) {
		i := oidctest.New(t)
		good := document(t, i.URL+oidctest.Discovery)
		twice := strings.Replace(good, "{", `{"issuer":"https://other.example",`, 1)
		i.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, twice) })
		refused(t, inside(), i, i.Token(t, nil), fault.IssuerInvalid)
	})
	t.Run("a member in other letters is another member", func(t *testing.T) {
		i := oidctest.New(t)
		good := document(t, i.URL+oidctest.Discovery)
		upper := strings.Replace(good, `"jwks_uri"`, `"JWKS_URI"`, 1)
		i.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, upper) })
		refused(t, inside(), i, i.Token(t, nil), fault.IssuerInvalid)
	})
	t.Run("a document nested without end", func(t *testing.T) {
		i := oidctest.New(t)
		deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
		i.Serve(oidctest.KeySet, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":`+deep+`}`) })
		refused(t, inside(), i, i.Token(t, nil), fault.IssuerInvalid)
	})
	t.Run("white space is nothing", func(t *testing.T) {
		claims, _ := json.Marshal(i.Claims(nil))
		token := signText(t, i, string(claims)+" \n")
		if _, err := inside().Verify(t.Context(), token, anywhere, trusting(i.URL)); err != nil {
			t.Error(err)
		}
	})
}

// document is what an issuer serves at a URL.
func document(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// signText is a token with a payload that need not be JSON, signed by the issuer.
func signText(t *testing.T, i *oidctest.Issuer, payload string) string {
	t.Helper()
	by := jose.SigningKey{Algorithm: jose.RS256, Key: i.Signer()}
	s, err := jose.NewSigner(by, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
