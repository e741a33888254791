package remote_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/remote"
)

// heard is a request as a store got it.
type heard struct {
	method, target, host string
	header               http.Header
	length               int64
	body                 string
}

// recorder is a store that answers what it is told, and remembers what it was asked.
type recorder struct {
	*httptest.Server
	mu    sync.Mutex
	heard []heard
}

// record starts a store that reads each request to its end and answers by f.
func record(t testing.TB, f http.HandlerFunc) *recorder {
	t.Helper()
	rec := &recorder{}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rec.mu.Lock()
		rec.heard = append(rec.heard, heard{r.Method, r.RequestURI, r.Host, r.Header.Clone(), r.ContentLength, string(body)})
		rec.mu.Unlock()
		f(w, r)
	}))
	t.Cleanup(rec.Close)
	return rec
}

func (r *recorder) all() []heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heard
}

// last is the last request.
func (r *recorder) last(t testing.TB) heard {
	t.Helper()
	all := r.all()
	if len(all) == 0 {
		t.Fatal("the store was not asked")
	}
	return all[len(all)-1]
}

// at are the options of an upstream in front of what listens at a URL.
func at(t testing.TB, urls ...string) remote.Options {
	t.Helper()
	o := remote.Options{Name: "test", Region: "us-east-1", Credentials: site{keys: aws.Credentials{
		AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}}, Log: slog.New(slog.NewTextHandler(testWriter{t}, nil))}
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Endpoints = append(o.Endpoints, u)
	}
	return o
}

// talker is a store that says bytes, whatever it is asked.
type talker struct {
	url      string
	accepted func() int
}

// talk starts a store that reads the head of each request and answers with the bytes of say, once for each connection,
// and closes it.
func talk(t testing.TB, say func(n int) string) talker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			text := say(n)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, text)
				_ = c.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, r.Body)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return talker{"http://" + l.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}}
}

// head is the head of an answer.
func head(status string, lines ...string) string {
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// TestLyingAnswers has stores whose answers contradict themselves. None is a success.
func TestLyingAnswers(t *testing.T) {
	const list = `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lake</Name>`
	ten := "0123456789"
	part := func(lines ...string) string {
		return head("206 Partial Content", append(lines, "Content-Length: 10")...) + ten
	}
	long := strings.Repeat("X-Filler: "+strings.Repeat("x", 1000)+"\r\n", 200)
	for what, c := range map[string]struct {
		answer string
		span   *string
	}{
		"shorter than it says":          {head("200 OK", "Content-Length: 11") + ten, nil},
		"without a length":              {head("200 OK", "Connection: close") + ten, nil},
		"HTTP/1.0 without a length":     {"HTTP/1.0 200 OK\r\n\r\n" + ten, nil},
		"chunks without an end":         {head("200 OK", "Transfer-Encoding: chunked") + "a\r\n" + ten + "\r\n", nil},
		"a part that was not asked for": {part("Content-Range: bytes 0-9/100"), nil},
		"a range of a whole object":     {head("200 OK", "Content-Length: 10", "Content-Range: bytes 0-9/100") + ten, nil},
		"another range":                 {part("Content-Range: bytes 5-14/100"), new("bytes=0-9")},
		"a range that is no part":       {part(), new("bytes=0-9")},
		"a range of another length":     {part("Content-Range: bytes 0-99/100"), new("bytes=0-99")},
		"two lengths":                   {head("200 OK", "Content-Length: 10", "Content-Length: 9") + ten, nil},
		"two ETags":                     {head("200 OK", "Content-Length: 10", `ETag: "a"`, `ETag: "b"`) + ten, nil},
		"compressed":                    {head("200 OK", "Content-Length: 10", "Transfer-Encoding: gzip") + ten, nil},
		"headers without an end":        {"HTTP/1.1 200 OK\r\n" + long + "\r\n", nil},
		"not HTTP":                      {"hello\r\n\r\n", nil},
		"an error of a proxy":           {head("404 Not Found", "Content-Length: 10", "Content-Type: text/html") + ten, nil},
		"a failure without words":       {head("400 Bad Request", "Content-Length: 0"), nil},
		"nothing":                       {"", nil},
	} {
		t.Run(what, func(t *testing.T) {
			u := open(t, at(t, talk(t, func(int) string { return c.answer }).url))
			out, err := direct(t, u, s3.GetObject, &s3.GetObjectRequest{Bucket: new("lake"), Key: new("k"), Range: c.span}, nil)
			if err == nil {
				b, failed := io.ReadAll(out.Body)
				_ = out.Body.Close()
				if failed == nil {
					t.Errorf("%d bytes are a success", len(b))
				}
			} else if fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%v", err)
			}
		})
	}
	for what, answer := range map[string]string{
		"shorter than it says": head("200 OK", "Content-Length: 1000") + list + `</ListBucketResult>`,
		"half an answer":       head("200 OK", fmt.Sprintf("Content-Length: %d", len(list))) + list,
		"another answer":       head("200 OK", "Content-Length: 15") + `<Other></Other>`,
		"empty":                head("200 OK", "Content-Length: 0"),
	} {
		t.Run("a listing, "+what, func(t *testing.T) {
			u := open(t, at(t, talk(t, func(int) string { return answer }).url))
			out, err := direct(t, u, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("lake")}, nil)
			if fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}

// TestAttack18_AnswersDoNotRunIntoEachOther has a store that says more than the length of its answer, and keeps the
// connection. What is too much must not become the answer to the next request, which may be another client's.
func TestAttack18_AnswersDoNotRunIntoEachOther(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	good := head("200 OK", "Content-Length: 4") + "good"
	evil := head("200 OK", "Content-Length: 4") + "evil"
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					_, _ = io.WriteString(c, good+evil)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	o := at(t, "http://"+l.Addr().String())
	o.Limits.MaxConns = 2 // so that a connection goes from one call to the next at once
	u := open(t, o)
	t.Cleanup(func() { _ = u.Close() })
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 300 {
				if b, err := read(t, u, "lake", "k"); err == nil && string(b) != "good" {
					t.Errorf("%q", b)
					return
				}
			}
		})
	}
	calls.Wait()
}
