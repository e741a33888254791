package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPeopleSignIn(t *testing.T) {
	p := newPeople(t)
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*"); code != 1 || out != "" ||
		stderr != "latchkey: not signed in: run latchkey login\n" {
		t.Errorf("before: exit %d, %q, %q", code, out, stderr)
	}
	p.login("--no-browser")
	c := p.credentials()
	if c.Version != 1 || p.reads(c) != http.StatusOK {
		t.Errorf("%+v", c)
	}
	if at, err := time.Parse(time.RFC3339, c.Expiration); err != nil || !strings.HasSuffix(c.Expiration, "Z") ||
		time.Until(at) < 50*time.Minute {
		t.Errorf("Expiration is %s", c.Expiration)
	}
	if out, _, code := p.run("grants"); code != 0 || !strings.Contains(out, "READ        s3://lake/finance/*") {
		t.Errorf("grants: exit %d %s", code, out)
	}
	if out, _, code := p.run("credentials", "--target", "s3://lake/finance/*", "--env"); code != 0 ||
		!strings.Contains(out, "export AWS_SESSION_TOKEN='"+c.SessionToken+"'") {
		t.Errorf("--env: exit %d %s", code, out)
	}

	secrets := 0
	for _, root := range []string{"config", "cache"} {
		err := filepath.WalkDir(filepath.Join(p.dir, root, "latchkey"), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
				t.Errorf("%s has mode %o", path, info.Mode().Perm())
			}
			if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(c.SecretAccessKey)) {
				secrets++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if secrets != 1 {
		t.Errorf("%d files have the credentials, want one in the cache", secrets)
	}

	if out, _, code := p.run("logout"); code != 0 || out != "Signed out.\n" {
		t.Errorf("logout: exit %d %s", code, out)
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "*", "latchkey", "**", "*.json")); len(left) != 0 {
		t.Errorf("after logout there is %v", left)
	}
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*"); code != 1 || out != "" ||
		lines(stderr) != 1 {
		t.Errorf("after logout: exit %d, %q, %q", code, out, stderr)
	}
	if out, _, code := p.run("logout"); code != 0 || out != "You were not signed in.\n" {
		t.Errorf("logout twice: exit %d %s", code, out)
	}
}

func TestPeopleSignInWithADevice(t *testing.T) {
	p := newPeople(t)
	out := &approver{p: p}
	if code := p.runTo(t.Context(), out, &out.Buffer, "login", "--at-provider", "--device"); code != 0 ||
		!strings.Contains(out.String(), "ABCD-EFGH") {
		t.Fatalf("exit %d %s", code, out)
	}
	if p.reads(p.credentials()) != http.StatusOK {
		t.Error("the credentials are good for nothing")
	}
}

// approver enters the device code as soon as it is printed.
type approver struct {
	bytes.Buffer
	p *people
}

func (a *approver) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("ABCD-EFGH")) {
		a.p.idp.Approve()
	}
	return a.Buffer.Write(b)
}

func TestLoginRefused(t *testing.T) {
	p := bootPeople(t)
	refused := func(says string, args ...string) {
		t.Helper()
		b, errs := &browser{t: t}, &bytes.Buffer{}
		code := p.runTo(t.Context(), b, errs, append([]string{"login", "--at-provider", "--no-browser"}, args...)...)
		if code != 1 || !strings.Contains(errs.String(), says) {
			t.Errorf("%v: exit %d %s %s, want %q", args, code, &b.said, errs, says)
		}
		if all, _ := filepath.Glob(filepath.Join(p.dir, "config", "latchkey", "*.json")); len(all) != 0 {
			t.Errorf("%v: there is a session", args)
		}
	}
	refused("sign-in is not set up there")
	if out, stderr, code := p.run("directory", "setup", "--issuer", p.idp.URL, "--client-id", "cli", "--data",
		p.s.Config.Data); code != 0 {
		t.Fatal(out, stderr)
	}
	refused("sign-in is not set up there", "--account", "210987654321")
	refused("must be like http://127.0.0.1:8400/callback", "--redirect-uri", "https://evil.example.org/")
	refused("has no TLS", "--url", "http://s3.example.org")
	refused("nobody answers", "--url", "http://127.0.0.1:1")
	refused("nobody signed in within 1ms", "--device", "--timeout", "1ms")

	p.idp.Become(nil)
	refused("did not sign you in: access_denied")
	p.idp.Become(map[string]any{"sub": "m-1", "email": "mallory@example.org"})
	refused("user_not_found")
	p.idp.Become(map[string]any{"sub": "a-1", "email": "alice@example.org", "email_verified": false})
	refused("claim_unverified")
	p.idp.Become(map[string]any{"sub": "a-1", "email": "alice@example.org", "exp": time.Now().Add(-time.Hour).Unix()})
	refused("has expired")
}

// A session goes on without the person as long as it can: by the server's refresh token, then by the provider's.
func TestSessionsGoOn(t *testing.T) {
	p := newPeople(t)
	p.login()
	exchanges, entrances := p.asked("CreateTokenWithIAM"), p.asked("AssumeRoleWithWebIdentity")
	if exchanges != 1 || entrances != 1 {
		t.Fatalf("the sign-in took %d exchanges and %d AssumeRoleWithWebIdentity", exchanges, entrances)
	}
	step := func(what string, wantExchanges, wantEntrances int) {
		t.Helper()
		if p.reads(p.credentials("--fresh")) != http.StatusOK {
			t.Errorf("%s: the credentials are good for nothing", what)
		}
		if x, e := p.asked("CreateTokenWithIAM"),
			p.asked("AssumeRoleWithWebIdentity"); x != wantExchanges || e != wantEntrances {
			t.Errorf("%s: %d exchanges and %d AssumeRoleWithWebIdentity, want %d and %d", what, x, e, wantExchanges,
				wantEntrances)
		}
	}
	past := time.Now().Add(-time.Hour)
	step("a context that holds is used again", 1, 1)
	p.editSession(func(s fields) { s["context_expires"] = past })
	step("the context has expired", 2, 1)
	p.editSession(func(s fields) { s["application"].(fields)["expires"] = past })
	step("the application role's keys have expired", 3, 2)
	p.editSession(func(s fields) { s["context_expires"], s["refresh"] = past, "no token of ours" })
	step("the refresh token is worth nothing", 5, 3)

	p.idp.Become(map[string]any{"sub": "m-1", "email": "mallory@example.org"})
	p.editSession(func(s fields) { s["context_expires"], s["refresh"] = past, "" })
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--fresh"); code != 1 || out != "" ||
		!strings.Contains(stderr, "somebody else's") {
		t.Errorf("another person's token: exit %d %s %s", code, out, stderr)
	}
	p.idp.Forget()
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--fresh"); code != 1 || out != "" ||
		stderr != "latchkey: the sign-in has ended: run latchkey login (invalid_grant)\n" {
		t.Errorf("the provider has forgotten alice: exit %d %s %s", code, out, stderr)
	}
}

// A disabled person gets no more credentials, whatever is stored on the person's machine. The credentials that the
// person has stop working.
func TestAttack_SessionOfADisabledPerson(t *testing.T) {
	p := newPeople(t)
	p.login()
	c := p.credentials()
	p.call("latchkey", "Latchkey.SetUserStatus", fields{"UserName": "alice", "UserStatus": "DISABLED"}, nil)
	if p.reads(c) != http.StatusForbidden {
		t.Error("the credentials that she has still read")
	}
	for _, expired := range []bool{false, true} {
		if expired {
			p.editSession(func(s fields) { s["context_expires"] = time.Now().Add(-time.Hour) })
		}
		if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--fresh"); code != 1 || out != "" ||
			!strings.Contains(stderr, "user_disabled") && !strings.Contains(stderr, "AccessDenied") {
			t.Errorf("exit %d %s %s", code, out, stderr)
		}
	}
}

// Files that others may read or replace are not used. Their contents may be known to others, or written by them.
func TestAttack_FilesOfOthers(t *testing.T) {
	p := newPeople(t)
	p.login()
	p.credentials()
	session := p.sessionFile()
	refused := func(says string) {
		t.Helper()
		for _, args := range [][]string{{"credentials", "--target", "s3://lake/finance/*"}, {"grants"}} {
			if out, stderr, code := p.run(args...); code != 1 || out != "" || lines(stderr) != 1 ||
				!strings.Contains(stderr, says) {
				t.Errorf("%v: exit %d, %q, %q, want %q", args, code, out, stderr, says)
			}
		}
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602} {
		if err := os.Chmod(session, mode); err != nil {
			t.Fatal(err)
		}
		refused("may be read or written by others")
	}
	if err := os.Chmod(session, 0o600); err != nil {
		t.Fatal(err)
	}
	aside := session + ".aside"
	if err := os.Rename(session, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(aside, session); err != nil {
		t.Fatal(err)
	}
	refused("is a link")
	if err := os.Remove(session); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(session, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("cannot be read: run latchkey login")
	if err := os.Rename(aside, session); err != nil {
		t.Fatal(err)
	}
	cached, _ := filepath.Glob(filepath.Join(p.dir, "cache", "latchkey", "for-*", "*.json"))
	if len(cached) != 1 {
		t.Fatalf("%v", cached)
	}
	before := p.asked("GetDataAccess")
	if err := os.Chmod(cached[0], 0o644); err != nil {
		t.Fatal(err)
	}
	p.credentials()
	if p.asked("GetDataAccess") != before+1 {
		t.Error("kept credentials were used although others could read them")
	}
	if err := os.Chmod(filepath.Dir(cached[0]), 0o777); err != nil {
		t.Fatal(err)
	}
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--fresh"); code != 1 || out != "" ||
		!strings.Contains(stderr, "may be written by others") {
		t.Errorf("exit %d %s %s", code, out, stderr)
	}
}

func TestSessionFilesByName(t *testing.T) {
	p := newPeople(t)
	file := filepath.Join(p.dir, "here", "session.json")
	p.login("--session-file", file)
	if p.reads(p.credentials("--session-file", file)) != http.StatusOK {
		t.Error("the credentials are good for nothing")
	}
	t.Setenv("LATCHKEY_SESSION", file)
	p.credentials()
	if out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*", "--url",
		"http://127.0.0.1:1"); code != 1 || out != "" || !strings.Contains(stderr, "is one of "+p.s.URL()) {
		t.Errorf("a session of another server: exit %d %s %s", code, out, stderr)
	}
}
