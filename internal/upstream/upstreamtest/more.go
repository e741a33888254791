package upstreamtest

import (
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

func deleteMany(s *suite) {
	s.put("a", content(1, 10))
	s.put("b", content(2, 10))
	s.put("c", content(3, 10))
	in := &s3.DeleteObjectsRequest{Bucket: &s.bucket, Delete: &s3.Delete{Objects: []s3.ObjectIdentifier{
		{Key: new("a")}, {Key: new("none")}, {Key: new("c")},
	}}}
	out := must(s, s3.DeleteObjects, in, nil)
	var deleted []string
	for _, d := range out.Deleted {
		deleted = append(deleted, text(d.Key))
	}
	slices.Sort(deleted)
	if !slices.Equal(deleted, []string{"a", "c", "none"}) || len(out.Errors) > 0 {
		s.Errorf("deleted %v, failed %v", deleted, out.Errors)
	}
	s.has("a", nil)
	s.has("b", content(2, 10))
	in.Delete = &s3.Delete{Quiet: new(true), Objects: []s3.ObjectIdentifier{{Key: new("b")}}}
	if out := must(s, s3.DeleteObjects, in, nil); len(out.Deleted) > 0 {
		s.Errorf("quiet: %v", out.Deleted)
	}
	s.has("b", nil)
}

func missing(s *suite) {
	none, key := newName(), new("k")
	_, err := do(s, s3.GetObject, &s3.GetObjectRequest{Bucket: &s.bucket, Key: key}, nil)
	s.refused("GetObject", err, fault.NotFound, fault.Key)
	_, err = do(s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: &s.bucket, Key: key}, nil)
	s.refused("HeadObject", err, fault.NotFound, fault.Key)
	_, err = do(s, s3.GetObject, &s3.GetObjectRequest{Bucket: &none, Key: key}, nil)
	s.refused("GetObject without a bucket", err, fault.NotFound, fault.Bucket)
	_, err = do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &none, Key: key}, bodyOf(content(1, 10)))
	s.refused("PutObject without a bucket", err, fault.NotFound, fault.Bucket)
	_, err = do(s, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: &none}, nil)
	s.refused("ListObjectsV2 without a bucket", err, fault.NotFound, fault.Bucket)
	_, err = do(s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: &none}, nil)
	s.refused("DeleteBucket", err, fault.NotFound, fault.Bucket)
	_, err = do(s, s3.HeadBucket, &s3.HeadBucketRequest{Bucket: &none}, nil)
	s.refused("HeadBucket", err, fault.NotFound, fault.Bucket)
}

func copies(s *suite) {
	b := content(1, 150_000)
	must(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new("from/a b+c"), ContentType: new("text/x-test"),
		Metadata: map[string]string{"colour": "blue"}}, bodyOf(b))
	source := new(s.bucket + "/from/a%20b+c")
	out := must(s, s3.CopyObject, &s3.CopyObjectRequest{Bucket: &s.bucket, Key: new("to"), CopySource: source}, nil)
	if out.CopyObjectResult == nil || text(out.CopyObjectResult.ETag) != etag(b) {
		s.Errorf("CopyObject answers %+v", out.CopyObjectResult)
	}
	got, head := s.get(&s3.GetObjectRequest{Key: new("to")})
	if string(got) != string(b) || text(head.ContentType) != "text/x-test" || head.Metadata["colour"] != "blue" {
		s.Errorf("the copy is %d bytes, %+v", len(got), head)
	}
	must(s, s3.CopyObject, &s3.CopyObjectRequest{Bucket: &s.bucket, Key: new("to"), CopySource: source,
		MetadataDirective: new("REPLACE"), Metadata: map[string]string{"colour": "red"}}, nil)
	if _, head := s.get(&s3.GetObjectRequest{Key: new("to")}); head.Metadata["colour"] != "red" ||
		text(head.ContentType) == "text/x-test" {
		s.Errorf("with other metadata: %+v", head)
	}
	s.put("from/a b+c", content(2, 10)) // this must not change the copy
	s.has("to", b)

	other := s.newBucket()
	must(s, s3.CopyObject, &s3.CopyObjectRequest{Bucket: &other, Key: new("to"), CopySource: source}, nil)
	refuse := func(what string, in s3.CopyObjectRequest, k fault.Kind, n ...fault.Entity) {
		in.Bucket, in.Key = &s.bucket, new("to")
		_, err := do(s, s3.CopyObject, &in, nil)
		s.refused(what, err, k, n...)
		s.has("to", b)
	}
	refuse("no source", s3.CopyObjectRequest{CopySource: new(s.bucket + "/none")}, fault.NotFound, fault.Key)
	refuse("no bucket", s3.CopyObjectRequest{CopySource: new(newName() + "/none")}, fault.NotFound, fault.Bucket)
	refuse("another source", s3.CopyObjectRequest{CopySource: source, CopySourceIfMatch: new(etag(b))}, fault.Precondition)
	refuse("the same source", s3.CopyObjectRequest{CopySource: source, CopySourceIfNoneMatch: new(etag(content(2, 10)))},
		fault.Precondition)
	refuse("onto itself", s3.CopyObjectRequest{CopySource: new(s.bucket + "/to")}, fault.Invalid)
}

// maxSegment is the longest name in a folder, in bytes, that a store which maps keys to paths must take.
const maxSegment = 255

// literalKeys stores keys that paths, cases or Unicode would fold into one. They must be different objects.
func literalKeys(s *suite) {
	keys := []string{"a/b", "a b", "a+b", "a%2Fb", "A", "é", "e\u0301", "a.", "a\\b", "*", "?",
		strings.Repeat("x", maxSegment)}
	if s.u.Traits().Flat {
		keys = append(keys, "a", "a/", "a//b", "a/./b", "a/../b", "/", "//", ".", "..", "./a", "../../etc/passwd", "/a",
			strings.Repeat("x", 1024))
	}
	for i, k := range keys {
		s.put(k, fmt.Append(nil, i))
	}
	for i, k := range keys {
		s.has(k, fmt.Append(nil, i))
	}
	got := listed(s, &s3.ListObjectsV2Request{})
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		s.Errorf("listed %q", got)
	}
	must(s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: &s.bucket, Key: new("a/b")}, nil)
	if got := listed(s, &s3.ListObjectsV2Request{}); len(got) != len(keys)-1 {
		s.Errorf("one was deleted, and %d of %d are left", len(got), len(keys))
	}
	_, err := do(s, s3.PutObject, &s3.PutObjectRequest{Bucket: &s.bucket, Key: new(strings.Repeat("x", 1025))},
		bodyOf(nil))
	s.refused("a key that is too long", err, fault.TooLarge, fault.Key)
}

func unserved(s *suite) {
	op := &awswire.Operation{Name: "NoSuchOperation", Service: s3.Service}
	_, err := s.u.Do(s.Context(), upstream.Call{Operation: op, Input: &struct{}{}})
	s.refused("an unknown operation", err, fault.Unsupported, fault.Operation)
	_, err = do(s, s3.PutObject,
		&s3.PutObjectRequest{Bucket: &s.bucket, Key: new("k"), StorageClass: new("NO_SUCH_CLASS")}, bodyOf(nil))
	if k := fault.KindOf(err); err == nil || k != fault.Unsupported && k != fault.Invalid {
		s.Errorf("an unknown storage class: %v", err)
	}
	s.has("k", nil)
}
