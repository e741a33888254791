package remote_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// TestWhatASecondAttemptMayNotDo has stores that end connections at different moments. A call is sent again only if the
// store cannot have begun it.
func TestWhatASecondAttemptMayNotDo(t *testing.T) {
	reading := func(n int) string { return "" } // reads the head of the request, and ends
	lake, k := new("lake"), new("k")
	for what, c := range map[string]struct {
		in    any
		body  *upstream.Body
		tries int
	}{
		"DeleteObject": {&s3.DeleteObjectRequest{Bucket: lake, Key: k}, nil, 1},
		"CopyObject":   {&s3.CopyObjectRequest{Bucket: lake, Key: k, CopySource: new("a/b")}, nil, 1},
		"PutObject":    {&s3.PutObjectRequest{Bucket: lake, Key: k}, bodyOf(content(1, 1000)), 1},
		"a new connection on which the store wants no body": {&s3.PutObjectRequest{Bucket: lake, Key: k},
			bodyOf(content(1, 2<<20)), 1},
		"GetObject": {&s3.GetObjectRequest{Bucket: lake, Key: k}, nil, 1},
	} {
		s := talk(t, reading)
		u := open(t, at(t, s.url))
		_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, c.in), Input: c.in, Body: c.body})
		unanswered(t, what, err)
		if n := s.accepted(); n != c.tries {
			t.Errorf("%s was sent %d times", what, n)
		}
	}
}

// TestAConnectionThatWasKept has a store that ends a kept connection when the next request comes, before it asks for
// the body. The body was not sent: the call is sent again.
func TestAConnectionThatWasKept(t *testing.T) {
	var requests atomic.Int64
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 2 {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	u := open(t, at(t, "http://"+l.Addr().String()))
	put(t, u, "lake", "k", content(1, 10))
	b := content(1, 2<<20)
	source := &counting{Reader: bytes.NewReader(b)}
	must(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
		&upstream.Body{Reader: source, Length: int64(len(b))})
	if requests.Load() != 3 || source.n != int64(len(b)) {
		t.Errorf("%d requests, %d bytes of the body were read", requests.Load(), source.n)
	}
}

type counting struct {
	io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// TestAnAnswerBeforeTheBody has a store that says 200 before it has read the body.
func TestAnAnswerBeforeTheBody(t *testing.T) {
	s := talk(t, func(int) string { return head("200 OK", "Content-Length: 0", `ETag: "x"`) })
	u := open(t, at(t, s.url))
	r, w := io.Pipe()
	defer w.Close()
	_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
		&upstream.Body{Reader: r, Length: 1000})
	if fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// TestTheClientWaitsForTheStore has a client that sends its body only when it is asked. A refusal of the store comes
// first: the client never sends.
func TestTheClientWaitsForTheStore(t *testing.T) {
	f := inFront(t, open(t, latchkey(t).options(t)))
	put(t, f.store, "lake", "k", content(1, 10))
	send := func(key string, h http.Header) (int, int64) {
		body := &counting{Reader: bytes.NewReader(content(1, 5000))}
		r, err := http.NewRequest(http.MethodPut, f.url+"/lake/"+key, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength, r.Header = 5000, h
		r.Header.Set("Expect", "100-continue")
		resp, err := f.http.Do(f.sign(r, "UNSIGNED-PAYLOAD"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode, body.n
	}
	if status, sent := send("k", http.Header{}); status != http.StatusOK || sent != 5000 {
		t.Errorf("a write: %d, the client sent %d bytes", status, sent)
	}
	must(t, f.store, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: new("lake"), Key: new("k")}, nil)
	must(t, f.store, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: new("lake")}, nil)
	if status, sent := send("k", http.Header{}); status != http.StatusNotFound || sent != 0 {
		t.Errorf("a write that the store refuses: %d, the client sent %d bytes", status, sent)
	}
}
