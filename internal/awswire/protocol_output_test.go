package awswire

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outputsLeftOut are the cases that are not encoded, each with the reason. Ids are protocol/id.
var outputsLeftOut = map[string]string{
	"query/QueryComplexError":                     "an error with a structure inside: no service of ours has one",
	"json/AwsJson11ComplexError":                  "an error with a structure inside: no service of ours has one",
	"rest-xml/ComplexError":                       "an error with a structure inside: no service of ours has one",
	"rest-json/RestJsonComplexErrorWithNoMessage": "an error with a structure inside: no service of ours has one",
	"json/handles_unexpected_json_output":         "what a client must overlook, not what a server sends",
	"json/AwsJson11DeserializeIgnoreType":         "what a client must overlook, not what a server sends",
	"rest-json/RestJsonDeserializeIgnoreType":     "what a client must overlook, not what a server sends",
	"rest-xml/IgnoreQueryParamsInResponse": "an output that shares its shape with an input's query member: " +
		"none of ours does",
}

const wantOutputs = 257

// TestProtocolOutputs encodes the results of AWS's cases and compares the message with AWS's own, by structure and
// value as a client reads them, not by bytes.
func TestProtocolOutputs(t *testing.T) {
	done := 0
	for protocol, suites := range readSuites(t, "output") {
		for _, s := range suites {
			for _, c := range s.Cases {
				id := protocol + "/" + c.ID
				if _, out := outputsLeftOut[id]; out {
					continue
				}
				if t.Run(id, func(t *testing.T) {
					if c.ErrorCode != "" || c.Error != nil {
						encodesError(t, s, c)
					} else {
						encodesCase(t, s, c)
					}
				}) {
					done++
				}
			}
		}
	}
	t.Logf("%d cases encoded, %d left out", done, len(outputsLeftOut))
	if done < wantOutputs {
		t.Errorf("%d cases encoded, want at least %d", done, wantOutputs)
	}
}

func encodesCase(t *testing.T, s suite, c protocolCase) {
	op := s.operation(c)
	out := reflect.New(op.Out)
	if c.Given.Output.Shape != "" {
		if err := s.fill(c.Given.Output.Shape, out.Elem(), s.asServed(c.Given.Output.Shape, c.Result)); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	ids := IDs{Request: "foo-id"}
	for name, text := range c.Response.Headers {
		if strings.EqualFold(name, "x-amzn-requestid") {
			ids.Request = text
		}
	}
	if err := Encode(w, op, out.Interface(), ids); err != nil {
		t.Fatal(err)
	}
	if want := c.Response.Status; w.Code != want {
		t.Errorf("status %d, want %d", w.Code, want)
	}
	for name, want := range c.Response.Headers {
		// One case lists X-Amz-Target by mistake: it is a header of requests.
		if name == "Content-Type" || name == "Content-Length" || name == "X-Amz-Target" {
			continue
		}
		got := header(w.Header(), name)
		if !sameText(strings.ReplaceAll(got, ", ", ","), strings.ReplaceAll(want, ", ", ",")) {
			t.Errorf("header %s: %q, want %q", name, got, want)
		}
	}
	body := w.Body.Bytes()
	switch {
	case strings.TrimSpace(c.Response.Body) == "":
		if got := canonical(body); got != nil && !blankTree(got) {
			t.Errorf("a body where AWS has none: %s", body)
		}
		return
	case op.out.payload != nil &&
		(op.out.payload.kind == kindStream || op.out.payload.kind == kindBlob || op.out.payload.kind == kindString):
		if string(body) != c.Response.Body {
			t.Errorf("payload %q, want %q", body, c.Response.Body)
		}
		return
	}
	want, got := canonical([]byte(c.Response.Body)), canonical(body)
	if diff := cmp.Diff(want, got, cmp.Comparer(sameText)); diff != "" {
		t.Errorf("message differs (-want +got):\n%s\n%s", diff, body)
	}
}

// header finds a header whatever the case of its name.
func header(h http.Header, name string) string {
	for k, v := range h {
		if strings.EqualFold(k, name) {
			return strings.Join(v, ",")
		}
	}
	return ""
}

// encodesError writes a case's failure and reads it as SDKs do.
func encodesError(t *testing.T, s suite, c protocolCase) {
	op := s.operation(c)
	e := WireError{Code: c.ErrorCode, Status: c.Response.Status, Message: c.ErrorMessage, Fields: map[string]string{}}
	if e.Code == "" {
		t.Fatal("a case without a code")
	}
	for name, x := range c.Error {
		text, ok := x.(string)
		switch {
		case !ok:
			t.Fatalf("the member %s is no text", name)
		case strings.EqualFold(name, "message"):
			e.Message = text
		default:
			e.Fields[name] = text
		}
	}
	w := httptest.NewRecorder()
	EncodeError(w, op.Service, e, IDs{Request: "foo-id", Host: "host-id"})
	if w.Code != c.Response.Status {
		t.Errorf("status %d, want %d", w.Code, c.Response.Status)
	}
	code, message, fields := readError(t, op.Service.Protocol, w.Result())
	if code != e.Code || message != e.Message {
		t.Errorf("read %q %q, want %q %q", code, message, e.Code, e.Message)
	}
	for name, want := range e.Fields {
		if fields[name] != want {
			t.Errorf("member %s is %q, want %q", name, fields[name], want)
		}
	}
}

func readError(t *testing.T, p Protocol, r *http.Response) (code, message string, fields map[string]string) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	fields = map[string]string{}
	if p == JSON || p == RestJSON {
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		code, message = fields["__type"], fields["Message"]
		if p == RestJSON {
			code, message = header(r.Header, "x-amzn-ErrorType"), fields["message"]
		}
		return code, message, fields
	}
	top, ok := canonical(body).(tree)
	if !ok {
		t.Fatalf("unreadable: %s", body)
	}
	if len(top.Children["RequestId"]) != 1 || top.Children["RequestId"][0].Text != "foo-id" {
		t.Errorf("no request id in %s", body)
	}
	if inner := top.Children["Error"]; len(inner) == 1 {
		top = inner[0]
	}
	for name, list := range top.Children {
		fields[name] = list[0].Text
	}
	return fields["Code"], fields["Message"], fields
}
