package awswire_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

func TestEncodeError(t *testing.T) {
	e := awswire.WireError{
		Code:    "AccessDenied",
		Status:  403,
		Message: "no <READ>",
		Fields:  map[string]string{"Resource": "/b", "BucketName": "b"},
	}
	jsonService := awswire.NewService(&awswire.Service{Protocol: awswire.JSON})
	restService := awswire.NewService(&awswire.Service{Protocol: awswire.RestJSON})
	for _, c := range []struct {
		name    string
		service *awswire.Service
		e       awswire.WireError
		want    string
		header  map[string]string
	}{
		{"s3control wraps",
			s3control.Service, e,
			declaration +
				`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no &lt;READ&gt;</Message>` +
				`<BucketName>b</BucketName><Resource>/b</Resource></Error>` +
				`<RequestId>RID</RequestId><HostId>HID</HostId></ErrorResponse>`,
			map[string]string{"x-amz-request-id": "RID", "x-amz-id-2": "HID", "Content-Type": "application/xml"}},
		{"s3 is bare",
			s3.Service, e,
			declaration +
				`<Error><Code>AccessDenied</Code><Message>no &lt;READ&gt;</Message>` +
				`<BucketName>b</BucketName><Resource>/b</Resource>` +
				`<RequestId>RID</RequestId><HostId>HID</HostId></Error>`, map[string]string{"x-amz-request-id": "RID"}},
		{"sts blames the sender",
			stsapi.Service, e,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
				`<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;READ&gt;</Message>` +
				`<BucketName>b</BucketName><Resource>/b</Resource></Error><RequestId>RID</RequestId></ErrorResponse>` + "\n",
			map[string]string{"x-amzn-RequestId": "RID", "Content-Type": "text/xml"}},
		{"sts blames itself",
			stsapi.Service, awswire.WireError{Code: "InternalFailure", Status: 500},
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
				`<Error><Type>Receiver</Type><Code>InternalFailure</Code>` +
				`<Message></Message></Error><RequestId>RID</RequestId></ErrorResponse>` + "\n", nil},
		{"json",
			jsonService, e, `{"__type":"AccessDenied","Message":"no \u003cREAD\u003e","BucketName":"b","Resource":"/b"}`,
			map[string]string{"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "RID"}},
		{"rest-json names the code in a header",
			restService,
			awswire.WireError{
				Code:   "InvalidGrantException",
				Status: 400,
				Fields: map[string]string{"error": "invalid_grant", "error_description": "no"},
			},
			`{"error":"invalid_grant","error_description":"no"}`,
			map[string]string{"x-amzn-ErrorType": "InvalidGrantException"}},
		{"not modified has no body", s3.Service, awswire.WireError{Code: "NotModified", Status: 304}, "", nil},
		{"not modified names the object's version in headers", s3.Service,
			awswire.WireError{Code: "NotModified", Status: 304, Fields: map[string]string{"ETag": `"abc"`}}, "",
			map[string]string{"ETag": `"abc"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			awswire.EncodeError(w, c.service, c.e, ids)
			if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.e.Status {
				t.Errorf("%d (-want +got):\n%s", w.Code, diff)
			}
			for name, want := range c.header {
				if got := w.Header()[name]; len(got) != 1 || got[0] != want {
					t.Errorf("header %s is %q", name, got)
				}
			}
		})
	}
}

func TestParameters(t *testing.T) {
	in := &stsapi.AssumeRoleWithWebIdentityRequest{
		RoleArn:          new("arn:r"),
		WebIdentityToken: new("secret"),
		DurationSeconds:  new(int32(900)),
	}
	got := awswire.Parameters(stsapi.AssumeRoleWithWebIdentity.Operation, in)
	if diff := cmp.Diff(map[string]any{"roleArn": "arn:r", "durationSeconds": int32(900)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	put := &s3.PutObjectRequest{
		Key:            new("k"),
		Body:           io.NopCloser(strings.NewReader("x")),
		SSECustomerKey: new("secret"),
		Metadata:       map[string]string{"a": "b"},
	}
	if diff := cmp.Diff(map[string]any{"key": "k", "metadata": map[string]any{"a": "b"}},
		awswire.Parameters(s3.PutObject.Operation, put)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tag := &s3control.TagResourceRequest{Tags: []s3control.Tag{{Key: new("a"), Value: new("b")}}}
	if diff := cmp.Diff(map[string]any{"tags": []any{map[string]any{"key": "a", "value": "b"}}},
		awswire.Parameters(s3control.TagResource.Operation, tag)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := awswire.Parameters(s3control.TagResource.Operation, put); len(got) != 0 {
		t.Errorf("another operation's input gives %v", got)
	}
}
