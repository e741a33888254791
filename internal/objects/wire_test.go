package objects

import (
	"context"
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
	"latchkey/internal/upstream"
)

// lifted is a call as the gateway makes it: the stream of the input is the body of the call.
func lifted(op *awswire.Operation, in any) upstream.Call {
	c := upstream.Call{Operation: op, Input: in}
	var from io.Reader
	length := int64(-1)
	switch in := in.(type) {
	case *s3.PutObjectRequest:
		if in.Body == nil {
			return c
		}
		if from, in.Body = in.Body, nil; in.ContentLength != nil {
			length = *in.ContentLength
		}
	case *s3.UploadPartRequest:
		if in.Body == nil {
			return c
		}
		if from, in.Body = in.Body, nil; in.ContentLength != nil {
			length = *in.ContentLength
		}
	default:
		return c
	}
	c.Body = &upstream.Body{Reader: from, Length: length}
	if sized, ok := from.(interface{ Length() int64 }); ok {
		c.Body.Length = sized.Length()
	}
	if t, ok := from.(trailing); ok {
		c.Body.Trailers = t.Trailer
	}
	return c
}

// call runs an operation as the gateway does.
func call[In, Out any](t testing.TB, s *Store, op awswire.Op[In, Out], in *In) (*Out, error) {
	t.Helper()
	c := lifted(op.Operation, in)
	c.Owner = "owner-id"
	out, err := s.Do(t.Context(), c)
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

func must[In, Out any](t testing.TB, s *Store, op awswire.Op[In, Out], in *In) *Out {
	t.Helper()
	out, err := call(t, s, op, in)
	if err != nil {
		t.Fatalf("%s: %v", op.Name, err)
	}
	return out
}

func stream(content string) io.ReadCloser { return io.NopCloser(strings.NewReader(content)) }

// TestUnservedMembersAreRefused sets each member of each input alone. The store serves the member or refuses it as
// NotImplemented. It ignores none silently.
func TestUnservedMembersAreRefused(t *testing.T) {
	s := openStore(t)
	refused := map[string]bool{}
	for _, op := range s3.Service.Operations {
		if !s.mux.Handles(op) {
			continue
		}
		for i := range op.In.NumField() {
			in := reflect.New(op.In)
			name, _, _ := strings.Cut(op.In.Field(i).Tag.Get("aws"), ",")
			f := in.Elem().Field(i)
			if f.Kind() != reflect.Pointer || !setScalar(f) {
				continue
			}
			_, err := s.Do(t.Context(), lifted(op, in.Interface()))
			if _, ok := served[name]; ok == fault.Is(err, fault.Unsupported, fault.Header) && served[name] == nil {
				t.Errorf("%s of %s: %v", name, op.Name, err)
			}
			if fault.Is(err, fault.Unsupported, fault.Header) {
				refused[name] = true
			}
		}
	}
	for _, name := range []string{"x-amz-tagging", "x-amz-server-side-encryption",
		"x-amz-server-side-encryption-customer-key",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-copy-source-server-side-encryption-customer-key",
		"x-amz-object-lock-mode",
		"x-amz-object-lock-legal-hold", "x-amz-object-lock-retain-until-date", "x-amz-website-redirect-location",
		"x-amz-grant-full-control",
		"x-amz-grant-read", "x-amz-acl", "x-amz-storage-class", "versionId", "x-amz-mfa",
		"x-amz-write-offset-bytes", "x-amz-checksum-sha512", "x-amz-checksum-md5", "x-amz-checksum-xxhash64",
		"x-amz-if-match-size",
		"x-amz-if-match-initiated-time", "x-amz-tagging-directive", "x-amz-object-ownership",
		"x-amz-bucket-object-lock-enabled"} {
		if !refused[name] {
			t.Errorf("%s is not refused", name)
		}
	}
	for name, values := range map[string]string{
		"x-amz-acl":           "private",
		"x-amz-storage-class": "STANDARD",
		"versionId":           "null",
	} {
		t.Run(name+" is taken as "+values, func(t *testing.T) {
			put(t, s, "k", "x")
			if _, err := call(t, s, s3.HeadObject,
				&s3.HeadObjectRequest{Bucket: new("b"), Key: new("k"), VersionId: new("null")}); err != nil {
				t.Error(err)
			}
			if _, err := call(t, s, s3.PutObject,
				&s3.PutObjectRequest{
					Bucket:       new("b"),
					Key:          new("k"),
					ACL:          new("private"),
					StorageClass: new("STANDARD"),
				}); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a deletion may go past retentions that no object has", func(t *testing.T) {
		put(t, s, "k", "x")
		if _, err := call(t, s, s3.DeleteObject, &s3.DeleteObjectRequest{
			Bucket: new("b"), Key: new("k"), BypassGovernanceRetention: new(true)}); err != nil {
			t.Error(err)
		}
	})
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

// plainHTTP serves the store's operations through the codec, without a gateway.
func plainHTTP(s *Store) http.HandlerFunc {
	answer := func(r *http.Request) (op *awswire.Operation, out any, err error) {
		op, labels, err := s3.Service.Match(r)
		if err != nil {
			return op, nil, err
		}
		var body []byte
		if !op.Streams() {
			if body, err = awswire.ReadBody(r, 1<<20); err != nil {
				return op, nil, err
			}
		}
		in, err := awswire.Decode(awswire.Usual, op, r, labels, body)
		if err != nil {
			return op, nil, err
		}
		c := lifted(op, in)
		c.Owner = "o"
		out, err = s.Do(r.Context(), c)
		return op, out, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		op, out, err := answer(r)
		if err == nil {
			err = awswire.Encode(w, op, out, awswire.IDs{})
		}
		if err != nil {
			e := awserror.Of(awserror.S3, err)
			wire := awswire.WireError{Code: e.Code, Status: e.Status, Message: e.Message, Fields: e.Fields}
			awswire.EncodeError(w, s3.Service, wire, awswire.IDs{})
		}
	}
}

// TestOverHTTP runs a few requests through the codec, without a gateway.
func TestOverHTTP(t *testing.T) {
	s := openStore(t)
	ts := httptest.NewServer(plainHTTP(s))
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
