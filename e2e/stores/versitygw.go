package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// The keys of a store that is started for a test. They are no secrets: the store listens on loopback, for minutes.
const (
	accessKey = "latchkeystoreroot"
	secretKey = "latchkeystoresecret0123456789abcdef01234"
)

// Versitygw starts versitygw with its POSIX backend below dir, a path-mapped store, with its own directory of users.
func Versitygw(ctx context.Context, dir string) (*Store, error) {
	return versitygw(ctx, dir, "--iam-dir", filepath.Join(dir, "iam"))
}

// versitygw starts versitygw with flags of its IAM.
func versitygw(ctx context.Context, dir string, iam ...string) (*Store, error) {
	program, err := VersitygwProgram()
	if err != nil {
		return nil, err
	}
	objects, sidecar := filepath.Join(dir, "objects"), filepath.Join(dir, "sidecar")
	for _, d := range []string{objects, sidecar, filepath.Join(dir, "iam")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--port", "127.0.0.1:" + port, "--access", accessKey, "--secret", secretKey, "--quiet",
		"--keep-alive", "--health", "/healthz"}, iam...)
	args = append(args, "posix")
	if !keepsAttributes(objects) {
		args = append(args, "--sidecar", sidecar)
	}
	p, err := launch(dir, plainEnv(), program, append(args, objects)...)
	if err != nil {
		return nil, err
	}
	s := &Store{Name: "versitygw", Version: VersitygwVersion, Endpoint: "http://127.0.0.1:" + port,
		AccessKey: accessKey, SecretKey: secretKey, processes: []*process{p}}
	if err := p.ready(ctx, s.Endpoint+"/healthz"); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// VersitygwWithIAM starts versitygw's POSIX backend with versitygw's standalone IAM service beside it.
func VersitygwWithIAM(ctx context.Context, dir string) (*Store, error) {
	program, err := VersitygwProgram()
	if err != nil {
		return nil, err
	}
	users := filepath.Join(dir, "users")
	if err := os.MkdirAll(users, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	if len(socket) > 100 {
		return nil, fmt.Errorf("%s is too long for a socket", socket)
	}
	p, err := launch(dir, plainEnv(), program, "--port", "127.0.0.1:"+port, "--access", accessKey, "--secret", secretKey,
		"--quiet", "--health", "/healthz", "iam", "--dir", users, "--private-ports", socket)
	if err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + port
	if err := p.ready(ctx, url+"/healthz"); err != nil {
		p.stop()
		return nil, err
	}
	s, err := versitygw(ctx, dir, "--iam-standalone-endpoint", socket)
	if err != nil {
		p.stop()
		return nil, err
	}
	s.IAM = url
	s.processes = append([]*process{p}, s.processes...)
	return s, nil
}
