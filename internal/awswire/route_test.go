package awswire_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

func TestMatchS3(t *testing.T) {
	copied := http.Header{"X-Amz-Copy-Source": {"src/key"}}
	for _, c := range []struct {
		method, path, query string
		header              http.Header
		want                string
	}{
		{"GET", "/", "", nil, "ListBuckets"},
		{"PUT", "/b", "", nil, "CreateBucket"},
		{"PUT", "/b/", "", nil, "CreateBucket"},
		{"DELETE", "/b", "", nil, "DeleteBucket"},
		{"HEAD", "/b", "", nil, "HeadBucket"},
		{"GET", "/b", "", nil, "ListObjects"},
		{"GET", "/b/", "prefix=x", nil, "ListObjects"},
		{"GET", "/b", "list-type=2&prefix=x", nil, "ListObjectsV2"},
		{"GET", "/b", "location", nil, "GetBucketLocation"},
		{"GET", "/b", "location=", nil, "GetBucketLocation"},
		{"GET", "/b", "policy", nil, "GetBucketPolicy"},
		{"PUT", "/b", "policy", nil, "PutBucketPolicy"},
		{"DELETE", "/b", "policy", nil, "DeleteBucketPolicy"},
		{"POST", "/b", "delete", nil, "DeleteObjects"},
		{"GET", "/b", "uploads", nil, "ListMultipartUploads"},
		{"GET", "/b/k", "", nil, "GetObject"},
		{"GET", "/b/k", "x-id=GetObject", nil, "GetObject"},
		{"HEAD", "/b/k", "", nil, "HeadObject"},
		{"PUT", "/b/k", "", nil, "PutObject"},
		{"PUT", "/b/k", "partNumber=1&uploadId=u", nil, "UploadPart"},
		{"PUT", "/b/k", "", copied, "CopyObject"},
		{"PUT", "/b/k", "partNumber=1&uploadId=u", copied, "UploadPartCopy"},
		{"GET", "/b/k", "uploadId=u", nil, "ListParts"},
		{"POST", "/b/k", "uploads", nil, "CreateMultipartUpload"},
		{"POST", "/b/k", "uploadId=u", nil, "CompleteMultipartUpload"},
		{"DELETE", "/b/k", "uploadId=u", nil, "AbortMultipartUpload"},
		{"DELETE", "/b/k", "", nil, "DeleteObject"},
	} {
		t.Run(c.method+" "+c.path+"?"+c.query+" is "+c.want, func(t *testing.T) {
			query, err := awswire.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			op, _, err := s3.Service.MatchPath(c.method, c.path, query, c.header)
			if err != nil || op.Name != c.want {
				t.Errorf("matched %v, %v", op, err)
			}
			if unknown := awswire.UnknownParameters(op, query); len(unknown) > 0 {
				t.Errorf("unknown parameters %v", unknown)
			}
		})
	}
	t.Run("an upload without a part number is no known request", func(t *testing.T) {
		query, _ := awswire.ParseQuery("uploadId=u")
		op, _, err := s3.Service.MatchPath("PUT", "/b/k", query, nil)
		if err != nil || len(awswire.UnknownParameters(op, query)) == 0 {
			t.Errorf("matched %v, %v", op, err)
		}
	})
	t.Run("another method is refused", func(t *testing.T) {
		if op, _, err := s3.Service.MatchPath("PATCH", "/b/k", nil, nil); !fault.Is(err, fault.Unsupported, fault.Method) {
			t.Errorf("matched %v, %v", op, err)
		}
	})
	t.Run("a path that is none is refused", func(t *testing.T) {
		for _, path := range []string{"", "*", "b/k", "http://x/y"} {
			if op, _, err := s3.Service.MatchPath("GET", path, nil, nil); err == nil {
				t.Errorf("%q matched %v", path, op)
			}
		}
	})
}

// Keys are bytes: they are decoded once and never normalised.
func TestAttack04_KeysAreLiteral(t *testing.T) {
	for path, want := range map[string]string{
		"/b/a//x":                "a//x",
		"/b//x":                  "/x",
		"/b///":                  "//",
		"/b/a/../x":              "a/../x",
		"/b/./x":                 "./x",
		"/b/..":                  "..",
		"/b/a%2Fx":               "a/x",
		"/b/a%252Fx":             "a%2Fx",
		"/b/%2e%2e/x":            "../x",
		"/b/a+b":                 "a+b",
		"/b/a%20b":               "a b",
		`/b/a\..\b`:              `a\..\b`,
		"/b/a;b=c":               "a;b=c",
		"/b/%C3%A9":              "é",
		"/b/e%CC%81":             "e\u0301",
		"/b/x/":                  "x/",
		"/b/a%00b":               "a\x00b",
		"/b/v20180820/x":         "v20180820/x",
		"/b/%E2%88%95%C2%A0last": "∕\u00a0last",
	} {
		t.Run(path, func(t *testing.T) {
			op, labels, err := s3.Service.MatchPath("GET", path, nil, nil)
			if err != nil || op.Name != "GetObject" || labels["Bucket"] != "b" || labels["Key"] != want {
				t.Errorf("matched %v %q, %v; want key %q", op, labels, err, want)
			}
		})
	}
	for _, path := range []string{"/b/%", "/b/%z1", "/b/a%2", "/%zz/k"} {
		t.Run(path+" is refused", func(t *testing.T) {
			if op, labels, err := s3.Service.MatchPath("GET", path, nil, nil); err == nil {
				t.Errorf("matched %v %q", op, labels)
			}
		})
	}
	t.Run("a key that is no UTF-8 is refused", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/b/a%ff", nil)
		op, labels, err := s3.Service.Match(r)
		if err != nil {
			t.Fatal(err)
		}
		if in, err := awswire.Decode(awswire.Usual, op, r, labels, nil); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("got %+v, %v", in, err)
		}
	})
	t.Run("an encoded slash does not end a bucket", func(t *testing.T) {
		op, labels, err := s3.Service.MatchPath("GET", "/a%2Fb/k", nil, nil)
		if err != nil || labels["Bucket"] != "a/b" || labels["Key"] != "k" {
			t.Errorf("matched %v %q, %v", op, labels, err)
		}
	})
}

func TestMatchS3Control(t *testing.T) {
	header := http.Header{"X-Amz-Account-Id": {"123456789012"}}
	const arn = "arn:aws:s3:us-east-1:123456789012:access-grants/default/grant/x"
	for path, want := range map[string]string{
		"/v20180820/tags/arn:aws:s3:us-east-1:123456789012:access-grants/default/grant/x":                 arn,
		"/v20180820/tags/arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccess-grants/default/grant/x":       arn,
		"/v20180820/tags/arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccess-grants%2Fdefault%2Fgrant%2Fx": arn,
		"/v20180820/tags/arn%253Aaws": "arn%3Aaws",
	} {
		t.Run(path, func(t *testing.T) {
			op, labels, err := s3control.Service.MatchPath("GET", path, nil, header)
			if err != nil || op.Name != "ListTagsForResource" || labels["resourceArn"] != want {
				t.Errorf("matched %v %q, %v", op, labels, err)
			}
		})
	}
	t.Run("every operation is found by its own path", func(t *testing.T) {
		for _, want := range s3control.Service.Operations {
			path := want.URI
			for _, label := range []string{"{id}", "{resourceArn+}"} {
				path = replaceFirst(path, label, "abc")
			}
			op, _, err := s3control.Service.MatchPath(want.Method, path, nil, header)
			if err != nil || op != want {
				t.Errorf("%s %s matched %v, %v", want.Method, path, op, err)
			}
		}
	})
	t.Run("a missing required parameter is named by decoding", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/v20180820/accessgrantsinstance/dataaccess?permission=READ", nil)
		r.Header = header.Clone()
		op, labels, err := s3control.Service.Match(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := awswire.Decode(awswire.Usual, op, r, labels, nil); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("got %v", err)
		}
	})
	for _, path := range []string{
		"/v20180820/accessgrantsinstance/", "/v20180820//accessgrantsinstance", "/v20180820/accessgrantsinstance/grant/",
		"/v20180820/accessgrantsinstance/grant/a/b", "/v20180820/./accessgrantsinstance",
		"/v20180820/accessgrantsinstance%2Fgrant", "/V20180820/accessgrantsinstance",
	} {
		t.Run(path+" is refused", func(t *testing.T) {
			if op, labels, err := s3control.Service.MatchPath("GET", path, nil, header); err == nil {
				t.Errorf("matched %v %q", op, labels)
			}
		})
	}
}

func replaceFirst(s, old, with string) string {
	if i := slices.Index([]byte(s), '{'); i >= 0 && len(s) >= i+len(old) && s[i:i+len(old)] == old {
		return s[:i] + with + s[i+len(old):]
	}
	return s
}

func TestMatchForm(t *testing.T) {
	form := func(s string) (*awswire.Operation, error) {
		v, err := awswire.ParseQuery(s)
		if err != nil {
			return nil, err
		}
		return stsapi.Service.MatchForm(v)
	}
	if op, err := form("Action=AssumeRole&Version=2011-06-15"); err != nil || op != stsapi.AssumeRole.Operation {
		t.Fatalf("matched %v, %v", op, err)
	}
	for _, s := range []string{
		"", "Action=AssumeRole", "Version=2011-06-15", "Action=AssumeRole&Version=2010-05-08",
		"Action=CreateUser&Version=2011-06-15",
		"Action=AssumeRole&Action=GetCallerIdentity&Version=2011-06-15",
		"Action=AssumeRole&Version=2011-06-15&Version=2011-06-15", "action=AssumeRole&Version=2011-06-15",
	} {
		t.Run(s+" is refused", func(t *testing.T) {
			if op, err := form(s); err == nil {
				t.Errorf("matched %v", op)
			}
		})
	}
}

func TestServicesHaveTheirOperations(t *testing.T) {
	for s, want := range map[*awswire.Service]int{
		s3control.Service: 24,
		stsapi.Service:    5,
		iamapi.Service:    67,
		s3.Service:        23,
	} {
		if got := len(s.Operations); got != want {
			t.Errorf("%s has %d operations, want %d", s.Name, got, want)
		}
		for _, o := range s.Operations {
			if s.Operation(o.Name) != o || reflect.TypeOf(o.NewInput()).Elem() != o.In {
				t.Errorf("%s %s is not found by its name", s.Name, o.Name)
			}
		}
	}
	if !stsapi.AssumeRoleWithWebIdentity.Unsigned || stsapi.AssumeRole.Unsigned {
		t.Error("only AssumeRoleWithWebIdentity is unsigned")
	}
}
