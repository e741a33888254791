package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/server"
)

// binary is the program under test. TestMain builds it once.
var binary string

func TestMain(m *testing.M) {
	if run, ok := children[os.Getenv(childVariable)]; ok {
		os.Exit(run())
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "latchkey-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary, err = build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.dir = filepath.Join(dir, "shared")
	defer shared.stop()
	return m.Run()
}

// build builds the program, unless LATCHKEY_TEST_BINARY names a built one.
func build(dir string) (string, error) {
	path := filepath.Join(dir, "latchkey")
	if built := os.Getenv("LATCHKEY_TEST_BINARY"); built != "" {
		built, err := filepath.Abs(built)
		if err != nil {
			return "", err
		}
		return path, os.Symlink(built, path)
	}
	cmd := exec.Command("go", "build", "-o", path, "./cmd/latchkey")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build latchkey: %w\n%s", err, out)
	}
	return path, nil
}

// shared is one server for all the tests that need no server of their own: each works in an account of its own.
var shared sharedSite

type sharedSite struct {
	dir  string
	once sync.Once
	site *site
	err  error
}

func (s *sharedSite) get(t testing.TB) *site {
	s.once.Do(func() { s.site, s.err = launch(program{data: s.dir}) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.site
}

func (s *sharedSite) stop() {
	if s.site != nil {
		s.site.process.kill()
	}
}

// program says how to run the binary.
type program struct {
	data string   // the data folder
	args []string // further flags of latchkey serve
	env  []string // further variables
}

// process is the running binary.
type process struct {
	cmd    *exec.Cmd
	stdout *transcript
	stderr *transcript
	exited chan struct{}
	err    error // how it ended; read after exited
}

// start runs the binary on a data folder of the test's own until the test ends.
func start(t testing.TB, args ...string) *site {
	t.Helper()
	return startOn(t, t.TempDir(), args...)
}

func startOn(t testing.TB, data string, args ...string) *site {
	t.Helper()
	s, err := launch(program{data: data, args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.process.kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(s.process.stderr.String(), 4000))
		}
	})
	return s
}

// launch runs latchkey serve and waits until it says that it is ready.
func launch(p program) (*site, error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", p.data}, p.args...)
	cmd := exec.Command(binary, args...)
	cmd.Env = append(plainEnv(), p.env...)
	ready := make(chan string, 1)
	proc := &process{cmd: cmd, stdout: &transcript{}, stderr: &transcript{}, exited: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = proc.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(proc.stdout, lines.Text())
			if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				ready <- url
			}
		}
		_, _ = io.Copy(io.Discard, out)
		proc.err = cmd.Wait()
		close(proc.exited)
	}()
	select {
	case url := <-ready:
		key, err := server.ReadRootKey(filepath.Join(p.data, server.RootCredentialsFile))
		if err != nil {
			proc.kill()
			return nil, err
		}
		s := newSite(url, aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret.Reveal()}, time.Now)
		s.process, s.data = proc, p.data
		return s, nil
	case <-proc.exited:
		return nil, fmt.Errorf("latchkey serve ended: %w\n%s", proc.err, proc.stderr)
	case <-time.After(time.Minute):
		proc.kill()
		return nil, fmt.Errorf("latchkey serve was not ready after a minute:\n%s", proc.stderr)
	}
}

// kill ends the process as a power cut would: the process cannot react.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// terminate asks the process to end, as an operator would.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// hosted runs a server inside the test, for settings that the binary does not have: another clock, another log.
func hosted(t testing.TB, c server.Config) *site {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	if c.Data == "" {
		c.Data = t.TempDir()
	}
	s, err := server.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	site := newSite(s.URL(), aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
		s.Config.Now)
	site.data = c.Data
	return site
}

// latchkey runs a subcommand of the program against the site, with the operator's key, and returns its output.
func (s *site) latchkey(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(plainEnv(), "LATCHKEY_URL="+s.url, "LATCHKEY_DATA="+s.data,
		"LATCHKEY_ROOT_ACCESS_KEY_ID="+s.operator.AccessKeyID, "LATCHKEY_ROOT_SECRET_ACCESS_KEY="+s.operator.SecretAccessKey)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("latchkey %s: %v\n%s%s", strings.Join(args, " "), err, out, complaint.String())
	}
	return string(out)
}

// plainEnv is the environment without the variables that Latchkey or AWS clients read.
func plainEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch upper := strings.ToUpper(name); {
		case strings.HasPrefix(upper, "LATCHKEY_"), strings.HasPrefix(upper, "AWS_"), strings.HasSuffix(upper, "_PROXY"):
		default:
			env = append(env, kv)
		}
	}
	return append(env, "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent",
		"AWS_EC2_METADATA_DISABLED=true")
}

// transcript keeps the output of a process, and can be read while the process runs.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *transcript) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *transcript) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}
