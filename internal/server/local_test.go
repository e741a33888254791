package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/principals"
	"latchkey/internal/control/sessions"
	"latchkey/internal/fault"
	"latchkey/internal/objects"
	"latchkey/internal/store"
)

func TestAnOperatorWorksOnTheMachineItself(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenLocal(t.Context(), Config{Data: dir}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where no server was: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("it made %v (%v)", left, err)
	}
	s, err := Open(t.Context(), Config{Data: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLocal(t.Context(), Config{Data: dir}); !errors.Is(err, objects.ErrInUse) {
		t.Errorf("while a server runs: %v", err)
	}
	old := s.Root
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLocal(t.Context(), Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	key, file, err := l.Recover(t.Context(), true, "uid 7")
	if err != nil || file != filepath.Join(dir, RootCredentialsFile) {
		t.Fatalf("%s, %v", file, err)
	}
	ended, err := l.EndSessions(t.Context(), sessions.Which{Principal: "root"}, "uid 7")
	if err != nil || ended.Count != 1 {
		t.Errorf("%+v, %v", ended, err)
	}
	for _, which := range []sessions.Which{{}, {SourceIP: "192.0.2.1"}, {Principal: "role/none"}} {
		if _, err := l.EndSessions(t.Context(), which, "uid 7"); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("%+v: %v", which, err)
		}
	}
	for _, name := range []string{"RecoverRootKey", "EndSessions"} {
		all, err := l.Control.DB.Events(t.Context(), store.AuditFilter{Account: walkAccount, EventName: name})
		if err != nil || len(all) != 1 || all[0].Event.AdditionalEventData["operatingSystemUser"] != "uid 7" {
			t.Errorf("%s is recorded as %+v (%v)", name, all, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, err := ReadRootKey(file + ".old"); err != nil || kept.AccessKeyID != old.AccessKeyID {
		t.Errorf("the key before: %v, %v", kept, err)
	}
	again := boot(t, Config{Data: dir})
	if again.Root.AccessKeyID != key.AccessKeyID || again.RootMade {
		t.Errorf("the server's root key is %s", again.Root.AccessKeyID)
	}
	snap, err := again.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if was := snap.AccessKey(old.AccessKeyID); was == nil || string(was.Status) != "Inactive" {
		t.Errorf("the key before is %+v", was)
	}
}

func TestRecoveringAnotherAccountOrNone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Data: dir})
	first := s.Root
	s.Close()
	l, err := OpenLocal(t.Context(), Config{Data: dir, Account: "210987654321"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, _, err = l.Recover(t.Context(), false, "uid 7")
	if !fault.Is(err, fault.NotFound, fault.Account) || !strings.Contains(err.Error(), "210987654321") {
		t.Errorf("%v", err)
	}
	kept, err := ReadRootKey(filepath.Join(dir, RootCredentialsFile))
	if err != nil || kept.AccessKeyID != first.AccessKeyID {
		t.Errorf("the root key is %v (%v)", kept, err)
	}
}

// A cut is remembered for as long as anything lives that hangs on what was cut.
func TestCutsAreRememberedAsLongAsTokensLive(t *testing.T) {
	for session, want := range map[time.Duration]time.Duration{0: 37 * time.Hour, 168 * time.Hour: 169 * time.Hour} {
		if got := cutMemory(Config{DirectorySession: session}.Defaults()); got != want {
			t.Errorf("tokens of %v: %v", session, got)
		}
	}
}

func TestTheKeyOfAFurtherAccountIsNotTheServers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Data: dir})
	p := &principals.Principals{Control: s.Control}
	if _, err := p.EnsureRoot(t.Context(), "210987654321", principals.RootKey{}); err != nil {
		t.Fatal(err)
	}
	first := s.Root
	s.Close()
	l, err := OpenLocal(t.Context(), Config{Data: dir, Account: "210987654321"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	key, file, err := l.Recover(t.Context(), false, "uid 7")
	kept, err2 := ReadRootKey(filepath.Join(dir, RootCredentialsFile))
	if errors.Join(err, err2) != nil || file != "" || kept.AccessKeyID != first.AccessKeyID || key.Secret.IsZero() {
		t.Errorf("%s, kept is %s: %v", file, kept.AccessKeyID, errors.Join(err, err2))
	}
}
