package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/server"
)

// people is a server in this process, an OpenID provider at which alice signs in, and her machine.
type people struct {
	t     *testing.T
	s     *server.Server
	stop  func()
	idp   *oidctest.Provider
	admin *client
	alice string // her id in the directory
	dir   string
}

// newPeople starts a server and a provider. Sign-in is set up, alice is in the directory, and may read
// s3://lake/finance/*.
func newPeople(t *testing.T) *people {
	t.Helper()
	p := bootPeople(t)
	if out, stderr, code := p.run("directory", "setup", "--issuer", p.idp.URL, "--client-id", "cli", "--data",
		p.s.Config.Data); code != 0 {
		t.Fatalf("setup: %s %s", out, stderr)
	}
	return p
}

// bootPeople is newPeople before sign-in is set up.
func bootPeople(t *testing.T) *people {
	t.Helper()
	p := &people{
		t:   t,
		dir: t.TempDir(),
		idp: oidctest.NewProvider(t, "cli", map[string]any{"sub": "a-1", "email": "alice@example.org"}),
	}
	for _, name := range []string{"LATCHKEY_SESSION", "LATCHKEY_ACCOUNT", "LATCHKEY_REGION", "LATCHKEY_ROOT_ACCESS_KEY_ID",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DISPLAY", "WAYLAND_DISPLAY"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", p.dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(p.dir, "config"))
	t.Setenv("XDG_CACHE_HOME", filepath.Join(p.dir, "cache"))
	var err error
	if p.s, err = server.Open(t.Context(),
		server.Config{Listen: "127.0.0.1:0", Data: filepath.Join(p.dir, "data"), PrivateIssuers: true}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.s.Serve(ctx) }()
	p.stop = sync.OnceFunc(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := p.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(p.stop)
	t.Setenv("LATCHKEY_URL", p.s.URL())
	p.admin = newCast(p.s).admin
	p.furnish()
	return p
}

// furnish creates the data, alice, and her grant.
func (p *people) furnish() {
	p.t.Helper()
	p.ask(s3Request(http.MethodPut, "/lake", ""))
	p.ask(s3Request(http.MethodPut, "/lake/finance/report.csv", "quarter,profit\n"))
	p.ask(iamRequest("CreateRole", "RoleName", "lake-access", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},`+
			`"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"]}]}`))
	p.ask(iamRequest("PutRolePolicy", "RoleName", "lake-access", "PolicyName", "lake", "PolicyDocument", tourRole))
	var list struct {
		Instances []struct{ InstanceArn, IdentityStoreId string }
	}
	p.call("sso", "SWBExternalService.ListInstances", fields{}, &list)
	var user struct{ UserId string }
	p.call("identitystore", "AWSIdentityStore.CreateUser", fields{
		"IdentityStoreId": list.Instances[0].IdentityStoreId,
		"UserName":        "alice",
		"DisplayName":     "Alice",
		"Name":            fields{"GivenName": "Alice", "FamilyName": "A"},
		"Emails":          []fields{{"Value": "alice@example.org", "Primary": true}},
	}, &user)
	p.alice = user.UserId
	c := newCast(p.s)
	p.ask(c.control(http.MethodPost, "",
		"<CreateAccessGrantsInstanceRequest><IdentityCenterArn>"+list.Instances[0].InstanceArn+
			"</IdentityCenterArn></CreateAccessGrantsInstanceRequest>"))
	p.grant("finance/*", "READ")
}

// grant gives alice a grant and returns its id.
func (p *people) grant(prefix, permission string) string {
	p.t.Helper()
	return p.grantTo("DIRECTORY_USER", p.alice, prefix, permission)
}

// grantTo gives somebody a grant and returns its id.
func (p *people) grantTo(kind, grantee, prefix, permission string) string {
	p.t.Helper()
	c := newCast(p.s)
	var location string
	if m := regexp.MustCompile("<AccessGrantsLocationId>([^<]+)").
		FindStringSubmatch(p.ask(c.control(http.MethodGet, "/locations", ""))); m != nil {
		location = m[1]
	} else {
		location = regexp.MustCompile("<AccessGrantsLocationId>([^<]+)").
			FindStringSubmatch(p.ask(createLocationRequest(c)))[1]
	}
	body := p.ask(c.control(http.MethodPost, "/grant",
		"<CreateAccessGrantRequest><AccessGrantsLocationId>"+location+"</AccessGrantsLocationId>"+
			"<AccessGrantsLocationConfiguration><S3SubPrefix>"+prefix+
			"</S3SubPrefix></AccessGrantsLocationConfiguration><Grantee><GranteeType>"+kind+"</GranteeType>"+
			"<GranteeIdentifier>"+grantee+"</GranteeIdentifier></Grantee><Permission>"+permission+
			"</Permission></CreateAccessGrantRequest>"))
	return regexp.MustCompile("<AccessGrantId>([^<]+)").FindStringSubmatch(body)[1]
}

// ask is a request of the administrator's, which must succeed.
func (p *people) ask(r request) string {
	p.t.Helper()
	status, body, err := p.admin.do(p.t.Context(), r)
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("%s %s: %d %s %v", r.method, r.path, status, body, err)
	}
	return string(body)
}

// call is a call of the administrator's to a json service, which must succeed.
func (p *people) call(service, target string, in, out any) {
	p.t.Helper()
	if err := p.admin.json(p.t.Context(), service, target, in, out); err != nil {
		p.t.Fatal(err)
	}
}

// run runs a latchkey command on alice's machine. It returns the output and the exit code.
func (p *people) run(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = p.runTo(p.t.Context(), &out, &errs, args...)
	return out.String(), errs.String(), code
}

func (p *people) runTo(ctx context.Context, out, errs io.Writer, args ...string) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	return report(errs, root.ExecuteContext(ctx))
}

// browser is a writer that opens the page that `latchkey login` prints.
type browser struct {
	t    *testing.T
	said bytes.Buffer
	once sync.Once
}

func (b *browser) Write(p []byte) (int, error) {
	b.said.Write(p)
	if u := regexp.MustCompile(`(?m)^  (http\S+)$`).FindSubmatch(b.said.Bytes()); u != nil {
		b.once.Do(func() {
			go func() {
				resp, err := http.Get(string(u[1]))
				if err != nil {
					b.t.Errorf("browse: %v", err)
					return
				}
				resp.Body.Close()
			}()
		})
	}
	return len(p), nil
}

// login signs alice in at the provider itself.
func (p *people) login(args ...string) {
	p.t.Helper()
	b, errs := &browser{t: p.t}, &bytes.Buffer{}
	if code := p.runTo(p.t.Context(), b, errs, append([]string{"login", "--at-provider"}, args...)...); code != 0 {
		p.t.Fatalf("login: %s %s", &b.said, errs)
	}
	if !strings.Contains(b.said.String(), "Signed in as alice@example.org.") {
		p.t.Errorf("login says %s", &b.said)
	}
}

// process is what credential_process prints.
type process struct {
	Version                                                int
	AccessKeyId, SecretAccessKey, SessionToken, Expiration string
}

// credentials are those that `latchkey credentials` prints, which must succeed.
func (p *people) credentials(args ...string) process {
	p.t.Helper()
	out, stderr, code := p.run(append([]string{"credentials", "--target", "s3://lake/finance/*"}, args...)...)
	var c process
	if err := json.Unmarshal([]byte(out), &c); code != 0 || err != nil || stderr != "" {
		p.t.Fatalf("credentials: exit %d\n%s\n%s", code, out, stderr)
	}
	return c
}

// reads returns the status of reading the report with these credentials.
func (p *people) reads(c process) int {
	p.t.Helper()
	status, _, err := p.admin.with(c.AccessKeyId, c.SecretAccessKey, c.SessionToken).do(p.t.Context(),
		s3Request(http.MethodGet, "/lake/finance/report.csv", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	return status
}

// asked is how often an operation was called, by the audit log.
func (p *people) asked(operation string) int {
	p.t.Helper()
	var out struct{ Events []struct{ Id string } }
	if err := p.admin.call(p.t.Context(), "QueryAudit", fields{"EventName": operation, "MaxResults": 1000},
		&out); err != nil {
		p.t.Fatal(err)
	}
	return len(out.Events)
}

// sessionFile is the one session of alice's machine.
func (p *people) sessionFile() string {
	p.t.Helper()
	all, err := filepath.Glob(filepath.Join(p.dir, "config", "latchkey", "session-*.json"))
	if err != nil || len(all) != 1 {
		p.t.Fatalf("%v %v", all, err)
	}
	return all[0]
}

// editSession changes the session of alice's machine.
func (p *people) editSession(change func(fields)) {
	p.t.Helper()
	b, err := os.ReadFile(p.sessionFile())
	if err != nil {
		p.t.Fatal(err)
	}
	s := fields{}
	if err := json.Unmarshal(b, &s); err != nil {
		p.t.Fatal(err)
	}
	change(s)
	if b, err = json.Marshal(s); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.sessionFile(), b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func lines(s string) int { return len(strings.Split(strings.TrimRight(s, "\n"), "\n")) }
