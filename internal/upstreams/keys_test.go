package upstreams

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
)

// write writes a file for its owner alone, in place.
func write(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o600))
}

func keysText(id string) string {
	return "[default]\naws_access_key_id=" + id + "\naws_secret_access_key=s\n"
}

// has checks the access key that a provider gives.
func has(t *testing.T, p aws.CredentialsProvider, id string) {
	t.Helper()
	k, err := p.Retrieve(t.Context())
	if err != nil || k.AccessKeyID != id {
		t.Errorf("got %s, %v; want %s", k.AccessKeyID, err, id)
	}
}

func TestKeysInAFileRotate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, keysText("first"))
	p, err := OpenKeys(&Keys{File: file, Profile: "default"}, nil)
	must(t, err)
	has(t, p, "first")
	if p.changedOnDisk() {
		t.Error("a file that nobody changed")
	}
	for what, bad := range map[string]func(){
		"half a file": func() { write(t, file, "[default]\naws_access_key_id=second\n") },
		"no file":     func() { _ = os.Remove(file) },
		"open to others": func() {
			write(t, file, keysText("second"))
			must(t, os.Chmod(file, 0o644))
		},
		"a pipe": func() {
			_ = os.Remove(file)
			must(t, syscall.Mkfifo(file, 0o600))
		},
		"too long": func() { write(t, file, keysText("second")+strings.Repeat("#", maxKeyFile)) },
	} {
		bad()
		if changed, err := p.Reload(); changed || err == nil || !strings.Contains(p.Problem(), "not used") {
			t.Errorf("%s: changed %v, %v, problem %q", what, changed, err, p.Problem())
		}
		if what == "a pipe" && !strings.Contains(p.Problem(), "regular") {
			t.Errorf("a pipe was read: %s", p.Problem())
		}
		has(t, p, "first")
		_ = os.Remove(file)
	}
	write(t, file, keysText("second"))
	if p.changedOnDisk() {
		t.Error("a file that may still be written was taken for settled")
	}
	if !p.changedOnDisk() {
		t.Error("a file that was left alone is not seen")
	}
	if changed, err := p.Reload(); !changed || err != nil || p.Problem() != "" {
		t.Errorf("changed %v, %v, problem %q", changed, err, p.Problem())
	}
	has(t, p, "second")
	if strings.Contains(p.String(), "second") {
		t.Errorf("it prints %s", p)
	}
}

func TestFilesOfKeys(t *testing.T) {
	for what, c := range map[string]struct{ text, profile, id string }{
		"one profile":            {keysText("A"), "default", "A"},
		"another profile":        {keysText("A") + "[ x ]\n" + strings.TrimPrefix(keysText("B"), "[default]\n"), "x", "B"},
		"settings that we skip":  {"# c\n; c\n\n[default]\nregion = eu\nAws_Access_Key_Id = A\naws_secret_access_key=s\n", "default", "A"},
		"a profile without keys": {"[x]\nregion=eu\n", "x", ""},
		"no such profile":        {keysText("A"), "x", ""},
		"no section":             {"aws_access_key_id=A\naws_secret_access_key=s\n", "default", ""},
		"a section without end":  {"[default\n", "default", ""},
		"no setting":             {"[default]\nhunter2\n", "default", ""},
		"a blank in a key":       {keysText("A B"), "default", ""},
		"not ASCII":              {keysText("é"), "default", ""},
	} {
		k, err := parseKeys(c.text, c.profile)
		if (err == nil) != (c.id != "") || err == nil && k.AccessKeyID != c.id {
			t.Errorf("%s: %s, %v", what, k.AccessKeyID, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the file: %v", what, err)
		}
	}
}

// TestKeysAreRenewed checks when keys that end are got anew, and that old ones are used as long as they hold.
func TestKeysAreRenewed(t *testing.T) {
	fetched, fail := 0, error(nil)
	lasts := time.Hour
	r := &renewed{fetch: func(context.Context) (aws.Credentials, error) {
		fetched++
		return aws.Credentials{
			AccessKeyID: "key" + string(rune('0'+fetched)), SecretAccessKey: "s", CanExpire: true,
			Expires: time.Now().Add(lasts),
		}, fail
	}}
	has(t, r, "key1")
	has(t, r, "key1")
	r.stale.Store(true) // what they were got with has changed
	has(t, r, "key2")
	has(t, r, "key2")
	lasts = renewBefore - time.Second // due at once
	r.stale.Store(true)
	has(t, r, "key3")
	has(t, r, "key4")
	fail = errors.New("no STS")
	has(t, r, "key4")
	if r.trouble() == "" {
		t.Error("the failure is not told")
	}
	n := fetched
	has(t, r, "key4")
	if fetched != n {
		t.Error("the STS is asked again at once")
	}
	r.keys.Store(&aws.Credentials{AccessKeyID: "old", CanExpire: true, Expires: time.Now().Add(-time.Second)})
	if k, err := r.Retrieve(t.Context()); err == nil {
		t.Errorf("keys that have ended: %s", k.AccessKeyID)
	}
	fail, r.failed = nil, time.Time{}
	if _, err := r.Retrieve(t.Context()); err != nil || r.trouble() != "" {
		t.Errorf("after the failure: %v, %q", err, r.trouble())
	}
	empty := &renewed{fetch: func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil }}
	if _, err := empty.Retrieve(t.Context()); err == nil {
		t.Error("empty keys were taken")
	}
}

// TestARole gets the keys of a role for those of a file, and again when the file has changed.
func TestARole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, keysText("first"))
	var asked, refuse atomic.Bool
	sts := keyServer(t, "", "", func(r *http.Request) string {
		asked.Store(true)
		if refuse.Load() || r.FormValue("ExternalId") != "42" || r.FormValue("DurationSeconds") != "900" {
			return "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
		}
		_, signer, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		signer, _, _ = strings.Cut(signer, "/")
		text := strings.ReplaceAll(keysXML, "AssumeRoleWithWebIdentity", "AssumeRole")
		return strings.Replace(text, "AKID", "role-of-"+signer, 1)
	})
	at, err := url.Parse(sts)
	must(t, err)
	p, err := OpenKeys(&Keys{File: file, Profile: "default", AssumeRole: &AssumeRole{
		Endpoint: at, Region: "us-east-1", RoleARN: "arn:aws:iam::123456789012:role/x", SessionName: "latchkey",
		ExternalID: "42", Duration: 15 * time.Minute,
	}}, http.DefaultClient)
	must(t, err)
	has(t, p, "role-of-first")
	asked.Store(false)
	has(t, p, "role-of-first")
	if asked.Load() {
		t.Error("the STS is asked for every request")
	}
	write(t, file, keysText("second"))
	refuse.Store(true)
	if changed, err := p.Reload(); !changed || err != nil {
		t.Errorf("changed %v, %v", changed, err)
	}
	has(t, p, "role-of-first") // its keys hold, and the STS refuses others
	if p.Problem() == "" {
		t.Error("the refusal is not told")
	}
	refuse.Store(false)
	p.role.failed = time.Time{}
	has(t, p, "role-of-second")
}

// TestOpenFails checks what keeps a server from starting.
func TestOpenFails(t *testing.T) {
	u := Upstream{Name: "a", Keys: Keys{Environment: "LATCHKEY_TEST_NOT_SET"}}
	if s, err := Open(&Config{Upstreams: []Upstream{u}}, nil, Options{slog.Default(), time.Now}); err == nil ||
		!strings.Contains(err.Error(), "upstream a") {
		t.Errorf("%v, %v", s, err)
	}
	for what, c := range map[string]*stsapi.Credentials{
		"nothing": nil, "keys without an end": {AccessKeyId: new("A"), SecretAccessKey: new("s")},
	} {
		if k, err := given(c); err == nil {
			t.Errorf("an STS that gives %s: %s", what, k.AccessKeyID)
		}
	}
	if _, err := OpenKeys(&Keys{}, nil); err == nil {
		t.Error("no source of keys")
	}
}
