package awswire_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

func TestFind(t *testing.T) {
	const identity = "Action=GetCallerIdentity&Version=2011-06-15"
	post := func(method, body string) *http.Request {
		return httptest.NewRequest(method, "/", strings.NewReader(body))
	}
	for _, c := range []struct {
		name    string
		service *awswire.Service
		request *http.Request
		op      string
		kind    fault.Kind
		entity  fault.Entity
		left    string // of the body
	}{
		{"form is found", stsapi.Service, post("POST", identity), "GetCallerIdentity", 0, "", ""},
		{"form in a query is found", stsapi.Service, httptest.NewRequest("GET", "/?"+identity, nil), "GetCallerIdentity", 0,
			"", ""},
		{"form of another method is refused", stsapi.Service, post("PUT", identity), "", fault.Unsupported, fault.Method,
			""},
		{"form of many fields is refused", stsapi.Service, post("POST", identity+"&x=1&y=2"), "", fault.TooLarge,
			fault.Request, ""},
		{"unknown path is refused", s3control.Service, httptest.NewRequest("GET", "/x", nil), "", fault.Unsupported,
			fault.Operation, ""},
		{"stream is left alone", s3.Service, httptest.NewRequest("PUT", "/b/k", strings.NewReader("bytes")), "PutObject", 0,
			"", "bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body []byte
			if c.service.Protocol == awswire.Query {
				body, _ = io.ReadAll(c.request.Body)
			}
			op, _, err := c.service.Find(budget.Budget{Elements: 3}, c.request, body)
			if c.op != "" && (err != nil || op.Name != c.op) || c.op == "" && !fault.Is(err, c.kind, c.entity) {
				t.Errorf("%v, %v", op, err)
			}
			if left, _ := io.ReadAll(c.request.Body); string(left) != c.left {
				t.Errorf("left of the body: %q", left)
			}
		})
	}
}
