package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/control/oauth"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/sso"
)

// oauthWorld is a deployment in which the account's root may exchange tokens of an issuer for alice.
type oauthWorld struct {
	*centerWorld
	idp *oidctest.Issuer
	app *sso.Application
}

func newOAuthWorld(t *testing.T) *oauthWorld {
	t.Helper()
	w := &oauthWorld{centerWorld: newCenterWorld(t), idp: oidctest.New(t)}
	w.api.Exchange = &oauth.Exchange{Control: w.Control, Verifier: oidc.New(oidc.Options{AllowPrivate: true})}
	issuer := w.Issuer(t, centerAccount, w.idp.URL, nil)
	w.Person(t, centerAccount, "alice")
	w.app = w.Application(t, centerAccount, func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: issuer.ARN(), Audiences: []string{"app"}}},
		}, {Type: sso.RefreshToken}}
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`}
	})
	return w
}

// exchange posts a request to CreateTokenWithIAM, signed for a service, and returns status and answer.
func (w *oauthWorld) exchange(service string, in object) (*httptest.ResponseRecorder, object) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	r := w.signed("root", service, http.MethodPost, "/token?aws_iam=t", http.Header{"Content-Type": {"application/json"}},
		body)
	out := httptest.NewRecorder()
	w.front.ServeHTTP(out, r)
	return out, decoded(w.t, out)
}

func decoded(t *testing.T, r *httptest.ResponseRecorder) object {
	t.Helper()
	out := object{}
	if r.Body.Len() > 0 && strings.HasPrefix(r.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(r.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s", r.Body)
		}
	}
	return out
}

func (w *oauthWorld) assertion(more map[string]any) object {
	claims := map[string]any{"email": "alice@example.org"}
	for k, v := range more {
		claims[k] = v
	}
	return object{"clientId": w.app.ARN(), "grantType": string(sso.JWTBearer), "assertion": w.idp.Token(w.t, claims)}
}

func TestCreateTokenWithIAM(t *testing.T) {
	w := newOAuthWorld(t)
	r, out := w.exchange("sso-oauth", w.assertion(nil))
	if r.Code != http.StatusOK || out["tokenType"] != "Bearer" || out["expiresIn"] != 3600.0 || out["accessToken"] == "" ||
		out["refreshToken"] == "" {
		t.Fatalf("%d %v", r.Code, out)
	}
	details, _ := out["awsAdditionalDetails"].(object)
	context, _ := details["identityContext"].(string)
	if context == "" || out["idToken"] == nil {
		t.Fatalf("%v", out)
	}
	form := url.Values{
		"Action":                                {"AssumeRole"},
		"RoleArn":                               {"arn:aws:iam::123456789012:role/none"},
		"RoleSessionName":                       {"alice"},
		"ProvidedContexts.member.1.ProviderArn": {"arn:aws:iam::aws:contextProvider/IdentityCenter"},
		"ProvidedContexts.member.1.ContextAssertion": {context},
	}
	if status, body := w.send("root", "sts", form.Encode()); status == http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	for _, e := range w.Records(t) {
		line, _ := e.JSON()
		for _, secret := range []any{context, out["accessToken"], out["refreshToken"], out["idToken"]} {
			if strings.Contains(string(line), secret.(string)) {
				t.Errorf("the record of %s holds a token", e.EventName)
			}
		}
	}
}

func TestCreateTokenWithIAMErrors(t *testing.T) {
	w := newOAuthWorld(t)
	with := func(change object) object {
		in := w.assertion(nil)
		for k, v := range change {
			in[k] = v
		}
		return in
	}
	for name, c := range map[string]struct {
		in     object
		status int
		code   string
		oauth  string
		reason string
	}{
		"unknown application": {with(object{"clientId": "arn:aws:sso::123456789012:application/ssoins-1/apl-1"}), 401,
			"InvalidClientException", "invalid_client", "client_unknown: "},
		"unknown grant type": {with(object{"grantType": "foo"}), 400, "UnsupportedGrantTypeException",
			"unsupported_grant_type", "grant_type_unknown: "},
		"grant type missing": {with(object{"grantType": "authorization_code"}), 400, "UnauthorizedClientException",
			"unauthorized_client", "grant_type_not_configured: "},
		"scope": {with(object{"scope": []string{"s3:other:read"}}), 400, "InvalidScopeException", "invalid_scope",
			"scope_not_configured: "},
		"expired": {w.assertion(map[string]any{"exp": 1}), 400, "InvalidGrantException", "invalid_grant",
			"token_expired: "},
		"nobody": {w.assertion(map[string]any{"email": "x@example.org"}), 400, "InvalidGrantException", "invalid_grant",
			"user_not_found: "},
		"no assertion": {with(object{"assertion": nil}), 400, "InvalidRequestException", "invalid_request",
			"parameter_missing: "},
		"no client": {object{"grantType": "foo"}, 400, "InvalidRequestException", "invalid_request", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, out := w.exchange("sso-oauth", c.in)
			description, _ := out["error_description"].(string)
			if r.Code != c.status || out["error"] != c.oauth ||
				!strings.HasPrefix(description, c.reason) || description == "" {
				t.Errorf("%d %v %v, want %d %s %s", r.Code, r.Header(), out, c.status, c.code, c.oauth)
			}
			if got := r.Header()["x-amzn-ErrorType"]; len(got) != 1 || got[0] != c.code {
				t.Errorf("x-amzn-ErrorType is %q, want %s", got, c.code)
			}
			if _, ok := out["message"]; ok {
				t.Errorf("a message takes the place of the description: %v", out)
			}
		})
	}
}

// A signature for another service proves nothing here, whether it is for S3, as in a presigned URL, or for STS.
func TestAttack17_SignatureOfAnotherService(t *testing.T) {
	w := newOAuthWorld(t)
	body, err := json.Marshal(w.assertion(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"s3", "sts", "iam", "sso"} {
		r := w.signed("root", service, http.MethodPost, "/token?aws_iam=t", http.Header{"Content-Type": {"application/json"}},
			body)
		if e := findEndpoint(r); e == oauthEndpoint {
			t.Errorf("a request signed for %s is let in as one of the OAuth service", service)
		}
		// Even past the sorting it is refused.
		if _, _, err := w.Auth.Authenticate(r, "sso-oauth", caller.Direct(r, "request-1")); err == nil {
			t.Errorf("a signature for %s establishes a caller", service)
		}
	}
	r := httptest.NewRequest(http.MethodPost,
		"http://latchkey.test:4242/token?aws_iam=t&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00",
		strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	if findEndpoint(r) == oauthEndpoint {
		t.Error("a presigned URL is let in")
	}
	r = httptest.NewRequest(http.MethodPost, "http://latchkey.test:4242/token?aws_iam=t", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	w.front.ServeHTTP(out, r)
	if out.Code == http.StatusOK {
		t.Errorf("without a signature: %d %s", out.Code, out.Body)
	}
}

// Buckets may be called token and client. Requests for these buckets reach them.
func TestBucketsWithTheNamesOfOAuthPaths(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"a list of keys to delete": httptest.NewRequest(http.MethodPost, "/token?delete", nil),
		"an upload from a form":    httptest.NewRequest(http.MethodPost, "/token", nil),
		"an object":                httptest.NewRequest(http.MethodGet, "/client/register", nil),
		"a list":                   httptest.NewRequest(http.MethodGet, "/token", nil),
	} {
		r.Header.Set("Content-Type", "application/xml")
		if findEndpoint(r) != nil {
			t.Errorf("%s does not reach S3", name)
		}
	}
}
