package awswire_test

import (
	"net/http/httptest"
	"reflect"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

func TestUnknownParameters(t *testing.T) {
	decode := func(uri string, header ...string) (any, error) {
		r := httptest.NewRequest("GET", uri, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		op, labels, err := s3.Service.Match(r)
		if err != nil {
			return nil, err
		}
		return awswire.Decode(awswire.Usual, op, r, labels, nil)
	}
	const signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=d&X-Amz-Expires=60" +
		"&X-Amz-SignedHeaders=host&X-Amz-Signature=s"
	t.Run("a presigned request is read", func(t *testing.T) {
		if _, err := decode("/b/k?" + signed + "&versionId=v&x-id=GetObject"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a header moved into a presigned query is read", func(t *testing.T) {
		in, err := decode("/b/k?" + signed + "&x-amz-checksum-mode=ENABLED")
		if err != nil || *in.(*s3.GetObjectRequest).ChecksumMode != "ENABLED" {
			t.Errorf("read %+v, %v", in, err)
		}
	})
	t.Run("a copy source moved into a presigned query makes it a copy", func(t *testing.T) {
		query, _ := awswire.ParseQuery(signed + "&x-amz-copy-source=src%2Fkey&x-amz-meta-Colour=red")
		op, _, err := s3.Service.MatchPath("PUT", "/b/k", query, nil)
		if err != nil || op != s3.CopyObject.Operation {
			t.Fatalf("matched %v, %v", op, err)
		}
		r := httptest.NewRequest("PUT", "/b/k?"+signed+"&x-amz-copy-source=src%2Fkey&x-amz-meta-Colour=red", nil)
		in, err := awswire.Decode(awswire.Usual, op, r, awswire.Labels{"Bucket": "b", "Key": "k"}, nil)
		if err != nil || *in.(*s3.CopyObjectRequest).CopySource != "src/key" ||
			!reflect.DeepEqual(in.(*s3.CopyObjectRequest).Metadata, map[string]string{"colour": "red"}) {
			t.Errorf("read %+v, %v", in, err)
		}
	})
	for name, c := range map[string][]string{
		"sub-resource":                       {"/b/k?acl"},
		"unknown parameter":                  {"/b/k?colour=red"},
		"parameter twice":                    {"/b/k?versionId=a&versionId=b"},
		"parameter in another case":          {"/b/k?VersionId=a"},
		"signature's parameter of no signed": {"/b/k?X-Amz-Date=x"},
		"header in a query not presigned":    {"/b/k?x-amz-checksum-mode=ENABLED"},
		"header and query at once": {
			"/b/k?" + signed + "&x-amz-checksum-mode=ENABLED", "x-amz-checksum-mode", "ENABLED",
		},
		"unknown header in a presigned one": {"/b/k?" + signed + "&x-amz-surprise=1"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if in, err := decode(c[0], c[1:]...); !fault.Is(err, fault.Invalid, fault.Argument) {
				t.Errorf("got %+v, %v", in, err)
			}
		})
	}
	t.Run("bad percent encoding is refused", func(t *testing.T) {
		if in, err := awswire.ParseQuery("prefix=%zz"); err == nil {
			t.Errorf("read %v", in)
		}
	})
	t.Run("a semicolon is a character", func(t *testing.T) {
		in, err := decode("/b?prefix=a;b%3Bc+d")
		if err != nil || *in.(*s3.ListObjectsRequest).Prefix != "a;b;c d" {
			t.Errorf("read %+v, %v", in, err)
		}
	})
}
