package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/caller"
	"latchkey/internal/credential"
	"latchkey/internal/store"
)

func TestTheRootKeyIsMadeOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := open(t, Config{Data: data})
	if !first.RootMade || first.Root.AccessKeyID == "" || first.Root.Secret.IsZero() {
		t.Fatalf("made %v, key %v", first.RootMade, first.Root)
	}
	for name, want := range map[string]fs.FileMode{
		".": 0o700, RootCredentialsFile: 0o600, SealingKeysFile: 0o600, "latchkey.db": 0o600, "objects": 0o700,
	} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
	}
	first.Close()
	second := open(t, Config{Data: data})
	if second.RootMade || second.Root.AccessKeyID != first.Root.AccessKeyID ||
		!second.Root.Secret.Equal(first.Root.Secret) {
		t.Errorf("the second start: made %v, key %v", second.RootMade, second.Root)
	}
	second.Close()

	t.Run("not again when its file is lost", func(t *testing.T) {
		file := filepath.Join(data, RootCredentialsFile)
		if err := os.Rename(file, file+".lost"); err != nil {
			t.Fatal(err)
		}
		s := open(t, Config{Data: data})
		if s.RootMade || s.Root.AccessKeyID != "" {
			t.Errorf("made %v, key %v", s.RootMade, s.Root)
		}
		s.Close()
		if err := os.Rename(file+".lost", file); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("one's own wins and is not kept", func(t *testing.T) {
		s := open(t, Config{
			Data:                data,
			RootAccessKeyID:     "AKIAMYOWNROOTKEY0001",
			RootSecretAccessKey: "my-own-secret-that-is-long-enough-000000",
		})
		if s.RootMade || s.Root.AccessKeyID != "AKIAMYOWNROOTKEY0001" {
			t.Errorf("made %v, key %v", s.RootMade, s.Root)
		}
		text, err := os.ReadFile(filepath.Join(data, RootCredentialsFile))
		if err != nil || strings.Contains(string(text), "my-own") {
			t.Errorf("the file holds %q (%v)", text, err)
		}
	})
}

func TestRootKeyFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode fs.FileMode
		want string
	}{
		"others may read it":    {"aws_access_key_id = A\naws_secret_access_key = b\n", 0o604, "chmod 600"},
		"its group may read it": {"aws_access_key_id = A\naws_secret_access_key = b\n", 0o640, "chmod 600"},
		"it has no secret":      {"aws_access_key_id = A\n", 0o600, "holds no root key"},
		"it is empty":           {"", 0o600, "holds no root key"},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			file := filepath.Join(data, RootCredentialsFile)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, c.mode); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), Config{Listen: "127.0.0.1:0", Data: data})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

func TestSecretsAreSealedAnewWhenTheSealingKeyWasRotated(t *testing.T) {
	data := t.TempDir()
	s := open(t, Config{
		Data:                data,
		RootAccessKeyID:     "AKIAOLD0000000000001",
		RootSecretAccessKey: "an-old-secret-that-is-long-enough-000000",
	})
	s.Close()
	old, err := credential.LoadRing(filepath.Join(data, SealingKeysFile))
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := credential.NewRing(append([]credential.Key{credential.NewKey()}, old.Keys()...)...)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := credential.NewRing(rotated.Keys()[0])
	if err != nil {
		t.Fatal(err)
	}
	// Another root key, so that the start has no reason of its own to write the old one.
	const id, secret = "AKIANEW0000000000001", "a-new-secret-that-is-long-enough-0000000"
	for _, ring := range []*credential.Ring{rotated, newest} {
		s = open(t, Config{Data: data, SealingKey: ring.Text().Reveal(), RootAccessKeyID: id, RootSecretAccessKey: secret})
		k, err := store.AccessKeys.Get(t.Context(), s.db, "AKIAOLD0000000000001")
		if err != nil {
			t.Fatal(err)
		}
		plain, err := newest.Unseal(caller.KeyPurpose(k.ID), k.Sealed)
		if err != nil || string(plain) != "an-old-secret-that-is-long-enough-000000" {
			t.Errorf("the new key alone opens %q (%v)", plain, err)
		}
		s.Close()
	}
}

func TestTheKeyRingOfANamedFile(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "keys")
	if _, err := credential.LoadOrCreateRing(elsewhere); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	open(t, Config{Data: data, SealingKeyFile: elsewhere}).Close()
	if _, err := os.Stat(filepath.Join(data, SealingKeysFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a ring was made in the data folder all the same: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "keys")
	if _, err := Open(t.Context(),
		Config{Listen: "127.0.0.1:0", Data: t.TempDir(), SealingKeyFile: missing}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a wrong name made a new ring")
	}
}
