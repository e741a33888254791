package objects

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
)

func TestWirePutAndGet(t *testing.T) {
	s := openStore(t)
	out := must(t, s, s3.PutObject, &s3.PutObjectRequest{
		Bucket:            new("b"),
		Key:               new("k"),
		Body:              stream("hello"),
		ContentLength:     new(int64(5)),
		ContentType:       new("text/plain"),
		ContentEncoding:   new("aws-chunked, gzip"),
		Metadata:          map[string]string{"Mixed-Case": "v"},
		ChecksumSHA256:    new(sumOf(SHA256, []byte("hello"))),
		ChecksumAlgorithm: new("SHA256"),
	})
	if *out.ETag != `"5d41402abc4b2a76b9719d911017c592"` || *out.ChecksumSHA256 != sumOf(SHA256, []byte("hello")) ||
		*out.ChecksumType != "FULL_OBJECT" || out.ChecksumCRC64NVME != nil {
		t.Errorf("got %+v", out)
	}
	got := must(t, s, s3.GetObject,
		&s3.GetObjectRequest{Bucket: new("b"), Key: new("k"), ResponseContentType: new("text/html"),
			ResponseExpires: new(time.Unix(0, 0)), ChecksumMode: new("ENABLED")})
	content, _ := io.ReadAll(got.Body)
	got.Body.Close()
	if string(content) != "hello" || *got.ContentType != "text/html" || *got.ContentEncoding != "gzip" ||
		got.Metadata["mixed-case"] != "v" ||
		*got.Expires != "Thu, 01 Jan 1970 00:00:00 GMT" || got.ContentRange != nil || *got.ContentLength != 5 ||
		*got.AcceptRanges != "bytes" || got.ChecksumSHA256 == nil {
		t.Errorf("got %q, %+v", content, got)
	}

	t.Run("a range has no checksum", func(t *testing.T) {
		got := must(t, s, s3.GetObject,
			&s3.GetObjectRequest{Bucket: new("b"), Key: new("k"), Range: new("bytes=1-2"), ChecksumMode: new("ENABLED")})
		defer got.Body.Close()
		if *got.ContentRange != "bytes 1-2/5" || *got.ContentLength != 2 || got.ChecksumSHA256 != nil ||
			got.ChecksumType != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the only part has the object's checksum", func(t *testing.T) {
		got := must(t, s, s3.HeadObject,
			&s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), PartNumber: new(int32(1)), ChecksumMode: new("ENABLED")})
		if *got.ContentRange != "bytes 0-4/5" || got.ChecksumSHA256 == nil || got.PartsCount != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("no checksum unless asked", func(t *testing.T) {
		if got := must(t, s, s3.HeadObject,
			&s3.HeadObjectRequest{Bucket: new("b"), Key: new("k")}); got.ChecksumSHA256 != nil ||
			*got.ContentType != "text/plain" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("there is no second part", func(t *testing.T) {
		_, err := call(t, s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), PartNumber: new(int32(2))})
		wantFault(t, err, fault.Range, fault.Part)
	})
	t.Run("the part number 0 is none", func(t *testing.T) {
		_, err := call(t, s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), PartNumber: new(int32(0))})
		wantFault(t, err, fault.Invalid, fault.Argument)
	})
}

func TestWireChecksums(t *testing.T) {
	s := openStore(t)
	right, wrong := new(sumOf(CRC32, []byte("hello"))), new(sumOf(CRC32, nil))
	trailer := func(sum string) io.ReadCloser {
		return sizedTrailed{trailed{strings.NewReader("hello"), http.Header{"X-Amz-Checksum-Crc32": {sum}}}}
	}
	tests := []struct {
		name      string
		in        s3.PutObjectRequest
		announced []string
		ok        bool
	}{
		{"taken with a header", s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: right}, nil, true},
		{"refused with a wrong header", s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: wrong}, nil, false},
		{"refused with two headers",
			s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: right, ChecksumSHA1: new(sumOf(SHA1, []byte("hello")))},
			nil, false},
		{"taken with a trailer", s3.PutObjectRequest{Body: trailer(*right)}, []string{"x-amz-checksum-crc32"}, true},
		{"refused with a wrong trailer", s3.PutObjectRequest{Body: trailer(*wrong)}, []string{"X-Amz-Checksum-Crc32"}, false},
		{"refused with a trailer and a header", s3.PutObjectRequest{Body: trailer(*right), ChecksumCRC32: right},
			[]string{"x-amz-checksum-crc32"}, false},
		{"refused with an announced trailer that does not come", s3.PutObjectRequest{Body: stream("hello")},
			[]string{"x-amz-checksum-crc32"}, false},
		{"refused with a trailer that is not served", s3.PutObjectRequest{Body: trailer(*right)},
			[]string{"x-amz-checksum-xxhash64"}, false},
		{"refused with an algorithm alone", s3.PutObjectRequest{Body: stream("hello"), ChecksumAlgorithm: new("CRC32")}, nil,
			false},
		{"refused with an algorithm and another header",
			s3.PutObjectRequest{Body: stream("hello"), ChecksumAlgorithm: new("SHA1"), ChecksumCRC32: right}, nil, false},
		{"refused with a wrong length", s3.PutObjectRequest{Body: stream("hello"), ContentLength: new(int64(6))}, nil, false},
		{"taken with the body's own length", s3.PutObjectRequest{Body: trailer(*right), ContentLength: new(int64(60))},
			[]string{"x-amz-checksum-crc32"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Bucket, tt.in.Key = new("b"), new("k")
			c := lifted(s3.PutObject.Operation, &tt.in)
			c.Body.Announced = tt.announced
			_, err := s.Do(t.Context(), c)
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

type sizedTrailed struct{ trailed }

func (sizedTrailed) Close() error  { return nil }
func (sizedTrailed) Length() int64 { return 5 }

func TestWireDeleteObjects(t *testing.T) {
	s := openStore(t)
	put(t, s, "a", "")
	put(t, s, "b", "")
	ids := []s3.ObjectIdentifier{{Key: new("a")}, {Key: new("b"), VersionId: new("v1")},
		{Key: new("c"), VersionId: new("null")}, {Key: new("d"), Size: new(int64(1))}, {Key: new("b"), ETag: new("x")}}
	out := must(t, s, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: ids}})
	var got []string
	for _, d := range out.Deleted {
		got = append(got, *d.Key)
	}
	for _, e := range out.Errors {
		got = append(got, *e.Key+":"+*e.Code)
	}
	if want := "[a c b:NotImplemented d:NotImplemented b:PreconditionFailed]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	out = must(t, s, s3.DeleteObjects,
		&s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: ids, Quiet: new(true)}})
	if len(out.Deleted) != 0 || len(out.Errors) != 3 {
		t.Errorf("quiet: %+v", out)
	}
	_, err := call(t, s, s3.DeleteObjects,
		&s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: make([]s3.ObjectIdentifier, 1001)}})
	wantFault(t, err, fault.Malformed, fault.XML)
	_, err = call(t, s, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{}})
	wantFault(t, err, fault.Malformed, fault.XML)
}

func TestWireListing(t *testing.T) {
	s := openStore(t)
	for _, k := range []string{"a b", "d/1", "d/2", "é", "z"} {
		put(t, s, k, "x")
	}
	v1 := must(t, s, s3.ListObjects,
		&s3.ListObjectsRequest{Bucket: new("b"), Delimiter: new("/"), MaxKeys: new(int32(2)), EncodingType: new("url")})
	if *v1.Contents[0].Key != "a%20b" || *v1.Contents[0].Owner.ID != "owner-id" || *v1.CommonPrefixes[0].Prefix != "d/" ||
		*v1.NextMarker != "d/" || !*v1.IsTruncated || *v1.MaxKeys != 2 {
		t.Errorf("V1: %+v", v1)
	}
	v1 = must(t, s, s3.ListObjects, &s3.ListObjectsRequest{Bucket: new("b"), Marker: new("d/1"), MaxKeys: new(int32(1))})
	if *v1.Contents[0].Key != "d/2" || v1.NextMarker != nil || !*v1.IsTruncated {
		t.Errorf("V1 without delimiter: %+v", v1)
	}
	v2 := must(t, s, s3.ListObjectsV2,
		&s3.ListObjectsV2Request{Bucket: new("b"), Delimiter: new("/"), MaxKeys: new(int32(2)), StartAfter: new("a")})
	if *v2.KeyCount != 2 || v2.Contents[0].Owner != nil || *v2.Contents[0].StorageClass != "STANDARD" ||
		*v2.StartAfter != "a" {
		t.Errorf("V2: %+v", v2)
	}
	v2 = must(t, s, s3.ListObjectsV2,
		&s3.ListObjectsV2Request{
			Bucket:            new("b"),
			Delimiter:         new("/"),
			ContinuationToken: v2.NextContinuationToken,
			StartAfter:        new("zz"),
			FetchOwner:        new(true),
		})
	if *v2.KeyCount != 2 || *v2.Contents[0].Key != "z" || *v2.Contents[1].Key != "é" || v2.Contents[0].Owner == nil ||
		*v2.IsTruncated || v2.NextContinuationToken != nil {
		t.Errorf("V2, second page: %+v", v2)
	}
	for _, token := range []string{"", "garbage"} {
		_, err := call(t, s, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), ContinuationToken: &token})
		wantFault(t, err, fault.Invalid, fault.Argument)
	}
	_, err := call(t, s, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), MaxKeys: new(int32(-1))})
	wantFault(t, err, fault.Invalid, fault.Argument)
}

// TestAttack30_VersionsAreRefused asks for versions, which this store does not have: none may pass as the
// current object.
func TestAttack30_VersionsAreRefused(t *testing.T) {
	s := openStore(t)
	put(t, s, "k", "x")
	b, k, v := new("b"), new("k"), new("v1")
	_, err := call(t, s, s3.GetObject, &s3.GetObjectRequest{Bucket: b, Key: k, VersionId: v})
	wantFault(t, err, fault.Unsupported, fault.Header)
	_, err = call(t, s, s3.HeadObject, &s3.HeadObjectRequest{Bucket: b, Key: k, VersionId: v})
	wantFault(t, err, fault.Unsupported, fault.Header)
	_, err = call(t, s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: b, Key: k, VersionId: v})
	wantFault(t, err, fault.Unsupported, fault.Header)
	_, err = call(t, s, s3.CopyObject,
		&s3.CopyObjectRequest{Bucket: b, Key: new("to"), CopySource: new("b/k?versionId=v1")})
	wantFault(t, err, fault.Unsupported, fault.Header)
	u := must(t, s, s3.CreateMultipartUpload, &s3.CreateMultipartUploadRequest{Bucket: b, Key: new("to")})
	_, err = call(t, s, s3.UploadPartCopy,
		&s3.UploadPartCopyRequest{
			Bucket:     b,
			Key:        new("to"),
			UploadId:   u.UploadId,
			PartNumber: new(int32(1)),
			CopySource: new("b/k?versionId=v1"),
		})
	wantFault(t, err, fault.Unsupported, fault.Header)

	must(t, s, s3.CopyObject, &s3.CopyObjectRequest{Bucket: b, Key: new("to"), CopySource: new("b/k?versionId=null")})
	must(t, s, s3.UploadPartCopy,
		&s3.UploadPartCopyRequest{
			Bucket:     b,
			Key:        new("to"),
			UploadId:   u.UploadId,
			PartNumber: new(int32(1)),
			CopySource: new("/b/k"),
		})
	must(t, s, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: b, Key: k, VersionId: new("null")})
}

func TestWireMultipart(t *testing.T) {
	s := openStore(t)
	b, k := new("b"), new("k ä")
	u := must(t, s, s3.CreateMultipartUpload,
		&s3.CreateMultipartUploadRequest{Bucket: b, Key: k, ChecksumAlgorithm: new("CRC32")})
	if *u.ChecksumType != "COMPOSITE" || *u.Key != "k ä" {
		t.Errorf("got %+v", u)
	}
	p := must(t, s, s3.UploadPart,
		&s3.UploadPartRequest{Bucket: b, Key: k, UploadId: u.UploadId, PartNumber: new(int32(7)), Body: stream("hello")})
	if p.ChecksumCRC32 == nil || *p.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("got %+v", p)
	}
	list := must(t, s, s3.ListParts, &s3.ListPartsRequest{Bucket: b, Key: k, UploadId: u.UploadId})
	if len(list.Parts) != 1 || *list.Parts[0].PartNumber != 7 || *list.Parts[0].ChecksumCRC32 != *p.ChecksumCRC32 ||
		*list.IsTruncated || list.NextPartNumberMarker != nil || *list.Owner.ID != "owner-id" {
		t.Errorf("got %+v", list)
	}
	_, err := call(t, s, s3.ListParts,
		&s3.ListPartsRequest{Bucket: b, Key: k, UploadId: u.UploadId, PartNumberMarker: new(int32(-1))})
	wantFault(t, err, fault.Invalid, fault.Argument)
	uploads := must(t, s, s3.ListMultipartUploads,
		&s3.ListMultipartUploadsRequest{Bucket: b, EncodingType: new("url"), UploadIdMarker: new("z")})
	if len(uploads.Uploads) != 1 || *uploads.Uploads[0].Key != "k%20%C3%A4" ||
		*uploads.Uploads[0].UploadId != *u.UploadId {
		t.Errorf("got %+v", uploads)
	}
	req := func(change func(*s3.CompleteMultipartUploadRequest, *s3.CompletedPart)) *s3.CompleteMultipartUploadRequest {
		part := s3.CompletedPart{PartNumber: new(int32(7)), ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32}
		in := &s3.CompleteMultipartUploadRequest{Bucket: b, Key: k, UploadId: u.UploadId}
		change(in, &part)
		in.MultipartUpload = &s3.CompletedMultipartUpload{Parts: []s3.CompletedPart{part}}
		return in
	}
	_, err = call(t, s, s3.CompleteMultipartUpload, req(func(in *s3.CompleteMultipartUploadRequest, _ *s3.CompletedPart) {
		in.MpuObjectSize = new(int64(-1))
	}))
	wantFault(t, err, fault.Invalid, fault.Argument)
	_, err = call(t, s, s3.CompleteMultipartUpload, req(func(_ *s3.CompleteMultipartUploadRequest, p *s3.CompletedPart) {
		p.ChecksumMD5 = new("x")
	}))
	wantFault(t, err, fault.Unsupported, fault.Header)
	_, err = call(t, s, s3.CompleteMultipartUpload, req(func(_ *s3.CompleteMultipartUploadRequest, p *s3.CompletedPart) {
		p.ChecksumSHA1 = new("x")
	}))
	wantFault(t, err, fault.Invalid, fault.Request)
	_, err = call(t, s, s3.CompleteMultipartUpload,
		&s3.CompleteMultipartUploadRequest{Bucket: b, Key: k, UploadId: u.UploadId})
	wantFault(t, err, fault.Malformed, fault.XML)
	done := must(t, s, s3.CompleteMultipartUpload, req(func(in *s3.CompleteMultipartUploadRequest, _ *s3.CompletedPart) {
		in.MpuObjectSize = new(int64(5))
	}))
	if *done.Location != "/b/k%20%C3%A4" || !strings.HasSuffix(*done.ChecksumCRC32, "-1") ||
		!strings.HasSuffix(*done.ETag, `-1"`) {
		t.Errorf("got %+v", done)
	}
	head := must(t, s, s3.HeadObject,
		&s3.HeadObjectRequest{Bucket: b, Key: k, PartNumber: new(int32(7)), ChecksumMode: new("ENABLED")})
	if *head.PartsCount != 1 || *head.ChecksumCRC32 != *p.ChecksumCRC32 || *head.ContentRange != "bytes 0-4/5" {
		t.Errorf("got %+v", head)
	}
	_, err = call(t, s, s3.AbortMultipartUpload, &s3.AbortMultipartUploadRequest{Bucket: b, Key: k, UploadId: u.UploadId})
	wantFault(t, err, fault.NotFound, fault.Upload)
}

func TestWireBuckets(t *testing.T) {
	s := openStore(t)
	_, err := call(t, s, s3.CreateBucket,
		&s3.CreateBucketRequest{
			Bucket:                    new("c"),
			CreateBucketConfiguration: &s3.CreateBucketConfiguration{Tags: []s3.Tag{{Key: new("k")}}},
		})
	wantFault(t, err, fault.Unsupported, fault.Header)
	out := must(t, s, s3.CreateBucket,
		&s3.CreateBucketRequest{
			Bucket:                    new("c"),
			CreateBucketConfiguration: &s3.CreateBucketConfiguration{LocationConstraint: new("eu-west-1")},
		})
	if *out.Location != "/c" {
		t.Errorf("got %+v", out)
	}
	must(t, s, s3.HeadBucket, &s3.HeadBucketRequest{Bucket: new("c")})
	must(t, s, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: new("c")})
}
