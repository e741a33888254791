package awswire_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

var (
	ids  = awswire.IDs{Request: "RID", Host: "HID"}
	noon = time.Date(2023, 5, 31, 18, 41, 34, 663_000_000, time.UTC)
)

func encode(t *testing.T, op *awswire.Operation, out any) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := awswire.Encode(w, op, out, ids); err != nil {
		t.Fatal(err)
	}
	return w
}

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func TestEncodeBodies(t *testing.T) {
	for _, c := range []struct {
		name string
		op   *awswire.Operation
		out  any
		want string
	}{
		{"a grant", s3control.GetAccessGrant.Operation, &s3control.GetAccessGrantResult{
			CreatedAt:                         &noon,
			AccessGrantId:                     new("g"),
			Grantee:                           &s3control.Grantee{GranteeType: new("IAM"), GranteeIdentifier: new("arn:x")},
			AccessGrantsLocationConfiguration: &s3control.AccessGrantsLocationConfiguration{S3SubPrefix: new("")},
			GrantScope:                        new("s3://b/<&>*"),
		},
			declaration +
				`<GetAccessGrantResult><CreatedAt>2023-05-31T18:41:34.663Z</CreatedAt><AccessGrantId>g</AccessGrantId>` +
				`<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:x</GranteeIdentifier></Grantee>` +
				`<AccessGrantsLocationConfiguration><S3SubPrefix></S3SubPrefix></AccessGrantsLocationConfiguration>` +
				`<GrantScope>s3://b/&lt;&amp;&gt;*</GrantScope></GetAccessGrantResult>`},
		{"an empty list of grants", s3control.ListAccessGrants.Operation, &s3control.ListAccessGrantsResult{},
			declaration + `<ListAccessGrantsResult><AccessGrantsList></AccessGrantsList></ListAccessGrantsResult>`},
		{"no tags", s3control.ListTagsForResource.Operation, &s3control.ListTagsForResourceResult{},
			declaration + `<ListTagsForResourceResult><Tags></Tags></ListTagsForResourceResult>`},
		{"the caller's grants", s3control.ListCallerAccessGrants.Operation, &s3control.ListCallerAccessGrantsResult{
			CallerAccessGrantsList: []s3control.ListCallerAccessGrantsEntry{
				{Permission: new("READ"), GrantScope: new("s3://b/*"), ApplicationArn: new("ALL")},
			},
		},
			declaration +
				`<ListCallerAccessGrantsResult><CallerAccessGrantsList>` +
				`<AccessGrant><Permission>READ</Permission><GrantScope>s3://b/*</GrantScope>` +
				`<ApplicationArn>ALL</ApplicationArn></AccessGrant></CallerAccessGrantsList></ListCallerAccessGrantsResult>`},
		{"a deletion", s3control.DeleteAccessGrant.Operation, &s3control.DeleteAccessGrantResult{}, ""},
		{"a caller", stsapi.GetCallerIdentity.Operation, &stsapi.GetCallerIdentityResponse{Account: new("1")},
			declaration +
				`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
				`<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult>` +
				`<ResponseMetadata><RequestId>RID</RequestId></ResponseMetadata></GetCallerIdentityResponse>` + "\n"},
		{"users",
			iamapi.ListUsers.Operation,
			&iamapi.ListUsersResponse{Users: []iamapi.User{{UserName: new("bob")}}, IsTruncated: new(false)},
			declaration +
				`<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult>` +
				`<Users><member><UserName>bob</UserName></member></Users>` +
				`<IsTruncated>false</IsTruncated></ListUsersResult>` +
				`<ResponseMetadata><RequestId>RID</RequestId></ResponseMetadata></ListUsersResponse>` + "\n"},
		{"a deleted user", iamapi.DeleteUser.Operation, &iamapi.DeleteUserResponse{},
			declaration +
				`<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` +
				`<ResponseMetadata><RequestId>RID</RequestId></ResponseMetadata></DeleteUserResponse>` + "\n"},
		{"a location", s3.GetBucketLocation.Operation, &s3.GetBucketLocationOutput{LocationConstraint: new("eu-west-1")},
			declaration + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>`},
		{"the first location", s3.GetBucketLocation.Operation, &s3.GetBucketLocationOutput{},
			declaration + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`},
		{"a policy", s3.GetBucketPolicy.Operation, &s3.GetBucketPolicyOutput{Policy: new(`{"a":"<"}`)}, `{"a":"<"}`},
		{"a listing",
			s3.ListObjectsV2.Operation,
			&s3.ListObjectsV2Output{
				Name:           new("b"),
				KeyCount:       new(int32(1)),
				Contents:       []s3.Object{{Key: new("k")}},
				CommonPrefixes: []s3.CommonPrefix{{Prefix: new("p/")}},
			},
			declaration +
				`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>k</Key></Contents>` +
				`<Name>b</Name><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><KeyCount>1</KeyCount></ListBucketResult>`},
		{"no buckets", s3.ListBuckets.Operation, &s3.ListBucketsOutput{},
			declaration +
				`<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
				`<Buckets></Buckets></ListAllMyBucketsResult>`},
		{"a copy", s3.CopyObject.Operation, &s3.CopyObjectOutput{CopyObjectResult: &s3.CopyObjectResult{ETag: new(`"e"`)}},
			declaration +
				`<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ETag>&quot;e&quot;</ETag></CopyObjectResult>`},
		{"deletions", s3.DeleteObjects.Operation, &s3.DeleteObjectsOutput{Deleted: []s3.DeletedObject{{Key: new("k")}}},
			declaration +
				`<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Deleted><Key>k</Key></Deleted></DeleteResult>`},
		{"an upload", s3.CreateMultipartUpload.Operation, &s3.CreateMultipartUploadOutput{UploadId: new("u")},
			declaration +
				`<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
				`<UploadId>u</UploadId></InitiateMultipartUploadResult>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := encode(t, c.op, c.out)
			if diff := cmp.Diff(c.want, w.Body.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := w.Header().Get("Content-Length"); w.Code == 200 && got != "" && got != itoa(w.Body.Len()) {
				t.Errorf("Content-Length %s of %d bytes", got, w.Body.Len())
			}
		})
	}
	t.Run("the policy is JSON", func(t *testing.T) {
		w := encode(t, s3.GetBucketPolicy.Operation, &s3.GetBucketPolicyOutput{Policy: new("{}")})
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Error(got)
		}
	})
	t.Run("tagging answers 204 without a body", func(t *testing.T) {
		w := encode(t, s3control.TagResource.Operation, &s3control.TagResourceResult{})
		if w.Code != 204 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "" {
			t.Error(w.Code, w.Body, w.Header())
		}
	})
	t.Run("an output of another operation is refused", func(t *testing.T) {
		w := httptest.NewRecorder()
		for _, out := range []any{
			nil, &s3control.GetAccessGrantResult{}, s3control.GetDataAccessResult{}, (*s3control.GetDataAccessResult)(nil),
		} {
			if err := awswire.Encode(w, s3control.GetDataAccess.Operation, out, ids); err == nil {
				t.Errorf("encoded %T", out)
			}
		}
	})
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// The encodings of two different keys differ, and no key ends its element.
func TestEncodeControlCharacters(t *testing.T) {
	key := "a\x01\x1f\t\r\n<Key>]]>&\"'\x7f\u0085\u2028é😹\xff\ufffe"
	got := encode(t, s3.ListObjectsV2.Operation, &s3.ListObjectsV2Output{Contents: []s3.Object{{Key: &key}}}).Body.String()
	want := `<Key>a&#x1;&#x1f;&#x9;&#xd;&#xa;` +
		`&lt;Key&gt;]]&gt;&amp;&quot;'&#x7f;&#x85;&#x2028;é😹` + "\ufffd\ufffd</Key>"
	if !strings.Contains(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// raw sends one request over a socket and returns the bytes of the answer, with the case of its headers.
func raw(t *testing.T, h http.HandlerFunc, request string) string {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Logf("connection: %v", err)
	}
	return string(all)
}

func TestEncodeObject(t *testing.T) {
	closed := false
	body := &closing{Reader: strings.NewReader("hello"), closed: &closed}
	out := &s3.GetObjectOutput{
		Body: body, ContentLength: new(int64(5)), ContentRange: new("bytes 0-4/10"), LastModified: &noon, ETag: new(`"e"`),
		Metadata: map[string]string{"foo-bar": "x"}, VersionId: new("v"), Expires: new("soon"),
	}
	got := raw(t, func(w http.ResponseWriter, r *http.Request) {
		if err := awswire.Encode(w, s3.GetObject.Operation, out, ids); err != nil {
			t.Error(err)
		}
	}, "GET /b/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	for _, want := range []string{
		"HTTP/1.1 206 ", "\r\nx-amz-meta-foo-bar: x\r\n", "\r\nx-amz-version-id: v\r\n",
		"\r\nx-amz-request-id: RID\r\n", "\r\nx-amz-id-2: HID\r\n",
		"\r\nContent-Length: 5\r\n", "\r\nLast-Modified: Wed, 31 May 2023 18:41:34 GMT\r\n", "\r\nExpires: soon\r\n",
		"\r\nContent-Type: binary/octet-stream\r\n", "\r\n\r\nhello",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Count(strings.ToLower(got), "content-length") != 1 {
		t.Errorf("content length twice in %q", got)
	}
	if !closed {
		t.Error("the payload was not closed")
	}
	t.Run("a head has the length and no body", func(t *testing.T) {
		got := raw(t, func(w http.ResponseWriter, r *http.Request) {
			out := &s3.HeadObjectOutput{ContentLength: new(int64(1 << 40))}
			if err := awswire.Encode(w, s3.HeadObject.Operation, out, ids); err != nil {
				t.Error(err)
			}
		}, "HEAD /b/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.Contains(got, "\r\nContent-Length: 1099511627776\r\n") || !strings.HasSuffix(got, "\r\n\r\n") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a stream that fails is an error of the stream, and closed", func(t *testing.T) {
		closed := false
		out := &s3.GetObjectOutput{Body: &closing{Reader: broken{io.ErrUnexpectedEOF}, closed: &closed}}
		err := awswire.Encode(httptest.NewRecorder(), s3.GetObject.Operation, out, ids)
		if _, ok := errors.AsType[*awswire.StreamError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) || !closed {
			t.Errorf("got %v, closed %v", err, closed)
		}
	})
}

type closing struct {
	io.Reader
	closed *bool
}

func (c *closing) Close() error { *c.closed = true; return nil }
