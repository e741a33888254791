package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/awserror"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

const account = access.AccountID("123456789012")

// world is a deployment with one account: an issuer that runs on loopback, alice in its directory, an application
// that exchanges the issuer's tokens, and user app whom the application's actor policy names.
type world struct {
	*controltest.World
	Exchange *oauth.Exchange
	t        *testing.T
	root     controltest.Keys
	keys     controltest.Keys // of the application's user
	user     *iam.User
	idp      *oidctest.Issuer
	issuer   *sso.Issuer
	app      *sso.Application
	alice    *directory.User
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account))
	w := &world{World: cw, t: t, root: cw.Root(account), idp: oidctest.New(t)}
	w.Exchange = &oauth.Exchange{Control: cw.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: cw.Now})}
	w.user, w.keys = w.person("app")
	w.alice = w.Person(t, account, "alice")
	w.issuer = w.Issuer(t, account, w.idp.URL, nil)
	w.app = w.application(nil)
	return w
}

// application creates an application for which the world's user may act.
func (w *world) application(change func(*sso.Application)) *sso.Application {
	w.t.Helper()
	return w.Application(w.t, account, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: w.issuer.ARN(), Audiences: []string{"app"}}},
		}}
		a.Actor = &sso.ActorPolicy{Bound: actors(w.user.ID)}
		if change != nil {
			change(a)
		}
	})
}

func actors(id string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + id +
		`"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`
}

// person makes an IAM user with a key.
func (w *world) person(name string) (*iam.User, controltest.Keys) {
	w.t.Helper()
	return w.User(w.t, w.root, name, "")
}

// token is an identity token for alice.
func (w *world) token(more map[string]any) credential.Secret {
	w.t.Helper()
	claims := map[string]any{"email": "alice@example.org", "exp": w.Now().Add(time.Hour).Unix(), "iat": w.Now().Unix()}
	for k, v := range more {
		claims[k] = v
	}
	return credential.NewSecret(w.idp.Token(w.t, claims))
}

// ask returns the request that succeeds.
func (w *world) ask(more map[string]any) oauth.Request {
	return oauth.Request{ClientID: w.app.ARN(), GrantType: string(sso.JWTBearer), Assertion: w.token(more)}
}

func (w *world) try(k controltest.Keys, in oauth.Request) (*oauth.Tokens, error) {
	w.t.Helper()
	call := w.Call(w.t, k, "sso-oauth", "CreateTokenWithIAM")
	out, err := w.Exchange.CreateTokenWithIAM(w.t.Context(), call, in)
	var refusal awserror.Error
	if err != nil {
		refusal = awserror.Of(awserror.OAuth, err)
		if out != nil {
			w.t.Error("a refusal brings tokens")
		}
	}
	must(w.t, w.Finish(w.t.Context(), call, refusal))
	return out, err
}

func (w *world) exchange(in oauth.Request) *oauth.Tokens {
	w.t.Helper()
	out, err := w.try(w.keys, in)
	must(w.t, err)
	return out
}

// refused checks that the exchange is refused with this fault and this code, and that the record has the code.
func (w *world) refused(in oauth.Request, k fault.Kind, n fault.Entity, code string) {
	w.t.Helper()
	w.refusedTo(w.keys, in, k, n, code)
}

func (w *world) refusedTo(keys controltest.Keys, in oauth.Request, k fault.Kind, n fault.Entity, code string) {
	w.t.Helper()
	_, err := w.try(keys, in)
	if err == nil {
		w.t.Fatalf("not refused; want %s", code)
	}
	f := fault.Of(err)
	if f.Kind != k || f.Entity != n || !strings.HasPrefix(f.Message(), code+": ") {
		w.t.Fatalf("refused with %v (%s): %q; want %v (%s): %q", f.Kind, f.Entity, f.Message(), k, n, code)
	}
	for _, secret := range []credential.Secret{in.Assertion, in.RefreshToken, in.SubjectToken} {
		if !secret.IsZero() && strings.Contains(err.Error(), secret.Reveal()) {
			w.t.Errorf("the refusal holds the token: %v", err)
		}
	}
	records := w.Records(w.t)
	if last := records[len(records)-1]; last.EventName != "CreateTokenWithIAM" || last.Latchkey == nil ||
		last.Latchkey.Reason != code || last.ErrorMessage == "" {
		w.t.Errorf("the record of the refusal is %+v with %+v", last, last.Latchkey)
	}
}

func userNamed(name string) principals.Entity { return principals.UserNamed(name) }

// claims returns the claims of an identity token of this server, read as clients do: without verifying it.
func claims(t *testing.T, id credential.Secret) map[string]any {
	t.Helper()
	parts := strings.Split(id.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var c map[string]any
	must(t, json.Unmarshal(body, &c))
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// setIssuer changes the world's issuer.
func (w *world) setIssuer(change func(*sso.Issuer)) {
	w.t.Helper()
	w.Change(w.t, func(tx *store.Tx) error {
		i, err := store.Issuers.Get(w.t.Context(), tx, w.issuer.ID)
		if err != nil {
			return err
		}
		change(i)
		return store.Issuers.Update(tx, i)
	})
}
