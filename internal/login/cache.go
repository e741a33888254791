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

// Cache is a folder that keeps vended credentials for the next process that makes the same request. Empty: nothing is
// kept.
type Cache string

// DefaultCache is a folder in the user's cache folder. It is empty if the process has no such folder.
func DefaultCache() Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return Cache(filepath.Join(dir, "latchkey"))
}

// Source is the principal that asks for credentials: a Person or a Program.
type Source interface {
	ID() string                         // credentials that were vended to one source are never given to another
	Keys(context.Context) (Keys, error) // keys that may call GetDataAccess
}

// Program is a source with the keys of an IAM user or role.
type Program struct{ keys Keys }

// NewProgram is the source with these keys.
func NewProgram(k Keys) *Program { return &Program{k} }

// ID is a hash, so that the keys themselves are kept nowhere. Other keys, or another session, give another ID.
func (p *Program) ID() string {
	return digest("program", p.keys.AccessKeyID, p.keys.SecretAccessKey, p.keys.SessionToken)
}

// Keys are the program's own.
func (p *Program) Keys(context.Context) (Keys, error) { return p.keys, nil }

// digest is a file name for parts. The length before each part keeps ("ab", "c") different from ("a", "bc").
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Vendor gets credentials for data of an account, from the cache or from the server.
type Vendor struct {
	At      *Endpoint
	Source  Source
	Account string
	Cache   Cache
	Fresh   bool // always ask the server, even if the cache has credentials
}

// minLifetime is how long credentials must still be valid to be handed out.
const minLifetime = time.Minute

// Credentials returns credentials that are valid for at least a minute. If several processes make the same request at
// the same time, one of them asks the server. A refusal is not cached: the next process asks again.
func (v *Vendor) Credentials(ctx context.Context, w AccessRequest) (*Credentials, error) {
	if v.Cache == "" {
		return v.ask(ctx, w)
	}
	path := filepath.Join(string(v.Cache), v.folder(), v.file(w))
	if l := v.cached(path); l != nil {
		return l, nil
	}
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if l := v.cached(path); l != nil {
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

// forget deletes the cached credentials of a source.
func (c Cache) forget(id string) error {
	if c == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(string(c), "for-"+digest(id)))
}

func (v *Vendor) file(w AccessRequest) string {
	return digest(v.At.URL, v.At.Region, v.Account, w.Target, w.Permission, w.Privilege, fmt.Sprint(w.Object),
		w.Duration.String()) + ".json"
}

// cached returns the credentials in a file of the cache, if they may still be handed out. A file that cannot be trusted
// counts as missing, and is replaced.
func (v *Vendor) cached(path string) *Credentials {
	b, err := readPrivate(path)
	if err != nil || v.Fresh {
		return nil
	}
	l := &Credentials{}
	if json.Unmarshal(b, l) != nil || !v.At.Now().Before(l.KeepUntil()) {
		return nil
	}
	return l
}

func (v *Vendor) ask(ctx context.Context, w AccessRequest) (*Credentials, error) {
	k, err := v.Source.Keys(ctx)
	if err != nil {
		return nil, err
	}
	l, err := v.At.GetDataAccess(ctx, k, v.Account, w)
	if err != nil {
		return nil, err
	}
	if !l.lasts(v.At.Now(), minLifetime) {
		return nil, errors.New("the credentials that the server gave have expired; is this machine's clock right?")
	}
	return l, nil
}

// advisoryRefresh is how long before their end SDKs begin to ask for new credentials (botocore's advisory refresh
// begins at 15 minutes). An SDK that got cached credentials later than that would ask again at every request.
const advisoryRefresh = 16 * time.Minute

// KeepUntil is the time until which the cache hands credentials out again: nine tenths of their life or, if they live
// long enough, shortly before SDKs would ask for new ones.
func (l *Credentials) KeepUntil() time.Time {
	life := l.Expires.Sub(l.Issued)
	keep := l.Issued.Add(life * 9 / 10)
	if early := l.Expires.Add(-advisoryRefresh); life > 2*advisoryRefresh && early.Before(keep) {
		keep = early
	}
	if last := l.Expires.Add(-minLifetime); last.Before(keep) {
		keep = last
	}
	return keep
}

// Process is the credentials as the output of a credential_process, which AWS's SDKs read.
func (l *Credentials) Process() ([]byte, error) {
	return json.Marshal(struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}{1, l.AccessKeyID, l.SecretAccessKey, l.SessionToken, l.Expires.UTC().Format(time.RFC3339)})
}

// sweep deletes the cached credentials of all sources that have expired.
func (c Cache) sweep(now time.Time) {
	_ = filepath.WalkDir(string(c), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return nil
		}
		var l Credentials
		if b, err := readPrivate(path); err == nil && json.Unmarshal(b, &l) == nil && !l.lasts(now, 0) {
			_ = os.Remove(path)
		}
		return nil
	})
}
