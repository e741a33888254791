package main

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"time"
)

// maxTest bounds how long one test may take.
const maxTest = 90 * time.Second

// outcome is what came out of a test.
type outcome struct {
	passed  bool
	message string // why it failed
}

func (o outcome) word() string {
	if o.passed {
		return "pass"
	}
	return "fail"
}

// system is a server that tests run against.
type system struct {
	endpoint, iam  string // URLs; iam is empty if the suite needs none
	access, secret string
	stop           func()
}

// run runs one of versitygw's tests in a folder that has the versitygw binary.
func run(ctx context.Context, dir string, s *system, name string) outcome {
	ctx, cancel := context.WithTimeout(ctx, maxTest)
	defer cancel()
	args := []string{"test", "--access", s.access, "--secret", s.secret, "--endpoint", s.endpoint}
	if s.iam != "" {
		args = append(args, "--iam-endpoint", s.iam)
	}
	cmd := exec.CommandContext(ctx, "./versitygw", append(args, name)...)
	cmd.Dir, cmd.Env = dir, clientEnv()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 20 * time.Second // a busy machine hands over the output late
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return outcome{message: "it did not end in " + maxTest.String()}
	case err == nil && strings.Contains(out.String(), "SKIP "):
		return outcome{message: "it skipped itself"}
	case err == nil && strings.Contains(out.String(), "PASS "):
		return outcome{passed: true}
	}
	return outcome{message: failure(name, out.String())}
}
