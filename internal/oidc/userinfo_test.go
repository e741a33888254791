package oidc_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

// alice is a person of whom the identity token says nothing but sub.
var alice = map[string]any{
	"sub": "subject-1", "email": "alice@example.org", "email_verified": true, "groups": []string{"staff"},
}

// signedIn signs alice in at a provider that hides her claims. It returns what Redeem returned, and the token's claims.
func signedIn(t *testing.T, v *oidc.Verifier, p *oidctest.Provider) (*oidc.Provider, oidc.Redeemed, *oidc.Claims) {
	t.Helper()
	at, err := v.Provider(t.Context(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := oidc.Client{ID: "app", Redirect: "http://127.0.0.1/cb", Scopes: []string{"openid"}}
	a := oidc.Attempt{State: "s", Nonce: "n", Verifier: strings.Repeat("v", 43)}
	r, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}).Get(at.SignInURL(c, a))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	back, _ := url.Parse(r.Header.Get("Location"))
	got, err := at.Redeem(t.Context(), c, a, back.Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := v.Verify(t.Context(), got.Identity, anywhere, trusting(p.URL))
	if err != nil {
		t.Fatal(err)
	}
	return at, got, claims
}

func hiding(t *testing.T) *oidctest.Provider {
	p := oidctest.NewProvider(t, "app", maps.Clone(alice))
	p.OnlyInUserInfo("email", "email_verified", "groups")
	return p
}

func TestClaimsThatAreOnlyInUserInfo(t *testing.T) {
	v, p := inside(), hiding(t)
	at, got, c := signedIn(t, v, p)
	if c.Path("email") != "" || !at.HasUserInfo() || !at.MaySupply("email") || at.MaySupply("phone") {
		t.Fatalf("%+v %+v", at, c)
	}
	if err := v.AddUserInfo(t.Context(), at, "app", got.Access, c); err != nil {
		t.Fatal(err)
	}
	verified, said := c.EmailVerified()
	if c.Path("email") != "alice@example.org" || !verified || !said ||
		!reflect.DeepEqual(c.All["groups"], []any{"staff"}) {
		t.Errorf("%+v", c.All)
	}
}

func TestUserInfoNeverReplacesTheToken(t *testing.T) {
	v, p := inside(), oidctest.NewProvider(t, "app", map[string]any{})
	p.OnlyInUserInfo()
	for name, x := range map[string]struct {
		token, said map[string]any
		want        map[string]any // of the claims afterwards; nil: absent
	}{
		"a claim of the token stays": {
			map[string]any{"name": "A"}, map[string]any{"name": "B", "nick": "b"}, map[string]any{"name": "A", "nick": "b"},
		},
		"claims about a token are of that token": {
			nil, map[string]any{"azp": "evil", "nonce": "x", "amr": []string{"mfa"}, "exp": 1, "jti": "j"},
			map[string]any{"azp": nil, "amr": nil, "jti": nil},
		},
		"the address comes with what is said of it": {
			nil, map[string]any{"email": "a@x", "email_verified": false},
			map[string]any{"email": "a@x", "email_verified": false},
		},
		"another address is not vouched for": {
			map[string]any{"email": "victim@x"}, map[string]any{"email": "mallory@x", "email_verified": true},
			map[string]any{"email": "victim@x", "email_verified": nil},
		},
		"the same address is": {
			map[string]any{"email": "a@x"}, map[string]any{"email": "a@x", "email_verified": true},
			map[string]any{"email_verified": true},
		},
		"an address that userinfo says is not verified": {
			map[string]any{"email": "a@x", "email_verified": true}, map[string]any{"email": "a@x", "email_verified": "False"},
			map[string]any{"email_verified": false},
		},
		"an address that the token says is not verified": {
			map[string]any{"email": "a@x", "email_verified": 0}, map[string]any{"email": "a@x", "email_verified": true},
			map[string]any{"email_verified": false},
		},
		"the token's word on an address that only userinfo has": {
			map[string]any{"email_verified": false}, map[string]any{"email": "a@x", "email_verified": true},
			map[string]any{"email": "a@x", "email_verified": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			token := map[string]any{}
			maps.Copy(token, x.token)
			p.Become(token)
			at, got, c := signedIn(t, v, p)
			p.Become(x.said)
			had := c.All["nonce"]
			if err := v.AddUserInfo(t.Context(), at, "app", got.Access, c); err != nil {
				t.Fatal(err)
			}
			for name, want := range x.want {
				if have, ok := c.All[name]; !reflect.DeepEqual(have, want) || ok != (want != nil) {
					t.Errorf("%s: %v, want %v", name, have, want)
				}
			}
			if c.All["nonce"] != had {
				t.Error("the nonce is another one")
			}
		})
	}
}

func TestUserInfoThatIsRefused(t *testing.T) {
	answers := func(body string) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) {
			p.Serve(oidctest.UserInfo, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
		}
	}
	says := func(more map[string]any) func(*oidctest.Provider) {
		said := maps.Clone(alice)
		maps.Copy(said, more)
		body, _ := json.Marshal(said)
		return answers(string(body))
	}
	good, _ := json.Marshal(alice)
	cases := map[string]struct {
		change func(*oidctest.Provider)
		want   fault.Reason
	}{
		"of another person":        {says(map[string]any{"sub": "subject-2"}), fault.UserInfoInvalid},
		"of nobody":                {answers(`{"email":"alice@example.org"}`), fault.UserInfoInvalid},
		"whose sub is no text":     {says(map[string]any{"sub": 1}), fault.UserInfoInvalid},
		"of another issuer":        {says(map[string]any{"iss": "https://other.example"}), fault.UserInfoInvalid},
		"for another client":       {says(map[string]any{"aud": "other"}), fault.UserInfoInvalid},
		"with an aud of no text":   {says(map[string]any{"aud": 7}), fault.UserInfoInvalid},
		"that is no object":        {answers(`[]`), fault.UserInfoInvalid},
		"that is null":             {answers(`null`), fault.UserInfoInvalid},
		"that is empty":            {answers(``), fault.UserInfoInvalid},
		"with a member twice":      {answers(`{"sub":"subject-2","sub":"subject-1"}`), fault.UserInfoInvalid},
		"that is too large":        {answers(string(good) + strings.Repeat(" ", 1<<20)), fault.IssuerInvalid},
		"with something behind it": {answers(string(good) + "}"), fault.UserInfoInvalid},
		"that is a page elsewhere": {func(p *oidctest.Provider) {
			p.Serve("/elsewhere", func(w http.ResponseWriter, _ *http.Request) { w.Write(good) })
			p.Serve(oidctest.UserInfo, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			})
		}, fault.IssuerUnreachable},
		"that fails": {func(p *oidctest.Provider) { p.Serve(oidctest.UserInfo, http.NotFound) }, fault.IssuerUnreachable},
		"that never comes": {func(p *oidctest.Provider) {
			p.Serve(oidctest.UserInfo, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, fault.IssuerUnreachable},
	}
	for _, more := range behind {
		cases["with this behind it: "+more] = struct {
			change func(*oidctest.Provider)
			want   fault.Reason
		}{answers(string(good) + more), fault.UserInfoInvalid}
	}
	v, p := inside(), hiding(t)
	at, got, _ := signedIn(t, v, p)
	impatient := oidc.New(oidc.Options{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			c := &oidc.Claims{Subject: "subject-1", All: map[string]any{}}
			x.change(p)
			v := v
			if name == "that never comes" {
				v = impatient
			}
			err := v.AddUserInfo(t.Context(), at, "app", got.Access, c)
			if reasonOf(err) != x.want {
				t.Errorf("%v, want %s", err, x.want)
			}
			if err != nil && strings.Contains(err.Error(), got.Access()) {
				t.Error("the error shows the access token")
			}
			if c.Path("email") != "" {
				t.Error("a claim was taken over")
			}
		})
	}
	t.Run("without an access token", func(t *testing.T) {
		c := &oidc.Claims{Subject: "subject-1", All: map[string]any{}}
		if err := v.AddUserInfo(t.Context(), at, "app", nil, c); reasonOf(err) != fault.UserInfoInvalid {
			t.Error(err)
		}
	})
}

func TestSignedUserInfo(t *testing.T) {
	v, p := inside(), hiding(t)
	at, got, _ := signedIn(t, v, p)
	jwt := func(text string) {
		p.Serve(oidctest.UserInfo, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
			io.WriteString(w, text)
		})
	}
	ask := func() (*oidc.Claims, error) {
		c := &oidc.Claims{Subject: "subject-1", All: map[string]any{}}
		return c, v.AddUserInfo(t.Context(), at, "app", got.Access, c)
	}
	jwt(p.Issuer.Token(t, alice))
	if c, err := ask(); err != nil || c.Path("email") != "alice@example.org" {
		t.Errorf("%+v, %v", c, err)
	}
	jwt(p.Issuer.Token(t, map[string]any{"aud": "other"}))
	if _, err := ask(); reasonOf(err) != fault.UserInfoInvalid {
		t.Errorf("for another client: %v", err)
	}
	jwt(oidctest.Sign(t, jose.RS256, stranger(t), "key-1", p.Issuer.Claims(alice)))
	if _, err := ask(); reasonOf(err) != fault.SignatureInvalid {
		t.Errorf("a stranger's signature: %v", err)
	}
	jwt(`{"sub":"subject-1"}`)
	if _, err := ask(); reasonOf(err) != fault.UserInfoInvalid {
		t.Errorf("no signature: %v", err)
	}
}

func TestWhereUserInfoMayBe(t *testing.T) {
	for name, at := range map[string]string{
		"a file": "file:///etc/passwd", "with a password": "http://a:b@127.0.0.1/u", "nowhere": "http:///u",
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.NewProvider(t, "app", nil)
			p.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
				m := p.Metadata()
				m["userinfo_endpoint"] = at
				json.NewEncoder(w).Encode(m)
			})
			if _, err := inside().Provider(t.Context(), p.URL); reasonOf(err) != fault.IssuerInvalid {
				t.Error(err)
			}
		})
	}
	t.Run("without TLS, of an issuer with TLS", func(t *testing.T) {
		var s *httptest.Server
		s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(map[string]any{
				"issuer": s.URL, "authorization_endpoint": s.URL + "/a", "token_endpoint": s.URL + "/t",
				"userinfo_endpoint": "http://127.0.0.1/u",
			})
		}))
		t.Cleanup(s.Close)
		pool := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		v := oidc.New(oidc.Options{AllowPrivate: true, Roots: pool})
		if _, err := v.Provider(t.Context(), s.URL); reasonOf(err) != fault.IssuerInvalid {
			t.Error(err)
		}
	})
}
