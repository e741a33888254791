package remote_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// listener listens on a loopback port, for TLS or not.
func listener(secure bool, conf *tls.Config) (net.Listener, error) {
	if secure {
		return tls.Listen("tcp", "127.0.0.1:0", conf)
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// TestABodyOfUnknownLength keeps a body until its end. What does not fit is refused, and no file is left behind.
func TestABodyOfUnknownLength(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	rec := record(t, ok)
	o := at(t, rec.URL)
	o.Limits.MaxSpool = 4 << 20
	u := open(t, o)
	send := func(b []byte) error {
		_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
			&upstream.Body{Reader: io.MultiReader(bytes.NewReader(b[:len(b)/2]), bytes.NewReader(b[len(b)/2:])), Length: -1})
		return err
	}
	for _, size := range []int{0, 1, 1 << 20, 1<<20 + 1, 3 << 20, 3 << 20} { // more than MaxSpool, one after the other
		b := content(1, size)
		if err := send(b); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got := rec.last(t); got.body != string(b) || got.length != int64(size) {
			t.Errorf("the store got %d of %d bytes", len(got.body), size)
		}
	}
	asked := len(rec.all())
	if err := send(content(1, 6<<20)); !fault.Is(err, fault.Invalid, fault.ContentLength) {
		t.Errorf("a body that does not fit: %v", err)
	}
	if err := send(content(1, 3<<20)); err != nil {
		t.Errorf("after one that did not fit: %v", err)
	}
	if len(rec.all()) != asked+1 {
		t.Errorf("the store was asked %d times", len(rec.all())-asked)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestWhatBecomesOfSingleKeys has a store refuse us single keys of a DeleteObjects.
func TestWhatBecomesOfSingleKeys(t *testing.T) {
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<DeleteResult><Deleted><Key>a</Key></Deleted>"+
			"<Error><Key>b</Key><Code>AccessDenied</Code><Message>user gateway may not</Message></Error>"+
			"<Error><Key>c</Key><Code>NoSuchVersion</Code><Message>none</Message></Error></DeleteResult>")
	})
	u := open(t, at(t, rec.URL))
	in := &s3.DeleteObjectsRequest{Bucket: new("lake"), ChecksumAlgorithm: new("CRC32"),
		Delete: &s3.Delete{Objects: []s3.ObjectIdentifier{{Key: new("a")}, {Key: new("b")}, {Key: new("c")}}}}
	out := must(t, u, s3.DeleteObjects, in, nil)
	if len(out.Deleted) != 1 || *out.Errors[0].Code != "InternalError" ||
		strings.Contains(*out.Errors[0].Message, "gateway") || *out.Errors[1].Code != "NoSuchVersion" {
		t.Errorf("%+v", out)
	}
	if h := rec.last(t).header; h.Get("Content-Md5") == "" || h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" {
		t.Errorf("the store got %v", h)
	}
	in.Delete.Quiet = new(true)
	if out := must(t, u, s3.DeleteObjects, in, nil); len(out.Deleted) > 0 {
		t.Errorf("quiet: %+v", out.Deleted)
	}
}
