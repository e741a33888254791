package upstreamtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// suite is the upstream of one case, with a bucket of the case's own.
type suite struct {
	*testing.T
	u      upstream.Upstream
	bucket string
}

// owner is the canonical id that listings must show.
const owner = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// do performs an operation as the gateway does.
func do[In, Out any](s *suite, op awswire.Op[In, Out], in *In, body *upstream.Body) (*Out, error) {
	s.Helper()
	return doIn(s.Context(), s, op, in, body)
}

func doIn[In, Out any](
	ctx context.Context, s *suite, op awswire.Op[In, Out], in *In, body *upstream.Body,
) (*Out, error) {
	s.Helper()
	m := upstream.Meta{Owner: owner, Location: "https://s3.example.org"}
	out, err := s.u.Do(ctx, upstream.Call{Meta: m, Operation: op.Operation, Input: in, Body: body})
	if err != nil {
		return nil, err
	}
	typed, ok := out.(*Out)
	if !ok {
		s.Fatalf("%s is answered with a %T", op.Name, out)
	}
	return typed, nil
}

// must is do for a call that succeeds.
func must[In, Out any](s *suite, op awswire.Op[In, Out], in *In, body *upstream.Body) *Out {
	s.Helper()
	out, err := do(s, op, in, body)
	if err != nil {
		s.Fatalf("%s: %v", op.Name, err)
	}
	return out
}

// refused fails unless err is a fault of this kind, and of one of these entities if there are any.
func (s *suite) refused(what string, err error, k fault.Kind, entities ...fault.Entity) {
	s.Helper()
	if err != nil && len(entities) == 0 && fault.KindOf(err) == k {
		return
	}
	for _, n := range entities {
		if fault.Is(err, k, n) {
			return
		}
	}
	s.Errorf("%s: %v, want %v of %v", what, err, k, entities)
}

func newName() string { return "t-" + strings.ToLower(rand.Text()) }

func (s *suite) newBucket() string {
	s.Helper()
	name := newName()
	if _, err := s.create(name, newName()); err != nil {
		s.Fatalf("CreateBucket: %v", err)
	}
	return name
}

// create asks for a bucket with a nonce.
func (s *suite) create(name, nonce string) (any, error) {
	return s.u.Do(s.Context(), upstream.Call{
		Meta:      upstream.Meta{Nonce: nonce},
		Operation: s3.CreateBucket.Operation,
		Input:     &s3.CreateBucketRequest{Bucket: &name},
	})
}

// content is n bytes that repeat at no power of two. They differ for each seed.
func content(seed byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i*7+i/251)
	}
	return b
}

func bodyOf(b []byte) *upstream.Body {
	return &upstream.Body{Reader: bytes.NewReader(b), Length: int64(len(b))}
}

func (s *suite) put(key string, b []byte) *s3.PutObjectOutput {
	s.Helper()
	return must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: &key, ContentLength: length(b)}, bodyOf(b))
}

func length(b []byte) *int64 { return new(int64(len(b))) }

func (s *suite) get(in *s3.GetObjectRequest) ([]byte, *s3.GetObjectOutput) {
	s.Helper()
	in.Bucket = &s.bucket
	out := must(s, s3.GetObject, in, nil)
	b, err := io.ReadAll(out.Body)
	if err = errors.Join(err, out.Body.Close()); err != nil {
		s.Fatalf("reading %q: %v", *in.Key, err)
	}
	return b, out
}

// has fails unless the key has this content; nil is no object.
func (s *suite) has(key string, want []byte) {
	s.Helper()
	if want == nil {
		_, err := do(s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: &s.bucket, Key: &key}, nil)
		s.refused("there is an object "+key, err, fault.NotFound, fault.Key)
		return
	}
	if got, _ := s.get(&s3.GetObjectRequest{Key: &key}); !bytes.Equal(got, want) {
		s.Errorf("%q has %d bytes, want other %d", key, len(got), len(want))
	}
}

func etag(b []byte) string {
	sum := md5.Sum(b)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func crc(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
