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

// Session is a sign-in: who is signed in where, and what lets it go on without the person. Whoever has it can act as
// the person until it ends. It prints as the person and the server only.
type Session struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"` // random; cached credentials are kept under it
	Server   string    `json:"server"`
	SignIn   SignIn    `json:"sign_in"`
	Subject  string    `json:"subject"`
	Name     string    `json:"name"` // e-mail address, user name or subject
	SignedIn time.Time `json:"signed_in"`

	AllowPlainHTTP  bool   `json:"allow_plain_http,omitzero"`
	ClientSecret    string `json:"client_secret,omitzero"`    // of a client that has one
	ProviderRefresh string `json:"provider_refresh,omitzero"` // the provider's refresh token, if it gave one

	// Registration is how this machine goes on at the server at whose pages the person signed in; nil: the person
	// signed in at the provider itself.
	Registration *Registration `json:"registration,omitempty"`

	Application    Keys      `json:"application"`      // of the application role
	Refresh        string    `json:"refresh,omitzero"` // the refresh token of CreateTokenWithIAM
	Context        string    `json:"context"`          // the identity context
	ContextExpires time.Time `json:"context_expires"`
}

const sessionVersion = 1

// Format prints the person and the server, whatever the verb.
func (s Session) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session of %s at %s", s.Name, s.Server) }

// Errors that tell the person what to do.
var (
	ErrNotSignedIn = errors.New("not signed in: run latchkey login")
	ErrEnded       = errors.New("the sign-in has ended: run latchkey login")
)

// File is the path of a session file, which only its owner may use.
type File string

// DefaultFile is the path of a server's session file in the user's configuration folder.
func DefaultFile(server string) (File, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for the session: %w; name a file with --session-file", err)
	}
	sum := sha256.Sum256([]byte(strings.TrimSuffix(server, "/")))
	return File(filepath.Join(dir, "latchkey", "session-"+hex.EncodeToString(sum[:8])+".json")), nil
}

// Load reads the session. It fails with ErrNotSignedIn when there is none. It refuses a file that others may read.
func (f File) Load() (*Session, error) {
	b, err := readPrivate(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotSignedIn
	}
	if err != nil {
		return nil, fmt.Errorf("the session: %w", err)
	}
	s := &Session{}
	if json.Unmarshal(b, s) != nil || s.Version != sessionVersion || s.ID == "" || s.Server == "" {
		return nil, fmt.Errorf("the session %s cannot be read: run latchkey login", f)
	}
	return s, nil
}

func (f File) save(s *Session) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := writePrivate(string(f), append(b, '\n')); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

// Delete deletes the session and its cached credentials. It reports whether there was a session.
func (f File) Delete(ctx context.Context, c Cache) (bool, error) {
	if _, err := os.Lstat(string(f)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	unlock, err := lock(ctx, string(f)+".lock")
	if err != nil {
		return false, err
	}
	defer unlock()
	s, loadErr := f.Load()
	err = os.Remove(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if loadErr == nil {
		err = errors.Join(err, c.forget(s.ID))
	}
	return true, err
}
