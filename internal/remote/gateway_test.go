package remote_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/remote"
	"latchkey/internal/server"
	"latchkey/internal/upstream"
)

// front is a whole server in front of a remote store, and a client of it.
type front struct {
	*testing.T
	url    string
	keys   aws.Credentials
	http   *http.Client
	store  *remote.Store
	server *server.Server
}

// inFront starts a server whose buckets are in the store, and makes the bucket "lake" by it.
func inFront(t *testing.T, store *remote.Store) *front {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	s.Buckets.Upstream = store
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	f := &front{T: t, url: s.URL(), store: store, server: s}
	f.http = &http.Client{Transport: &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Minute}}
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		stop()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Error(err)
		}
	})
	f.keys = aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}
	if status, body, err := f.do(http.MethodPut, "/lake", nil, nil); err != nil || status != http.StatusOK {
		t.Fatalf("CreateBucket: %d %s %v", status, body, err)
	}
	return f
}

var signer = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })

// sign signs a request as a client does.
func (f *front) sign(r *http.Request, hash string) *http.Request {
	f.Helper()
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := signer.SignHTTP(f.Context(), f.keys, r, hash, "s3", "us-east-1", time.Now()); err != nil {
		f.Fatal(err)
	}
	return r
}

// do sends a request and reads its whole answer.
func (f *front) do(method, target string, h http.Header, body []byte) (int, string, error) {
	f.Helper()
	r, err := http.NewRequest(method, f.url+target, bytes.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for k, v := range h {
		r.Header[k] = v
	}
	sum := sha256.Sum256(body)
	resp, err := f.http.Do(f.sign(r, hex.EncodeToString(sum[:])))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err
}

// direct performs a call without a gateway.
func direct[In, Out any](
	t testing.TB, u upstream.Upstream, op awswire.Op[In, Out], in *In, body *upstream.Body,
) (*Out, error) {
	t.Helper()
	out, err := u.Do(t.Context(), upstream.Call{Operation: op.Operation, Input: in, Body: body})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// must is direct for a call that succeeds.
func must[In, Out any](
	t testing.TB, u upstream.Upstream, op awswire.Op[In, Out], in *In, body *upstream.Body,
) *Out {
	t.Helper()
	out, err := direct(t, u, op, in, body)
	if err != nil {
		t.Fatalf("%s: %v", op.Name, err)
	}
	return out
}

// bucket makes a bucket without a gateway.
func bucket(t testing.TB, u upstream.Upstream, name string) string {
	t.Helper()
	must(t, u, s3.CreateBucket, &s3.CreateBucketRequest{Bucket: &name}, nil)
	return name
}

func bodyOf(b []byte) *upstream.Body {
	return &upstream.Body{Reader: bytes.NewReader(b), Length: int64(len(b))}
}

// content is n bytes that differ for each seed.
func content(seed byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i*7+i/251)
	}
	return b
}

func put(t testing.TB, u upstream.Upstream, name, key string, b []byte) {
	t.Helper()
	must(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: &name, Key: &key}, bodyOf(b))
}

// read reads an object to its end.
func read(t testing.TB, u upstream.Upstream, name, key string) ([]byte, error) {
	t.Helper()
	out, err := direct(t, u, s3.GetObject, &s3.GetObjectRequest{Bucket: &name, Key: &key}, nil)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(out.Body)
	return b, errors.Join(err, out.Body.Close())
}

// has fails unless an object has this content.
func has(t testing.TB, u upstream.Upstream, name, key string, want []byte) {
	t.Helper()
	if got, err := read(t, u, name, key); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes (%v), want other %d", key, len(got), err, len(want))
	}
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// swap puts another store behind the server.
func (f *front) swap(u *remote.Store) { f.store, f.server.Buckets.Upstream = u, u }
