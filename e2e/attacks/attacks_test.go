// Package attacks runs the attack suite of internal/attack on the program as it is built. The suite is the one that
// latchkey attack runs on any gateway: there is no second one.
package attacks

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/attack"
)

const region = "us-east-1"

// rootKey is the key that the server begins with.
var rootKey = aws.Credentials{AccessKeyID: "AKIAATTACKSROOTKEY01",
	SecretAccessKey: "root-secret-of-the-attack-suite-0123456789"}

var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "latchkey-attacks-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary = os.Getenv("LATCHKEY_TEST_BINARY"); binary == "" {
		binary = filepath.Join(dir, "latchkey")
		cmd := exec.Command("go", "build", "-o", binary, "./cmd/latchkey")
		cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build latchkey: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// start runs the server until the test ends, and returns its URL.
func start(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(os.Environ(), "LATCHKEY_ROOT_ACCESS_KEY_ID="+rootKey.AccessKeyID,
		"LATCHKEY_ROOT_SECRET_ACCESS_KEY="+rootKey.SecretAccessKey)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				ready <- at
			}
		}
	}()
	select {
	case at := <-ready:
		return at
	case <-time.After(2 * time.Minute):
		t.Fatal("the server was not ready after two minutes")
		return ""
	}
}

// admin sends a form to IAM as the root user, which must succeed.
func admin(t *testing.T, at string, pairs ...string) string {
	t.Helper()
	form := url.Values{"Version": {"2010-05-08"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	body := form.Encode()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), rootKey, r, hex.EncodeToString(sum[:]), "iam", region,
		time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v: %d %s %v", pairs, resp.StatusCode, text, err)
	}
	return string(text)
}

func find(t *testing.T, text, element string) string {
	t.Helper()
	m := regexp.MustCompile("<" + element + ">([^<]+)<").FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", element, text)
	}
	return m[1]
}

const statement = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`

// world is a server with the user eve, who may assume the role raider, and nothing else.
func world(t *testing.T) attack.Config {
	t.Helper()
	at := start(t)
	arn := find(t, admin(t, at, "Action", "CreateUser", "UserName", "eve"), "Arn")
	key := admin(t, at, "Action", "CreateAccessKey", "UserName", "eve")
	role := find(t, admin(t, at, "Action", "CreateRole", "RoleName", "raider", "AssumeRolePolicyDocument",
		statement+`"Principal":{"AWS":"`+arn+`"},"Action":"sts:AssumeRole"}]}`), "Arn")
	admin(t, at, "Action", "PutRolePolicy", "RoleName", "raider", "PolicyName", "s3", "PolicyDocument",
		statement+`"Action":["s3:*","sts:*","iam:*"],"Resource":"*"}]}`)
	return attack.Config{Endpoint: at, Region: region, Owner: rootKey, Principal: arn, Role: role, Other: aws.Credentials{
		AccessKeyID: find(t, key, "AccessKeyId"), SecretAccessKey: find(t, key, "SecretAccessKey")}}
}

// TestAttacks runs every group, with a credential that a session policy limits and with one that a bucket policy
// limits.
func TestAttacks(t *testing.T) {
	c := world(t)
	held := map[int]bool{}
	for name, change := range map[string]func(*attack.Config){
		"a session policy": func(*attack.Config) {},
		"a bucket policy":  func(c *attack.Config) { c.Role = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			change(&c)
			r, err := attack.Run(context.WithoutCancel(t.Context()), c)
			if err != nil {
				t.Fatal(err)
			}
			if r.Scoped != name || len(r.Left) > 0 {
				t.Errorf("the credential was limited by %q; left: %v", r.Scoped, r.Left)
			}
			for _, f := range r.Findings {
				held[f.Number] = held[f.Number] || f.Verdict == attack.Held
				t.Run(fmt.Sprintf("Attack%02d %s", f.Number, f.Title), func(t *testing.T) {
					if f.Verdict == attack.Broken {
						t.Errorf("%s: %s", f.Verdict, strings.Join(f.Why, "\n"))
					}
					t.Logf("%s after %d requests, %v: %v", f.Verdict, f.Tried, f.Took, f.Why)
				})
			}
		})
	}
	for _, g := range attack.Groups() {
		if g.Tried() && !held[g.Number] {
			t.Errorf("group %d, %s, was not held in any run", g.Number, g.Title)
		}
	}
}

// TestTheCommandPrintsAReport runs latchkey attack as an operator would.
func TestTheCommandPrintsAReport(t *testing.T) {
	c := world(t)
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), binary, append([]string{"attack", "--endpoint", c.Endpoint, "--access-key",
			c.Owner.AccessKeyID, "--other", c.Other.AccessKeyID}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_SECRET_ACCESS_KEY="+c.Owner.SecretAccessKey, "AWS_SESSION_TOKEN=",
			"OTHER_SECRET_ACCESS_KEY="+c.Other.SecretAccessKey)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("--other-principal", c.Principal, "--groups", "1,12,20,27", "--yes")
	if err != nil || !strings.Contains(out, "3 held, 0 broken, 0 need more, 1 not applicable") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = run("--groups", "1"); err == nil || !strings.Contains(out, "--yes") {
		t.Errorf("it attacked without being told that the gateway is mine: %s", out)
	}
	if out, err = run("--groups", "27", "--yes"); err != nil || !strings.Contains(out, "needs more") {
		t.Errorf("without a limited credential: %v\n%s", err, out)
	}
}
