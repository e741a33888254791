package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sessions"
	"latchkey/internal/engine"
	"latchkey/internal/objects"
	"latchkey/internal/sightings"
	"latchkey/internal/store"
)

// Local is an open database without a server. It is for what an operator does on the machine itself, who can read the
// data folder and needs no key. Everything that it does is in the audit log.
type Local struct {
	Control *control.Control

	config Config
	lock   *objects.Store // nil: the database may have other users
}

// OpenLocal opens what a server with this configuration has made. It makes nothing. With SQLite, it fails with
// objects.ErrInUse while a server runs; with PostgreSQL servers may run, and see what was done.
func OpenLocal(ctx context.Context, c Config) (_ *Local, err error) {
	l := &Local{config: c.Defaults()}
	c = l.config
	defer func() {
		if err != nil {
			_ = l.Close() // only the first error is of use
		}
	}()
	file := filepath.Join(c.Data, "latchkey.db")
	if c.Database == "" {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("no server has its database here: %w", err)
		}
		o := objects.Options{Now: c.Now, Log: c.Log}
		if l.lock, err = objects.Open(ctx, filepath.Join(c.Data, "objects"), o); err != nil {
			return nil, err
		}
	}
	if c.SealingKey == "" && c.SealingKeyFile == "" {
		c.SealingKeyFile = filepath.Join(c.Data, SealingKeysFile)
	}
	ring, err := openRing(c)
	if err != nil {
		return nil, err
	}
	l.Control = &control.Control{Ring: ring, Now: c.Now, Region: c.Region, Quotas: c.Quotas, Log: c.Log}
	if l.Control.DB, err = store.Open(ctx,
		store.Options{URL: c.Database, Path: file, Now: c.Now, Log: c.Log}); err != nil {
		return nil, &DatabaseError{err}
	}
	if err := l.Control.DB.CheckKey(ctx, ring); err != nil {
		return nil, err
	}
	if l.Control.Engine, err = engine.Open(ctx, l.Control.DB, engine.Options{
		MaxStaleness: c.MaxStaleness, Log: c.Log, CutMemory: cutMemory(c),
	}); err != nil {
		return nil, fmt.Errorf("load the snapshot: %w", err)
	}
	return l, nil
}

// EndSessions ends sessions in the name of the configured account. by says who does it, for the audit log.
func (l *Local) EndSessions(ctx context.Context, which sessions.Which, by string) (*sessions.Ended, error) {
	s := &sessions.Sessions{Control: l.Control, Seen: sightings.New(l.config.Now())}
	return s.EndLocally(ctx, sessions.Operator{Account: l.config.Account, By: by}, which)
}

// Recover makes a new root key of the configured account. With alone, it makes the account's other root keys inactive.
// The key of the server's first account becomes the one in RootCredentialsFile, which is returned; the file that was
// there has .old behind its name then. by says who does it, for the audit log.
func (l *Local) Recover(ctx context.Context, alone bool, by string) (key principals.RootKey, file string, err error) {
	key = principals.NewRootKey()
	account := l.config.Account
	if first, err := l.first(); err != nil {
		return key, "", err
	} else if first == account {
		file = filepath.Join(l.config.Data, RootCredentialsFile)
		// The key is in a file before it works, as in bootstrap.
		if err := os.Remove(file + ".new"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return key, "", fmt.Errorf("keep the root key: %w", err)
		}
		if err := writeRootKey(file+".new", key); err != nil {
			return key, "", err
		}
	}
	p := &principals.Principals{Control: l.Control}
	if err := p.RecoverRoot(ctx, account, key, principals.Recovery{Alone: alone, By: by}); err != nil {
		return key, "", err
	}
	if file == "" {
		return key, "", nil
	}
	if err := os.Rename(file, file+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return key, "", fmt.Errorf("keep the root key, which is in %s.new: %w", file, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return key, "", fmt.Errorf("keep the root key, which is in %s.new: %w", file, err)
	}
	return key, file, nil
}

// first is the server's first account.
func (l *Local) first() (access.AccountID, error) {
	snap, err := l.Control.Engine.Snapshot()
	if err != nil {
		return "", err
	}
	var first access.AccountID
	for _, a := range snap.Accounts() {
		if old := snap.Account(first); old == nil || a.Created.Before(old.Created) {
			first = a.ID
		}
	}
	return first, nil
}

// Close releases what OpenLocal opened.
func (l *Local) Close() error {
	var errs []error
	if c := l.Control; c != nil && c.Engine != nil {
		errs = append(errs, c.Engine.Close())
	}
	if c := l.Control; c != nil && c.DB != nil {
		errs = append(errs, c.DB.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	return errors.Join(errs...)
}
