package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// target is one of the three that are measured.
type target struct {
	name string
	url  string
	keys aws.Credentials
	pid  int

	profiles string // where Latchkey's profiles are; empty: not Latchkey
}

// world is the store and what stands in front of it.
type world struct {
	targets []*target // the store alone, Latchkey, versitygw's proxy
	folder  string
	ended   []func()
}

func (w *world) stop() {
	for _, end := range w.ended {
		defer end()
	}
}

func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

// start starts everything, and makes the bucket "lake".
func start(ctx context.Context) (*world, error) {
	w := &world{}
	if err := w.start(ctx); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *world) start(ctx context.Context) (err error) {
	if w.folder, err = os.MkdirTemp("", "latchkey-bench-"); err != nil {
		return err
	}
	w.ended = append(w.ended, func() { _ = os.RemoveAll(w.folder) })
	program, err := versitygw(ctx)
	if err != nil {
		return err
	}
	data := filepath.Join(w.folder, "store")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	store, err := w.versity(program, "the store alone", "posix", data)
	if err != nil {
		return err
	}
	front, err := w.front(ctx, store)
	if err != nil {
		return err
	}
	w.targets = []*target{store, front}
	proxy, err := w.versity(program, "versitygw's proxy", "s3", "--access", store.keys.AccessKeyID, "--secret",
		store.keys.SecretAccessKey, "--endpoint", store.url, "--use-path-style",
		"--disable-checksum", "--disable-data-integrity-check") // else it refuses what comes over plain HTTP
	if err != nil {
		return err
	}
	w.targets = append(w.targets, proxy)
	c := newClient(front)
	return c.must(ctx, http.MethodPut, "/lake", nil)
}

// versity starts versitygw and waits until it answers.
func (w *world) versity(program, name string, mode ...string) (*target, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	_ = l.Close()
	t := &target{name: name, url: "http://" + address,
		keys: aws.Credentials{AccessKeyID: "bench", SecretAccessKey: "a-secret-of-the-bench"}}
	cmd := exec.Command(program, append([]string{"--access", t.keys.AccessKeyID, "--secret", t.keys.SecretAccessKey,
		"--region", "us-east-1", "--port", address, "--keep-alive"}, mode...)...)
	cmd.Dir = w.folder
	cmd.Stderr = os.Stderr
	// The proxy cannot start with this variable, and reaches the store over plain HTTP anyway.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_CA_BUNDLE=") })
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t.pid = cmd.Process.Pid
	w.ended = append(w.ended, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(t.url); err == nil {
			_ = resp.Body.Close()
			return t, nil
		}
	}
	return nil, fmt.Errorf("%s does not answer at %s", name, t.url)
}

// front starts this program once more, as Latchkey in front of the store.
func (w *world) front(ctx context.Context, store *target) (*target, error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=server")
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		return nil, err
	}
	w.ended = append(w.ended, func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	var answer told
	err := json.NewEncoder(in).Encode(task{filepath.Join(w.folder, "latchkey"), store.url, store.keys.AccessKeyID,
		store.keys.SecretAccessKey})
	if err == nil {
		err = json.NewDecoder(out).Decode(&answer)
	}
	if err != nil {
		return nil, fmt.Errorf("latchkey does not start: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return &target{"Latchkey", answer.URL, aws.Credentials{AccessKeyID: answer.Key, SecretAccessKey: answer.Secret},
		cmd.Process.Pid, answer.Profiles}, nil
}

// versitygw finds the program, or builds it.
func versitygw(ctx context.Context) (string, error) {
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
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/versity/versitygw/cmd/versitygw@v1.8.0")
	cmd.Env = append(os.Environ(), "GOBIN="+folder, "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	cmd.Dir = cache
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("versitygw cannot be had: %w: %.300s", err, out)
	}
	return program, nil
}
