package remote_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/remote"
	"latchkey/internal/server"
)

// site is a store that runs, and the keys of its owner.
type site struct {
	url  *url.URL
	keys aws.Credentials
	flat bool
}

func (s site) Retrieve(context.Context) (aws.Credentials, error) { return s.keys, nil }

// options are those of an upstream in front of the site.
func (s site) options(t testing.TB) remote.Options {
	return remote.Options{
		Name: "test", Endpoints: []*url.URL{s.url}, Region: "us-east-1", Credentials: s, Flat: s.flat,
		Log: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	}
}

// testWriter writes the log of an upstream into that of its test.
type testWriter struct{ testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	if w.Context().Err() == nil {
		w.Logf("%s", p)
	}
	return len(p), nil
}

// open makes an upstream that ends with its test.
func open(t testing.TB, o remote.Options) *remote.Store {
	t.Helper()
	s, err := remote.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// latchkey starts a second Latchkey, with its own object store: a store that is flat.
func latchkey(t testing.TB) site {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return site{u, aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}, true}
}

// versitygwModule is the version of versitygw that the tests run.
const versitygwModule = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// versitygw starts versitygw on a folder: a store that maps keys to paths. It skips the test if versitygw cannot be
// had.
func versitygw(t testing.TB) site {
	t.Helper()
	if testing.Short() {
		t.Skip("versitygw is built for long tests only")
	}
	program, err := versitygwProgram(t.Context())
	if err != nil {
		t.Skipf("versitygw cannot be had: %v", err)
	}
	keys := aws.Credentials{AccessKeyID: "latchkey", SecretAccessKey: "a-secret-of-the-tests"}
	folder := t.TempDir()
	port := freePort(t)
	cmd := exec.Command(program, "--access", keys.AccessKeyID, "--secret", keys.SecretAccessKey, "--region", "us-east-1",
		"--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", "posix", folder)
	cmd.Dir = folder
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	u := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	for deadline := time.Now().Add(30 * time.Second); ; {
		resp, err := http.Get(u.String())
		if err == nil {
			_ = resp.Body.Close()
			return site{u, keys, false}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("versitygw ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("versitygw does not answer")
		}
	}
}

// versitygwProgram builds versitygw once for this machine, in the user's cache.
func versitygwProgram(ctx context.Context) (string, error) {
	if p := os.Getenv("LATCHKEY_TEST_VERSITYGW"); p != "" {
		return p, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "latchkey-test", "versitygw-v1.8.0")
	program := filepath.Join(folder, "versitygw")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "install", versitygwModule)
	cmd.Env = append(os.Environ(), "GOBIN="+folder, "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	cmd.Dir = cache
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install: %w: %.300s", err, out)
	}
	return program, nil
}

// freePort finds a port for a program that cannot take a listener.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
