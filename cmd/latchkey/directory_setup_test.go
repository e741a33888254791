package main

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"latchkey/internal/oidc/oidctest"
)

func (p *people) setup(args ...string) (string, string, int) {
	return p.run(append([]string{"directory", "setup", "--issuer", p.idp.URL, "--client-id", "cli", "--data",
		p.s.Config.Data}, args...)...)
}

// changes is the number of audit records about changes.
func (p *people) changes() int {
	p.t.Helper()
	var out struct{ Events []struct{ Event string } }
	if err := p.admin.call(p.t.Context(), "QueryAudit", fields{"MaxResults": 1000}, &out); err != nil {
		p.t.Fatal(err)
	}
	n := 0
	for _, e := range out.Events {
		if strings.Contains(e.Event, `"readOnly":false`) {
			n++
		}
	}
	return n
}

func TestSetupAgainChangesNothing(t *testing.T) {
	p := newPeople(t)
	before := p.changes()
	out, stderr, code := p.setup()
	if code != 0 || p.changes() != before {
		t.Errorf("exit %d, %d changes\n%s%s", code, p.changes()-before, out, stderr)
	}
	if n := strings.Count(out, "there already"); n < 9 {
		t.Errorf("%d things were there already:\n%s", n, out)
	}
}

// Setup makes anew what was deleted, and also what is bound to the id of a deleted entity, such as the application's
// actor policy.
func TestSetupMakesWhatIsMissing(t *testing.T) {
	p := newPeople(t)
	var issuers struct {
		TrustedTokenIssuers []struct{ TrustedTokenIssuerArn string }
	}
	var list struct {
		Instances []struct{ InstanceArn string }
	}
	p.call("sso", "SWBExternalService.ListInstances", fields{}, &list)
	p.call("sso", "SWBExternalService.ListTrustedTokenIssuers", fields{"InstanceArn": list.Instances[0].InstanceArn},
		&issuers)
	for name, remove := range map[string]func(){
		"the provider": func() {
			_, name, _ := strings.Cut(p.idp.URL, "://")
			p.ask(iamRequest("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn",
				"arn:aws:iam::123456789012:oidc-provider/"+name))
		},
		"the role that exchanges": func() {
			p.ask(iamRequest("DeleteRolePolicy", "RoleName", setupRole, "PolicyName", setupPolicy))
			p.ask(iamRequest("DeleteRole", "RoleName", setupRole))
		},
		"the role that stands for people": func() {
			p.ask(iamRequest("DeleteRolePolicy", "RoleName", setupPerson, "PolicyName", setupPolicy))
			p.ask(iamRequest("DeleteRole", "RoleName", setupPerson))
		},
		"the role's policy": func() {
			p.ask(iamRequest("DeleteRolePolicy", "RoleName", setupRole, "PolicyName", setupPolicy))
		},
		"the issuer": func() {
			p.call("sso", "SWBExternalService.DeleteTrustedTokenIssuer",
				fields{"TrustedTokenIssuerArn": issuers.TrustedTokenIssuers[0].TrustedTokenIssuerArn}, nil)
		},
		"what people's machines are told": func() { p.call("latchkey", "Latchkey.DeleteSignIn", fields{}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			remove()
			if out, stderr, code := p.setup(); code != 0 {
				if !strings.Contains(stderr, setupPerson) { // a trust policy that names a deleted role does not name its successor
					t.Fatalf("exit %d\n%s%s", code, out, stderr)
				}
				if out, stderr, code := p.setup("--repair"); code != 0 {
					t.Fatalf("exit %d\n%s%s", code, out, stderr)
				}
			}
			p.login()
			if p.reads(p.credentials()) != http.StatusOK {
				t.Error("nobody can read")
			}
		})
	}
}

// What an administrator made stricter stays as it is without --repair.
func TestAttack_SetupLoosensNothing(t *testing.T) {
	p := newPeople(t)
	strict := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",` +
		`"Action":"sts:AssumeRoleWithWebIdentity"}]}`
	p.ask(iamRequest("UpdateAssumeRolePolicy", "RoleName", setupRole, "PolicyDocument", strict))
	p.ask(iamRequest("PutRolePolicy", "RoleName", setupPerson, "PolicyName", setupPolicy, "PolicyDocument", tourAsk))
	before := p.changes()
	out, stderr, code := p.setup()
	if code != 1 || p.changes() != before ||
		!strings.Contains(stderr, "the role "+setupRole+", the policy of the role "+setupPerson) ||
		!strings.Contains(stderr, "hint: --repair") {
		t.Errorf("exit %d, %d changes\n%s%s", code, p.changes()-before, out, stderr)
	}
	b, errs := &browser{t: t}, &strings.Builder{}
	if code := p.runTo(t.Context(), b, errs, "login", "--at-provider"); code != 1 ||
		!strings.Contains(errs.String(), "AssumeRoleWithWebIdentity: AccessDenied") {
		t.Errorf("exit %d %s", code, errs)
	}
	if out, stderr, code := p.setup("--repair"); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	p.login()
	if p.reads(p.credentials()) != http.StatusOK {
		t.Error("nobody can read")
	}
}

func TestSetupIsTold(t *testing.T) {
	p := bootPeople(t)
	for name, c := range map[string]struct {
		metadata map[string]any
		args     []string
		says     string
	}{
		"a provider without PKCE": {map[string]any{"code_challenge_methods_supported": []string{"plain"}}, nil,
			"does not support PKCE"},
		"a provider that signs with its secret": {map[string]any{"id_token_signing_alg_values_supported": []string{"HS256"}},
			nil, "signs its tokens with HS256"},
		"a document of somebody else": {map[string]any{"issuer": "https://evil.example.org"}, nil,
			"says that its issuer is"},
		"an attribute that is none":            {nil, []string{"--attribute", "mail"}, "--attribute"},
		"an issuer that would end a quotation": {nil, []string{"--issuer", "https://x.example.org/'"}, "quotes"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			p.idp.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
				m := p.idp.Metadata()
				for k, v := range c.metadata {
					m[k] = v
				}
				_ = json.NewEncoder(w).Encode(m)
			})
			before := p.changes()
			if out, stderr, code := p.setup(c.args...); code != 1 || out != "" || !strings.Contains(stderr, c.says) ||
				p.changes() != before {
				t.Errorf("exit %d %s %s, want %q", code, out, stderr, c.says)
			}
		})
	}
	p.idp.Serve(oidctest.Discovery, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(p.idp.Metadata())
	})
	if out, stderr, code := p.setup("--assignment-required", "--claim", "preferred_username", "--audience", "other",
		"--scope", "openid"); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	p.idp.Become(map[string]any{"sub": "a-1", "preferred_username": "Alice"})
	b := &browser{t: t}
	var errs strings.Builder
	if code := p.runTo(t.Context(), b, &errs, "login", "--at-provider"); code != 1 ||
		!strings.Contains(errs.String(), "not_assigned") {
		t.Errorf("nobody is assigned: exit %d %s", code, &errs)
	}
	if out, stderr, code := p.setup("--claim", "preferred_username", "--assignment-required=false"); code != 0 ||
		!strings.Contains(out, "set: no assignment is required") {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	b, errs = &browser{t: t}, strings.Builder{}
	if code := p.runTo(t.Context(), b, &errs, "login", "--at-provider"); code != 0 {
		t.Errorf("exit %d %s", code, &errs)
	}
	if p.reads(p.credentials()) != http.StatusOK {
		t.Error("nobody can read")
	}
}

// The printed commands are a shell script, whatever the flags contain.
func TestSetupPrintsAShellScript(t *testing.T) {
	out := &strings.Builder{}
	root := newRoot()
	root.SetArgs([]string{"directory", "setup", "--issuer", "https://idp.example.org/a b", "--client-id",
		"$(touch x);CLIENT", "--audience", "`touch y`", "--print"})
	root.SetOut(out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "sh", "-e")
	c.Dir = t.TempDir()
	c.Stdin = strings.NewReader("latchkey() { printf '%s\\n' \"$@\"; }\n" + out.String() + "\nls\n")
	got, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if n := strings.Count(string(got), "$(touch x);CLIENT"); n < 4 || strings.HasSuffix(string(got), "x\n") ||
		!strings.Contains(string(got), `"AuthorizedAudiences":["$(touch x);CLIENT","`+"`touch y`"+`"]`) {
		t.Errorf("%s", got)
	}
}
