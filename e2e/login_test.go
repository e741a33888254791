package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// signInOffice returns an office in the first account of a server of its own. People may sign in on their own machines:
// one command has set that up.
func signInOffice(t testing.TB) *office {
	t.Helper()
	s := start(t, "--private-issuers")
	o := newOffice(s.first(t), startProvider(t, providerOptions{Users: []string{"alice", "bob"}}))
	s.latchkey(t, "directory", "setup", "--issuer", o.idp.issuer, "--client-id", cliClient)
	o.hasData()
	return o
}

// hasProfile gives the laptop a profile of the AWS CLI for a part of the data.
func (l *laptop) hasProfile(name, target string, s *site) {
	l.t.Helper()
	text := fmt.Sprintf("[profile %s]\n"+
		"credential_process = latchkey credentials --target %s --permission READ\nendpoint_url = %s\nregion = %s\n", name,
		target, s.url, region)
	if err := os.WriteFile(filepath.Join(l.home, "aws-config"), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// People who work on a machine with a browser sign in this way: with a real browser at a real provider.
func TestSigningInWithABrowser(t *testing.T) {
	o := signInOffice(t)
	l := laptopAt(t, o.site)
	in := l.starts("login", "--at-provider", "--no-browser")
	page := browses(t, "alice", in.says(pageToOpen), "", "Back to the terminal")
	t.Logf("the browser's last page: %s", strings.TrimSpace(page))
	said := in.succeeds()
	if !strings.Contains(said, "Signed in as alice") {
		t.Errorf("latchkey login said %s", said)
	}
	reads(t, o, l)
}

// reads checks what a signed-in person may do with programs on the person's machine, and may not do after leaving the
// group.
func reads(t *testing.T, o *office, l *laptop) {
	t.Helper()
	if got := l.runs("latchkey", "grants"); !strings.Contains(got, o.at("team/*")) {
		t.Errorf("latchkey grants printed %s", got)
	}
	l.hasProfile("team", o.at("team/*"), o.site)
	l.env = append(l.env, "AWS_PROFILE=team")
	t.Run("the AWS CLI by credential_process", func(t *testing.T) {
		needsCLI(t)
		is(t, "what the CLI copied", l.runs("aws", "s3", "cp", "s3://"+o.bucket+"/team/plan", "-"), "team/plan")
		_, complaint, err := l.tries("aws", "s3", "cp", "s3://"+o.bucket+"/secret/x", "-")
		if err == nil || !strings.Contains(complaint, "403") {
			t.Errorf("outside the grant: %v %s", err, complaint)
		}
	})
	t.Run("boto3 by credential_process", func(t *testing.T) {
		needsBoto3(t)
		is(t, "what boto3 read", l.runs("python3", "python/reads.py", o.bucket, "team/plan", "secret/x"),
			"team/plan\nAccessDenied\n")
	})
	t.Run("the Go SDK by the agent", func(t *testing.T) {
		agent := l.starts("agent", "--target", o.at("team/*"))
		env := []string{
			childVariable + "=reads", "AWS_ENDPOINT_URL=" + o.site.url,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + strings.Trim(agent.says(`FULL_URI=(\S+)`), "'"),
			"AWS_CONTAINER_AUTHORIZATION_TOKEN=" + strings.Trim(agent.says(`TOKEN=(\S+)`), "'"),
		}
		out, complaint, err := runs(t, aws.Credentials{}, env, os.Args[0], o.bucket, "team/plan")
		if err != nil || out != "team/plan" {
			t.Errorf("%v: %s%s", err, out, complaint)
		}
		env[3] += "x"
		if out, _, err := runs(t, aws.Credentials{}, env, os.Args[0], o.bucket, "team/plan"); err == nil {
			t.Errorf("with another token: %s", out)
		}
	})
	t.Run("out of the group, what they hold is dead and nothing new is given", func(t *testing.T) {
		o.check(o.leaves(o.membership))
		out, complaint, err := runs(t, aws.Credentials{}, append(l.env, childVariable+"=reads"), os.Args[0], o.bucket,
			"team/plan")
		if err == nil || !strings.Contains(complaint, "membership_removed") {
			t.Errorf("the credential that is kept: %v %s%s", err, out, complaint)
		}
		out, complaint, err = l.tries("latchkey", "credentials", "--fresh", "--target", o.at("team/*"))
		if err == nil || out != "" || strings.Count(complaint, "\n") != 1 {
			t.Errorf("a new credential: %v %q %q", err, out, complaint)
		}
		o.membership = o.joins(o.group, o.alice)
		l.runs("latchkey", "credentials", "--fresh", "--target", o.at("team/*"))
	})
	is(t, "latchkey logout", l.runs("latchkey", "logout"), "Signed out.\n")
	if out, _, err := l.tries("latchkey", "credentials", "--target", o.at("team/*")); err == nil {
		t.Errorf("signed out, it prints %s", out)
	}
}

// signsIn runs latchkey login while a person signs in at the page that it prints.
func (l *laptop) signsIn(name string) *running {
	l.t.Helper()
	in := l.starts("login", "--at-provider", "--no-browser")
	newVisitor(l.t, name).visits(in.says(pageToOpen), "")
	return in
}

// pageToOpen finds the address that latchkey login prints.
const pageToOpen = `(?m)^ +(http\S+)$`

func TestSigningInByACodeOnAnotherDevice(t *testing.T) {
	o := signInOffice(t)
	l := laptopAt(t, o.site)
	in := l.starts("login", "--at-provider", "--device")
	code := in.says(`(?m)^ +([A-Z]{4}-[A-Z]{4})$`)
	phone := newVisitor(t, "alice")
	phone.code = code
	phone.visits(in.says(pageToOpen), "")
	said := in.succeeds()
	if !strings.Contains(said, "Signed in as alice") {
		t.Errorf("latchkey login said %s", said)
	}
	l.runs("latchkey", "credentials", "--target", o.at("team/*"))
}

// A person whom the provider knows but the directory does not cannot sign in.
func TestSigningInNeedsAPlaceInTheDirectory(t *testing.T) {
	o := signInOffice(t)
	l := laptopAt(t, o.site)
	in := l.signsIn("bob")
	if err := <-in.ended; err == nil || !strings.Contains(in.complaint.String(), "user_not_found") {
		t.Errorf("latchkey login: %v\n%s%s", err, in.said.String(), in.complaint.String())
	}
	if out, _, err := l.tries("latchkey", "credentials", "--target", o.at("team/*")); err == nil {
		t.Errorf("it prints %s", out)
	}
}

func TestIdentityCase098_AHelperWhoseServerIsDownPrintsNoCredentials(t *testing.T) {
	o := signInOffice(t)
	l := laptopAt(t, o.site)
	l.signsIn("alice").succeeds()
	o.site.process.kill()
	out, complaint, err := l.tries("latchkey", "credentials", "--target", o.at("team/*"))
	if err == nil || out != "" || strings.Count(complaint, "\n") != 1 || strings.TrimSpace(complaint) == "" {
		t.Errorf("%v: stdout %q, stderr %q", err, out, complaint)
	}
}
