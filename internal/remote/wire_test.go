package remote_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// ok answers every request with success.
func ok(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodHead && strings.Count(r.URL.Path, "/") == 1:
		w.WriteHeader(http.StatusNotFound)
	case r.URL.RawQuery == "list-type=2&encoding-type=url" || strings.Contains(r.URL.RawQuery, "list-type"):
		_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		_, _ = io.WriteString(w, `<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>`)
	case r.Method == http.MethodPost && r.URL.RawQuery == "delete=":
		_, _ = io.WriteString(w, "<DeleteResult></DeleteResult>")
	default:
		w.Header().Set("ETag", `"e"`)
	}
}

// TestAttack18_RequestsAreBuilt sends a request with all that a client may put into one through a gateway. The store
// must see what the operation knows, signed by the gateway, and nothing else.
func TestAttack18_RequestsAreBuilt(t *testing.T) {
	rec := record(t, ok)
	f := inFront(t, open(t, at(t, rec.URL)))
	h := http.Header{
		"Cookie": {"a=b"}, "X-Forwarded-For": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1"}, "Via": {"1.1 a"},
		"Te": {"trailers"}, "Keep-Alive": {"timeout=5"}, "Proxy-Authorization": {"Basic x"}, "X-Custom": {"1"},
		"Connection": {"close"}, "X-Amz-Meta-Colour": {"blue"}, "Content-Type": {"text/x-test"},
		"X-Amz-Expected-Bucket-Owner": {"123456789012"}, "X-Amz-Request-Payer": {"requester"},
		"X-Amz-Acl": {"private"}, "Referer": {"http://a"}, "User-Agent": {"evil/1.0"}, "Origin": {"http://a"},
		"X-Amz-Checksum-Crc32": {crc([]byte("hello"))},
	}
	if status, body, err := f.do(http.MethodPut, "/lake/a%20b/c%2Bd?x-id=PutObject", h, []byte("hello")); status != 200 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	got := rec.last(t)
	var names []string
	for name := range got.header {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"Authorization", "Content-Length", "Content-Type", "User-Agent", "X-Amz-Checksum-Crc32",
		"X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Meta-Colour"}
	if !slices.Equal(names, want) || got.target != "/lake/a%20b/c%2Bd" || got.body != "hello" ||
		got.header.Get("User-Agent") != "latchkey" {
		t.Errorf("the store got %s %s with %v", got.method, got.target, got.header)
	}
	if auth := got.header.Get("Authorization"); !strings.Contains(auth, "Credential=AKIATEST/") ||
		strings.Contains(auth, f.keys.AccessKeyID) {
		t.Errorf("signed as %s", auth)
	}
	for _, name := range []string{"content-type", "host", "x-amz-checksum-crc32", "x-amz-content-sha256", "x-amz-date",
		"x-amz-meta-colour"} {
		if !strings.Contains(got.header.Get("Authorization"), name) {
			t.Errorf("%s is not signed: %s", name, got.header.Get("Authorization"))
		}
	}
}

// TestWhatOnlyTheGatewayMaySay has inputs that the store must not see: the gateway cannot act on them, and the store
// would open a way by the gateway.
func TestWhatOnlyTheGatewayMaySay(t *testing.T) {
	rec := record(t, ok)
	u := open(t, at(t, rec.URL))
	lake, k, now := new("lake"), new("k"), time.Now()
	sized := []s3.ObjectIdentifier{{Key: k, Size: new(int64(1))}}
	tagged := &s3.CreateBucketConfiguration{Tags: []s3.Tag{{}}}
	for what, in := range map[string]any{
		"an ACL that is public":        &s3.PutObjectRequest{Bucket: lake, Key: k, ACL: new("public-read")},
		"a grant":                      &s3.PutObjectRequest{Bucket: lake, Key: k, GrantRead: new("id=1")},
		"a grant of everything":        &s3.PutObjectRequest{Bucket: lake, Key: k, GrantFullControl: new("id=1")},
		"a write at an offset":         &s3.PutObjectRequest{Bucket: lake, Key: k, WriteOffsetBytes: new(int64(1))},
		"another storage class":        &s3.PutObjectRequest{Bucket: lake, Key: k, StorageClass: new("FAST")},
		"an MFA code":                  &s3.DeleteObjectRequest{Bucket: lake, Key: k, MFA: new("1 2")},
		"a condition of some stores":   &s3.DeleteObjectRequest{Bucket: lake, Key: k, IfMatchSize: new(int64(1))},
		"a time of some stores":        &s3.DeleteObjectRequest{Bucket: lake, Key: k, IfMatchLastModifiedTime: &now},
		"a size among many":            &s3.DeleteObjectsRequest{Bucket: lake, Delete: &s3.Delete{Objects: sized}},
		"an ACL of a bucket":           &s3.CreateBucketRequest{Bucket: lake, ACL: new("public-read-write")},
		"an ownership with ACLs":       &s3.CreateBucketRequest{Bucket: lake, ObjectOwnership: new("ObjectWriter")},
		"tags of a bucket":             &s3.CreateBucketRequest{Bucket: lake, CreateBucketConfiguration: tagged},
		"a copy source out of nowhere": &s3.CopyObjectRequest{Bucket: lake, Key: k, CopySource: new("nobucket")},
		"a key that is too long":       &s3.PutObjectRequest{Bucket: lake, Key: new(strings.Repeat("x", 1025))},
	} {
		before := len(rec.all())
		_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, in), Input: in})
		if k := fault.KindOf(err); err == nil || k != fault.Unsupported && k != fault.Invalid && k != fault.TooLarge {
			t.Errorf("%s: %v", what, err)
		}
		for _, h := range rec.all()[before:] {
			if h.method != http.MethodHead { // whether a bucket is there
				t.Errorf("%s: the store got %s %s", what, h.method, h.target)
			}
		}
	}
	must(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: lake, Key: k, ACL: new("bucket-owner-full-control"),
		ExpectedBucketOwner: new("1"), RequestPayer: new("requester")}, nil)
	for name := range rec.last(t).header {
		if strings.Contains(name, "Acl") || strings.Contains(name, "Owner") || strings.Contains(name, "Payer") {
			t.Errorf("the store got %s", name)
		}
	}
}

// TestChecksumsTravel has the checksum of a client reach the store as it came: before the body or behind it.
func TestChecksumsTravel(t *testing.T) {
	rec := record(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Amz-Checksum-Crc32", "AAAAAA==") })
	b := content(1, 100)
	trailing := func(length int64) *upstream.Body {
		return &upstream.Body{Reader: bytes.NewReader(b), Length: length, Announced: []string{"X-Amz-Checksum-CRC32"},
			Trailers: func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": {crc(b)}} }}
	}
	framed := fmt.Sprintf("64\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n", b, crc(b))
	const mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	for what, c := range map[string]struct {
		in                           s3.PutObjectRequest
		body                         *upstream.Body
		want, hash, header, encoding string
		noTrailers                   bool
	}{
		"before the body": {s3.PutObjectRequest{ChecksumCRC32: new(crc(b))}, bodyOf(b), string(b), "UNSIGNED-PAYLOAD",
			crc(b), "", false},
		"behind the body": {s3.PutObjectRequest{ContentEncoding: new("aws-chunked,gzip")}, trailing(100), framed, mode, "",
			"aws-chunked,gzip", false},
		"behind a body of unknown length": {s3.PutObjectRequest{ContentEncoding: new("aws-chunked")}, trailing(-1), string(b),
			"UNSIGNED-PAYLOAD", crc(b), "", false},
		"to a store without trailers": {s3.PutObjectRequest{}, trailing(100), string(b), "UNSIGNED-PAYLOAD", "", "", true},
	} {
		t.Run(what, func(t *testing.T) {
			o := at(t, rec.URL)
			o.NoTrailers = c.noTrailers
			u := open(t, o)
			c.in.Bucket, c.in.Key = new("lake"), new("k")
			out := must(t, u, s3.PutObject, &c.in, c.body)
			if out.ChecksumCRC32 == nil || *out.ChecksumCRC32 != "AAAAAA==" {
				t.Error("the store's checksum does not come back")
			}
			got := rec.last(t)
			if got.body != c.want || got.length != int64(len(c.want)) || got.header.Get("X-Amz-Content-Sha256") != c.hash ||
				got.header.Get("X-Amz-Checksum-Crc32") != c.header || got.header.Get("Content-Encoding") != c.encoding {
				t.Errorf("the store got %q of %d, %v", got.body, got.length, got.header)
			}
			if c.hash == mode && (got.header.Get("X-Amz-Decoded-Content-Length") != "100" ||
				got.header.Get("X-Amz-Trailer") != "x-amz-checksum-crc32") {
				t.Errorf("%v", got.header)
			}
		})
	}
	o := at(t, rec.URL)
	o.NoTrailers = true
	wrong := trailing(100)
	wrong.Trailers = func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": {crc(nil)}} }
	before := len(rec.all())
	_, err := direct(t, open(t, o), s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")}, wrong)
	if !fault.Is(err, fault.Invalid, fault.Checksum) {
		t.Errorf("a wrong checksum that is compared here: %v", err)
	}
	for _, h := range rec.all()[before:] {
		if h.body == string(b) {
			t.Error("the store has the whole body")
		}
	}
}

// TestTrailersThatAreNone has trailers that could not travel.
func TestTrailersThatAreNone(t *testing.T) {
	rec := record(t, ok)
	u := open(t, at(t, rec.URL))
	for what, c := range map[string]struct {
		announced []string
		value     []string
	}{
		"another header":         {[]string{"x-evil"}, []string{"AAAAAA=="}},
		"an unknown algorithm":   {[]string{"x-amz-checksum-crc99"}, []string{"AAAAAA=="}},
		"two":                    {[]string{"x-amz-checksum-crc32", "x-amz-checksum-sha1"}, []string{"AAAAAA=="}},
		"another length":         {[]string{"x-amz-checksum-crc32"}, []string{"AAAA"}},
		"not base64":             {[]string{"x-amz-checksum-crc32"}, []string{"AAAAA!=="}},
		"a line feed":            {[]string{"x-amz-checksum-crc32"}, []string{"AA\r\nAAAA=="}},
		"a value that is absent": {[]string{"x-amz-checksum-crc32"}, nil},
		"two values":             {[]string{"x-amz-checksum-crc32"}, []string{"AAAAAA==", "AAAAAA=="}},
	} {
		for _, length := range []int64{10, 0, -1} {
			body := bodyOf(content(1, int(max(length, 0))))
			body.Length, body.Announced = length, c.announced
			body.Trailers = func() http.Header { return http.Header{"X-Amz-Checksum-Crc32": c.value} }
			before := len(rec.all())
			_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")}, body)
			if k := fault.KindOf(err); err == nil || k != fault.Invalid && k != fault.Malformed {
				t.Errorf("%s, %d bytes: %v", what, length, err)
			}
			for _, h := range rec.all()[before:] {
				if int64(len(h.body)) == h.length {
					t.Errorf("%s, %d bytes: the store got %q", what, length, h.body)
				}
			}
		}
	}
}
