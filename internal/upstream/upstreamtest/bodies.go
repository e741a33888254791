package upstreamtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// broken returns its bytes and then fails instead of ending, as a body that is not valid does.
type broken struct {
	left []byte
	err  error
}

func (b *broken) Read(p []byte) (int, error) {
	if len(b.left) == 0 {
		return 0, b.err
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// failing lists bodies that are not valid, each with the failure that the call must have. Each lacks only its end.
func failing(size int) map[string]struct {
	body   *upstream.Body
	kind   fault.Kind
	entity fault.Entity
} {
	all := content(5, size)
	signature := fault.New(fault.Unauthenticated, fault.Signature, "")
	cut := func(n int, err error) *upstream.Body {
		return &upstream.Body{Reader: &broken{all[:n], err}, Length: int64(size), Trailers: func() http.Header { return nil }}
	}
	longer := bodyOf(all)
	longer.Length--
	unknown := func(n int, err error) *upstream.Body {
		b := cut(n, err)
		b.Length = -1
		return b
	}
	type failure = struct {
		body   *upstream.Body
		kind   fault.Kind
		entity fault.Entity
	}
	return map[string]failure{
		"a signature that does not hold": {cut(size-1, signature), fault.Unauthenticated, fault.Signature},
		"the same after the last byte":   {cut(size, signature), fault.Unauthenticated, fault.Signature},
		"the same, of unknown length":    {unknown(size-1, signature), fault.Unauthenticated, fault.Signature},
		"the same, wrapped": {cut(size-1, fmt.Errorf("read: %w", signature)), fault.Unauthenticated,
			fault.Signature},
		"a caller who may not write any more": {cut(size-1, fault.New(fault.Denied, "", "Access Denied")), fault.Denied,
			""},
		"a hash that is another": {cut(size-1, fault.New(fault.Invalid, fault.PayloadHash, "")),
			fault.Invalid, fault.PayloadHash},
		"a connection that broke": {cut(size-1, errors.New("connection reset by peer")), fault.Incomplete,
			fault.Body},
		"an unexpected end": {cut(size-1, io.ErrUnexpectedEOF), fault.Incomplete, fault.Body},
		"an end that is none": {cut(size, fmt.Errorf("cut off: %w", io.EOF)), fault.Incomplete,
			fault.Body},
		"an unexpected end, of unknown length": {unknown(size-1, io.ErrUnexpectedEOF), fault.Incomplete, fault.Body},
		"an end that is none, of unknown length": {unknown(size, fmt.Errorf("cut off: %w", io.EOF)), fault.Incomplete,
			fault.Body},
		"a byte too few":  {cut(size-1, io.EOF), fault.Incomplete, fault.Body},
		"a byte too many": {longer, fault.Incomplete, fault.Body},
	}
}

// bodySizes are sizes near those that stores buffer at once.
var bodySizes = []int{2, 1000, 64 << 10, 1<<20 + 1}

func failedObjects(s *suite) {
	old := content(1, 5000)
	s.put("old", old)
	for _, size := range bodySizes {
		for what, f := range failing(size) {
			_, err := do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("new")}, f.body)
			s.refused(fmt.Sprintf("%d bytes, %s", size, what), err, f.kind, f.entity)
			s.has("new", nil)
		}
		for what, f := range failing(size) {
			_, err := do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("old")}, f.body)
			s.refused(fmt.Sprintf("%d bytes over an object, %s", size, what), err, f.kind, f.entity)
			s.has("old", old)
		}
	}
	if got := listed(s, &s3.ListObjectsV2Request{}); len(got) != 1 {
		s.Errorf("listed %v", got)
	}
	must(s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &s.bucket, Key: new("old")}, nil)
	must(s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: &s.bucket}, nil) // nothing that is left prevents it
}

func failedParts(s *suite) {
	key, old := "k", content(1, 5000)
	id := s.begin(key)
	kept := s.part(key, id, 1, old)
	for _, size := range bodySizes {
		for _, number := range []int32{1, 2} {
			for what, f := range failing(size) {
				_, err := do(s, s3.UploadPart, &s3.UploadPartRequest{
					Bucket: &s.bucket, Key: &key, UploadId: id, PartNumber: &number,
				}, f.body)
				s.refused(fmt.Sprintf("part %d of %d bytes, %s", number, size, what), err, f.kind, f.entity)
			}
		}
		if got := s.parts(key, id); len(got) != 1 || got[1] != etag(old) {
			s.Errorf("the parts are %v", got)
		}
	}
	if _, err := s.complete(key, id, kept); err != nil {
		s.Fatal(err)
	}
	s.has(key, old)
}
