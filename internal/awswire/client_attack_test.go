package awswire_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// TestRequestsThatAreRefused: the text of a member must not become another part of the request.
func TestRequestsThatAreRefused(t *testing.T) {
	put := func(change func(*s3.PutObjectRequest)) *s3.PutObjectRequest {
		in := &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")}
		change(in)
		return in
	}
	account := func(id string) *s3control.ListAccessGrantsRequest {
		return &s3control.ListAccessGrantsRequest{AccountId: &id}
	}
	for _, c := range []struct {
		name string
		op   *awswire.Operation
		in   any
		want string
	}{
		{"another operation's input", s3.PutObject.Operation, &s3.GetObjectRequest{}, "the input is a"},
		{"no input", s3.PutObject.Operation, (*s3.PutObjectRequest)(nil), "the input is a"},
		{"no key", s3.PutObject.Operation, put(func(in *s3.PutObjectRequest) { in.Key = nil }), "key is needed"},
		{"an empty key, which is the bucket", s3.DeleteObject.Operation,
			&s3.DeleteObjectRequest{Bucket: new("lake"), Key: new("")}, "key must not be empty"},
		{"an empty bucket", s3.DeleteBucket.Operation, &s3.DeleteBucketRequest{Bucket: new("")}, "bucket must not be empty"},
		{"a bucket that is a step up", s3.DeleteBucket.Operation, &s3.DeleteBucketRequest{Bucket: new("..")},
			"a step in a path"},
		{"a bucket that is a step on the spot", s3.DeleteBucket.Operation, &s3.DeleteBucketRequest{Bucket: new(".")},
			"a step in a path"},
		{"no account", s3control.ListAccessGrants.Operation, &s3control.ListAccessGrantsRequest{}, "accountId is needed"},
		{"an account that is a host", s3control.ListAccessGrants.Operation, account("evil.example/"), "label of a host"},
		{"an account that is a user", s3control.ListAccessGrants.Operation, account("evil@"), "label of a host"},
		{"an account with a dot", s3control.ListAccessGrants.Operation, account("a.b"), "label of a host"},
		{"an empty account", s3control.ListAccessGrants.Operation, account(""), "label of a host"},
		{"a long account", s3control.ListAccessGrants.Operation, account(strings.Repeat("1", 64)), "label of a host"},
		{"a header that ends", s3.PutObject.Operation,
			put(func(in *s3.PutObjectRequest) { in.ContentType = new("a\r\nX-Amz-Acl: public-read") }), "control character"},
		{"metadata that ends", s3.PutObject.Operation,
			put(func(in *s3.PutObjectRequest) { in.Metadata = map[string]string{"a": "b\nc"} }), "control character"},
		{"metadata whose name ends", s3.PutObject.Operation,
			put(func(in *s3.PutObjectRequest) { in.Metadata = map[string]string{"a: b\r\nX": "c"} }), "header's name"},
		{"metadata without a name", s3.PutObject.Operation,
			put(func(in *s3.PutObjectRequest) { in.Metadata = map[string]string{"": "c"} }), "header's name"},
		{"metadata with two names in one", s3.PutObject.Operation,
			put(func(in *s3.PutObjectRequest) { in.Metadata = map[string]string{"a": "b", "A": "c"} }), "two keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := endpoint(t, "http://s3.example.org")
			at.HostPrefix = true
			_, err := awswire.NewRequest(t.Context(), at, c.op, c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestEndpointsThatAreRefused(t *testing.T) {
	for _, at := range []string{"", "/path", "ftp://x", "http:x", "http://", "http://user:secret@x", "http://x?a=b",
		"http://x#f", "mailto:a@b"} {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := awswire.NewRequest(t.Context(), awswire.Endpoint{URL: u}, s3.ListBuckets.Operation,
			&s3.ListBucketsRequest{}); err == nil {
			t.Errorf("%q became %s", at, r.URL)
		}
	}
	if _, err := awswire.NewRequest(t.Context(), awswire.Endpoint{}, s3.ListBuckets.Operation,
		&s3.ListBucketsRequest{}); err == nil {
		t.Error("no endpoint was taken")
	}
}

// answer is an answer as net/http returns it.
func answer(status int, text string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(text))}
}

// TestAnswersThatAreRefused: a server may be hostile.
func TestAnswersThatAreRefused(t *testing.T) {
	const limit = 4 << 20
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for _, c := range []struct {
		name, text string
		op         *awswire.Operation
		want       string
	}{
		{"a document type", `<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult/>`, s3.ListObjectsV2.Operation, "xml.Directive"},
		{"an entity", `<ListBucketResult><Name>&b;</Name></ListBucketResult>`, s3.ListObjectsV2.Operation, "entity"},
		{"deep where nobody looks", "<ListBucketResult>" + deep + "</ListBucketResult>", s3.ListObjectsV2.Operation,
			"nested too deeply"},
		{"many elements", "<ListBucketResult>" + strings.Repeat("<Contents/>", 250_001) + "</ListBucketResult>",
			s3.ListObjectsV2.Operation, "too many elements"},
		{"many elements where nobody looks", "<ListBucketResult>" + strings.Repeat("<a/>", 250_001) + "</ListBucketResult>",
			s3.ListObjectsV2.Operation, "too many elements"},
		{"long", "<ListBucketResult>" + strings.Repeat(" ", limit) + "</ListBucketResult>", s3.ListObjectsV2.Operation,
			"longer than"},
		{"a value twice", "<ListBucketResult><Name>a</Name><Name>b</Name></ListBucketResult>", s3.ListObjectsV2.Operation,
			"twice"},
		{"a proxy's page", "<html><body>sign in</body></html>", s3.ListObjectsV2.Operation, "its root is html"},
		{"text alone", "hello", s3.ListObjectsV2.Operation, ""},
		{"nothing", "", s3.ListObjectsV2.Operation, "empty"},
		{"nothing, though a copy was asked for", " \n", s3.CopyObject.Operation, "empty"},
		{"cut short", "<ListBucketResult><Name>a</Name>", s3.ListObjectsV2.Operation, "EOF"},
		{"two documents", "<ListBucketResult/><ListBucketResult/>", s3.ListObjectsV2.Operation, "follows the root"},
		{"a number that is none", "<ListBucketResult><KeyCount>x</KeyCount></ListBucketResult>", s3.ListObjectsV2.Operation,
			"KeyCount"},
		{"two results", "<GetUserResponse><GetUserResult/><GetUserResult/></GetUserResponse>", iamapi.GetUser.Operation,
			"twice"},
		{"another operation's result", "<ListUsersResponse/>", iamapi.GetUser.Operation, "its root is"},
		{"no JSON", "<html/>", ssoadmin.ListInstances.Operation, ""},
		{"a list for an object", "[]", ssoadmin.ListInstances.Operation, "wrong kind"},
		{"a member twice", `{"NextToken":"a","NextToken":"b"}`, ssoadmin.ListInstances.Operation, "twice"},
		{"two values", `{} {}`, ssoadmin.ListInstances.Operation, "follows"},
		{"deep JSON where nobody looks", `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}",
			ssoadmin.ListInstances.Operation, "nested too deeply"},
		{"many values", `{"Instances":[` + strings.Repeat("{},", 250_001) + `{}]}`, ssoadmin.ListInstances.Operation,
			"too many elements"},
		{"many values where nobody looks", `{"x":[` + strings.Repeat("1,", 250_001) + `1]}`,
			ssoadmin.ListInstances.Operation, "too many elements"},
		{"no UTF-8", "{\"NextToken\":\"\xff\"}", ssoadmin.ListInstances.Operation, "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := awswire.DecodeResponse(c.op, answer(200, c.text), limit)
			e, ok := errors.AsType[*awswire.AnswerError](err)
			if !ok || !strings.Contains(e.Error(), c.want) || out != nil {
				t.Errorf("%v, %v, want %s", out, err, c.want)
			}
		})
	}
}

// TestAnswersThatAreRead: a newer server knows more than we do, and an older one says things in its own way.
func TestAnswersThatAreRead(t *testing.T) {
	const text = `<?xml version="1.0"?> <!-- a --> <ListBucketResult xmlns="urn:other" new="1"> text ` +
		`<x:y><z>1</z></x:y><Name new="2">lake</Name>` +
		`<Contents><Key>k</Key><New><Deep/></New></Contents><?later?></ListBucketResult> `
	out, err := awswire.DecodeResponse(s3.ListObjectsV2.Operation, answer(200, text), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.(*s3.ListObjectsV2Output); *got.Name != "lake" || len(got.Contents) != 1 || *got.Contents[0].Key != "k" {
		t.Errorf("%+v", got)
	}
	head := answer(200, "")
	head.Header = http.Header{"X-Amz-Meta-Name": {"caf\xe9"}, "X-Amz-Delete-Marker": {"True"}, "Etag": {`"x"`, `"x"`}}
	head.ContentLength = 7
	if out, err = awswire.DecodeResponse(s3.HeadObject.Operation, head, 0); err != nil {
		t.Fatal(err)
	}
	if got := out.(*s3.HeadObjectOutput); got.Metadata["name"] != "caf\xe9" || !*got.DeleteMarker ||
		*got.ETag != `"x"` || *got.ContentLength != 7 {
		t.Errorf("%+v", got)
	}
	head.Header["Etag"] = []string{`"x"`, `"y"`}
	if _, err = awswire.DecodeResponse(s3.HeadObject.Operation, head, 0); err == nil ||
		!strings.Contains(err.Error(), "two values") {
		t.Errorf("two values: %v", err)
	}
	unpacked := answer(200, "x")
	unpacked.Uncompressed = true
	if _, err = awswire.DecodeResponse(s3.GetObject.Operation, unpacked, 0); err == nil ||
		!strings.Contains(err.Error(), "unpacked") {
		t.Errorf("unpacked: %v", err)
	}
}

// TestErrorsBehindASuccess: S3 answers 200 before it knows whether a copy works out.
func TestErrorsBehindASuccess(t *testing.T) {
	const text = "\n \n<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>try again</Message>" +
		"<RequestId>R</RequestId><HostId>H</HostId></Error>"
	for _, op := range []*awswire.Operation{s3.CopyObject.Operation, s3.CompleteMultipartUpload.Operation,
		s3.UploadPartCopy.Operation, s3.PutObject.Operation} {
		_, err := awswire.DecodeResponse(op, answer(200, text), 0)
		e, ok := errors.AsType[*awswire.APIError](err)
		if !ok || e.Code != "InternalError" || e.Message != "try again" || e.RequestID != "R" || e.HostID != "H" ||
			e.Status != 200 {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
}

// TestErrorsThatCannotBeRead have a status and no code.
func TestErrorsThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		op         *awswire.Operation
	}{
		{"nothing", "", s3.HeadObject.Operation},
		{"a proxy's page", "<html><head><Code>x</Code></head></html>", s3.GetObject.Operation},
		{"text", "no", s3.GetObject.Operation},
		{"cut short", "<Error><Code>NoSuchKey</Code>", s3.GetObject.Operation},
		{"two codes", "<Error><Code>NoSuchKey</Code><Code>NoSuchBucket</Code></Error>", s3.GetObject.Operation},
		{"two errors", "<Error><Code>NoSuchKey</Code></Error><Error/>", s3.GetObject.Operation},
		{"a code with parts", "<Error><Code><a/>NoSuchKey</Code></Error>", s3.GetObject.Operation},
		{"deep", "<Error>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "<Code>x</Code></Error>",
			s3.GetObject.Operation},
		{"long", "<Error><Code>x</Code>" + strings.Repeat(" ", 1<<20) + "</Error>", s3.GetObject.Operation},
		{"a page for a JSON service", "<html>", ssoadmin.ListInstances.Operation},
		{"JSON without a code", `{"a":1}`, ssoadmin.ListInstances.Operation},
		{"JSON with two codes", `{"__type":"A","__type":"B"}`, ssoadmin.ListInstances.Operation},
		{"a page for STS", "<html><Error><Code>x</Code></Error></html>", stsapi.AssumeRole.Operation},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := awswire.DecodeResponse(c.op, answer(502, c.text), 0)
			e, ok := errors.AsType[*awswire.APIError](err)
			if !ok || e.Status != 502 || e.Code != "" || e.Error() != c.op.Name+": the server answers 502 Bad Gateway" {
				t.Errorf("%+v", err)
			}
		})
	}
	many := strings.Builder{}
	many.WriteString("<Error><Code>x</Code>")
	for i := range 1000 {
		many.WriteString("<F" + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + ">v</F" + string(rune('a'+i%26)) +
			strings.Repeat("x", i/26) + ">")
	}
	_, err := awswire.DecodeResponse(s3.GetObject.Operation, answer(404, many.String()+"</Error>"), 0)
	if e, ok := errors.AsType[*awswire.APIError](err); !ok || len(e.Fields) != 64 {
		t.Errorf("%v", err)
	}
}
