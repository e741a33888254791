package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/login"
)

// If several processes make the same request at the same time, one of them asks the server.
func TestParallelRunsAskOnce(t *testing.T) {
	p := newPeople(t)
	p.login()
	before := p.asked("GetDataAccess")
	var wait sync.WaitGroup
	var mu sync.Mutex
	keys := map[string]int{}
	for range 20 {
		wait.Go(func() {
			out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*")
			if code != 0 {
				t.Errorf("exit %d %s", code, stderr)
			}
			mu.Lock()
			defer mu.Unlock()
			keys[out]++
		})
	}
	wait.Wait()
	if len(keys) != 1 || p.asked("GetDataAccess") != before+1 {
		t.Errorf("20 runs got %d answers by %d GetDataAccess", len(keys), p.asked("GetDataAccess")-before)
	}
}

func TestCredentialsAreKept(t *testing.T) {
	p := newPeople(t)
	p.login()
	first := p.credentials()
	for _, c := range []struct {
		outcome string
		args    []string
		asks    int
	}{
		{"the same again", nil, 0},
		{"in other words", []string{"--permission", "read", "--duration", "60m", "--privilege", "default", "--json"}, 0},
		{"for another time", []string{"--duration", "30m"}, 1},
		{"for the target alone", []string{"--privilege", "Minimal"}, 1},
		{"fresh ones", []string{"--fresh"}, 1},
	} {
		t.Run(c.outcome, func(t *testing.T) {
			before := p.asked("GetDataAccess")
			got := p.credentials(c.args...)
			if n := p.asked("GetDataAccess") - before; n != c.asks {
				t.Errorf("GetDataAccess was asked %d times, want %d", n, c.asks)
			}
			if c.asks == 0 && got != first {
				t.Errorf("%+v, want %+v", got, first)
			}
			if p.reads(got) != http.StatusOK {
				t.Error("they are good for nothing")
			}
		})
	}
	t.Run("not when refused", func(t *testing.T) {
		for range 2 {
			before := p.asked("GetDataAccess")
			out, stderr, code := p.run("credentials", "--target", "s3://lake/hr/*")
			if code != 1 || out != "" || lines(stderr) != 1 || !strings.Contains(stderr, "GetDataAccess: AccessDenied: ") {
				t.Errorf("exit %d %s %s", code, out, stderr)
			}
			if p.asked("GetDataAccess") != before+1 {
				t.Error("the server was not asked")
			}
		}
		p.grant("hr/*", "READ")
		if out, stderr, code := p.run("credentials", "--target", "s3://lake/hr/*"); code != 0 ||
			!strings.Contains(out, `"Version":1`) {
			t.Errorf("after the grant: exit %d %s %s", code, out, stderr)
		}
	})
	t.Run("not for somebody else", func(t *testing.T) {
		p.login() // a new session is another source, even for the same person
		before := p.asked("GetDataAccess")
		p.credentials()
		if p.asked("GetDataAccess") != before+1 {
			t.Error("credentials of the session before were handed out")
		}
	})
}

func TestHowLongCredentialsAreKept(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for life, want := range map[time.Duration]time.Duration{
		time.Hour:        44 * time.Minute,
		12 * time.Hour:   648 * time.Minute,
		30 * time.Minute: 27 * time.Minute,
		15 * time.Minute: 13*time.Minute + 30*time.Second,
		5 * time.Minute:  4 * time.Minute,
		30 * time.Second: -30 * time.Second,
	} {
		l := login.Credentials{Keys: login.Keys{Expires: at.Add(life)}, Issued: at}
		if got := l.KeepUntil().Sub(at); got != want {
			t.Errorf("of %s they are kept for %s, want %s", life, got, want)
		}
	}
}

// Grants to IAM users and roles work with the same command, with keys in the environment.
func TestCredentialsWithKeys(t *testing.T) {
	p := bootPeople(t)
	p.ask(iamRequest("CreateUser", "UserName", "robot"))
	p.ask(iamRequest("PutUserPolicy", "UserName", "robot", "PolicyName", "ask", "PolicyDocument", tourAsk))
	robot, err := invoke(t.Context(), p.admin, iamapi.CreateAccessKey,
		&iamapi.CreateAccessKeyRequest{UserName: new("robot")})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", *robot.AccessKey.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", *robot.AccessKey.SecretAccessKey)
	args := []string{"credentials", "--target", "s3://lake/robots/*", "--permission", "READWRITE"}
	if out, stderr, code := p.run(args...); code != 1 || out != "" || lines(stderr) != 1 ||
		!strings.Contains(stderr, "AccessDenied") {
		t.Errorf("without a grant: exit %d %s %s", code, out, stderr)
	}
	p.grantTo("IAM", "arn:aws:iam::123456789012:user/robot", "robots/*", "READWRITE")
	if out, stderr, code := p.run(args...); code != 0 || !strings.Contains(out, `"SecretAccessKey"`) {
		t.Errorf("exit %d %s %s", code, out, stderr)
	}
	if out, _, code := p.run("grants"); code != 0 || !strings.Contains(out, "s3://lake/robots/*") {
		t.Errorf("exit %d %s", code, out)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	if out, stderr, code := p.run(args...); code != 1 || out != "" || !strings.Contains(stderr, "SignatureDoesNotMatch") {
		t.Errorf("what was vended for other keys is handed out: exit %d %s %s", code, out, stderr)
	}
}

// Case 98: any failure prints nothing on stdout and one line on stderr, and the exit code is not 0.
func TestIdentityCase098_ServerDown(t *testing.T) {
	p := newPeople(t)
	p.login()
	p.stop()
	out, stderr, code := p.run("credentials", "--target", "s3://lake/finance/*")
	if code != 1 || out != "" || lines(stderr) != 1 || !strings.Contains(stderr, "nobody answers at "+p.s.URL()) {
		t.Errorf("exit %d, %q, %q", code, out, stderr)
	}
}

// Cached credentials that are still valid work while the server is down.
func TestCredentialsOutliveTheServer(t *testing.T) {
	p := newPeople(t)
	p.login()
	first := p.credentials()
	p.stop()
	if again := p.credentials(); again != first {
		t.Errorf("%+v", again)
	}
}
