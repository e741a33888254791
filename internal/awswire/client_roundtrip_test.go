package awswire_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	ssoportal "latchkey/internal/awsapi/sso"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

var services = []*awswire.Service{
	iamapi.Service, identitystoreapi.Service, latchkey.Service, s3.Service, s3control.Service, ssoadmin.Service,
	ssooidc.Service, ssoportal.Service, stsapi.Service,
}

// far is the server: the server's side of the codec with a real listener. It keeps the input that it reads, and
// answers what the test tells it to.
type far struct {
	service *awswire.Service
	out     any
	failure *awswire.WireError

	op   *awswire.Operation
	in   any
	read string // the content of a stream
	err  error
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.err = f.decode(r); f.err != nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	if f.failure != nil {
		awswire.EncodeError(w, f.service, *f.failure, ids)
		return
	}
	f.err = awswire.Encode(w, f.op, f.out, ids)
}

func (f *far) decode(r *http.Request) (err error) {
	var labels awswire.Labels
	var body []byte
	if f.service.Protocol == awswire.Query {
		if body, err = awswire.ReadBody(r, 4<<20); err != nil {
			return err
		}
		form, err := awswire.ParseQuery(string(body))
		if err != nil {
			return err
		}
		if f.op, err = f.service.MatchForm(form); err != nil {
			return err
		}
	} else if f.op, labels, err = f.service.Match(r); err != nil {
		return err
	}
	if f.service.Protocol != awswire.Query && !f.op.Streams() {
		if body, err = awswire.ReadBody(r, 4<<20); err != nil {
			return err
		}
	}
	if f.in, err = awswire.Decode(awswire.Usual, f.op, r, labels, body); err == nil && f.op.Streams() {
		text, readErr := io.ReadAll(r.Body)
		f.read, err = string(text), readErr
	}
	return err
}

func newFar(t *testing.T, s *awswire.Service) (*far, *awswire.Client) {
	t.Helper()
	f := &far{service: s}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return f, &awswire.Client{Endpoint: awswire.Endpoint{URL: at}, HTTP: server.Client()}
}

const randomInputs = 20 // of each operation, with as many outputs

// streams compares the contents of streams. It ignores the difference between absent and empty lists, which the
// protocol cases cover.
var streams = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() == reflect.TypeFor[io.ReadCloser]() }, cmp.Ignore()),
}

// TestClientRoundTrips calls every operation of every service with random inputs. The server answers with random
// outputs. Both must arrive unchanged.
func TestClientRoundTrips(t *testing.T) {
	for _, s := range services {
		f, c := newFar(t, s)
		for _, op := range s.Operations {
			t.Run(s.Name+"/"+op.Name, func(t *testing.T) {
				for i := range randomInputs {
					roundTrip(t, f, c, op, i)
				}
			})
		}
	}
}

func roundTrip(t *testing.T, f *far, c *awswire.Client, op *awswire.Operation, i int) {
	t.Helper()
	in, out := reflect.New(op.In), reflect.New(op.Out)
	maker{Rand: seed(op.Name, "in", i), protocol: f.service.Protocol}.structure(in.Elem(), 0)
	maker{Rand: seed(op.Name, "out", i), protocol: f.service.Protocol, output: true}.structure(out.Elem(), 0)
	if op.BareOutput { // an empty text is none
		if p := out.Elem().Field(0); !p.IsNil() && p.Elem().String() == "" {
			p.SetZero()
		}
	}
	*f = far{service: f.service, out: out.Interface()}
	r, err := awswire.NewRequest(t.Context(), c.Endpoint, op, in.Interface())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Send(op, r)
	if f.err != nil || err != nil {
		t.Fatalf("%v, %v", f.err, err)
	}
	if f.op != op {
		t.Fatalf("it was taken for %s", f.op.Name)
	}
	if diff := cmp.Diff(in.Interface(), f.in, streams); diff != "" {
		t.Fatalf("input (-want +got):\n%s", diff)
	}
	if body, ok := stream(in); ok && body != f.read {
		t.Fatalf("body %q, want %q", f.read, body)
	}
	if diff := cmp.Diff(out.Interface(), got, streams); diff != "" {
		t.Fatalf("output (-want +got):\n%s", diff)
	}
	want, _ := stream(out)
	if body := reflect.ValueOf(got).Elem().FieldByName("Body"); body.IsValid() &&
		body.Type() == reflect.TypeFor[io.ReadCloser]() {
		text, err := io.ReadAll(body.Interface().(io.ReadCloser))
		if err != nil || string(text) != want {
			t.Fatalf("body %q, want %q, %v", text, want, err)
		}
	}
}

// stream is what a message's stream holds.
func stream(v reflect.Value) (string, bool) {
	if f := v.Elem().FieldByName("Body"); f.IsValid() {
		if s, ok := f.Interface().(*sized); ok {
			return s.text, true
		}
	}
	return "", false
}

// TestClientErrorRoundTrips has every service answer with random errors.
func TestClientErrorRoundTrips(t *testing.T) {
	for _, s := range services {
		t.Run(s.Name, func(t *testing.T) {
			f, c := newFar(t, s)
			for i := range 100 {
				op := s.Operations[i%len(s.Operations)]
				m := maker{Rand: seed(s.Name, "error", i), protocol: s.Protocol, output: true}
				words := level{options: []string{""}, pattern: `[A-Z][A-Za-z]{3,20}`, min: 1, max: 100}
				text := level{options: []string{""}, pattern: `[\s\S]+`, min: 1, max: 100}
				statuses := []int{400, 403, 404, 409, 412, 500, 503}
				want := awswire.WireError{Code: m.text(words, "body"), Status: statuses[m.IntN(7)], Message: m.text(text, "body")}
				want.Fields = map[string]string{"F" + m.text(words, "body"): m.text(text, "body"),
					"BucketName": m.text(text, "body")}
				in := reflect.New(op.In)
				maker{Rand: seed(op.Name, "in", i), protocol: s.Protocol}.structure(in.Elem(), 0)
				*f = far{service: s, failure: &want}
				r, err := awswire.NewRequest(t.Context(), c.Endpoint, op, in.Interface())
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Send(op, r)
				e, ok := errors.AsType[*awswire.APIError](err)
				if f.err != nil || !ok {
					t.Fatalf("%v, %v", f.err, err)
				}
				expected := &awswire.APIError{Operation: op.Name, Status: want.Status, RequestID: ids.Request}
				if s.Protocol == awswire.RestXML {
					expected.HostID = ids.Host
				}
				if op.Method != http.MethodHead {
					expected.Code, expected.Message, expected.Fields = want.Code, want.Message, want.Fields
				}
				if diff := cmp.Diff(expected, e); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestKeysSurvive sends keys that some parser could misread in a path, and expects them to arrive unchanged.
func TestKeysSurvive(t *testing.T) {
	f, c := newFar(t, s3.Service)
	keys := []string{
		"/", "//", "a//b", ".", "..", "../x", "a/../b", "./a", "a/.", " ", "a b ", "+", "a+b", "%", "%2F", "%252f", "?x=y",
		"#f", "a\\b",
		"é/😹", "\u00a0", "\x01\x7f", "a\nb", "&=;:@$,!*'()[]", "~-._", "x-id=GetObject", "a;b", strings.Repeat("k/", 512),
	}
	for _, key := range keys {
		*f = far{service: s3.Service, out: &s3.HeadObjectOutput{}}
		if _, err := awswire.Invoke(t.Context(), c, s3.HeadObject,
			&s3.HeadObjectRequest{Bucket: new("lake"), Key: &key}); err != nil {
			t.Errorf("%q: %v, %v", key, err, f.err)
			continue
		}
		if got := f.in.(*s3.HeadObjectRequest); *got.Key != key || *got.Bucket != "lake" {
			t.Errorf("%q arrived as %q in %q", key, *got.Key, *got.Bucket)
		}
	}
}

// TestServicesAreAllHere compares the list of services with the generated packages.
func TestServicesAreAllHere(t *testing.T) {
	packages := 0
	entries, err := os.ReadDir("../awsapi")
	for _, e := range entries {
		if e.IsDir() {
			packages++
		}
	}
	if err != nil || packages != len(services) {
		t.Errorf("%d services of %d packages, %v", len(services), packages, err)
	}
}
