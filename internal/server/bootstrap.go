package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"latchkey/internal/control/principals"
	"latchkey/internal/credential"
	"latchkey/internal/store"
)

// RootCredentialsFile is the file in the data folder with the root key that the server made. It has the form of the AWS
// CLI's shared credentials file.
const RootCredentialsFile = "root-credentials"

// bootstrap makes sure that the first account has a root key. A key in the configuration comes first, then the key in
// the file. Only if the account has no key at all, the server makes one. It writes the key to the file before the key
// works, so that no crash can leave a key whose secret nobody knows.
func (s *Server) bootstrap(ctx context.Context) error {
	p := &principals.Principals{Control: s.Control}
	file := filepath.Join(s.Config.Data, RootCredentialsFile)
	key, err := s.rootKey(ctx, file)
	if err != nil {
		return err
	}
	if key.AccessKeyID == "" {
		return nil
	}
	if _, err := p.EnsureRoot(ctx, s.Config.Account, key); err != nil {
		return fmt.Errorf("make the root key: %w", err)
	}
	s.Root = key
	return nil
}

func (s *Server) rootKey(ctx context.Context, file string) (principals.RootKey, error) {
	c := s.Config
	if c.RootAccessKeyID != "" || c.RootSecretAccessKey != "" {
		return principals.RootKey{AccessKeyID: c.RootAccessKeyID, Secret: credential.NewSecret(c.RootSecretAccessKey)}, nil
	}
	key, err := ReadRootKey(file)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	keys, err := store.AccessKeys.Children(ctx, s.db, string(c.Account))
	if err != nil || len(keys) > 0 {
		return principals.RootKey{}, err // another node made the key and has its file
	}
	key = principals.NewRootKey()
	s.RootMade = true
	return key, writeRootKey(file, key)
}

// ReadRootKey reads a file that writeRootKey wrote, and refuses one that its group or others may read or write.
func ReadRootKey(file string) (principals.RootKey, error) {
	f, err := os.Open(file)
	if err != nil {
		return principals.RootKey{}, fmt.Errorf("read the root key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return principals.RootKey{}, fmt.Errorf("read the root key: %w", err)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return principals.RootKey{}, fmt.Errorf("root key %s is open to others (%v): chmod 600 it", file, perm)
	}
	var key principals.RootKey
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			key.AccessKeyID = strings.TrimSpace(value)
		case "aws_secret_access_key":
			key.Secret = credential.NewSecret(strings.TrimSpace(value))
		}
	}
	if key.AccessKeyID == "" || key.Secret.IsZero() {
		return principals.RootKey{},
			fmt.Errorf("%s holds no root key; delete it to have a new one made on an empty data folder", file)
	}
	return key, nil
}

// writeRootKey writes the key durably into a file for its owner alone. It never overwrites a file.
func writeRootKey(file string, key principals.RootKey) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keep the root key: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintf(f, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyID,
		key.Secret.Reveal()); err != nil {
		return fmt.Errorf("keep the root key: %w", err)
	}
	return f.Sync()
}
