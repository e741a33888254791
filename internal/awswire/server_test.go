package awswire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// served runs one request through a Server of everything and notes the phases that it went through.
type served struct {
	mux    awswire.Mux[string]
	phases []string
	denied bool
	failed error
}

func (s *served) serve(t *testing.T, service *awswire.Service, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	srv := &awswire.Server[string]{
		Service: service, Mux: &s.mux, BodyLimit: 1000,
		Authenticate: func(r *http.Request, op *awswire.Operation) (string, error) {
			s.phases = append(s.phases, "authenticate "+op.Name)
			if s.denied {
				return "", fault.New(fault.Denied, fault.Signature, "")
			}
			return "bob", nil
		},
		Around: func(ctx context.Context, caller string, call awswire.Call, next func(context.Context) (any, error)) (any, error) {
			s.phases = append(s.phases, "around "+caller)
			return next(ctx)
		},
		Fail: func(w http.ResponseWriter, r *http.Request, op *awswire.Operation, err error) {
			s.failed = err
			awswire.EncodeError(w, service, awswire.WireError{Code: "X", Status: 400}, ids)
		},
		IDs: func(*http.Request) awswire.IDs { return ids },
	}
	srv.ServeHTTP(w, r)
	return w
}

func newServed() *served {
	s := &served{}
	awswire.Handle(&s.mux, s3control.TagResource, func(_ context.Context, c string, in *s3control.TagResourceRequest) (*s3control.TagResourceResult, error) {
		s.phases = append(s.phases, "handle "+c+" "+*in.Tags[0].Key)
		return nil, nil
	})
	awswire.Handle(&s.mux, stsapi.GetCallerIdentity, func(_ context.Context, c string, in *stsapi.GetCallerIdentityRequest) (*stsapi.GetCallerIdentityResponse, error) {
		s.phases = append(s.phases, "handle "+c)
		return &stsapi.GetCallerIdentityResponse{Arn: new("arn")}, nil
	})
	awswire.Handle(&s.mux, s3.PutObject, func(_ context.Context, c string, in *s3.PutObjectRequest) (*s3.PutObjectOutput, error) {
		b, err := io.ReadAll(in.Body)
		s.phases = append(s.phases, "handle "+string(b))
		return &s3.PutObjectOutput{ETag: new(`"e"`)}, err
	})
	awswire.Handle(&s.mux, s3.GetObject, func(_ context.Context, c string, in *s3.GetObjectRequest) (*s3.GetObjectOutput, error) {
		return &s3.GetObjectOutput{Body: io.NopCloser(io.MultiReader(strings.NewReader("half"), broken{io.ErrUnexpectedEOF}))}, nil
	})
	return s
}

func tagRequest(body string, header ...string) *http.Request {
	r := httptest.NewRequest("POST", "/v20180820/tags/arn:aws:s3:us-east-1:123456789012:access-grants/default", strings.NewReader(body))
	r.Header.Set("x-amz-account-id", "123456789012")
	r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

const tagBody = `<TagResourceRequest><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></TagResourceRequest>`

func TestServerPhases(t *testing.T) {
	for _, c := range []struct {
		name    string
		service *awswire.Service
		request *http.Request
		denied  bool
		status  int
		phases  []string
		kind    fault.Kind
		entity  fault.Entity
	}{
		{"honest request is handled", s3control.Service, tagRequest(tagBody), false, 204, []string{"authenticate TagResource", "around bob", "handle bob k"}, 0, ""},
		{"unauthenticated request is not read", s3control.Service, tagRequest("not XML"), true, 400, []string{"authenticate TagResource"}, fault.Denied, fault.Signature},
		{"wrong checksum is not decoded", s3control.Service, tagRequest("not XML", "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), false, 400, []string{"authenticate TagResource"}, fault.Invalid, fault.Digest},
		{"bad body is not handled", s3control.Service, tagRequest("not XML"), false, 400, []string{"authenticate TagResource"}, fault.Malformed, fault.XML},
		{"large body is not handled", s3control.Service, tagRequest(strings.Repeat(" ", 2000)), false, 400, []string{"authenticate TagResource"}, fault.TooLarge, fault.Body},
		{"operation that nobody handles is not authenticated", s3control.Service, httptest.NewRequest("GET", "/v20180820/accessgrantsinstance", nil), false, 400, nil, fault.Unsupported, fault.Operation},
		{"unknown path is refused", s3control.Service, httptest.NewRequest("GET", "/x", nil), false, 400, nil, fault.Unsupported, fault.Operation},
		{"form is handled", stsapi.Service, httptest.NewRequest("POST", "/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15")), false, 200, []string{"authenticate GetCallerIdentity", "around bob", "handle bob"}, 0, ""},
		{"form in a query is handled", stsapi.Service, httptest.NewRequest("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", nil), false, 200, []string{"authenticate GetCallerIdentity", "around bob", "handle bob"}, 0, ""},
		{"form with an unknown field is refused", stsapi.Service, httptest.NewRequest("POST", "/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15&x=y")), false, 400, []string{"authenticate GetCallerIdentity"}, fault.Malformed, fault.Form},
		{"form of another method is refused", stsapi.Service, httptest.NewRequest("PUT", "/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15")), false, 400, nil, fault.Unsupported, fault.Method},
		{"large form is refused", stsapi.Service, httptest.NewRequest("POST", "/", strings.NewReader("Action=GetCallerIdentity&x="+strings.Repeat("y", 2000))), false, 400, nil, fault.TooLarge, fault.Body},
		{"stream is left to the handler", s3.Service, httptest.NewRequest("PUT", "/b/k", strings.NewReader(strings.Repeat("x", 2000))), false, 200, []string{"authenticate PutObject", "around bob", "handle " + strings.Repeat("x", 2000)}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServed()
			s.denied = c.denied
			w := s.serve(t, c.service, c.request)
			if w.Code != c.status || !slices.Equal(s.phases, c.phases) {
				t.Errorf("status %d, phases %q, %v", w.Code, s.phases, s.failed)
			}
			if c.entity != "" && !fault.Is(s.failed, c.kind, c.entity) {
				t.Errorf("failed with %v", s.failed)
			}
		})
	}
	t.Run("an answer cut short aborts the connection", func(t *testing.T) {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler {
				t.Errorf("recovered %v", got)
			}
		}()
		newServed().serve(t, s3.Service, httptest.NewRequest("GET", "/b/k", nil))
	})
}

func TestMux(t *testing.T) {
	var second awswire.Mux[int]
	boom := errors.New("boom")
	awswire.Handle(&second, s3.DeleteObject, func(_ context.Context, c int, in *s3.DeleteObjectRequest) (*s3.DeleteObjectOutput, error) {
		if c == 0 {
			return nil, boom
		}
		return &s3.DeleteObjectOutput{VersionId: in.Key}, nil
	})
	call := awswire.Call{Operation: s3.DeleteObject.Operation, Input: &s3.DeleteObjectRequest{Key: new("k")}}
	t.Run("a decoded call is dispatched", func(t *testing.T) {
		out, err := second.Do(t.Context(), 1, call)
		if err != nil || *out.(*s3.DeleteObjectOutput).VersionId != "k" {
			t.Error(out, err)
		}
	})
	t.Run("an error comes through without an output", func(t *testing.T) {
		if out, err := second.Do(t.Context(), 0, call); !errors.Is(err, boom) || out != nil {
			t.Error(out, err)
		}
	})
	t.Run("a call that nobody handles is refused", func(t *testing.T) {
		if _, err := second.Do(t.Context(), 1, awswire.Call{Operation: s3.GetObject.Operation}); !fault.Is(err, fault.Unsupported, fault.Operation) {
			t.Error(err)
		}
		if _, err := (&awswire.Mux[int]{}).Do(t.Context(), 1, call); !fault.Is(err, fault.Unsupported, fault.Operation) {
			t.Error(err)
		}
	})
	t.Run("an input of another type is refused", func(t *testing.T) {
		if out, err := second.Do(t.Context(), 1, awswire.Call{Operation: s3.DeleteObject.Operation, Input: &s3.GetObjectRequest{}}); err == nil {
			t.Error(out)
		}
	})
	t.Run("handling twice panics", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		awswire.Handle(&second, s3.DeleteObject, func(context.Context, int, *s3.DeleteObjectRequest) (*s3.DeleteObjectOutput, error) { return nil, nil })
	})
}
