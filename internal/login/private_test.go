package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whoever owns a folder can put other files in place of ours.
func TestAttack_FolderOfAnotherUser(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "theirs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "session.json")
	if err := writePrivate(file, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Skip("only root can give a folder away")
	}
	if err := writePrivate(file, []byte("{}")); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("written: %v", err)
	}
	if unlock, err := lock(t.Context(), file+".lock"); err == nil {
		unlock()
		t.Error("a lock in another user's folder")
	}
}

// Expired credentials do not stay on the disk, whichever source they were for.
func TestExpiredCredentialsAreSweptAway(t *testing.T) {
	c, now := Cache(t.TempDir()), time.Now()
	keep := func(name string, expires time.Time) string {
		path := filepath.Join(string(c), "for-"+name, "x.json")
		b, err := json.Marshal(&Credentials{Keys: Keys{AccessKeyID: "A", SecretAccessKey: "s", Expires: expires}})
		if err != nil {
			t.Fatal(err)
		}
		if err := writePrivate(path, b); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, good := keep("left", now.Add(-time.Second)), keep("here", now.Add(time.Hour))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<GetDataAccessResult><Credentials><AccessKeyId>A</AccessKeyId>"+
			"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"+
			"<Expiration>%s</Expiration></Credentials></GetDataAccessResult>",
			now.Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer server.Close()
	at, err := NewEndpoint(server.URL, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	v := Vendor{
		At:      at,
		Source:  NewProgram(Keys{AccessKeyID: "B", SecretAccessKey: "s"}),
		Account: "123456789012",
		Cache:   c,
	}
	if _, err := v.Credentials(t.Context(), AccessRequest{Target: "s3://lake/*", Permission: "READ"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the expired one: %v", err)
	}
	if _, err := os.Stat(good); err != nil {
		t.Error(err)
	}
}
