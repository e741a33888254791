package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

func keysOf(keys aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
}

func asAPIError(err error, e *smithy.APIError) bool { return errors.As(err, e) }

// exec runs a program through latchkey exec, with these keys, and returns what it printed.
func (s *site) exec(t testing.TB, env []string, keys aws.Credentials, program ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary,
		append([]string{"exec", "--url", s.url, "--data", "/nonexistent", "--"}, program...)...)
	cmd.Env = append(append(plainEnv(), "AWS_ACCESS_KEY_ID="+keys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey), env...)
	if keys.SessionToken != "" {
		cmd.Env = append(cmd.Env, "AWS_SESSION_TOKEN="+keys.SessionToken)
	}
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(program, " "), err, out, complaint.String())
	}
	return string(out)
}

// python runs a script of the folder python with boto3, as the account's root.
func (a *account) python(t testing.TB, script string, args ...string) string {
	t.Helper()
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skipf("python3 with boto3 is not installed (%v): skipped", err)
	}
	return a.site.exec(t, nil, a.root.keys, append([]string{"python3", filepath.Join("python", script)}, args...)...)
}

// node runs a script of the folder js.
func (a *account) node(t testing.TB, script string, args ...string) string {
	t.Helper()
	nodeOrSkip(t)
	return a.site.exec(t, nil, a.root.keys, append([]string{"node", filepath.Join("js", script)}, args...)...)
}

// proxied asks the site, as a proxy, for a URL.
func proxied(t testing.TB, s *site, target string) (status int, text string) {
	t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	host := strings.Split(strings.TrimPrefix(target, "http://"), "/")[0]
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
