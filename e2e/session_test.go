package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// sessionConditions are the conditions that terminal sessions may use.
func sessionConditions(ctx context.Context, name string) (bool, error) {
	if name == "aws" {
		return exec.CommandContext(ctx, "aws", "--version").Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// let stores the words of the last command's output in variables: let ID SECRET.
func let(ts *testscript.TestScript, neg bool, args []string) {
	words := strings.Fields(ts.ReadFile("stdout"))
	if neg || len(words) < len(args) {
		ts.Fatalf("let wants %d words, the last command printed %d", len(args), len(words))
	}
	for i, name := range args {
		ts.Setenv(name, words[i])
	}
}

// randomFile makes a file of so many bytes: random big.bin 20000000.
func randomFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: random FILE BYTES")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	content := make([]byte, n)
	_, _ = rand.Read(content)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}

// sameFile compares two files without printing them: same big.bin back.bin.
func sameFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	a, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	if (string(a) == string(b)) == neg {
		ts.Fatalf("%s and %s: the same is %v", args[0], args[1], !neg)
	}
}

// follow opens a link without keys, and checks the status and what the answer contains: follow URL 403 AccessDenied.
func (s *site) follow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: follow URL STATUS TEXT")
	}
	resp, err := s.http.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if strconv.Itoa(resp.StatusCode) != args[1] || !strings.Contains(string(body), args[2]) {
		ts.Fatalf("the link answers with %d, not with %s and %q: %s", resp.StatusCode, args[1], args[2], body)
	}
}
