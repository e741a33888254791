package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// exchange is one connection on which a test writes exact bytes.
type exchange struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func (w *world) dial() *exchange {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &exchange{w.t, conn, bufio.NewReader(conn)}
}

func (x *exchange) write(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.conn, text); err != nil {
		x.t.Fatal(err)
	}
}

// head is the head of a request as it goes over the wire, with further lines.
func head(r *http.Request, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), or(r.Host, r.URL.Host))
	for name, values := range r.Header {
		for _, v := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	return b.String() + "\r\n"
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// expect sends the head of a request and waits until the server asks for the body. The server must ask.
func (w *world) expect(k awsKeys, a ask) *exchange {
	w.t.Helper()
	x := w.dial()
	x.write(head(w.request(k, a), fmt.Sprintf("Content-Length: %d", len(a.body)), "Expect: 100-continue"))
	line, err := x.in.ReadString('\n')
	if err != nil || !strings.Contains(line, " 100 ") {
		w.t.Fatalf("%s %s: the body was not asked for: %q %v", a.method, a.path, line, err)
	}
	if _, err := x.in.ReadString('\n'); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// answer reads one answer.
func (x *exchange) answer(w *world, method string) *answer {
	x.t.Helper()
	resp, err := http.ReadResponse(x.in, &http.Request{Method: method})
	if err != nil {
		x.t.Fatal(err)
	}
	return w.read(resp)
}

// ended reports whether the server closed the connection. A server that is only silent does not count.
func (x *exchange) ended() bool {
	_, err := x.in.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// TestABodyIsNotAskedForInVain checks that a caller who may not write is refused before the caller sends the body.
func TestABodyIsNotAskedForInVain(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/in/*", "READ", false)
	vended := w.vend(alice, "s3://lake/in/*", "READ")
	refusedHeads := map[string]ask{
		"put":     {method: "PUT", path: "/lake/in/k", body: "content"},
		"part":    {method: "PUT", path: "/lake/in/k?partNumber=1&uploadId=x", body: "content"},
		"bucket":  {method: "PUT", path: "/none/in/k", body: "content"},
		"unknown": {method: "PUT", path: "/lake/in/k?acl", body: "content"},
	}
	waiting := map[string]*exchange{}
	for what, a := range refusedHeads {
		x := w.dial()
		waiting[what] = x
		x.write(head(w.request(vended, a), "Content-Length: 7", "Expect: 100-continue"))
		if got := x.answer(w, a.method); got.status < 400 {
			t.Errorf("%s: %v", what, got)
		}
	}
	for what, x := range waiting {
		if !x.ended() {
			t.Errorf("%s: the connection stays open though its body is still to come", what)
		}
	}
	x := w.expect(w.root, ask{method: "PUT", path: "/lake/in/k", body: "content"})
	x.write("content")
	served(t, "beside", x.answer(w, "PUT"))
}

// TestAttack18_NoRequestInsideARequest leaves a body unread, and writes the next request into it.
func TestAttack18_NoRequestInsideARequest(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	w.object("/lake/k", "content")
	nobody := w.user("nobody", "")
	inner := head(w.request(w.root, ask{method: "DELETE", path: "/lake/k"}), "Content-Length: 0")
	length := fmt.Sprintf("Content-Length: %d", len(inner))
	for what, x := range map[string]struct {
		head string
		want int
	}{
		"refused put":         {head(w.request(nobody, ask{method: "PUT", path: "/lake/x", body: inner}), length), 403},
		"unsigned put":        {"PUT /lake/x HTTP/1.1\r\nHost: " + w.host + "\r\n" + length + "\r\n\r\n", 403},
		"unknown":             {head(w.request(w.root, ask{method: "PUT", path: "/lake/x?acl", body: inner}), length), 501},
		"get with a body":     {head(w.request(w.root, ask{method: "GET", path: "/lake/k", body: inner}), length), 400},
		"delete with a body":  {head(w.request(nobody, ask{method: "DELETE", path: "/lake/k", body: inner}), length), 400},
		"head with a body":    {head(w.request(nobody, ask{method: "HEAD", path: "/lake/k", body: inner}), length), 400},
		"options with a body": {"OPTIONS /lake/x HTTP/1.1\r\nHost: " + w.host + "\r\n" + length + "\r\n\r\n", 403},
		"two lengths": {head(w.request(nobody, ask{method: "PUT", path: "/lake/x", body: inner}), length,
			"Content-Length: 0"), 400},
		"length and chunks": {head(w.request(nobody, ask{method: "PUT", path: "/lake/x", body: inner}), length,
			"Transfer-Encoding: chunked"), 403},
		"two encodings": {head(w.request(nobody, ask{method: "PUT", path: "/lake/x", body: inner}),
			"Transfer-Encoding: chunked, identity"), 501},
		"a folded length": {head(w.request(nobody, ask{method: "PUT", path: "/lake/x", body: inner}), "Content-Length: +5"),
			400},
	} {
		c := w.dial()
		c.write(x.head + inner)
		method, _, _ := strings.Cut(x.head, " ")
		if got := c.answer(w, method); got.status != x.want {
			t.Errorf("%s: %v, want %d", what, got, x.want)
		}
		if !c.ended() {
			t.Errorf("%s: something more was answered", what)
		}
	}
	if !w.exists("/lake/k") {
		t.Error("the inner request was obeyed")
	}
	t.Run("hop-by-hop names do not take signed headers away", func(t *testing.T) {
		for _, name := range []string{"x-amz-content-sha256", "authorization", "x-amz-date", "host", "X-Amz-Security-Token"} {
			got := w.do(w.root, ask{method: "GET", path: "/lake/k", after: func(r *http.Request) {
				r.Header.Set("Connection", name)
			}})
			if got.status < 400 {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
	t.Run("a connection goes on after a refusal without a body", func(t *testing.T) {
		c := w.dial()
		for range 3 {
			c.write(head(w.request(nobody, ask{method: "GET", path: "/lake/k"})))
			refused(t, "get", c.answer(w, "GET"), 403, "AccessDenied", "")
		}
	})
}

// TestOddRequests checks that odd requests are answered, and not with a panic.
func TestOddRequests(t *testing.T) {
	w := start(t)
	w.bucket(w.root, "lake")
	for _, line := range []string{
		"GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http:lake HTTP/1.1", "GET /%zz HTTP/1.1", "GET /lake?% HTTP/1.1",
		"GET /lake/%00 HTTP/1.1", "GET ? HTTP/1.1", "GET // HTTP/1.1",
		"PUT / HTTP/1.1", "DELETE / HTTP/1.1", "POST / HTTP/1.1", "HEAD / HTTP/1.1", "CONNECT lake:80 HTTP/1.1",
		"GET lake HTTP/1.1", "GET /lake;x HTTP/1.1",
	} {
		x := w.dial()
		x.write(line + "\r\nHost: " + w.host +
			"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, " +
			"Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\n\r\n")
		method, _, _ := strings.Cut(line, " ")
		if got := x.answer(w, method); got.status < 300 && !strings.HasPrefix(line, "OPTIONS *") ||
			got.status >= 500 && got.status != 501 {
			t.Errorf("%s: %v", line, got)
		}
	}
	signed := map[string]int{
		"/":                                   405,
		"//":                                  501,
		"/lake//":                             200,
		"/lake/%20":                           200,
		"/%20/k":                              404,
		"/./k":                                404,
		"/../k":                               404,
		"/lake%00/k":                          404,
		"/" + strings.Repeat("x", 300) + "/k": 404,
	}
	for path, want := range signed {
		if got := w.put(w.root, path, ""); got.status != want {
			t.Errorf("PUT %s: %v, want %d", path, got, want)
		}
	}
	if log := w.log.String(); strings.Contains(log, "panic") {
		t.Error(log)
	}
}
