package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// boot opens a server on free ports, serves it, and ends it with the test.
func boot(t testing.TB, c Config) *Server {
	t.Helper()
	s := open(t, c)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// open opens a server that nobody serves yet, and closes it with the test.
func open(t testing.TB, c Config) *Server {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	if c.Data == "" {
		c.Data = t.TempDir()
	}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// send writes a request as it stands, on a connection of its own, and reads the answer.
func send(t *testing.T, s *Server, method, target, host string, header ...string) (int, http.Header, string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, host)
	for _, h := range header {
		fmt.Fprintf(conn, "%s\r\n", h)
	}
	fmt.Fprint(conn, "\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func TestRouting(t *testing.T) {
	s := boot(t, Config{})
	const signed = "Authorization: AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host, Signature=00"
	own := func(status int, body string) func(int, string) bool {
		return func(st int, b string) bool {
			return st == status && strings.Contains(b, body) && !strings.Contains(b, "<Error>")
		}
	}
	aws := func(st int, b string) bool { return st >= 400 && strings.Contains(b, "<Code>") }
	for name, c := range map[string]struct {
		method, target string
		header         []string
		want           func(int, string) bool
	}{
		"the process answers on /healthz":             {"GET", "/healthz", nil, own(200, "ok")},
		"the server says that it is ready on /readyz": {"GET", "/readyz", nil, own(200, "ready")},
		"figures are on /metrics": {"GET", "/metrics", nil,
			own(200, "latchkey_snapshot_revision")},
		"a bucket may be called healthz: signed header": {"GET", "/healthz", []string{signed}, aws},
		"a bucket may be called metrics: old signature": {"GET", "/metrics",
			[]string{"Authorization: AWS AKIANOBODY:c2ln"}, aws},
		"a bucket may be called metrics: presigned": {"GET",
			"/metrics?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", nil, aws},
		"a bucket may be called readyz: old presigned": {"GET",
			"/readyz?AWSAccessKeyId=AKIANOBODY&Signature=x&Expires=1", nil, aws},
		"what lies below a page's name is a key": {"GET", "/metrics/x", nil, aws},
		"the control plane answers under its version": {"GET", "/v20180820/accessgrantsinstance",
			[]string{"X-Amz-Account-Id: 123456789012"}, aws},
		"the control plane answers to forms": {"POST", "/",
			[]string{"Content-Type: application/x-www-form-urlencoded", "Content-Length: 43", "",
				"Action=GetCallerIdentity&Version=2011-06-15"}, aws},
		"keys with empty segments are not redirected": {"GET", "/bucket//a///b", nil, aws},
		"keys with dot segments are not redirected":   {"GET", "/bucket/a/../b/./c", nil, aws},
		"nothing is tunnelled": {"CONNECT", "s3.latchkey:443", nil,
			own(405, "tunnels nothing")},
		"the server's own name is served through the proxy": {"GET", "http://s3.latchkey/healthz", nil, own(200, "ok")},
		"an account's name is served through the proxy": {"GET",
			"http://123456789012.s3.latchkey/v20180820/accessgrantsinstance", []string{"X-Amz-Account-Id: 123456789012"}, aws},
		"loopback is served through the proxy": {"GET", s.URL() + "/healthz", nil, own(200, "ok")},
		"refused through the proxy: another host": {"GET", "http://example.org/healthz", nil,
			own(403, "own names only")},
		"refused through the proxy: the host's metadata": {"GET", "http://169.254.169.254/latest/meta-data/", nil,
			own(403, "own names only")},
		"refused through the proxy: another port of loopback": {"GET", "http://127.0.0.1:1/healthz", nil,
			own(403, "own names only")},
		"refused through the proxy: another port by name": {"GET", "http://s3.latchkey:1/healthz", nil,
			own(403, "own names only")},
		"refused through the proxy: a name that ends alike": {"GET", "http://evils3.latchkey/healthz", nil,
			own(403, "own names only")},
		"refused through the proxy: a name that begins alike": {"GET", "http://s3.latchkey.example.org/healthz", nil,
			own(403, "own names only")},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, body := send(t, s, c.method, c.target, s.listener.Addr().String(), c.header...)
			if !c.want(status, body) || header.Get("Location") != "" {
				t.Errorf("%d %v %s", status, header, body)
			}
		})
	}
}

func TestOwnNames(t *testing.T) {
	n := &names{domains: []string{"s3.example.org", "localhost"}, port: "4242"}
	for host, ours := range map[string]bool{
		"s3.example.org":             true,
		"S3.Example.Org.":            true,
		"s3.example.org:4242":        true,
		"bucket.s3.example.org:4242": true,
		"localhost:4242":             true,
		"127.0.0.1:4242":             true,
		"[::1]:4242":                 true,
		"127.8.8.8":                  true,
		"s3.example.org:80":          false,
		"example.org":                false,
		"xs3.example.org":            false,
		"s3.example.org.evil.org":    false,
		"10.0.0.1:4242":              false,
		"":                           false,
		"0.0.0.0:4242":               false,
		"[::ffff:10.0.0.1]:4242":     false,
		"localhost.":                 true,
		"localhostx":                 false,
	} {
		if n.isOwn(host) != ours {
			t.Errorf("%q: ours is %v", host, !ours)
		}
	}
}

func TestMetricsOfTheirOwn(t *testing.T) {
	s := boot(t, Config{Metrics: "127.0.0.1:0"})
	for target, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/bucket/key": 404} {
		resp, err := http.Get(metricsURL(s) + target)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s on the metrics listener: %d", target, resp.StatusCode)
		}
	}
	for _, target := range []string{"/healthz", "/readyz", "/metrics"} {
		if status, _, _ := send(t, s, "GET", target, "x"); status != http.StatusNotFound {
			t.Errorf("%s on the main listener: %d", target, status)
		}
	}
	if metricsURL(s) == s.URL() {
		t.Error("one URL for both")
	}
}

func TestRequestsAreCounted(t *testing.T) {
	s := boot(t, Config{})
	send(t, s, "GET", "/bucket/key", "x")
	send(t, s, "GET", "/bucket?never-heard-of", "x")
	// A request is counted after its answer: the figures may come a moment later than that.
	const want = `latchkey_requests_total{code="AccessDenied",operation="unknown",service="s3"} 2`
	body := ""
	for !strings.Contains(body, want) && t.Context().Err() == nil {
		_, _, body = send(t, s, "GET", "/metrics", "x")
	}
	if strings.Contains(body, "never-heard-of") {
		t.Errorf("a client has made a label: %s", body)
	}
}

// slow makes the gateway a handler that says when it was entered, and waits.
func slow(s *Server) (entered, release chan struct{}) {
	entered, release = make(chan struct{}), make(chan struct{})
	s.router.s3 = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, "done")
	})
	return entered, release
}

func TestShutdownLetsRequestsInFlightEnd(t *testing.T) {
	s := open(t, Config{})
	entered, release := slow(s)
	ctx, stop := context.WithCancel(t.Context())
	served, answered := make(chan error, 1), make(chan string, 1)
	go func() { served <- s.Serve(ctx) }()
	go func() {
		_, _, body := send(t, s, "GET", "/bucket/key", "x")
		answered <- body
	}()
	<-entered
	stop()
	<-s.draining
	w := httptest.NewRecorder()
	s.own.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("ready while it shuts down: %d", w.Code)
	}
	close(release)
	if body := <-answered; body != "done" {
		t.Errorf("the request in flight got %q", body)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", s.listener.Addr().String()); err == nil {
		c.Close()
		t.Error("it still accepts connections")
	}
}

func TestShutdownCutsOffWhatTakesTooLong(t *testing.T) {
	s := open(t, Config{DrainTimeout: time.Millisecond})
	entered, _ := slow(s)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	go http.Get(s.URL() + "/bucket/key") // cut off: its answer does not matter
	<-entered
	stop()
	if err := <-served; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("serve: %v", err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	data := t.TempDir()
	for range 2 { // the second could not open what the first still holds
		s, err := Open(t.Context(), Config{Listen: "127.0.0.1:0", Metrics: "127.0.0.1:0", Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}

func TestOpenThatFailsLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"the port is taken":            {Listen: taken.Addr().String()},
		"the metrics' port is taken":   {Metrics: taken.Addr().String()},
		"the data folder is a file":    {Data: file},
		"the sealing key is no key":    {SealingKey: "secret"},
		"the database is no database":  {Database: "mysql://x"},
		"the certificate is not there": {TLSCert: file + "x", TLSKey: file + "x"},
		"the certificate has no key":   {TLSCert: file},
	} {
		if c.Listen == "" {
			c.Listen = "127.0.0.1:0"
		}
		if c.Data == "" {
			c.Data = t.TempDir()
		}
		if s, err := Open(t.Context(), c); err == nil || s != nil {
			t.Errorf("%s: opened %v, %v", name, s, err)
		}
	}
	goleak.VerifyNone(t, before)
}

// metricsURL is where /metrics, /healthz and /readyz are when they have a listener of their own.
func metricsURL(s *Server) string { return "http://" + s.metrics.Addr().String() }
