package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Cache is a folder in which vended credentials are kept for the next process that wants the same. Empty: none are
// kept.
type Cache string

// DefaultCache is the folder in the person's cache folder, or none where a process has no such folder.
func DefaultCache() Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return Cache(filepath.Join(dir, "latchkey"))
}

// Source is whose credentials are asked for: a Person, or a Program.
type Source interface {
	ID() string                         // what is vended to one source is never given to another one
	Keys(context.Context) (Keys, error) // that may ask GetDataAccess
}

// Program is who has keys of an IAM user or role.
type Program struct{ keys Keys }

// NewProgram is whoever has these keys.
func NewProgram(k Keys) *Program { return &Program{k} }

// ID is a hash: the keys themselves are kept nowhere. Other keys, or another session, are another program.
func (p *Program) ID() string {
	return digest("program", p.keys.AccessKeyID, p.keys.SecretAccessKey, p.keys.SessionToken)
}

// Keys are the program's own.
func (p *Program) Keys(context.Context) (Keys, error) { return p.keys, nil }

// digest is a name for what has these parts. The length before each keeps ("ab", "c") from being ("a", "bc").
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Vendor gives credentials for data of an account, from the cache or from the server.
type Vendor struct {
	At      *Endpoint
	Source  Source
	Account string
	Cache   Cache
	Fresh   bool // ask the server, whatever the cache holds
}

// shortest is the least that credentials must last to be handed out.
const shortest = time.Minute

// Lease gives credentials that last at least a minute. Of any number of processes that want the same at once, one
// asks the server. What is refused is not kept: the next one asks again.
func (v *Vendor) Lease(ctx context.Context, w Want) (*Lease, error) {
	if v.Cache == "" {
		return v.ask(ctx, w)
	}
	path := filepath.Join(string(v.Cache), v.folder(), v.file(w))
	if l := v.kept(path); l != nil {
		return l, nil
	}
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if l := v.kept(path); l != nil {
		return l, nil
	}
	l, err := v.ask(ctx, w)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	if err := writePrivate(path, b); err != nil {
		return nil, fmt.Errorf("keep the credentials: %w", err)
	}
	v.Cache.sweep(v.At.Now())
	return l, nil
}

func (v *Vendor) folder() string { return "for-" + digest(v.Source.ID()) }

// forget deletes what was vended to a source.
func (c Cache) forget(id string) error {
	if c == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(string(c), "for-"+digest(id)))
}

func (v *Vendor) file(w Want) string {
	return digest(v.At.URL, v.At.Region, v.Account, w.Target, w.Permission, w.Privilege, fmt.Sprint(w.Object),
		w.Duration.String()) + ".json"
}

// kept is what the cache holds, if it is still good for use. A file that cannot be trusted is as good as none: it is
// replaced.
func (v *Vendor) kept(path string) *Lease {
	b, err := readPrivate(path)
	if err != nil || v.Fresh {
		return nil
	}
	l := &Lease{}
	if json.Unmarshal(b, l) != nil || !v.At.Now().Before(l.KeepUntil()) {
		return nil
	}
	return l
}

func (v *Vendor) ask(ctx context.Context, w Want) (*Lease, error) {
	k, err := v.Source.Keys(ctx)
	if err != nil {
		return nil, err
	}
	l, err := v.At.GetDataAccess(ctx, k, v.Account, w)
	if err != nil {
		return nil, err
	}
	if !l.lasts(v.At.Now(), shortest) {
		return nil, errors.New("the credentials that the server gave have expired; is this machine's clock right?")
	}
	return l, nil
}

// earlier is how long before their end SDKs begin to ask for new credentials (botocore's advisory refresh is at 15
// minutes): handed out later, the same ones would be asked for at every request.
const earlier = 16 * time.Minute

// KeepUntil is until when credentials are handed out again: for nine tenths of their life, or, when they live long
// enough for that, until shortly before SDKs would ask for new ones.
func (l *Lease) KeepUntil() time.Time {
	life := l.Expires.Sub(l.Issued)
	keep := l.Issued.Add(life * 9 / 10)
	if early := l.Expires.Add(-earlier); life > 2*earlier && early.Before(keep) {
		keep = early
	}
	if last := l.Expires.Add(-shortest); last.Before(keep) {
		keep = last
	}
	return keep
}

// Process is the answer of a credential_process, as AWS's SDKs read it.
func (l *Lease) Process() ([]byte, error) {
	return json.Marshal(struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}{1, l.AccessKeyID, l.SecretAccessKey, l.SessionToken, l.Expires.UTC().Format(time.RFC3339)})
}

// sweep deletes what nobody will ask for any more: credentials that have expired, of every source.
func (c Cache) sweep(now time.Time) {
	_ = filepath.WalkDir(string(c), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return nil
		}
		var l Lease
		if b, err := readPrivate(path); err == nil && json.Unmarshal(b, &l) == nil && !l.lasts(now, 0) {
			_ = os.Remove(path)
		}
		return nil
	})
}
