package awswire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// requestsLeftOut are the cases that a client's requests are not compared with, each with the reason.
var requestsLeftOut = func() map[string]string {
	out := map[string]string{
		"rest-json/RestJsonHttpChecksumRequired":      "checksums are the caller's business",
		"rest-json/RestJsonHttpPayloadWithUnsetUnion": "our models do not tell unions apart, and no payload of ours is one",
	}
	for id := range inputsLeftOut {
		out[id] = "it only says that the client compresses the body: ours never does"
	}
	return out
}()

const wantRequests = 289

// TestProtocolRequests makes the requests of AWS's cases and compares them with AWS's own requests, by structure and
// value as a server reads them, not by bytes.
func TestProtocolRequests(t *testing.T) {
	done := 0
	for protocol, suites := range readSuites(t, "input") {
		for _, s := range suites {
			for _, c := range s.Cases {
				id := protocol + "/" + c.ID
				if _, out := requestsLeftOut[id]; out {
					continue
				}
				if t.Run(id, func(t *testing.T) { encodesRequest(t, s, c) }) {
					done++
				}
			}
		}
	}
	t.Logf("%d requests compared, %d left out", done, len(requestsLeftOut))
	if done < wantRequests {
		t.Errorf("%d requests compared, want at least %d", done, wantRequests)
	}
}

func encodesRequest(t *testing.T, s suite, c protocolCase) {
	op := s.operation(c)
	op.Host = c.Given.Endpoint.HostPrefix
	op.InNamespace = cmp.Or(c.Given.Input.Namespace.URI, s.namespaceOf(c.Given.Input.Shape))
	in := reflect.New(op.In)
	if c.Given.Input.Shape != "" {
		if err := s.fill(c.Given.Input.Shape, in.Elem(), s.withJSON(c.Given.Input.Shape, c.Params)); err != nil {
			t.Fatal(err)
		}
	}
	at, err := url.Parse(cmp.Or(s.ClientEndpoint, "https://example.com"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRequest(t.Context(), Endpoint{URL: at, HostPrefix: true,
		Token: func() string { return "00000000-0000-4000-8000-000000000000" }}, op, in.Interface())
	if err != nil {
		t.Fatal(err)
	}
	want := c.Serialized
	if r.Method != want.Method {
		t.Errorf("method %s, want %s", r.Method, want.Method)
	}
	if host, _, _ := strings.Cut(want.Host, "/"); host != "" && (r.URL.Host != host || r.Host != host) {
		t.Errorf("host %s, want %s", r.Host, host)
	}
	comparePaths(t, r.URL, want.URI)
	for name, text := range want.Headers {
		if got := header(r.Header, name); !sameText(strings.ReplaceAll(got, ", ", ","),
			strings.ReplaceAll(text, ", ", ",")) || len(r.Header.Values(name)) != 1 {
			t.Errorf("header %s: %q, want %q", name, got, text)
		}
	}
	for _, name := range want.Forbid {
		if got, there := r.Header[http.CanonicalHeaderKey(name)]; there || name == "Content-Length" && r.ContentLength != 0 {
			t.Errorf("the header %s is there: %q", name, got)
		}
	}
	if slices.Contains(want.Require, "Content-Length") && r.ContentLength <= 0 {
		t.Errorf("no length")
	}
	if want.Body != nil {
		compareBodies(t, op, r, *want.Body)
	}
}

func (s suite) namespaceOf(name string) string {
	if s.Shapes[name] == nil {
		return ""
	}
	return s.Shapes[name].Namespace.URI
}

// withJSON reads JSON that a case states as text.
func (s suite) withJSON(name string, params map[string]any) map[string]any {
	out := maps.Clone(params)
	for m, r := range s.Shapes[name].Members {
		if text, ok := out[m].(string); ok && r.JSONValue {
			var v any
			if json.Unmarshal([]byte(text), &v) == nil {
				out[m] = v
			}
		}
	}
	return out
}

// comparePaths compares path and query; times may be written in more than one way.
func comparePaths(t *testing.T, got *url.URL, uri string) {
	t.Helper()
	path, query, _ := strings.Cut(uri, "?")
	wantParts, gotParts := strings.Split(path, "/"), strings.Split(got.EscapedPath(), "/")
	same := slices.EqualFunc(wantParts, gotParts, func(a, b string) bool {
		x, errX := url.PathUnescape(a)
		y, errY := url.PathUnescape(b)
		return a == b || errX == nil && errY == nil && sameText(x, y)
	})
	if !same {
		t.Errorf("path %s, want %s", got.EscapedPath(), path)
	}
	want, err := ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	have, err := ParseQuery(got.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, have, gocmp.Comparer(sameText)); diff != "" {
		t.Errorf("query %s, want %s\n%s", got.RawQuery, query, diff)
	}
}

func compareBodies(t *testing.T, op *Operation, r *http.Request, want string) {
	t.Helper()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil || int64(len(body)) != r.ContentLength {
			t.Fatalf("%d bytes of %d, %v", len(body), r.ContentLength, err)
		}
	}
	p := op.in.payload
	switch {
	case strings.TrimSpace(want) == "" || p != nil && (p.kind == kindStream || p.kind == kindBlob || p.kind == kindString):
		if string(body) != want {
			t.Errorf("body %q, want %q", body, want)
		}
		return
	case op.Service.Protocol == Query:
		wantForm, err := ParseQuery(want)
		if err != nil {
			t.Fatal(err)
		}
		form, err := ParseQuery(string(body))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(wantForm, form, gocmp.Comparer(sameText)); diff != "" {
			t.Errorf("form differs (-want +got):\n%s\n%s", diff, body)
		}
		return
	case op.Service.Protocol == RestXML:
		if want, got := tags([]byte(want)), tags(body); !slices.Equal(want, got) {
			t.Errorf("elements %s, want %s", got, want)
		}
	}
	if diff := gocmp.Diff(canonical([]byte(want)), canonical(body), gocmp.Comparer(sameJSON)); diff != "" {
		t.Errorf("body differs (-want +got):\n%s\n%s", diff, body)
	}
}

// tags lists the elements of a document with their attributes and namespaces, the root first.
func tags(body []byte) []string {
	var list []string
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		tok, err := d.RawToken()
		if err != nil {
			break
		}
		if start, ok := tok.(xml.StartElement); ok {
			text := start.Name.Space + ":" + start.Name.Local
			for _, a := range start.Attr {
				text += fmt.Sprintf(" %s:%s=%q", a.Name.Space, a.Name.Local, a.Value)
			}
			list = append(list, text)
		}
	}
	if len(list) > 1 {
		slices.Sort(list[1:])
	}
	return list
}

// sameJSON compares the meaning of two texts: as JSON, as numbers or as times.
func sameJSON(a, b string) bool {
	var x, y any
	if strings.HasPrefix(a, "{") && json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil {
		return reflect.DeepEqual(x, y)
	}
	return sameText(a, b)
}
