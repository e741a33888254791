package stores

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// LatchkeyOptions are what a test chooses about a Latchkey.
type LatchkeyOptions struct {
	Program   string   // the binary
	Account   string   // its first account; empty: 123456789012
	Flags     []string // further flags of `latchkey serve`
	Env       []string // further environment
	AccessKey string   // of the root user; empty: as every store's
	SecretKey string
}

// Latchkey starts a Latchkey on its embedded store below dir: a flat store with STS and IAM. Behind another Latchkey it
// stands for AWS.
func Latchkey(ctx context.Context, dir string, o LatchkeyOptions) (*Store, error) {
	if o.AccessKey == "" {
		o.AccessKey, o.SecretKey = "AKIALATCHKEYSTORE777", secretKey
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--listen", "127.0.0.1:" + port, "--data", filepath.Join(dir, "data"), "--region", Region}
	if o.Account != "" {
		args = append(args, "--account", o.Account)
	}
	env := plainEnv("LATCHKEY_ROOT_ACCESS_KEY_ID="+o.AccessKey, "LATCHKEY_ROOT_SECRET_ACCESS_KEY="+o.SecretKey)
	p, err := launch(dir, append(env, o.Env...), o.Program, append(args, o.Flags...)...)
	if err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + port
	s := &Store{Name: "latchkey", Version: latchkeyVersion(ctx, o.Program), Endpoint: url, IAM: url,
		AccessKey: o.AccessKey, SecretKey: o.SecretKey, Flat: true, STS: true, processes: []*process{p}}
	if err := p.ready(ctx, url+"/readyz"); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// latchkeyVersion is what `latchkey version` says.
func latchkeyVersion(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return fmt.Sprintf("unknown (%v)", err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
