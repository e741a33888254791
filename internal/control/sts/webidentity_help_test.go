package sts_test

import (
	"strings"
	"testing"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/iam"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

// pod is the subject of the tests' tokens.
const pod = "system:serviceaccount:default:etl"

// webWorld is a world whose first account has an issuer as its OpenID Connect provider, for the audience "app".
type webWorld struct {
	*world
	issuer   *oidctest.Issuer
	provider *iam.OIDCProvider
}

func newWebWorld(t *testing.T) *webWorld {
	t.Helper()
	w := &webWorld{world: newWorld(t), issuer: oidctest.New(t)}
	w.IAM.PrivateIssuers = true
	w.STS.Verifier = oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now})
	w.provider = w.register(w.root, "app")
	return w
}

// register makes the issuer a provider of the account of these keys.
func (w *webWorld) register(k controltest.Keys, clients ...string) *iam.OIDCProvider {
	w.t.Helper()
	p, err := w.IAM.CreateOIDCProvider(w.t.Context(), w.Call(w.t, k, "iam", "Test"),
		principals.NewOIDCProvider{URL: w.issuer.URL, ClientIDs: clients})
	must(w.t, err)
	return p
}

// key returns the name of a condition key of the provider.
func (w *webWorld) key(claim string) string { return w.provider.Name() + ":" + claim }

// trust returns a trust policy for the provider's tokens, for these actions, with conditions such as
// `"StringEquals":{"KEY":"VALUE"}`.
func (w *webWorld) trust(actions, conditions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + w.provider.ARN() +
		`"},"Action":["` + strings.ReplaceAll(actions, " ", `","`) + `"],"Condition":{` + conditions + `}}]}`
}

// podRole creates a role that trusts the provider's tokens for the pod.
func (w *webWorld) podRole(name string) *iam.Role {
	w.t.Helper()
	return w.roleWith(principals.NewRole{
		Name:  name,
		Trust: w.trust("sts:AssumeRoleWithWebIdentity", `"StringEquals":{"`+w.key("sub")+`":"`+pod+`"}`),
	})
}

// token returns a token for the pod. The given claims replace or remove its own.
func (w *webWorld) token(claims map[string]any) string {
	w.t.Helper()
	all := map[string]any{"sub": pod}
	for k, v := range claims {
		all[k] = v
	}
	return w.issuer.Token(w.t, all)
}

// nobody begins a call without a signature, as a request over the wire would.
func (w *webWorld) nobody() *control.Call {
	w.t.Helper()
	snap, err := w.Engine.Snapshot()
	must(w.t, err)
	call := w.BeginFor(control.Outsider{
		Identity: audit.Identity{Type: "WebIdentityUser"},
		Snapshot: snap,
		Facts:    caller.Facts{Time: w.Now(), Region: controltest.Region},
	}, control.Opening{Source: "sts.amazonaws.com", Operation: "AssumeRoleWithWebIdentity", ReadOnly: true})
	call.Unproven = true
	return call
}

// ask asks for a session. It sets the session's name unless the request has one.
func (w *webWorld) ask(token string, in sts.WebIdentity) (*sts.Vouched, error) {
	w.t.Helper()
	if in.SessionName == "" {
		in.SessionName = "session"
	}
	in.Token = credential.NewSecret(token)
	v, err := w.STS.AssumeRoleWithWebIdentity(w.t.Context(), w.nobody(), in)
	if err != nil && v != nil {
		w.t.Error("a refusal brings credentials")
	}
	if err != nil && strings.Contains(err.Error(), token) {
		w.t.Errorf("the refusal repeats the token: %v", err)
	}
	return v, err
}

// get asks for a session of a role. It fails the test if the request is refused.
func (w *webWorld) get(role *iam.Role, claims map[string]any) (controltest.Keys, *sts.Vouched) {
	w.t.Helper()
	v, err := w.ask(w.token(claims), sts.WebIdentity{RoleARN: role.ARN()})
	must(w.t, err)
	return controltest.KeysOf(v.Credentials), v
}
