package upstreamtest

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

func objects(s *suite) {
	for _, size := range []int{0, 1, 4096, 100_003, 1<<20 + 17} {
		want, key := content(1, size), "some/key"
		out := must(s, s3.PutObject, &s3.PutObjectRequest{
			Bucket: &s.bucket, Key: &key, ContentLength: length(want), ContentType: new("text/x-test"),
			CacheControl: new("no-cache"), Metadata: map[string]string{"colour": "blue"},
		}, bodyOf(want))
		if text(out.ETag) != etag(want) {
			s.Errorf("%d bytes: ETag %s, want %s", size, text(out.ETag), etag(want))
		}
		got, head := s.get(&s3.GetObjectRequest{Key: &key})
		if !bytes.Equal(got, want) {
			s.Errorf("%d bytes: %d other ones came back", size, len(got))
		}
		if text(head.ETag) != etag(want) || *head.ContentLength != int64(size) || text(head.ContentType) != "text/x-test" ||
			text(head.CacheControl) != "no-cache" || head.Metadata["colour"] != "blue" || head.ContentRange != nil ||
			time.Since(*head.LastModified) > time.Hour {
			s.Errorf("%d bytes: %+v", size, head)
		}
		alone := must(s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: &s.bucket, Key: &key}, nil)
		if text(alone.ETag) != etag(want) || *alone.ContentLength != int64(size) || alone.Metadata["colour"] != "blue" {
			s.Errorf("%d bytes: HeadObject: %+v", size, alone)
		}
	}
	b := bodyOf(content(2, 70_000))
	b.Length = -1 // not known
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("unknown length")}, b)
	s.has("unknown length", content(2, 70_000))
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("no body")}, nil)
	s.has("no body", []byte{})
}

func replaced(s *suite) {
	s.put("k", content(1, 200_000))
	s.put("k", content(2, 5))
	s.has("k", content(2, 5))
	s.put("k", content(3, 300_000))
	s.has("k", content(3, 300_000))
	for range 2 { // deleting what is not there succeeds
		must(s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &s.bucket, Key: new("k")}, nil)
		s.has("k", nil)
	}
}

func ranges(s *suite) {
	all := content(1, 100_000)
	s.put("k", all)
	for header, want := range map[string]struct {
		from, to int
		shown    string
	}{
		"bytes=0-0":            {0, 1, "bytes 0-0/100000"},
		"bytes=500-70000":      {500, 70_001, "bytes 500-70000/100000"},
		"bytes=99999-":         {99_999, 100_000, "bytes 99999-99999/100000"},
		"bytes=-10":            {99_990, 100_000, "bytes 99990-99999/100000"},
		"bytes=99000-10000000": {99_000, 100_000, "bytes 99000-99999/100000"},
	} {
		got, out := s.get(&s3.GetObjectRequest{Key: new("k"), Range: &header})
		if !bytes.Equal(got, all[want.from:want.to]) || text(out.ContentRange) != want.shown ||
			*out.ContentLength != int64(len(got)) {
			s.Errorf("%s: %d bytes, %s", header, len(got), text(out.ContentRange))
		}
	}
	_, err := do(s, s3.GetObject, &s3.GetObjectRequest{Bucket: &s.bucket, Key: new("k"), Range: new("bytes=100000-")}, nil)
	s.refused("a range behind the end", err, fault.Range, fault.ByteRange)
}

func conditions(s *suite) {
	one, other := content(1, 10), content(2, 20)
	s.put("k", one)
	read := func(what string, want fault.Kind, in s3.GetObjectRequest) {
		in.Bucket, in.Key = &s.bucket, new("k")
		out, err := do(s, s3.GetObject, &in, nil)
		if err == nil {
			_ = out.Body.Close()
		}
		if want != fault.Internal {
			s.refused(what, err, want)
		} else if err != nil {
			s.Errorf("%s: %v", what, err)
		}
	}
	past, future := new(time.Now().Add(-time.Hour)), new(time.Now().Add(time.Hour))
	read("If-Match", fault.Internal, s3.GetObjectRequest{IfMatch: new(etag(one))})
	read("If-Match of another", fault.Precondition, s3.GetObjectRequest{IfMatch: new(etag(other))})
	read("If-None-Match", fault.NotModified, s3.GetObjectRequest{IfNoneMatch: new(etag(one))})
	read("If-None-Match of another", fault.Internal, s3.GetObjectRequest{IfNoneMatch: new(etag(other))})
	read("If-Modified-Since", fault.Internal, s3.GetObjectRequest{IfModifiedSince: past})
	read("If-Unmodified-Since", fault.Precondition, s3.GetObjectRequest{IfUnmodifiedSince: past})
	read("If-Unmodified-Since later", fault.Internal, s3.GetObjectRequest{IfUnmodifiedSince: future})

	write := func(what, key string, want fault.Kind, in s3.PutObjectRequest) {
		in.Bucket, in.Key = &s.bucket, &key
		_, err := do(s, s3.PutObject, &in, bodyOf(other))
		s.refused(what, err, want)
		s.has("k", one)
	}
	write("PutObject over an object that must not be there", "k", fault.Precondition,
		s3.PutObjectRequest{IfNoneMatch: new("*")})
	write("PutObject over another", "k", fault.Precondition, s3.PutObjectRequest{IfMatch: new(etag(other))})
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("new"), IfNoneMatch: new("*")}, bodyOf(other))
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k"), IfMatch: new(etag(one))}, bodyOf(other))
	s.has("k", other)
}

func checksums(s *suite) {
	b, wrong := content(1, 80_000), crc(nil)
	sum := md5.Sum(b)
	trailing := func(value string) *upstream.Body {
		body := bodyOf(b)
		body.Announced = []string{"x-amz-checksum-crc32"}
		body.Trailers = func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": {value}} }
		return body
	}
	out := must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k"), ChecksumCRC32: new(crc(b))},
		bodyOf(b))
	if text(out.ChecksumCRC32) != crc(b) {
		s.Errorf("PutObject answers the checksum %q", text(out.ChecksumCRC32))
	}
	head := must(s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: &s.bucket, Key: new("k"), ChecksumMode: new("ENABLED")},
		nil)
	if text(head.ChecksumCRC32) != crc(b) {
		s.Errorf("HeadObject answers the checksum %q", text(head.ChecksumCRC32))
	}
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("trailed")}, trailing(crc(b)))
	s.has("trailed", b)
	md := base64.StdEncoding.EncodeToString(sum[:])
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("md5"), ContentMD5: &md}, bodyOf(b))
	s.has("md5", b)

	old := content(9, 10)
	s.put("kept", old)
	refuse := func(what string, in s3.PutObjectRequest, body *upstream.Body, k fault.Kind, n ...fault.Entity) {
		in.Bucket, in.Key = &s.bucket, new("kept")
		_, err := do(s, s3.PutObject, &in, body)
		s.refused(what, err, k, n...)
		s.has("kept", old)
	}
	refuse("a wrong checksum", s3.PutObjectRequest{ChecksumCRC32: &wrong}, bodyOf(b), fault.Invalid, fault.Checksum)
	refuse("a wrong trailer", s3.PutObjectRequest{}, trailing(wrong), fault.Invalid, fault.Checksum)
	md = base64.StdEncoding.EncodeToString(make([]byte, md5.Size))
	refuse("a wrong Content-MD5", s3.PutObjectRequest{ContentMD5: &md}, bodyOf(b), fault.Invalid, fault.Digest)
	silent := bodyOf(b)
	silent.Announced = []string{"x-amz-checksum-crc32"}
	refuse("a trailer that does not come", s3.PutObjectRequest{}, silent, fault.Malformed)
}
