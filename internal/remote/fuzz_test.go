package remote_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/remote"
	"latchkey/internal/upstream"
)

// FuzzAnswer has a store answer with any bytes. A call ends with an answer or a fault, and an object that is read to
// its end has the length that was announced.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		head("200 OK", "Content-Length: 4") + "good",
		head("206 Partial Content", "Content-Length: 4", "Content-Range: bytes 0-3/9") + "good",
		head("200 OK", "Transfer-Encoding: chunked") + "4\r\ngood\r\n0\r\n\r\n",
		head("404 Not Found", "Content-Length: 35") + "<Error><Code>NoSuchKey</Code></Error>",
		head("503 Slow Down", "Retry-After: 99999999999999999999", "Content-Length: 0"),
		head("301 Moved", "Location: http://other/", "Content-Length: 0"),
		head("200 OK", "Content-Length: 90") +
			"<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents>",
		head("304 Not Modified", `ETag: "x"`), head("100 Continue") + head("200 OK", "Content-Length: 0"),
	} {
		for op := range uint8(5) {
			f.Add([]byte(seed), op)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	defer l.Close()
	var answer atomic.Pointer[[]byte]
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = c.Write(*answer.Load())
			}
			_ = c.Close()
		}
	}()
	o := at(f, "http://"+l.Addr().String())
	o.Log = nil
	o.Limits = remote.Limits{MaxFailures: 1 << 30, Answer: 5 * time.Second, Work: 5 * time.Second, Idle: 5 * time.Second}
	u := open(f, o)
	f.Fuzz(func(t *testing.T, said []byte, which uint8) {
		answer.Store(&said)
		_ = u.Close() // each answer has a connection of its own
		lake, k := new("lake"), new("k")
		in := []any{&s3.GetObjectRequest{Bucket: lake, Key: k}, &s3.HeadObjectRequest{Bucket: lake, Key: k},
			&s3.ListObjectsV2Request{Bucket: lake}, &s3.PutObjectRequest{Bucket: lake, Key: k},
			&s3.DeleteObjectsRequest{Bucket: lake, Delete: &s3.Delete{Objects: []s3.ObjectIdentifier{{Key: k}}}}}[which%5]
		out, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, in), Input: in})
		if err != nil {
			checkFault(t, err)
			return
		}
		if got, ok := out.(*s3.GetObjectOutput); ok {
			b, err := io.ReadAll(got.Body)
			_ = got.Body.Close()
			if err == nil && got.ContentLength != nil && *got.ContentLength != int64(len(b)) {
				t.Errorf("%d bytes of %d", len(b), *got.ContentLength)
			}
			if err == nil && got.ContentRange != nil {
				t.Errorf("a part, %s, that was not asked for", *got.ContentRange)
			}
		}
	})
}

// checkFault fails unless an error is a fault that the gateway can tell.
func checkFault(t *testing.T, err error) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal || f.Kind == fault.Denied || f.Kind == fault.Unauthenticated {
		t.Errorf("%v", err)
		return
	}
	if after := f.Fields["Retry-After"]; after != "" {
		if n, err := strconv.Atoi(after); err != nil || n < 1 || n > 300 {
			t.Errorf("Retry-After %s", after)
		}
	}
	if f.Foreign != nil && strings.TrimSpace(f.Foreign.Code) == "" {
		t.Errorf("the store's words have no code: %+v", f.Foreign)
	}
}
