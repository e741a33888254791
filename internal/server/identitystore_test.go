package server_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"latchkey/internal/server"
	"latchkey/internal/store"
)

// boto3 drives the identity store of a whole server over the wire.
func TestIdentityStoreAnswersBoto3(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("there is no boto3: %s", out)
	}
	data := t.TempDir()
	s := open(t, data)
	c := exec.CommandContext(t.Context(), python, "testdata/identitystore.py", s.URL())
	c.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.Root.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.Root.Secret.Reveal(),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_MAX_ATTEMPTS=1")
	if out, err := c.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Fatalf("%v\n%s", err, out)
	}
	recordsAreDiscreet(t, s)
}

// recordsAreDiscreet checks that the audit log has no personal data: it says which principal did what to which id.
func recordsAreDiscreet(t *testing.T, s *server.Server) {
	t.Helper()
	records, err := s.Control.DB.Events(t.Context(), store.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range records {
		line, err := r.Event.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if r.Event.EventSource != "identitystore.amazonaws.com" {
			continue
		}
		seen[r.Event.EventName] = true
		for _, private := range []string{"alice", "example.com", "Finance", "Bern"} {
			if strings.Contains(strings.ToLower(string(line)), strings.ToLower(private)) {
				t.Errorf("the record tells %q: %s", private, line)
			}
		}
	}
	for _, name := range []string{"CreateUser", "UpdateUser", "DeleteUser", "CreateGroupMembership", "GetUserId",
		"IsMemberInGroups"} {
		if !seen[name] {
			t.Errorf("no record of %s", name)
		}
	}
}

// open serves a fresh server until the test ends.
func open(t *testing.T, data string) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{Listen: "127.0.0.1:0", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
