package objects

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// call runs an operation as the gateway does.
func call[In, Out any](t testing.TB, m *awswire.Mux[Caller], op awswire.Op[In, Out], in *In) (*Out, error) {
	t.Helper()
	out, err := m.Do(t.Context(), Caller{Owner: "owner-id"}, awswire.Call{Operation: op.Operation, Input: in})
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

func must[In, Out any](t testing.TB, m *awswire.Mux[Caller], op awswire.Op[In, Out], in *In) *Out {
	t.Helper()
	out, err := call(t, m, op, in)
	if err != nil {
		t.Fatalf("%s: %v", op.Name, err)
	}
	return out
}

func stream(content string) io.ReadCloser { return io.NopCloser(strings.NewReader(content)) }

// TestUnservedMembersAreRefused sets each member of each input alone: it is served, or it is refused as
// NotImplemented; nothing is dropped in silence.
func TestUnservedMembersAreRefused(t *testing.T) {
	s := openStore(t)
	m := s.Mux()
	refused := map[string]bool{}
	for _, op := range s3.Service.Operations {
		if !m.Handles(op) {
			continue
		}
		for i := range op.In.NumField() {
			in := reflect.New(op.In)
			name, _, _ := strings.Cut(op.In.Field(i).Tag.Get("aws"), ",")
			f := in.Elem().Field(i)
			if f.Kind() != reflect.Pointer || !setScalar(f) {
				continue
			}
			_, err := m.Do(t.Context(), Caller{}, awswire.Call{Operation: op, Input: in.Interface()})
			if _, ok := served[name]; ok == fault.Is(err, fault.Unsupported, fault.Header) && served[name] == nil {
				t.Errorf("%s of %s: %v", name, op.Name, err)
			}
			if fault.Is(err, fault.Unsupported, fault.Header) {
				refused[name] = true
			}
		}
	}
	for _, name := range []string{"x-amz-tagging", "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-key",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-copy-source-server-side-encryption-customer-key", "x-amz-object-lock-mode",
		"x-amz-object-lock-legal-hold", "x-amz-object-lock-retain-until-date", "x-amz-website-redirect-location", "x-amz-grant-full-control",
		"x-amz-grant-read", "x-amz-acl", "x-amz-storage-class", "versionId", "x-amz-mfa", "x-amz-bypass-governance-retention",
		"x-amz-write-offset-bytes", "x-amz-checksum-sha512", "x-amz-checksum-md5", "x-amz-checksum-xxhash64", "x-amz-if-match-size",
		"x-amz-if-match-initiated-time", "x-amz-tagging-directive", "x-amz-object-ownership", "x-amz-bucket-object-lock-enabled"} {
		if !refused[name] {
			t.Errorf("%s is not refused", name)
		}
	}
	for name, values := range map[string]string{"x-amz-acl": "private", "x-amz-storage-class": "STANDARD", "versionId": "null"} {
		t.Run(name+" is taken as "+values, func(t *testing.T) {
			put(t, s, "k", "x")
			if _, err := call(t, m, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), VersionId: new("null")}); err != nil {
				t.Error(err)
			}
			if _, err := call(t, m, s3.PutObject, &s3.PutObjectRequest{Bucket: new("b"), Key: new("k"), ACL: new("private"), StorageClass: new("STANDARD")}); err != nil {
				t.Error(err)
			}
		})
	}
}

// setScalar gives an optional scalar a value that is neither zero nor one of those that are always taken.
func setScalar(f reflect.Value) bool {
	v := reflect.New(f.Type().Elem())
	switch x := v.Interface().(type) {
	case *string:
		*x = "x"
	case *bool:
		*x = true
	case *int32:
		*x = 1
	case *int64:
		*x = 1
	case *time.Time:
		*x = time.Unix(1e9, 0)
	default:
		return false
	}
	f.Set(v)
	return true
}

func TestWirePutAndGet(t *testing.T) {
	m := openStore(t).Mux()
	out := must(t, m, s3.PutObject, &s3.PutObjectRequest{
		Bucket: new("b"), Key: new("k"), Body: stream("hello"), ContentLength: new(int64(5)), ContentType: new("text/plain"),
		ContentEncoding: new("aws-chunked, gzip"), Metadata: map[string]string{"Mixed-Case": "v"}, ChecksumSHA256: new(sumOf(SHA256, []byte("hello"))),
		ChecksumAlgorithm: new("SHA256"),
	})
	if *out.ETag != `"5d41402abc4b2a76b9719d911017c592"` || *out.ChecksumSHA256 != sumOf(SHA256, []byte("hello")) || *out.ChecksumType != "FULL_OBJECT" || out.ChecksumCRC64NVME != nil {
		t.Errorf("got %+v", out)
	}
	got := must(t, m, s3.GetObject, &s3.GetObjectRequest{Bucket: new("b"), Key: new("k"), ResponseContentType: new("text/html"),
		ResponseExpires: new(time.Unix(0, 0)), ChecksumMode: new("ENABLED")})
	content, _ := io.ReadAll(got.Body)
	got.Body.Close()
	if string(content) != "hello" || *got.ContentType != "text/html" || *got.ContentEncoding != "gzip" || got.Metadata["mixed-case"] != "v" ||
		*got.Expires != "Thu, 01 Jan 1970 00:00:00 GMT" || got.ContentRange != nil || *got.ContentLength != 5 || *got.AcceptRanges != "bytes" || got.ChecksumSHA256 == nil {
		t.Errorf("got %q, %+v", content, got)
	}

	t.Run("a range has no checksum", func(t *testing.T) {
		got := must(t, m, s3.GetObject, &s3.GetObjectRequest{Bucket: new("b"), Key: new("k"), Range: new("bytes=1-2"), ChecksumMode: new("ENABLED")})
		defer got.Body.Close()
		if *got.ContentRange != "bytes 1-2/5" || *got.ContentLength != 2 || got.ChecksumSHA256 != nil || got.ChecksumType != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the only part has the object's checksum", func(t *testing.T) {
		got := must(t, m, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), PartNumber: new(int32(1)), ChecksumMode: new("ENABLED")})
		if *got.ContentRange != "bytes 0-4/5" || got.ChecksumSHA256 == nil || got.PartsCount != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("no checksum unless asked", func(t *testing.T) {
		if got := must(t, m, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k")}); got.ChecksumSHA256 != nil || *got.ContentType != "text/plain" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the part number 0 is none", func(t *testing.T) {
		_, err := call(t, m, s3.HeadObject, &s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), PartNumber: new(int32(0))})
		wantFault(t, err, fault.Invalid, fault.Argument)
	})
}

func TestWireChecksums(t *testing.T) {
	m := openStore(t).Mux()
	right, wrong := new(sumOf(CRC32, []byte("hello"))), new(sumOf(CRC32, nil))
	trailer := func(sum string) io.ReadCloser {
		return sizedTrailed{trailed{strings.NewReader("hello"), http.Header{"X-Amz-Checksum-Crc32": {sum}}}}
	}
	tests := []struct {
		name   string
		in     s3.PutObjectRequest
		caller Caller
		ok     bool
	}{
		{"taken with a header", s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: right}, Caller{}, true},
		{"refused with a wrong header", s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: wrong}, Caller{}, false},
		{"refused with two headers", s3.PutObjectRequest{Body: stream("hello"), ChecksumCRC32: right, ChecksumSHA1: new(sumOf(SHA1, []byte("hello")))}, Caller{}, false},
		{"taken with a trailer", s3.PutObjectRequest{Body: trailer(*right)}, Caller{Trailer: "x-amz-checksum-crc32"}, true},
		{"refused with a wrong trailer", s3.PutObjectRequest{Body: trailer(*wrong)}, Caller{Trailer: "X-Amz-Checksum-Crc32"}, false},
		{"refused with a trailer and a header", s3.PutObjectRequest{Body: trailer(*right), ChecksumCRC32: right}, Caller{Trailer: "x-amz-checksum-crc32"}, false},
		{"refused with an announced trailer that does not come", s3.PutObjectRequest{Body: stream("hello")}, Caller{Trailer: "x-amz-checksum-crc32"}, false},
		{"refused with a trailer that is not served", s3.PutObjectRequest{Body: trailer(*right)}, Caller{Trailer: "x-amz-checksum-xxhash64"}, false},
		{"refused with an algorithm alone", s3.PutObjectRequest{Body: stream("hello"), ChecksumAlgorithm: new("CRC32")}, Caller{}, false},
		{"refused with an algorithm and another header", s3.PutObjectRequest{Body: stream("hello"), ChecksumAlgorithm: new("SHA1"), ChecksumCRC32: right}, Caller{}, false},
		{"refused with a wrong length", s3.PutObjectRequest{Body: stream("hello"), ContentLength: new(int64(6))}, Caller{}, false},
		{"taken with the body's own length", s3.PutObjectRequest{Body: trailer(*right), ContentLength: new(int64(60))}, Caller{Trailer: "x-amz-checksum-crc32"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Bucket, tt.in.Key = new("b"), new("k")
			_, err := m.Do(t.Context(), tt.caller, awswire.Call{Operation: s3.PutObject.Operation, Input: &tt.in})
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
	m := s.Mux()
	put(t, s, "a", "")
	put(t, s, "b", "")
	ids := []s3.ObjectIdentifier{{Key: new("a")}, {Key: new("b"), VersionId: new("v1")}, {Key: new("c"), VersionId: new("null")}, {Key: new("d"), Size: new(int64(1))}, {Key: new("b"), ETag: new("x")}}
	out := must(t, m, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: ids}})
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
	out = must(t, m, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: ids, Quiet: new(true)}})
	if len(out.Deleted) != 0 || len(out.Errors) != 3 {
		t.Errorf("quiet: %+v", out)
	}
	_, err := call(t, m, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{Objects: make([]s3.ObjectIdentifier, 1001)}})
	wantFault(t, err, fault.Malformed, fault.XML)
	_, err = call(t, m, s3.DeleteObjects, &s3.DeleteObjectsRequest{Bucket: new("b"), Delete: &s3.Delete{}})
	wantFault(t, err, fault.Malformed, fault.XML)
}

func TestWireListing(t *testing.T) {
	s := openStore(t)
	m := s.Mux()
	for _, k := range []string{"a b", "d/1", "d/2", "é", "z"} {
		put(t, s, k, "x")
	}
	v1 := must(t, m, s3.ListObjects, &s3.ListObjectsRequest{Bucket: new("b"), Delimiter: new("/"), MaxKeys: new(int32(2)), EncodingType: new("url")})
	if *v1.Contents[0].Key != "a%20b" || *v1.Contents[0].Owner.ID != "owner-id" || *v1.CommonPrefixes[0].Prefix != "d/" || *v1.NextMarker != "d/" || !*v1.IsTruncated || *v1.MaxKeys != 2 {
		t.Errorf("V1: %+v", v1)
	}
	v1 = must(t, m, s3.ListObjects, &s3.ListObjectsRequest{Bucket: new("b"), Marker: new("d/1"), MaxKeys: new(int32(1))})
	if *v1.Contents[0].Key != "d/2" || v1.NextMarker != nil || !*v1.IsTruncated {
		t.Errorf("V1 without delimiter: %+v", v1)
	}
	v2 := must(t, m, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), Delimiter: new("/"), MaxKeys: new(int32(2)), StartAfter: new("a")})
	if *v2.KeyCount != 2 || v2.Contents[0].Owner != nil || *v2.Contents[0].StorageClass != "STANDARD" || *v2.StartAfter != "a" {
		t.Errorf("V2: %+v", v2)
	}
	v2 = must(t, m, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), Delimiter: new("/"), ContinuationToken: v2.NextContinuationToken, StartAfter: new("zz"), FetchOwner: new(true)})
	if *v2.KeyCount != 2 || *v2.Contents[0].Key != "z" || *v2.Contents[1].Key != "é" || v2.Contents[0].Owner == nil || *v2.IsTruncated || v2.NextContinuationToken != nil {
		t.Errorf("V2, second page: %+v", v2)
	}
	for _, token := range []string{"", "garbage"} {
		_, err := call(t, m, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), ContinuationToken: &token})
		wantFault(t, err, fault.Invalid, fault.Argument)
	}
	_, err := call(t, m, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("b"), MaxKeys: new(int32(-1))})
	wantFault(t, err, fault.Invalid, fault.Argument)
}

// TestOverHTTP runs a few requests through the codec, without a gateway.
func TestOverHTTP(t *testing.T) {
	s := openStore(t)
	server := &awswire.Server[Caller]{
		Service: s3.Service, Mux: s.Mux(),
		Authenticate: func(r *http.Request, _ *awswire.Operation) (Caller, error) {
			return Caller{Owner: "o", Trailer: r.Header.Get("x-amz-trailer")}, nil
		},
		Fail: func(w http.ResponseWriter, _ *http.Request, _ *awswire.Operation, err error) {
			e := awserror.Of(awserror.S3, err)
			awswire.EncodeError(w, s3.Service, awswire.WireError{Code: e.Code, Status: e.Status, Message: e.Message, Fields: e.Fields}, awswire.IDs{})
		},
	}
	ts := httptest.NewServer(server)
	defer ts.Close()
	do := func(method, path, body string, header ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(context.Background(), method, ts.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := ts.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(b)
	}
	steps := []struct {
		method, path, body string
		header             []string
		status             int
		has                string // in the body
	}{
		{"PUT", "/new", "", nil, 200, ""},
		{"PUT", "/new", "", nil, 409, "BucketAlreadyOwnedByYou"},
		{"HEAD", "/new", "", nil, 200, ""},
		{"HEAD", "/none", "", nil, 404, ""},
		{"PUT", "/new/a/../b", "dots", nil, 200, ""},
		{"PUT", "/new/a//b", "slashes", []string{"x-amz-meta-x", "y"}, 200, ""},
		{"GET", "/new/a/../b", "", nil, 200, "dots"},
		{"GET", "/new/a//b", "", nil, 200, "slashes"},
		{"GET", "/new/a/b", "", nil, 404, "NoSuchKey"},
		{"GET", "/new/a//b", "", []string{"Range", "bytes=1-2"}, 206, "la"},
		{"GET", "/new/a//b", "", []string{"Range", "bytes=100-"}, 416, "<ActualObjectSize>7</ActualObjectSize>"},
		{"GET", "/new/a//b", "", []string{"If-None-Match", "*"}, 304, ""},
		{"PUT", "/new/c", "x", []string{"x-amz-tagging", "a=b"}, 501, "NotImplemented"},
		{"PUT", "/new/c", "x", []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400, "BadDigest"},
		{"PUT", "/new/copy", "", []string{"x-amz-copy-source", "/new/a%2F%2Fb"}, 200, "CopyObjectResult"},
		{"GET", "/new?list-type=2&prefix=a/", "", nil, 200, "<Key>a/../b</Key>"},
		{"DELETE", "/new", "", nil, 409, "BucketNotEmpty"},
		{"DELETE", "/new/a//b", "", nil, 204, ""},
		{"DELETE", "/new/none", "", nil, 204, ""},
		{"POST", "/new/m?uploads", "", nil, 200, "<UploadId>"},
	}
	for _, st := range steps {
		res, body := do(st.method, st.path, st.body, st.header...)
		if res.StatusCode != st.status || !strings.Contains(body, st.has) {
			t.Errorf("%s %s: %d %s", st.method, st.path, res.StatusCode, body)
		}
	}
}
