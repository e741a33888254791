package remote_test

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// operationOf finds the operation of an input.
func operationOf(t testing.TB, in any) *awswire.Operation {
	t.Helper()
	for _, op := range s3.Service.Operations {
		if op.In == reflect.TypeOf(in).Elem() {
			return op
		}
	}
	t.Fatalf("no operation has a %T", in)
	return nil
}

// TestBucketsAreRenamed has a store whose buckets have other names than ours.
func TestBucketsAreRenamed(t *testing.T) {
	s := latchkey(t)
	plain := open(t, s.options(t))
	o := s.options(t)
	o.Rename = func(b string) string { return "eu-" + b }
	o.Original = func(b string) (string, bool) { return strings.CutPrefix(b, "eu-") }
	u := open(t, o)
	bucket(t, plain, "other")
	for _, b := range []string{"lake", "a-lake", "b-lake"} {
		bucket(t, u, b)
	}
	put(t, u, "lake", "k", content(1, 100))
	has(t, plain, "eu-lake", "k", content(1, 100))
	must(t, u, s3.CopyObject, &s3.CopyObjectRequest{Bucket: new("a-lake"), Key: new("c"), CopySource: new("/lake/k")}, nil)
	has(t, plain, "eu-a-lake", "c", content(1, 100))
	for what, got := range map[string]*string{
		"ListObjectsV2": must(t, u, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("lake")}, nil).Name,
		"ListObjects":   must(t, u, s3.ListObjects, &s3.ListObjectsRequest{Bucket: new("lake")}, nil).Name,
		"ListMultipartUploads": must(t, u, s3.ListMultipartUploads,
			&s3.ListMultipartUploadsRequest{Bucket: new("lake")}, nil).Bucket,
		"CreateMultipartUpload": must(t, u, s3.CreateMultipartUpload,
			&s3.CreateMultipartUploadRequest{Bucket: new("lake"), Key: new("up")}, nil).Bucket,
	} {
		if got == nil || *got != "lake" {
			t.Errorf("%s names the bucket %v", what, got)
		}
	}
	var names []string
	for b, err := range upstream.Buckets(t.Context(), u) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, b.Name)
	}
	if fmt.Sprint(names) != "[a-lake b-lake lake]" {
		t.Errorf("listed %v", names)
	}
	page := must(t, u, s3.ListBuckets, &s3.ListBucketsRequest{MaxBuckets: new(int32(1)), Prefix: new("b")}, nil)
	if len(page.Buckets) != 1 || *page.Buckets[0].Name != "b-lake" || page.ContinuationToken != nil {
		t.Errorf("%+v", page)
	}
	_, err := direct(t, u, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: new("lake")}, nil)
	if f := fault.Of(err); f == nil || f.Kind != fault.InUse || strings.Contains(f.Foreign.Message, "eu-") {
		t.Errorf("%v", err)
	}
}

// TestABucketThatIsNotMapped has a bucket that the store has, and that is none of ours.
func TestABucketThatIsNotMapped(t *testing.T) {
	rec := record(t, ok)
	o := at(t, rec.URL)
	o.Rename = func(b string) string { return map[string]string{"lake": "lake"}[b] }
	u := open(t, o)
	for _, in := range []any{
		&s3.GetObjectRequest{Bucket: new("other"), Key: new("k")}, &s3.HeadBucketRequest{Bucket: new("other")},
		&s3.CopyObjectRequest{Bucket: new("lake"), Key: new("k"), CopySource: new("/other/k")},
	} {
		_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, in), Input: in})
		if !fault.Is(err, fault.NotFound, fault.Bucket) {
			t.Errorf("%T: %v", in, err)
		}
	}
	if got := rec.all(); len(got) > 0 {
		t.Errorf("the store got %v", got)
	}
}

// TestLocation is where the client finds what it made: at the gateway.
func TestLocation(t *testing.T) {
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><Location>http://10.0.0.1/eu-lake/k</Location>`+
			`<Bucket>eu-lake</Bucket><Key>k</Key></CompleteMultipartUploadResult>`)
	})
	o := at(t, rec.URL)
	o.Rename = func(b string) string { return "eu-" + b }
	in := &s3.CompleteMultipartUploadRequest{Bucket: new("lake"), Key: new("a b"), UploadId: new("1"),
		MultipartUpload: &s3.CompletedMultipartUpload{}}
	out, err := open(t, o).Do(t.Context(), upstream.Call{Meta: upstream.Meta{Location: "https://s3.example.org"},
		Operation: s3.CompleteMultipartUpload.Operation, Input: in})
	if err != nil {
		t.Fatal(err)
	}
	done := out.(*s3.CompleteMultipartUploadOutput)
	if *done.Location != "https://s3.example.org/lake/a%20b" || *done.Bucket != "lake" {
		t.Errorf("%s in %s", *done.Location, *done.Bucket)
	}
	if *in.Bucket != "lake" {
		t.Error("the caller's input was changed")
	}
}

// TestOwnersAreOurs has a store that tells its own accounts.
func TestOwnersAreOurs(t *testing.T) {
	owner := "<Owner><ID>store-id</ID><DisplayName>store-name</DisplayName></Owner>"
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.RawQuery, "uploads"):
			_, _ = io.WriteString(w, "<ListMultipartUploadsResult><Upload><Key>k</Key><Initiator><ID>store-id</ID></Initiator>"+
				owner+"</Upload></ListMultipartUploadsResult>")
		case strings.Contains(r.URL.RawQuery, "uploadId"):
			_, _ = io.WriteString(w, "<ListPartsResult><Initiator><ID>store-id</ID></Initiator>"+owner+"</ListPartsResult>")
		case r.URL.Path == "/":
			_, _ = io.WriteString(w, "<ListAllMyBucketsResult>"+owner+"</ListAllMyBucketsResult>")
		default:
			_, _ = io.WriteString(w, "<ListBucketResult><Contents><Key>k</Key>"+owner+"</Contents></ListBucketResult>")
		}
	})
	u := open(t, at(t, rec.URL))
	lake := new("lake")
	for _, in := range []any{
		&s3.ListObjectsV2Request{Bucket: lake}, &s3.ListObjectsRequest{Bucket: lake},
		&s3.ListMultipartUploadsRequest{Bucket: lake}, &s3.ListPartsRequest{Bucket: lake, Key: new("k"), UploadId: new("1")},
		&s3.ListBucketsRequest{},
	} {
		for _, id := range []string{"", "our-id"} {
			op := operationOf(t, in)
			out, err := u.Do(t.Context(), upstream.Call{Meta: upstream.Meta{Owner: id}, Operation: op, Input: in})
			if err != nil {
				t.Fatal(err)
			}
			shown := texts(reflect.ValueOf(out))
			if strings.Contains(shown, "store-") || id != "" && !strings.Contains(shown, id) {
				t.Errorf("%s for %q tells %s", op.Name, id, shown)
			}
		}
	}
}

// texts are all texts in a value.
func texts(v reflect.Value) (all string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return texts(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				all += texts(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			all += texts(v.Index(i))
		}
	case reflect.String:
		return v.String() + " "
	}
	return all
}

// TestNamesOfAnyBytes has a store encode the names of a listing, as XML cannot carry all of them.
func TestNamesOfAnyBytes(t *testing.T) {
	for what, answer := range map[string]string{
		"encoded by the store": "<EncodingType>url</EncodingType><Prefix>a+</Prefix>" +
			"<Contents><Key>a+%01%2B/%C3%A9</Key></Contents>" +
			"<CommonPrefixes><Prefix>a+%2B</Prefix></CommonPrefixes>",
	} {
		rec := record(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "<ListBucketResult>"+answer+"</ListBucketResult>")
		})
		u := open(t, at(t, rec.URL))
		out := must(t, u, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("lake")}, nil)
		if *out.Contents[0].Key != "a \x01+/é" || *out.Prefix != "a " || *out.CommonPrefixes[0].Prefix != "a +" ||
			out.EncodingType != nil {
			t.Errorf("%s: %q %q", what, *out.Contents[0].Key, *out.Prefix)
		}
		if !strings.Contains(rec.last(t).target, "encoding-type=url") {
			t.Errorf("the store was asked %s", rec.last(t).target)
		}
		out = must(t, u, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("lake"), EncodingType: new("url")}, nil)
		if *out.Contents[0].Key != "a%20%01%2B/%C3%A9" || *out.EncodingType != "url" {
			t.Errorf("%s: %q", what, *out.Contents[0].Key)
		}
	}
}

// TestVirtualHost puts the bucket before the endpoint's host, where its name can be there.
func TestVirtualHost(t *testing.T) {
	rec := record(t, ok)
	o := at(t, strings.Replace(rec.URL, "127.0.0.1", "localhost", 1)+"/base")
	o.VirtualHost = true
	u := open(t, o)
	port := rec.URL[strings.LastIndex(rec.URL, ":"):]
	for name, want := range map[string][2]string{
		"lake":      {"lake.localhost" + port, "/base/k%20k"},
		"lake.2024": {"localhost" + port, "/base/lake.2024/k%20k"},
		"Lake":      {"localhost" + port, "/base/Lake/k%20k"},
	} {
		_, err := direct(t, u, s3.GetObject, &s3.GetObjectRequest{Bucket: &name, Key: new("k k")}, nil)
		if err != nil {
			t.Skipf("%s.localhost is no name of this machine: %v", name, err)
		}
		if got := rec.last(t); got.host != want[0] || got.target != want[1] {
			t.Errorf("%s: %s %s", name, got.host, got.target)
		}
	}
}
