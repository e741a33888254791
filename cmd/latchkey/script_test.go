package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"latchkey": main, "ask": ask, "scim": scim})
}

// TestScripts plays the sessions in testdata. Besides testscript's own commands they use
//
//	start [-as NAME] [-until REGEXP] COMMAND [ARG ...]
//
// which starts a command in the background and waits until a line of its output matches (`^ready (?P<URL>\S+)`
// unless told otherwise; named groups become variables), and lets `stdout` and `stderr` see what it has said;
//
//	await NAME REGEXP
//
// which waits for a further line of it;
//
//	[!] end NAME [SIGNAL]
//
// which sends it a signal (TERM; NONE for a command that ends by itself) and waits for its exit code 0, or with ! for
// another;
//
//	mode FILE OCTAL
//
// which checks a file's permissions. `ask` is an AWS client of few words: see there.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            deadline(t),
		Setup: func(e *testscript.Env) error {
			e.Values[backgroundKey{}] = map[string]*background{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": cmdStart, "await": cmdAwait, "end": cmdEnd, "mode": cmdMode,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "aws": // a name in PATH may be a shim of nothing
				return exec.Command("aws", "--version").Run() == nil, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

func deadline(t *testing.T) time.Time {
	at, _ := t.Deadline()
	return at
}

type backgroundKey struct{}

// background is a command that runs beside the script.
type background struct {
	cmd            *exec.Cmd
	mu             sync.Mutex
	stdout, stderr bytes.Buffer
	lines          chan string // of stdout; closed at its end
}

// tee is a writer to a buffer that other goroutines read at the same time.
type tee struct {
	b   *background
	out *bytes.Buffer
}

func (w tee) Write(p []byte) (int, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	return w.out.Write(p)
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	name, until := "server", `^ready (?P<URL>\S+)`
	for len(args) > 2 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-as":
			name = args[1]
		case "-until":
			until = args[1]
		}
		args = args[2:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: start [-as NAME] [-until REGEXP] COMMAND [ARG ...]")
	}
	all := ts.Value(backgroundKey{}).(map[string]*background)
	b := &background{lines: make(chan string, 10_000)}
	b.cmd = exec.Command("/usr/bin/env", args...)
	b.cmd.Dir, b.cmd.Env = ts.MkAbs("."), environment(ts)
	out, err := b.cmd.StdoutPipe()
	ts.Check(err)
	b.cmd.Stderr = tee{b, &b.stderr}
	ts.Check(b.cmd.Start())
	go func() {
		for lines := bufio.NewScanner(io.TeeReader(out, tee{b, &b.stdout})); lines.Scan(); {
			b.lines <- lines.Text()
		}
		close(b.lines)
	}()
	all[name] = b
	ts.Defer(func() {
		if all[name] == b {
			_ = b.cmd.Process.Kill()
			b.finish()
		}
	})
	b.await(ts, until)
}

// environment is the script's environment. Testscript gives it to its own commands only, so ask one of them.
func environment(ts *testscript.TestScript) []string {
	ts.Check(ts.Exec("/usr/bin/env", "-0"))
	return strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
}

// await reads lines until one matches, and sets the pattern's named groups as variables.
func (b *background) await(ts *testscript.TestScript, pattern string) {
	re, err := regexp.Compile(pattern)
	ts.Check(err)
	for line := range b.lines {
		m := re.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for i, name := range re.SubexpNames() {
			if name != "" {
				ts.Setenv(name, m[i])
			}
		}
		b.show(ts)
		return
	}
	err = b.finish()
	b.show(ts)
	ts.Fatalf("it ended before it said %q: %v", pattern, err)
}

// show makes the output so far visible to the script's stdout and stderr commands.
func (b *background) show(ts *testscript.TestScript) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err := ts.Stdout().Write(b.stdout.Bytes())
	ts.Check(err)
	_, err = ts.Stderr().Write(b.stderr.Bytes())
	ts.Check(err)
}

func (b *background) finish() error {
	for range b.lines { // Wait closes the pipe: read it first
	}
	return b.cmd.Wait()
}

func named(ts *testscript.TestScript, name string) *background {
	b := ts.Value(backgroundKey{}).(map[string]*background)[name]
	if b == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return b
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME REGEXP")
	}
	named(ts, args[0]).await(ts, args[1])
}

func cmdEnd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] end NAME [SIGNAL]")
	}
	signal := syscall.SIGTERM
	if len(args) == 2 {
		signal = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[1]]
	}
	b := named(ts, args[0])
	delete(ts.Value(backgroundKey{}).(map[string]*background), args[0])
	if len(args) < 2 || args[1] != "NONE" {
		if err := b.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			ts.Fatalf("signal: %v", err)
		}
	}
	err := b.finish()
	b.show(ts)
	if (err != nil) != neg {
		ts.Fatalf("it ended with %v", err)
	}
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE OCTAL")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode()&fs.ModePerm); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// ask is an AWS client of few words that knows what every client reads from the environment: endpoint, region, keys
// and proxy. `ask iam CreateUser UserName alice` calls IAM; `ask s3 PUT /bucket` and
// `ask s3control POST /v20180820/... [BODY]` call those; `ask sso OPERATION JSON` and `ask identitystore OPERATION
// JSON` Identity Center. It prints the answer's body and fails unless the status is 200.
func ask() {
	endpoint, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
	if err != nil || endpoint.Host == "" {
		fmt.Fprintln(os.Stderr, "ask: AWS_ENDPOINT_URL is not set")
		os.Exit(2)
	}
	c := &client{
		// http.DefaultClient uses the proxy of the environment.
		url: endpoint.String(), region: os.Getenv("AWS_REGION"), http: http.DefaultClient,
		keys: aws.Credentials{
			AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		},
	}
	var r request
	switch args := append(os.Args[1:], ""); args[0] {
	case "iam":
		r = iamRequest(args[1], args[2:]...)
	case "s3":
		r = s3Request(args[1], args[2], args[3])
	case "sso", "identitystore":
		prefix := map[string]string{"sso": "SWBExternalService.", "identitystore": "AWSIdentityStore."}[args[0]]
		r = request{service: args[0], method: http.MethodPost, path: "/", body: []byte(args[2]), header: http.Header{
			"X-Amz-Target": {prefix + args[1]}, "Content-Type": {"application/x-amz-json-1.1"},
		}}
	case "s3control":
		c.url = endpoint.Scheme + "://" + defaultAccount + "." + endpoint.Host
		r = controlRequest(defaultAccount, args[1], args[2], args[3])
	}
	status, body, err := c.do(context.Background(), r)
	fmt.Println(string(body))
	if err != nil || status != http.StatusOK {
		fmt.Fprintln(os.Stderr, "ask:", status, err)
		os.Exit(1)
	}
}
