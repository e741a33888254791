package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
)

// webFront is a front whose account trusts an issuer: role web trusts its tokens for subject-1.
type webFront struct {
	*frontWorld
	issuer *oidctest.Issuer
	arn    string // of the provider
}

func newWebFront(t *testing.T) *webFront {
	t.Helper()
	w := &webFront{frontWorld: newFrontWorld(t), issuer: oidctest.New(t)}
	w.front.Tokens.Verifier = oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now})
	w.front.Principals.PrivateIssuers = true
	p, err := w.front.Principals.CreateOIDCProvider(t.Context(), w.Call(t, w.root, "iam", "SetUp"),
		principals.NewOIDCProvider{URL: w.issuer.URL, ClientIDs: []string{"app"}})
	w.must(err)
	w.arn = p.ARN()
	_, err = w.front.Principals.CreateRole(t.Context(), w.Call(t, w.root, "iam", "SetUp"),
		principals.NewRole{
			Name: "web",
			Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` +
				w.arn + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + p.Name() +
				`:sub":"subject-1"}}}]}`,
		})
	w.must(err)
	return w
}

// form asks for a session of role web; more replaces or adds members.
func (w *webFront) form(token string, more ...string) string {
	v := url.Values{
		"Action":           {"AssumeRoleWithWebIdentity"},
		"Version":          {"2011-06-15"},
		"RoleArn":          {"arn:aws:iam::123456789012:role/web"},
		"RoleSessionName":  {"session"},
		"WebIdentityToken": {token},
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

func post(form string) *http.Request {
	r := httptest.NewRequest("POST", "http://latchkey.test/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	w := newWebFront(t)
	token := w.issuer.Token(t, nil)
	got := w.answer(post(w.form(token)))
	body := got.Body.String()
	if got.Code != 200 {
		t.Fatalf("%d %s", got.Code, body)
	}
	for name, want := range map[string]string{
		"SubjectFromWebIdentityToken": "subject-1",
		"Provider":                    w.arn,
		"Audience":                    "app",
		"Arn":                         "arn:aws:sts::123456789012:assumed-role/web/session",
	} {
		if v := element(t, body, name); v != want {
			t.Errorf("%s is %q", name, v)
		}
	}
	keys := controltest.Keys{
		ID:     element(t, body, "AccessKeyId"),
		Secret: element(t, body, "SecretAccessKey"),
		Token:  element(t, body, "SessionToken"),
	}
	if got := w.answer(w.Sign(t, keys, "sts", "Action=GetCallerIdentity&Version=2011-06-15")); got.Code != 200 ||
		element(t, got.Body.String(), "Arn") != "arn:aws:sts::123456789012:assumed-role/web/session" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the log holds the token")
	}
}

func TestAssumeRoleWithWebIdentityRefuses(t *testing.T) {
	w := newWebFront(t)
	good := w.issuer.Token(t, nil)
	unknown, silent := oidctest.New(t), newWebFront(t)
	silent.issuer.Serve(oidctest.Discovery, func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusServiceUnavailable)
	})
	for name, x := range map[string]struct {
		to     *webFront
		form   string
		status int
		code   string
	}{
		"a provider that no account has": {w, w.form(unknown.Token(t, nil)), 400, "InvalidIdentityToken"},
		"no token":                       {w, w.form("abcd"), 400, "InvalidIdentityToken"},
		"another audience": {w, w.form(w.issuer.Token(t, map[string]any{"aud": "x"})), 400,
			"InvalidIdentityToken"},
		"an expired token": {w, w.form(w.issuer.Token(t, map[string]any{"exp": 1e9})), 400,
			"ExpiredTokenException"},
		"a claim that cannot be used": {w, w.form(w.issuer.Token(t, map[string]any{"https://aws.amazon.com/tags": 1})), 403,
			"IDPRejectedClaim"},
		"a provider that is away": {silent, silent.form(silent.issuer.Token(t, nil)), 400, "IDPCommunicationError"},
		"another subject": {w, w.form(w.issuer.Token(t, map[string]any{"sub": "subject-2"})), 403,
			"AccessDenied"},
		"a role that is not there": {w, w.form(good, "RoleArn", "arn:aws:iam::123456789012:role/none"), 403,
			"AccessDenied"},
		"a session that is too short": {w, w.form(good, "DurationSeconds", "899"), 400, "ValidationError"},
		"a token that is too long":    {w, w.form(strings.Repeat("a", 20001)), 400, "ValidationError"},
		"a policy that is none":       {w, w.form(good, "Policy", "{}"), 400, "MalformedPolicyDocument"},
	} {
		t.Run(name, func(t *testing.T) {
			got := x.to.answer(post(x.form))
			if body := got.Body.String(); got.Code != x.status || !strings.Contains(body, "<Code>"+x.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", got.Code, body, x.status, x.code)
			}
		})
	}
}

// Clients need not sign. A signature must be valid, and has no other effect.
func TestASignedWebIdentityCall(t *testing.T) {
	w := newWebFront(t)
	form := w.form(w.issuer.Token(t, nil))
	if got := w.answer(w.Sign(t, w.alice, "sts", form)); got.Code != 200 {
		t.Errorf("signed: %d %s", got.Code, got.Body)
	}
	forged := w.alice
	forged.Secret = "guess"
	if got := w.answer(w.Sign(t, forged, "sts", form)); got.Code != 403 ||
		!strings.Contains(got.Body.String(), "SignatureDoesNotMatch") {
		t.Errorf("with another secret: %d %s", got.Code, got.Body)
	}
	other := w.Sign(t, w.alice, "sts", w.form("abcd"))
	other.Body = post(form).Body
	if got := w.answer(other); got.Code != 403 {
		t.Errorf("another body than was signed: %d %s", got.Code, got.Body)
	}
	bearer := post(form)
	bearer.Header.Set("Authorization", "Bearer x")
	if got := w.answer(bearer); got.Code < 400 {
		t.Errorf("with a bearer token: %d %s", got.Code, got.Body)
	}
}

// Anybody can send a token that nobody signed. Such a call leaves no record, so that nobody can fill the audit log with
// them. A call whose token was verified leaves one, refused or not.
func TestRecordsOfWebIdentityCalls(t *testing.T) {
	w := newWebFront(t)
	count := func() int { return len(w.Records(t)) }
	before := count()
	for _, token := range []string{"abcd", oidctest.New(t).Token(t, nil), w.issuer.Token(t, map[string]any{"aud": "x"})} {
		w.answer(post(w.form(token)))
	}
	if n := count() - before; n != 0 {
		t.Errorf("%d records of strangers", n)
	}
	w.answer(post(w.form(w.issuer.Token(t, map[string]any{"sub": "subject-2"}))))
	all := w.Records(t)
	if len(all) != before+1 {
		t.Fatalf("%d records of a refusal", len(all)-before)
	}
	e := all[before]
	if e.ErrorCode != "AccessDenied" || e.UserIdentity.Type != "WebIdentityUser" ||
		e.UserIdentity.UserName != "subject-2" || e.RecipientAccountID != string(owner) {
		t.Errorf("%+v", e)
	}
	if p := e.RequestParameters; p["roleArn"] != "arn:aws:iam::123456789012:role/web" || p["webIdentityToken"] != nil {
		t.Errorf("%v", p)
	}
	w.answer(post(w.form(w.issuer.Token(t, nil))))
	if n := count() - before; n != 2 {
		t.Errorf("%d records", n)
	}
}
