package awswire

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inputsLeftOut are the cases that are not decoded, each with the reason. Ids are protocol/id.
var inputsLeftOut = func() map[string]string {
	out := map[string]string{}
	for _, id := range []string{
		"query/SDKAppliedContentEncoding_awsQuery", "query/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
		"json/SDKAppliedContentEncoding_awsJson1_1", "json/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
		"rest-json/SDKAppliedContentEncoding_restJson1", "rest-json/SDKAppendedGzipAfterProvidedEncoding_restJson1",
		"rest-xml/SDKAppliedContentEncoding_restXml", "rest-xml/SDKAppendedGzipAfterProvidedEncoding_restXml",
	} {
		out[id] = "the case records no body: it only says that the client compresses it"
	}
	return out
}()

const wantInputs = 291

// TestProtocolInputs decodes AWS's serialised requests and compares the inputs with the parameters from which AWS
// made them.
func TestProtocolInputs(t *testing.T) {
	done := 0
	for protocol, suites := range readSuites(t, "input") {
		for _, s := range suites {
			for _, c := range s.Cases {
				id := protocol + "/" + c.ID
				if _, out := inputsLeftOut[id]; out {
					continue
				}
				if !t.Run(id, func(t *testing.T) { decodesCase(t, s, c) }) {
					continue
				}
				done++
			}
		}
	}
	t.Logf("%d cases decoded, %d left out", done, len(inputsLeftOut))
	if done < wantInputs {
		t.Errorf("%d cases decoded, want at least %d", done, wantInputs)
	}
}

func decodesCase(t *testing.T, s suite, c protocolCase) {
	op := s.operation(c)
	var body []byte
	if c.Serialized.Body != nil {
		body = []byte(*c.Serialized.Body)
	}
	uri := strings.TrimPrefix(c.Serialized.URI, "/custom")
	r := httptest.NewRequest(c.Serialized.Method, uri, bytes.NewReader(body))
	for name, text := range c.Serialized.Headers {
		r.Header.Set(name, text)
	}
	var labels Labels
	var found *Operation
	var err error
	if op.Service.Protocol == Query {
		form, perr := ParseQuery(string(body))
		if perr != nil {
			t.Fatal(perr)
		}
		found, err = op.Service.MatchForm(form)
	} else {
		found, labels, err = op.Service.Match(r)
	}
	if err != nil || found != op {
		t.Fatalf("matched %v, %v", found, err)
	}
	if op.Streams() {
		body = nil
	}
	in, err := Decode(Usual, op, r, labels, body)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	if c.Given.Input.Shape != "" {
		got = s.plain(c.Given.Input.Shape, reflect.ValueOf(in)).(map[string]any)
		for name, m := range s.Shapes[c.Given.Input.Shape].Members {
			if _, given := c.Params[name]; m.Idempotency && !given {
				delete(got, name) // the client invented it
			}
		}
	}
	want := s.asServed(c.Given.Input.Shape, c.Params)
	if diff := cmp.Diff(pruned(want), pruned(got)); diff != "" {
		t.Errorf("decoded differs (-want +got):\n%s\nfrom %s %s\n%s", diff, c.Serialized.Method, c.Serialized.URI, body)
	}
}

// pruned removes values that the wire does not distinguish from absent ones: empty lists, maps and structures.
func pruned(x any) any {
	switch x := x.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range x {
			if p := pruned(v); p != nil {
				out[k] = p
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, v := range x {
			out[i] = pruned(v)
		}
		if len(out) == 0 || !slices.ContainsFunc(out, func(v any) bool { return v != nil }) {
			return nil
		}
		return out
	}
	return x
}

// asServed converts the parameters of a case to what a server reads: JSON that travels as text is parsed, and a map
// of all query parameters gets those of no other member.
func (s suite) asServed(name string, params map[string]any) map[string]any {
	out := maps.Clone(params)
	if s.Shapes[name] == nil {
		return out
	}
	members := s.Shapes[name].Members
	for m, r := range members {
		switch x := out[m].(type) {
		case string:
			if r.JSONValue {
				var v any
				if json.Unmarshal([]byte(x), &v) == nil {
					out[m] = v
				}
			}
		case map[string]any:
			if r.Location == "querystring" && s.Shapes[r.Shape].Type == "map" {
				x = maps.Clone(x)
				for other, o := range members {
					if o.Location == "querystring" && other != m {
						delete(x, o.Name)
					}
				}
				out[m] = x
			}
		}
	}
	return out
}
