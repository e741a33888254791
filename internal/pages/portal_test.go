package pages_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/directory"
	"latchkey/internal/iam"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

const (
	webTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"PROVIDER"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"NAME:aud":"latchkey"}}}]}`
	accountTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},
		"Action":["sts:AssumeRole","sts:SetContext"]}]}`
	bearerTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"AWS":"arn:aws:iam::123456789012:role/acting"},"Action":["sts:AssumeRole","sts:SetContext"]}]}`
	contextless = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"AWS":"arn:aws:iam::123456789012:role/acting"},"Action":"sts:AssumeRole"}]}`
)

// roles makes the two roles of the account's sign-in.
func (w *world) roles(bearerTrusts string) {
	w.t.Helper()
	provider := &iam.OIDCProvider{
		ID: iam.NewID(iam.OIDCProviderIDPrefix), Account: account, URL: w.idp.URL, ClientIDs: []string{"latchkey"},
	}
	w.Change(w.t, func(tx *store.Tx) error { return store.OIDCProviders.Insert(tx, provider) })
	acting := w.Role(w.t, w.root, principals.NewRole{Name: "acting",
		Trust: strings.NewReplacer("PROVIDER", provider.ARN(), "NAME", provider.Name()).Replace(webTrust)})
	bearer := w.Role(w.t, w.root, principals.NewRole{Name: "bearer", Trust: bearerTrusts})
	w.Change(w.t, func(tx *store.Tx) error {
		s, err := store.SignIns.Get(w.t.Context(), tx, string(account))
		if err != nil {
			return err
		}
		s.ApplicationRole, s.BearerRole = acting.ARN(), bearer.ARN()
		return store.SignIns.Update(tx, s)
	})
}

// portal calls the access portal.
func (w *world) portal(method, path, token string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, nil)
	must(w.t, err)
	if token != "" {
		r.Header["x-amz-sso_bearer_token"] = []string{token}
	}
	resp, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, kind: resp.Header.Get("X-Amzn-Errortype"), object: map[string]any{}}
	body, err := io.ReadAll(resp.Body)
	must(w.t, err)
	if len(body) > 0 {
		if err := json.Unmarshal(body, &a.object); err != nil {
			a.object["text"] = string(body)
		}
	}
	return a
}

const credentialsPath = "/federation/credentials?role_name=bearer&account_id=123456789012"

func (w *world) keysOf(a answer) (controltest.Keys, bool) {
	k, ok := a.object["roleCredentials"].(map[string]any)
	if a.status != 200 || !ok {
		return controltest.Keys{}, false
	}
	return controltest.Keys{
		ID: k["accessKeyId"].(string), Secret: k["secretAccessKey"].(string), Token: k["sessionToken"].(string),
	}, true
}

// refused checks what somebody with a token is told.
func (a answer) refused(t *testing.T, status int, kind, reason string) {
	t.Helper()
	text, _ := a.object["message"].(string)
	if a.status != status || a.kind != kind || !strings.HasPrefix(text, reason) {
		t.Errorf("%+v, want %d %s %s", a, status, kind, reason)
	}
}

// A person's access token brings credentials with the person's identity, which end with the sign-in.
func TestThePortalGivesThePersonsCredentials(t *testing.T) {
	w := newWorld(t)
	w.roles(bearerTrust)
	_, got := signedIn(w)
	k, ok := w.keysOf(w.portal("GET", credentialsPath, got.text("accessToken")))
	if !ok {
		t.Fatalf("%+v", w.portal("GET", credentialsPath, got.text("accessToken")))
	}
	who, err := w.Authenticate(t, k, "sts")
	must(t, err)
	s := who.Session
	if s.UserID != string(w.alice.ID) || s.SignInID != w.signInOf(got) || s.Name != "alice" || who.Role.Name != "bearer" ||
		s.Expires.After(w.Now().Add(time.Hour)) || s.ParentPrincipalID == "" {
		t.Errorf("%+v", s)
	}
	records := w.Records(t)
	assumed, asked := records[len(records)-2], records[len(records)-1]
	if assumed.EventName != "AssumeRole" || asked.EventName != "GetRoleCredentials" ||
		asked.UserIdentity.OnBehalfOf == nil || !strings.Contains(assumed.UserIdentity.ARN, "assumed-role/acting/alice") {
		t.Errorf("the records are %+v\n%+v", assumed, asked)
	}
	if a := w.portal("POST", "/logout", got.text("accessToken")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	if _, err := w.Authenticate(t, k, "sts"); err == nil {
		t.Error("the session outlives its sign-in")
	}
	w.portal("GET", credentialsPath, got.text("accessToken")).refused(t, 401, "UnauthorizedException", "sign_in_ended")
}

// The lists name what GetRoleCredentials gives, and nothing else, to whom GetRoleCredentials would give it.
func TestThePortalListsWhatItGives(t *testing.T) {
	w := newWorld(t)
	_, got := signedIn(w)
	token := got.text("accessToken")
	list := func(path string) answer { t.Helper(); return w.portal("GET", "/assignment/"+path, token) }
	const roles = "roles?account_id=123456789012"
	accounts := func() int { t.Helper(); all, _ := list("accounts").object["accountList"].([]any); return len(all) }
	if n := accounts(); n != 0 {
		t.Errorf("%d accounts while nobody gets a role", n)
	}
	list(roles).refused(t, 403, "ForbiddenException", "role_not_offered")
	w.roles(bearerTrust)
	a := list("accounts?max_result=100")
	all, _ := a.object["accountList"].([]any)
	if len(all) != 1 || all[0].(map[string]any)["accountId"] != "123456789012" {
		t.Errorf("%+v", a)
	}
	a = list(roles)
	all, _ = a.object["roleList"].([]any)
	if len(all) != 1 || all[0].(map[string]any)["roleName"] != "bearer" ||
		all[0].(map[string]any)["accountId"] != "123456789012" {
		t.Errorf("%+v", a)
	}
	list("roles?account_id=210987654321").refused(t, 403, "ForbiddenException", "role_not_offered")
	list("accounts?next_token=x").refused(t, 400, "InvalidRequestException", "request_malformed")
	list(roles+"&next_token=x").refused(t, 400, "InvalidRequestException", "request_malformed")
	for _, path := range []string{"accounts", roles} {
		w.portal("GET", "/assignment/"+path, "guess").refused(t, 401, "UnauthorizedException", "access_token_invalid")
		if r := w.Records(t); r[len(r)-1].EventName == "ListAccounts" && r[len(r)-1].ErrorCode == "UnauthorizedException" {
			t.Error("a guess is recorded")
		}
	}
	w.Change(t, func(tx *store.Tx) error {
		return store.Roles.Delete(tx, w.Engine.Current().RoleByName(account, "bearer").ID)
	})
	if n := accounts(); n != 0 {
		t.Errorf("%d accounts when the role is deleted", n)
	}
	list(roles).refused(t, 403, "ForbiddenException", "role_not_offered")
	w.SetPerson(t, w.Engine.Current().Person(w.alice.ID), func(u *directory.User) { u.Disabled = true })
	list("accounts").refused(t, 403, "ForbiddenException", "user_disabled")
	list(roles).refused(t, 403, "ForbiddenException", "user_disabled")
	w.portal("POST", "/logout", token)
	list("accounts").refused(t, 401, "UnauthorizedException", "sign_in_ended")
	w.Advance(2 * time.Hour)
	list("accounts").refused(t, 401, "UnauthorizedException", "token_expired")
}

// AWS's own client lists accounts and roles, as it does for aws configure sso, and gets the credentials.
func TestThePortalWithTheAWSCLI(t *testing.T) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	w := newWorld(t)
	w.roles(bearerTrust)
	_, got := signedIn(w)
	run := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), cli, append(append([]string{"sso"}, args...), "--access-token",
			got.text("accessToken"), "--endpoint-url", w.url, "--region", "us-east-1", "--output", "text")...)
		c.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
			"NO_PROXY=127.0.0.1", "HOME="+t.TempDir())
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if out := run("list-accounts", "--query", "accountList[].accountId"); out != "123456789012" {
		t.Errorf("the accounts are %q", out)
	}
	out := run("list-account-roles", "--account-id", "123456789012", "--query", "roleList[].roleName")
	if out != "bearer" {
		t.Errorf("the roles are %q", out)
	}
	out = run("get-role-credentials", "--account-id", "123456789012", "--role-name", "bearer", "--query",
		"roleCredentials.accessKeyId")
	if !strings.HasPrefix(out, "ASIA") {
		t.Errorf("the access key is %q", out)
	}
}

// Logging out ends the sign-in, also with a token that has expired, and once.
func TestLogout(t *testing.T) {
	w := newWorld(t)
	c, got := signedIn(w)
	n, neighbour := signedIn(w)
	w.Advance(59 * time.Minute)
	fresh := c.refresh(got)
	w.Advance(2 * time.Minute)
	if a := w.portal("POST", "/logout", got.text("accessToken")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	c.ended(fresh, "logged_out")
	if a := w.portal("POST", "/logout", fresh.text("accessToken")); a.status != 200 {
		t.Errorf("again: %+v", a)
	}
	records := w.Records(t)
	if last := records[len(records)-1]; last.EventName != "Logout" || last.UserIdentity.OnBehalfOf == nil {
		t.Errorf("%+v", last)
	}
	n.refresh(neighbour).opens(w)
}

// The portal takes access tokens of people's programs only, and gives the one role of the account's sign-in only.
func TestAttack53_TokensThatThePortalRefuses(t *testing.T) {
	w := newWorld(t)
	w.roles(bearerTrust)
	_, got := signedIn(w)
	token := got.text("accessToken")
	other := w.withIAM(w.exchangeOf(got))
	unauthorized := func(a answer) { t.Helper(); a.refused(t, 401, "UnauthorizedException", "access_token_invalid") }
	for name, text := range map[string]string{
		"a guess": "guess", "a refresh token": got.text("refreshToken"), "an application's token": other.text("accessToken"),
		"an identity context": other.object["awsAdditionalDetails"].(map[string]any)["identityContext"].(string),
		"an identity token":   other.text("idToken"), "a token with more": token + "A",
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			unauthorized(w.portal("GET", credentialsPath, text))
			unauthorized(w.portal("POST", "/logout", text))
		})
	}
	w.t = t
	for _, path := range []string{
		"/federation/credentials?role_name=acting&account_id=123456789012",
		"/federation/credentials?role_name=bearer&account_id=210987654321",
		"/federation/credentials?role_name=&account_id=",
	} {
		w.portal("GET", path, token).refused(t, 403, "ForbiddenException", "role_not_offered")
	}
	w.Advance(time.Hour)
	w.portal("GET", credentialsPath, token).refused(t, 401, "UnauthorizedException", "token_expired")
}

// What the application role could not do, the portal does not do in its place.
func TestAttack53_ThePortalHasNoRightsOfItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		trust string
		cut   func(w *world)
		kind  string
	}{
		"the bearer role sets no context":       {contextless, func(*world) {}, "ForbiddenException"},
		"the bearer role leaves it to policies": {accountTrust, func(*world) {}, "ForbiddenException"},
		"the application is another": {bearerTrust, func(w *world) {
			app := w.application(func(a *sso.Application) { a.Grants = w.app.Grants })
			w.Change(w.t, func(tx *store.Tx) error {
				s, err := store.SignIns.Get(w.t.Context(), tx, string(account))
				must(w.t, err)
				s.Application = app.ARN()
				return store.SignIns.Update(tx, s)
			})
		}, "ForbiddenException"},
		"the application role is gone": {bearerTrust, func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error {
				return store.Roles.Delete(tx, w.Engine.Current().RoleByName(account, "acting").ID)
			})
		}, "ForbiddenException"},
		"the application role trusts the provider no more": {bearerTrust, func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error {
				r := *w.Engine.Current().RoleByName(account, "acting")
				r.Trust = accountTrust
				return store.Roles.Update(tx, &r)
			})
		}, "ForbiddenException"},
		"the provider is another": {bearerTrust, func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error {
				return store.OIDCProviders.Delete(tx, w.Engine.Current().OIDCProvidersOf(account)[0].ID)
			})
		}, "ForbiddenException"},
		"the provider accepts the client no more": {bearerTrust, func(w *world) {
			w.Change(w.t, func(tx *store.Tx) error {
				p := *w.Engine.Current().OIDCProvidersOf(account)[0]
				p.ClientIDs = []string{"other"}
				return store.OIDCProviders.Update(tx, &p)
			})
		}, "ForbiddenException"},
		"the application is disabled": {bearerTrust, func(w *world) {
			w.SetApplication(w.t, w.app, func(a *sso.Application) { a.Disabled = true })
		}, "ForbiddenException"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.roles(c.trust)
			_, got := signedIn(w)
			c.cut(w)
			if a := w.portal("GET", credentialsPath, got.text("accessToken")); a.status != 403 || a.kind != c.kind {
				t.Errorf("%+v", a)
			}
		})
	}
}
