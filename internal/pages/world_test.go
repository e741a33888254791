package pages_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/api"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/portal"
	"latchkey/internal/control/sts"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/front"
	"latchkey/internal/maintenance"
	"latchkey/internal/oidc"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/pages"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

const account = access.AccountID("123456789012")

// world is a deployment that answers on a loopback port, with a provider at which alice signs in.
type world struct {
	*controltest.World
	t        *testing.T
	url      string
	exchange *oauth.Exchange
	idp      *oidctest.Provider
	issuer   *sso.Issuer
	app      *sso.Application // of the account's sign-in
	alice    *directory.User
	root     controltest.Keys
	log      *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account))
	w := &world{
		World: cw,
		t:     t,
		idp:   oidctest.NewProvider(t, "latchkey", map[string]any{"email": "alice@example.org"}),
		log:   &bytes.Buffer{},
	}
	w.root = w.Root(account)
	w.alice = w.Person(t, account, "alice")
	w.issuer = w.Issuer(t, account, w.idp.URL, nil)
	w.app = w.application(func(a *sso.Application) {
		a.Grants = []sso.Grant{{
			Type:    sso.JWTBearer,
			Issuers: []sso.AuthorizedIssuer{{IssuerARN: w.issuer.ARN(), Audiences: []string{"latchkey"}}},
		}, {Type: sso.RefreshToken}}
	})
	w.Change(t, func(tx *store.Tx) error {
		return store.SignIns.Insert(tx,
			&sso.SignIn{
				Account:     account,
				IssuerURL:   w.idp.URL,
				ClientID:    "latchkey",
				Scopes:      []string{"openid", "email"},
				Application: w.app.ARN(),
			})
	})
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.exchange = &oauth.Exchange{
		Control:  cw.Control,
		Verifier: oidc.New(oidc.Options{AllowPrivate: true, Now: w.Now}),
		Default:  account,
	}
	frame := &front.Frame{Control: cw.Control, Log: log}
	s := &oauth.SignIn{Control: cw.Control, Exchange: w.exchange}
	plane := (&api.API{
		Control:  cw.Control,
		Exchange: w.exchange,
		SignIn:   s,
		Portal: &portal.Portal{
			Control: cw.Control, Exchange: w.exchange, Tokens: &sts.Tokens{Control: cw.Control, Verifier: w.exchange.Verifier},
		},
		Auth:     w.Auth,
		Operator: account,
		Frame:    frame,
	}).Handler()
	p := &pages.Pages{SignIn: s, Auth: w.Auth, Frame: frame}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if pages.Claims(r) {
			p.ServeHTTP(rw, r)
			return
		}
		plane.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url, s.Public = server.URL, server.URL
	return w
}

// clean deletes expired rows, as a server does from time to time.
func (w *world) clean() {
	l := &maintenance.Loop{DB: w.DB, Update: w.Engine.Update, Now: w.Now, Log: slog.New(slog.DiscardHandler)}
	for _, table := range store.ExpiringTables() {
		l.Tasks = append(l.Tasks, maintenance.Expired(w.DB, table))
	}
	l.Pass(w.t.Context())
}

// application creates an application for which the account's root may act.
func (w *world) application(change func(*sso.Application)) *sso.Application {
	w.t.Helper()
	return w.Application(w.t, account, func(a *sso.Application) {
		a.Actor = &sso.ActorPolicy{Bound: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}]}`}
		change(a)
	})
}

// answer is an answer of the OAuth service.
type answer struct {
	status int
	kind   string // x-amzn-ErrorType
	object map[string]any
}

func (a answer) text(name string) string { s, _ := a.object[name].(string); return s }

// reason returns the code of a refusal.
func (a answer) reason() string {
	r, _, _ := strings.Cut(a.text("error_description"), ":")
	return r
}

func (w *world) post(path string, in map[string]any) answer {
	w.t.Helper()
	body, err := json.Marshal(in)
	must(w.t, err)
	r, err := http.NewRequest(http.MethodPost, w.url+path, bytes.NewReader(body))
	must(w.t, err)
	r.Header.Set("Content-Type", "application/json")
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, object: map[string]any{}}
	for name, v := range resp.Header {
		if strings.EqualFold(name, "x-amzn-ErrorType") {
			a.kind = v[0]
		}
	}
	must(w.t, json.NewDecoder(resp.Body).Decode(&a.object))
	return a
}

// withIAM calls CreateTokenWithIAM as the account's root.
func (w *world) withIAM(in map[string]any) answer {
	w.t.Helper()
	body, err := json.Marshal(in)
	must(w.t, err)
	r, err := http.NewRequest(http.MethodPost, w.url+"/token?aws_iam=t", bytes.NewReader(body))
	must(w.t, err)
	r.Host = r.URL.Host
	r.Header.Set("Content-Type", "application/json")
	return w.do(w.SignAny(r, w.root, "sso-oauth", controltest.Region, string(body)))
}

// client is a program that registered itself.
type client struct {
	*world
	id, secret string
}

const loopback = "http://127.0.0.1/oauth/callback"

func (w *world) register(more map[string]any) *client {
	w.t.Helper()
	in := map[string]any{"clientName": "tool", "clientType": "public", "redirectUris": []string{loopback}}
	for k, v := range more {
		in[k] = v
	}
	a := w.post("/client/register", in)
	if a.status != http.StatusOK {
		w.t.Fatalf("%+v", a)
	}
	return &client{w, a.text("clientId"), a.text("clientSecret")}
}

func (c *client) token(in map[string]any) answer {
	c.t.Helper()
	all := map[string]any{"clientId": c.id, "clientSecret": c.secret}
	for k, v := range in {
		all[k] = v
	}
	return c.post("/token", all)
}

func (c *client) start() answer {
	c.t.Helper()
	return c.post("/device_authorization",
		map[string]any{"clientId": c.id, "clientSecret": c.secret, "startUrl": "https://grants.example.org/start"})
}

func (c *client) poll(device answer) answer {
	c.t.Helper()
	c.Advance(oauth.PollInterval)
	return c.token(map[string]any{"grantType": string(oauth.DeviceCode), "deviceCode": device.text("deviceCode")})
}

// verifier is the PKCE code verifier.
const verifier = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const back = "http://127.0.0.1:50123/oauth/callback"

// authorization is the query with which the AWS CLI opens /authorize; change may alter it.
func authorization(id string, change url.Values) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {back}, "state": {"s1"},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge()}, "scopes": {""},
	}
	for k, v := range change {
		if v == nil {
			delete(q, k)
		} else {
			q[k] = v
		}
	}
	return "/authorize?" + q.Encode()
}

// redeem calls CreateToken with the code that a redirect has. change may alter the request.
func (c *client) redeem(to *url.URL, change map[string]any) answer {
	c.t.Helper()
	in := map[string]any{
		"grantType":    "authorization_code",
		"code":         to.Query().Get("code"),
		"redirectUri":  back,
		"codeVerifier": verifier,
	}
	for k, v := range change {
		in[k] = v
	}
	return c.token(in)
}

// browser stores cookies, and follows redirects to this server or to the provider.
type browser struct {
	*world
	client *http.Client
	page   string // the last page's text
	status int    // and status
	header http.Header
	left   *url.URL // where it was sent elsewhere; nil: nowhere
	trail  []*url.URL
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	b := &browser{world: w}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		b.trail = append(b.trail, r.URL)
		if u := r.URL.Scheme + "://" + r.URL.Host; u != w.url && u != w.idp.URL {
			b.left = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

func (b *browser) do(r *http.Request) *browser {
	b.t.Helper()
	b.left, b.trail = nil, nil
	resp, err := b.client.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(b.t, err)
	b.page, b.status, b.header = string(body), resp.StatusCode, resp.Header
	return b
}

// open opens a path of this server.
func (b *browser) open(path string) *browser {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.url+path, nil)
	must(b.t, err)
	return b.do(r)
}

// submit posts a form to a path of this server, as its pages do.
func (b *browser) submit(path string, form url.Values) *browser {
	b.t.Helper()
	return b.do(b.form(path, form))
}

func (b *browser) form(path string, form url.Values) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

var hidden = regexp.MustCompile(`name="form" value="([^"]*)"`)

// press presses a button of the page that asks.
func (b *browser) press(action string) *browser {
	b.t.Helper()
	path := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(b.page)
	form := hidden.FindStringSubmatch(b.page)
	if path == nil || form == nil || !strings.Contains(b.page, `id="`+action+`"`) {
		b.t.Fatalf("the page has no button %s: %d %s", action, b.status, b.page)
	}
	return b.submit(path[1], url.Values{"form": {form[1]}, "action": {action}})
}

// enter types in a user code.
func (b *browser) enter(code string) *browser {
	b.t.Helper()
	return b.open("/device").submit("/device", url.Values{"action": {"find"}, "user_code": {code}})
}

// sent returns where the browser was sent, which must be the client.
func (b *browser) sent() *url.URL {
	b.t.Helper()
	if b.left == nil || !strings.HasPrefix(b.left.String(), back+"?") {
		b.t.Fatalf("the browser is at %v: %d %s", b.left, b.status, b.page)
	}
	return b.left
}

func (b *browser) shows(status int, text string) {
	b.t.Helper()
	if b.status != status || !strings.Contains(b.page, text) {
		b.t.Errorf("%d %s, want %d with %q", b.status, b.page, status, text)
	}
}

// wants checks a refusal of the OAuth service.
func (a answer) wants(t *testing.T, status int, kind, name, reason string) {
	t.Helper()
	if a.status != status || a.kind != kind || a.text("error") != name || a.reason() != reason {
		t.Errorf("%+v, want %d %s %s %s", a, status, kind, name, reason)
	}
}

// opens checks tokens, and returns the person for whom they stand.
func (a answer) opens(w *world) credential.SealedDelegation {
	w.t.Helper()
	if a.status != http.StatusOK || a.text("tokenType") != "Bearer" || a.object["expiresIn"] != 3600.0 ||
		a.object["idToken"] != nil {
		w.t.Fatalf("%+v", a)
	}
	d, err := w.Ring.OpenDelegation(credential.AccessToken, credential.NewSecret(a.text("accessToken")), w.Now())
	must(w.t, err)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
