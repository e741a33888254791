package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/login"
)

// running is a `latchkey agent` in this process.
type running struct {
	mu     sync.Mutex
	said   bytes.Buffer
	ready  chan struct{}
	done   chan int
	stop   func()
	errs   bytes.Buffer
	url    string
	token  string
	closed bool
}

func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said.Write(b)
	if !r.closed && strings.Contains(r.said.String(), "unset ") {
		r.closed = true
		close(r.ready)
	}
	return len(b), nil
}

// agent starts an agent and waits until it has printed what to export.
func (p *people) agent(args ...string) *running {
	p.t.Helper()
	r := &running{ready: make(chan struct{}), done: make(chan int, 1)}
	ctx, cancel := context.WithCancel(p.t.Context())
	go func() { r.done <- p.runTo(ctx, r, &r.errs, append([]string{"agent"}, args...)...) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if code := <-r.done; code != 0 {
			p.t.Errorf("the agent ended with %d: %s", code, &r.errs)
		}
	})
	select {
	case <-r.ready:
	case code := <-r.done:
		p.t.Fatalf("the agent ended with %d: %s", code, &r.errs)
	}
	p.t.Cleanup(r.stop)
	said := r.said.String()
	r.url = regexp.MustCompile(`(?m)^export AWS_CONTAINER_CREDENTIALS_FULL_URI='([^']+)'$`).FindStringSubmatch(said)[1]
	if m := regexp.MustCompile(`(?m)^export AWS_CONTAINER_AUTHORIZATION_TOKEN='([^']+)'$`).
		FindStringSubmatch(said); m != nil {
		r.token = m[1]
	}
	return r
}

// get asks the agent as an SDK does. change may change the request first.
func (r *running) get(t *testing.T, change func(*http.Request)) (int, map[string]string, http.Header) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", r.token)
	if change != nil {
		change(q)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	return resp.StatusCode, out, resp.Header
}

func TestAgent(t *testing.T) {
	p := newPeople(t)
	p.login()
	id := p.grant("in/*", "READWRITE")
	r := p.agent("--target", "s3://lake/finance/*", "--permission", "READ", "--target", "in=s3://lake/in/*",
		"--permission", "READWRITE")
	status, c, _ := r.get(t, nil)
	if status != http.StatusOK ||
		p.reads(process{
			AccessKeyId:     c["AccessKeyId"],
			SecretAccessKey: c["SecretAccessKey"],
			SessionToken:    c["Token"],
		}) != http.StatusOK {
		t.Errorf("%d %v", status, c)
	}
	if at, err := time.Parse(time.RFC3339, c["Expiration"]); err != nil || time.Until(at) < 50*time.Minute {
		t.Errorf("Expiration is %s", c["Expiration"])
	}
	in := func(q *http.Request) { q.URL.Path = "/in" }
	status, other, _ := r.get(t, in)
	if status != http.StatusOK || other["AccessKeyId"] == c["AccessKeyId"] || len(other) != 4 {
		t.Errorf("%d %v", status, other)
	}
	if kept := p.credentials(); kept.AccessKeyId != c["AccessKeyId"] {
		t.Error("agent and credentials do not share what they keep")
	}

	t.Run("answers nobody else", func(t *testing.T) {
		for name, c := range map[string]struct {
			change func(*http.Request)
			status int
		}{
			"no token":                 {func(q *http.Request) { q.Header.Del("Authorization") }, 401},
			"another token":            {func(q *http.Request) { q.Header.Set("Authorization", login.NewToken()) }, 401},
			"a part of the token":      {func(q *http.Request) { q.Header.Set("Authorization", r.token[1:]) }, 401},
			"a name that leads here":   {func(q *http.Request) { q.Host = "evil.example.org:" + q.URL.Port() }, 403},
			"another port in the name": {func(q *http.Request) { q.Host = "127.0.0.1:1" }, 403},
			"a page":                   {func(q *http.Request) { q.Header.Set("Origin", "https://evil.example.org") }, 403},
			"a browser":                {func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
			"a preflight": {func(q *http.Request) {
				q.Method, q.Header = "OPTIONS", http.Header{"Origin": {"null"}}
			}, 403},
			"another method": {func(q *http.Request) { q.Method = "POST" }, 405},
			"another path":   {func(q *http.Request) { q.URL.Path = "/else" }, 404},
		} {
			status, body, header := r.get(t, c.change)
			if status != c.status || body["code"] == "" || body["message"] == "" || body["SecretAccessKey"] != "" ||
				len(header["Access-Control-Allow-Origin"]) != 0 {
				t.Errorf("%s: %d %v %v, want %d", name, status, body, header, c.status)
			}
		}
		if status, _, _ := r.get(t, func(q *http.Request) { q.Host = "localhost:" + q.URL.Port() }); status != http.StatusOK {
			t.Errorf("localhost is refused: %d", status)
		}
	})
	r.stop()

	t.Run("tells at the start what will be refused", func(t *testing.T) {
		p.ask(newCast(p.s).control(http.MethodDelete, "/grant/"+id, ""))
		if out, stderr, code := p.run("agent", "--target", "s3://lake/out/*"); code != 1 || out != "" ||
			!strings.Contains(stderr, "s3://lake/out/*: GetDataAccess: AccessDenied") {
			t.Errorf("exit %d %s %s", code, out, stderr)
		}
	})
	t.Run("keeps the token in a file", func(t *testing.T) {
		file := filepath.Join(p.dir, "agent", "token")
		r := p.agent("--target", "s3://lake/finance/*", "--token-file", file)
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v %v", info, err)
		}
		b, err := os.ReadFile(file)
		if err != nil || r.token != "" || strings.Contains(r.said.String(), string(b)) {
			t.Errorf("the token is printed: %s", &r.said)
		}
		r.token = string(b)
		if status, c, _ := r.get(t, nil); status != http.StatusOK || c["Token"] == "" {
			t.Errorf("%d %v", status, c)
		}
		r.stop()
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("the file is still there: %v", err)
		}
	})
}

// Case 99: SDKs refuse plain HTTP to hosts other than loopback, and the agent refuses to listen there.
func TestIdentityCase099_LoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:0":             true,
		"localhost:0":             true,
		"127.0.0.2:0":             true,
		"0.0.0.0:0":               false,
		":0":                      false,
		"[::]:0":                  false,
		"192.0.2.1:0":             false,
		"example.org:0":           false,
		"127.0.0.1":               false,
		"localhost.example.org:0": false,
	} {
		l, err := login.ListenLoopback(t.Context(), address)
		if err == nil {
			if host, _, _ := net.SplitHostPort(l.Addr().String()); !net.ParseIP(host).IsLoopback() {
				t.Errorf("%s listens on %s", address, l.Addr())
			}
			l.Close()
		}
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// An agent works through the night. It renews credentials when that is due, and does not hand out those of a deleted
// grant.
func TestAgentRenews(t *testing.T) {
	p := newPeople(t)
	p.login()
	file, err := login.DefaultFile(p.s.URL())
	if err != nil {
		t.Fatal(err)
	}
	person, err := login.Resume(file)
	if err != nil {
		t.Fatal(err)
	}
	at, err := login.NewEndpoint(p.s.URL(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	at.Now = func() time.Time { return now }
	listener, err := login.ListenLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	agent := login.NewAgent(&login.Vendor{At: at, Source: person, Account: "123456789012"}, listener.Addr(), "token",
		map[string]login.AccessRequest{"/": {Target: "s3://lake/finance/*", Permission: "READ", Duration: time.Hour}})
	server := &http.Server{Handler: agent}
	go server.Serve(listener)
	defer server.Close()
	r := &running{url: "http://" + listener.Addr().String() + "/", token: "token"}

	_, first, _ := r.get(t, nil)
	if _, again, _ := r.get(t, nil); again["AccessKeyId"] != first["AccessKeyId"] || first["AccessKeyId"] == "" {
		t.Errorf("%v, then %v", first, again)
	}
	now = now.Add(45 * time.Minute) // by this clock it is time
	_, second, _ := r.get(t, nil)
	if second["AccessKeyId"] == first["AccessKeyId"] || second["AccessKeyId"] == "" {
		t.Errorf("not renewed: %v", second)
	}
	p.call("latchkey", "Latchkey.SetUserStatus", fields{"UserName": "alice", "UserStatus": "DISABLED"}, nil)
	now = now.Add(45 * time.Minute)
	if status, c, _ := r.get(t, nil); status != http.StatusForbidden || c["code"] != "AccessDenied" ||
		c["AccessKeyId"] != "" {
		t.Errorf("%d %v", status, c)
	}
}
