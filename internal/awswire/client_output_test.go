package awswire

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answersLeftOut are the cases that a client does not read, each with the reason.
var answersLeftOut = map[string]string{
	"rest-xml/IgnoreQueryParamsInResponse": "an output with an input's query member: none of ours has one",
}

// answersPruned are the cases that do not distinguish empty from absent values, each with the reason.
var answersPruned = map[string]string{
	"RestJsonDeserializesDenseSetMapAndSkipsNull": "the models do not tell sparse maps apart: a null stays",
	"HttpPrefixHeadersAreNotPresent":              "a map of no headers is absent",
}

const wantAnswers = 264

// TestProtocolAnswers reads the answers of AWS's cases and compares the result with AWS's.
func TestProtocolAnswers(t *testing.T) {
	done := 0
	for protocol, suites := range readSuites(t, "output") {
		for _, s := range suites {
			for _, c := range s.Cases {
				id := protocol + "/" + c.ID
				if _, out := answersLeftOut[id]; out {
					continue
				}
				if t.Run(id, func(t *testing.T) {
					if c.ErrorCode != "" || c.Error != nil {
						decodesError(t, s, c)
					} else {
						decodesAnswer(t, s, c)
					}
				}) {
					done++
				}
			}
		}
	}
	t.Logf("%d answers read, %d left out", done, len(answersLeftOut))
	if done < wantAnswers {
		t.Errorf("%d answers read, want at least %d", done, wantAnswers)
	}
}

// answer makes the case's HTTP response. closed tells whether its body was closed.
func (c protocolCase) answer() (resp *http.Response, closed *bool) {
	closed = new(bool)
	resp = &http.Response{
		StatusCode: c.Response.Status, Header: http.Header{}, ContentLength: int64(len(c.Response.Body)),
		Body: closer{strings.NewReader(c.Response.Body), closed},
	}
	for name, text := range c.Response.Headers {
		resp.Header.Set(name, text)
	}
	return resp, closed
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return nil
}

func decodesAnswer(t *testing.T, s suite, c protocolCase) {
	op := s.operation(c)
	// The cases' models do not carry the names of XML roots.
	if root := tags([]byte(c.Response.Body)); len(root) > 0 && op.Service.Protocol != JSON &&
		op.Service.Protocol != RestJSON {
		name, _, _ := strings.Cut(root[0], " ")
		op.OutRoot = name[strings.LastIndexByte(name, ':')+1:]
	}
	resp, closed := c.answer()
	out, err := DecodeResponse(op, resp, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, c.Response.Body)
	}
	got := map[string]any{}
	if c.Given.Output.Shape != "" {
		got = s.plain(c.Given.Output.Shape, reflect.ValueOf(out)).(map[string]any)
	}
	if *closed == op.out.streams() {
		t.Errorf("closed: %v, stream: %v", *closed, op.out.streams())
	}
	var want, have any = s.asServed(c.Given.Output.Shape, c.Result), got
	if _, prune := answersPruned[c.ID]; prune {
		want, have = pruned(want), pruned(have)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("read differs (-want +got):\n%s\n%s", diff, c.Response.Body)
	}
}

func decodesError(t *testing.T, s suite, c protocolCase) {
	resp, closed := c.answer()
	_, err := DecodeResponse(s.operation(c), resp, 0)
	e, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatal(err)
	}
	if !*closed {
		t.Error("the body is open")
	}
	if e.Code != c.ErrorCode || c.ErrorMessage != "" && e.Message != c.ErrorMessage || e.Status != c.Response.Status {
		t.Errorf("read %+v", e)
	}
	if strings.Contains(c.Response.Body, "foo-id") && e.RequestID != "foo-id" {
		t.Errorf("request id %q", e.RequestID)
	}
	for name, x := range c.Error {
		// Fields are the body's texts: not headers, not structures.
		if text, ok := x.(string); ok && name != "Message" && name != "Header" && e.Fields[name] != text {
			t.Errorf("member %s is %q, want %q", name, e.Fields[name], text)
		}
	}
}
