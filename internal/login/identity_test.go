package login

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/oidc/oidctest"
)

func TestIdentityTokens(t *testing.T) {
	idp := oidctest.New(t)
	x := expected{issuer: idp.URL, client: "cli", nonce: "n-1", subject: "alice", now: time.Now()}
	good := map[string]any{"aud": "cli", "nonce": "n-1", "sub": "alice"}
	for name, c := range map[string]struct {
		change map[string]any
		says   string // empty: taken
	}{
		"taken":                       {nil, ""},
		"taken: for us among others":  {map[string]any{"aud": []string{"other", "cli"}, "azp": "cli"}, ""},
		"refused: of another issuer":  {map[string]any{"iss": "https://evil.example.org"}, "is of the issuer"},
		"refused: for another client": {map[string]any{"aud": "other"}, "not for the client"},
		"refused: given to another client": {map[string]any{"aud": []string{"other", "cli"}, "azp": "other"},
			"given to another client"},
		"refused: given to nobody knows":    {map[string]any{"aud": []string{"other", "cli"}}, "given to another client"},
		"refused: names nobody":             {map[string]any{"sub": nil}, "names nobody"},
		"refused: of another person":        {map[string]any{"sub": "mallory"}, "somebody else's"},
		"refused: of another sign-in":       {map[string]any{"nonce": "n-2"}, "nonce"},
		"refused: without nonce":            {map[string]any{"nonce": nil}, "nonce"},
		"refused: expired":                  {map[string]any{"exp": time.Now().Add(-2 * time.Minute).Unix()}, "has expired"},
		"refused: without end":              {map[string]any{"exp": nil}, "has expired"},
		"refused: an audience of no form":   {map[string]any{"aud": 3}, "cannot be read"},
		"refused: an expiry that is a text": {map[string]any{"exp": "tomorrow"}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := map[string]any{}
			for _, all := range []map[string]any{good, c.change} {
				for k, v := range all {
					claims[k] = v
				}
			}
			token := new(oauth2.Token).WithExtra(map[string]any{"id_token": idp.Token(t, claims)})
			got, err := x.accept(token)
			if c.says == "" && (err != nil || got.identity.Subject != "alice") ||
				c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	for name, extra := range map[string]any{"none": nil, "no JWT": "abc", "no JSON": "e30.!.e30", "another type": 3} {
		if _, err := x.accept(new(oauth2.Token).WithExtra(map[string]any{"id_token": extra})); err == nil {
			t.Errorf("taken: %s", name)
		}
	}
}

func FuzzIdentityToken(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("a.eyJpc3MiOiJ4IiwiYXVkIjpbImEiXX0.b")
	f.Fuzz(func(t *testing.T, raw string) {
		x := expected{issuer: "https://idp.example.org", client: "cli", nonce: "n", now: time.Now()}
		if _, err := x.accept(new(oauth2.Token).WithExtra(map[string]any{"id_token": raw})); err == nil &&
			!strings.Contains(raw, ".") {
			t.Errorf("taken: %q", raw)
		}
	})
}

func TestSessionNames(t *testing.T) {
	for person, want := range map[string]string{
		"alice@example.org": "alice@example.org", "a": "a_", "": "__", "Ärger & Söhne": "_rger___S_hne",
		strings.Repeat("x", 80): strings.Repeat("x", 64), "a/b:c*": "a_b_c_",
	} {
		if got := sessionName(person); got != want {
			t.Errorf("%q is %q, want %q", person, got, want)
		}
	}
}
