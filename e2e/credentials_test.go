package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// laptopOf returns a machine with an IAM user's keys in the environment.
func laptopOf(l *lake) *laptop {
	m := laptopAt(l.t, l.account.site)
	m.env = append(m.env, "AWS_ACCESS_KEY_ID="+l.alice.keys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+l.alice.keys.SecretAccessKey)
	return m
}

// A program that knows nothing about Access Grants reads, through the agent, the data that a grant opens.
func TestBoto3ByTheAgent(t *testing.T) {
	needsBoto3(t)
	l := newLake(t)
	l.root.puts(l.bucket, "in/x", "out/x")
	l.location.grants(l.alice, READ, "in/*")
	l.location.grants(l.alice, READWRITE, "out/*")
	m := laptopOf(l)
	token := filepath.Join(m.home, "token")
	agent := m.starts("agent", "--target", l.at("in/*"), "--permission", "READ", "--target", "out="+l.at("out/*"),
		"--permission", "READWRITE", "--token-file", token)
	first := strings.Trim(agent.says(`(?m)^export AWS_CONTAINER_CREDENTIALS_FULL_URI=(\S+)$`), "'")
	second := strings.Trim(agent.says(`(?m)^# export AWS_CONTAINER_CREDENTIALS_FULL_URI=(\S+/out\S*)$`), "'")
	agent.says(`(?m)^export (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)=`)
	reads := func(uri string) string {
		t.Helper()
		out, complaint, err := runs(t, aws.Credentials{}, []string{
			"AWS_ENDPOINT_URL=" + l.account.site.url, "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + uri,
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + token,
		}, "python3", "python/reads.py", l.bucket, "in/x", "out/x")
		if err != nil {
			t.Fatalf("%v\n%s", err, complaint)
		}
		return out
	}
	is(t, "read through the first path", reads(first), "in/x\nAccessDenied\n")
	is(t, "read through the second path", reads(second), "AccessDenied\nout/x\n")
	if err := os.WriteFile(token, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaint, err := runs(t, aws.Credentials{}, []string{
		"AWS_ENDPOINT_URL=" + l.account.site.url, "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + first,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + token,
	}, "python3", "python/reads.py", l.bucket, "in/x")
	if err == nil || !strings.Contains(complaint, "401") {
		t.Errorf("with another token: %v %s%s", err, out, complaint)
	}
}

// Twenty processes that make the same request at the same time, as a build may, ask the server once.
func TestTwentyProcessesAskOnce(t *testing.T) {
	l := lakeOf(start(t).first(t))
	l.location.grants(l.alice, READ, "in/*")
	m := laptopOf(l)
	var wait sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for range 20 {
		wait.Go(func() {
			out, complaint, err := m.tries("latchkey", "credentials", "--target", l.at("in/*"), "--account", l.id)
			if err != nil {
				t.Errorf("%v %s", err, complaint)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[out]++
		})
	}
	wait.Wait()
	is(t, "different answers", len(answers), 1)
	records, _ := l.account.site.audited(t, "--event", "GetDataAccess", "--principal", l.alice.arn)
	is(t, "GetDataAccess", len(records), 1)
}

// The commands that setup prints do what setup does. The AWS CLI runs them on a server where nothing is set up yet.
func TestThePrintedSetUpByTheAWSCLI(t *testing.T) {
	needsCLI(t)
	s := start(t, "--private-issuers")
	o := newOffice(s.first(t), startProvider(t, providerOptions{Users: []string{"alice"}}))
	m := laptopAt(t, s)
	m.env = append(m.env, "LATCHKEY_ROOT_ACCESS_KEY_ID="+s.operator.AccessKeyID,
		"LATCHKEY_ROOT_SECRET_ACCESS_KEY="+s.operator.SecretAccessKey)
	setup := []string{"latchkey", "directory", "setup", "--issuer", o.idp.issuer, "--client-id", cliClient}
	script := filepath.Join(m.home, "setup.sh")
	if err := os.WriteFile(script, []byte(m.runs(append(setup, "--print")...)), 0o600); err != nil {
		t.Fatal(err)
	}
	m.runs("sh", "-e", script)
	if again := m.runs(setup...); strings.Contains(again, "created") || strings.Contains(again, "written") ||
		strings.Count(again, "there already") < 9 {
		t.Errorf("the commands left something to do:\n%s", again)
	}
	o.hasData()
	m.signsIn("alice").succeeds()
	m.runs("latchkey", "credentials", "--target", o.at("team/*"))
}
