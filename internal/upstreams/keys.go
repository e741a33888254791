package upstreams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Provider gives the keys that sign requests to a store. It is an aws.CredentialsProvider. Whoever retrieved keys keeps
// them: a rotation does not harm a request in flight.
type Provider struct {
	file   *keyFile // nil: the keys come from elsewhere
	source aws.CredentialsProvider
	role   *renewed // the keys of a role, for which source signs; nil: none
	name   string   // says where the keys come from, for people
}

// OpenKeys makes the provider of keys. It fails if there are none, except those that an STS or a service of the machine
// gives: these are asked for when they are needed. client sends the requests to them.
func OpenKeys(k *Keys, client *http.Client) (*Provider, error) {
	p := &Provider{}
	var err error
	switch {
	case k.File != "":
		p.file, err = openKeyFile(k.File, k.Profile)
		p.source, p.name = p.file, "file "+k.File+", profile "+k.Profile
	case k.Environment != "":
		p.source, err = environment(k.Environment, os.Getenv)
		p.name = "environment " + k.Environment + "_*"
	case k.Chain:
		err = p.openChain(&chain{env: os.Getenv, client: client})
	default:
		err = errors.New("no source of keys is given")
	}
	if err != nil {
		return nil, err
	}
	if k.AssumeRole != nil {
		source, a := p.source, *k.AssumeRole
		p.role = &renewed{fetch: func(ctx context.Context) (aws.Credentials, error) {
			return assumeRole(ctx, client, source, &a)
		}}
		p.name += ", role " + a.RoleARN
	}
	return p, nil
}

// Retrieve returns the keys as they are now.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.role != nil {
		return p.role.Retrieve(ctx)
	}
	return p.source.Retrieve(ctx)
}

// Reload reads a file of keys again. When the new file cannot be used, the old keys stay, and Reload says why.
// It returns whether there are other keys now.
func (p *Provider) Reload() (changed bool, err error) {
	if p.file == nil {
		return false, nil
	}
	changed, err = p.file.load()
	if changed && p.role != nil {
		p.role.stale.Store(true)
	}
	return changed, err
}

// changedOnDisk reports whether the file of the keys is another one than was read, and no longer being written.
func (p *Provider) changedOnDisk() bool { return p.file != nil && p.file.settled() }

// Problem says what is wrong with the keys, although older ones are still used. It is empty if nothing is.
func (p *Provider) Problem() string {
	if p.file != nil {
		if err := p.file.problem.Load(); err != nil {
			return "the newest file of keys is not used: " + (*err).Error()
		}
	}
	if p.role != nil {
		return p.role.trouble()
	}
	if r, ok := p.source.(*renewed); ok {
		return r.trouble()
	}
	return ""
}

// String says where the keys come from. It has no key.
func (p *Provider) String() string { return p.name }

// keyFile is keys in a file.
type keyFile struct {
	path, profile string
	keys          atomic.Pointer[aws.Credentials]
	problem       atomic.Pointer[error] // why the newest file was not read; nil: it was

	mu         sync.Mutex // guards what follows
	read, seen stamp      // of the file that was read, and as it was found last
}

func openKeyFile(path, profile string) (*keyFile, error) {
	f := &keyFile{path: path, profile: profile}
	_, err := f.load()
	return f, err
}

// Retrieve returns the keys that were read last.
func (f *keyFile) Retrieve(context.Context) (aws.Credentials, error) { return *f.keys.Load(), nil }

// load reads the file, and reports whether it has other keys than before.
func (f *keyFile) load() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = stampOf(f.path)
	f.seen = f.read
	k, err := readKeyFile(f.path, f.profile)
	if err != nil {
		f.problem.Store(&err)
		return false, err
	}
	f.problem.Store(nil)
	old := f.keys.Swap(&k)
	return old == nil || *old != k, nil
}

// settled reports whether the file differs from the one that was read, and is as it was when settled was called last:
// somebody who writes a file in place may be in the middle of it.
func (f *keyFile) settled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := stampOf(f.path)
	still := now == f.seen
	f.seen = now
	return still && now != f.read
}

// stamp tells two states of a file apart.
type stamp struct {
	modified, size int64
	inode          uint64
	gone           bool
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{gone: true}
	}
	s := stamp{modified: info.ModTime().UnixNano(), size: info.Size()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s
}

// environment reads keys from the variables that begin with prefix.
func environment(prefix string, env func(string) string) (aws.CredentialsProvider, error) {
	k := aws.Credentials{
		AccessKeyID: env(prefix + "_ACCESS_KEY_ID"), SecretAccessKey: env(prefix + "_SECRET_ACCESS_KEY"),
		SessionToken: env(prefix + "_SESSION_TOKEN"), Source: "environment",
	}
	if err := checkKeys(k); err != nil {
		return nil, fmt.Errorf("%s_ACCESS_KEY_ID and %[1]s_SECRET_ACCESS_KEY: %w", prefix, err)
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return k, nil }), nil
}
