package awswire_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
)

// discard is a response writer that drops what is written.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkDecodeCreateAccessGrant(b *testing.B) {
	body := grantBody("<Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags>")
	r := httptest.NewRequest("POST", "/v20180820/accessgrantsinstance/grant", strings.NewReader(body))
	r.Header.Set("x-amz-account-id", "123456789012")
	for b.Loop() {
		op, labels, err := s3control.Service.Match(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := awswire.Decode(awswire.Usual, op, r, labels, []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeGetDataAccess(b *testing.B) {
	out := &s3control.GetDataAccessResult{
		Credentials: &s3control.Credentials{
			AccessKeyId:     new("ASIAXXXXXXXXXXXXXXXX"),
			SecretAccessKey: new(strings.Repeat("s", 40)),
			SessionToken:    new(strings.Repeat("t", 400)),
			Expiration:      &noon,
		},
		MatchedGrantTarget: new("s3://bucket/prefix/*"),
		Grantee: &s3control.Grantee{
			GranteeType:       new("IAM"),
			GranteeIdentifier: new("arn:aws:iam::123456789012:user/bob"),
		},
	}
	for b.Loop() {
		if err := awswire.Encode(discard{http.Header{}}, s3control.GetDataAccess.Operation, out, ids); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeListObjectsV2(b *testing.B) {
	out := &s3.ListObjectsV2Output{Name: new("bucket"), KeyCount: new(int32(1000)), IsTruncated: new(true)}
	for i := range 1000 {
		out.Contents = append(out.Contents, s3.Object{
			Key:          new("some/longer/prefix/object-" + strconv.Itoa(i)),
			LastModified: &noon,
			ETag:         new(`"` + strings.Repeat("a", 32) + `"`),
			Size:         new(int64(i)),
			StorageClass: new("STANDARD"),
		})
	}
	for b.Loop() {
		if err := awswire.Encode(discard{http.Header{}}, s3.ListObjectsV2.Operation, out, ids); err != nil {
			b.Fatal(err)
		}
	}
}
