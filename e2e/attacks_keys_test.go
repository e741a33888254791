package e2e

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/server"
)

func TestAttack23_NoKeyIsKnownBeforehand(t *testing.T) {
	one, two := start(t), start(t)
	if one.operator.AccessKeyID == two.operator.AccessKeyID ||
		one.operator.SecretAccessKey == two.operator.SecretAccessKey {
		t.Fatal("two servers have the same root key")
	}
	for _, keys := range [][2]string{
		{"minioadmin", "minioadmin"}, {"admin", "admin"}, {"admin", "password"}, {"rustfsadmin", "rustfsadmin"},
		{"test", "test"}, {"root", "root"},
		{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, {"latchkey", "latchkey"},
		{one.operator.AccessKeyID, one.operator.AccessKeyID},
		{one.operator.AccessKeyID, two.operator.SecretAccessKey}, {two.operator.AccessKeyID, two.operator.SecretAccessKey},
		{one.operator.AccessKeyID, "x"},
	} {
		got := one.send(t, aws.Credentials{AccessKeyID: keys[0], SecretAccessKey: keys[1]},
			request{method: http.MethodGet, path: "/"})
		is(t, "status for "+keys[0], got.status, 403)
	}
	one.send(t, one.operator, request{method: http.MethodGet, path: "/"}).mustBe(t, 200, "")

	// The sealing keys are not the root key, and others cannot read any file that holds them.
	err := filepath.WalkDir(one.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if base := filepath.Base(path); (base == server.RootCredentialsFile || base == "sealing-keys") &&
			info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", base, info.Mode())
		}
		text, err := os.ReadFile(path)
		if err == nil && filepath.Base(path) != server.RootCredentialsFile &&
			strings.Contains(string(text), one.operator.SecretAccessKey) {
			t.Errorf("%s holds the root secret in the clear", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("credentials outlive a new root key, and die with the sealing key", func(t *testing.T) {
		data := t.TempDir()
		s := startOn(t, data)
		l := lakeOf(s.first(t))
		l.root.puts(l.bucket, "data/x")
		l.location.grants(l.alice, READ, "data/*")
		c := l.alice.asks(l.at("data/*"), READ)
		s.process.kill()
		s, err := launch(program{
			data: data,
			env: []string{"LATCHKEY_ROOT_ACCESS_KEY_ID=AKIAANOTHERROOTKEY00",
				"LATCHKEY_ROOT_SECRET_ACCESS_KEY=another-root-secret-of-40-characters-here"},
		})
		l.check(err)
		l.moves(s)
		l.actor("kept", "", c.keys).may(reading(l.bucket, "data/x"))
		s.process.kill()
		if err := os.Remove(filepath.Join(data, "sealing-keys")); err != nil {
			t.Fatal(err)
		}
		if s, err := launch(program{data: data}); err == nil {
			l.moves(s)
			err := reading(l.bucket, "data/x").do(context.Background(), l.actor("lost", "", c.keys))
			s.process.kill()
			if err == nil {
				t.Error("a credential was opened with a key that did not seal it")
			}
		}
	})
}
