package awswire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

func endpoint(t *testing.T, at string) awswire.Endpoint {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return awswire.Endpoint{URL: u}
}

func TestRequestTargets(t *testing.T) {
	get := &s3.GetObjectRequest{Bucket: new("lake"), Key: new("a/../b c")}
	list := &s3control.ListAccessGrantsRequest{AccountId: new("123456789012"), GrantScope: new("s3://lake/*")}
	for _, c := range []struct {
		name, at string
		prefix   bool
		op       *awswire.Operation
		in       any
		want     string
	}{
		{"a key in a path", "http://s3.example.org:9000", false, s3.GetObject.Operation, get,
			"http://s3.example.org:9000/lake/a/../b%20c"},
		{"below the endpoint's path", "https://example.org/s3/", false, s3.GetObject.Operation, get,
			"https://example.org/s3/lake/a/../b%20c"},
		{"below an escaped path", "https://example.org/a%2Fb", false, s3.GetObject.Operation, get,
			"https://example.org/a%2Fb/lake/a/../b%20c"},
		{"the account in the host", "https://s3.example.org", true, s3control.ListAccessGrants.Operation, list,
			"https://123456789012.s3.example.org/v20180820/accessgrantsinstance/grants?grantscope=s3%3A%2F%2Flake%2F%2A"},
		{"the account in a header alone", "https://s3.example.org", false, s3control.ListAccessGrants.Operation, list,
			"https://s3.example.org/v20180820/accessgrantsinstance/grants?grantscope=s3%3A%2F%2Flake%2F%2A"},
		{"no prefix where the model has none", "https://s3.example.org", true, s3.ListBuckets.Operation,
			&s3.ListBucketsRequest{}, "https://s3.example.org/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := endpoint(t, c.at)
			at.HostPrefix = c.prefix
			r, err := awswire.NewRequest(t.Context(), at, c.op, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.URL.String(); got != c.want || r.Host != r.URL.Host {
				t.Errorf("%s at %s, want %s", got, r.Host, c.want)
			}
		})
	}
}

func TestIdempotencyTokens(t *testing.T) {
	in := &ssoadmin.CreateInstanceRequest{}
	r, err := awswire.NewRequest(t.Context(), endpoint(t, "http://x"), ssoadmin.CreateInstance.Operation, in)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := io.ReadAll(r.Body)
	if r, err = awswire.NewRequest(t.Context(), endpoint(t, "http://x"), ssoadmin.CreateInstance.Operation,
		in); err != nil {
		t.Fatal(err)
	}
	second, _ := io.ReadAll(r.Body)
	if len(first) != len(`{"ClientToken":"00000000-0000-4000-8000-000000000000"}`) || bytes.Equal(first, second) ||
		in.ClientToken != nil {
		t.Errorf("%s, then %s, of %+v", first, second, in)
	}
	in.ClientToken = new("mine")
	if r, err = awswire.NewRequest(t.Context(), endpoint(t, "http://x"), ssoadmin.CreateInstance.Operation,
		in); err != nil {
		t.Fatal(err)
	}
	if own, _ := io.ReadAll(r.Body); string(own) != `{"ClientToken":"mine"}` {
		t.Errorf("%s", own)
	}
}

// body is a stream of unknown length that tells whether it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

func TestStreamedBodies(t *testing.T) {
	torn := errors.New("the signature does not hold")
	for _, c := range []struct {
		name   string
		reader io.Reader
		length *int64
		want   string // of the error
	}{
		{"a known length", strings.NewReader("abc"), new(int64(3)), ""},
		{"empty", strings.NewReader(""), new(int64(0)), ""},
		{"refused: a length that nobody knows", strings.NewReader("abc"), nil, "not known"},
		{"refused: a negative length", strings.NewReader("abc"), new(int64(-1)), "length of the body is -1"},
		{"refused: more than nothing", strings.NewReader("abc"), new(int64(0)), "longer than it says"},
		{"refused: an empty body that fails at its end", iotest.ErrReader(torn), new(int64(0)), torn.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &body{Reader: c.reader}
			in := &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k"), Body: b, ContentLength: c.length}
			r, err := awswire.NewRequest(t.Context(), endpoint(t, "http://x"), s3.PutObject.Operation, in)
			switch {
			case c.want != "":
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
			case err != nil:
				t.Error(err)
			case r.ContentLength != *c.length || len(r.Header.Values("Content-Length"))+len(r.Header.Values("Content-Type")) > 0:
				t.Errorf("length %d, header %v", r.ContentLength, r.Header)
			case *c.length > 0 && (r.Body != io.ReadCloser(b) || b.closed),
				*c.length == 0 && (r.Body != http.NoBody || !b.closed):
				t.Errorf("body %v, closed %v", r.Body, b.closed)
			}
		})
	}
}

func TestInvokeSigns(t *testing.T) {
	var hashes []string
	f, c := newFar(t, stsapi.Service)
	c.Sign = func(r *http.Request, op *awswire.Operation, hash string) error {
		hashes = append(hashes, op.Service.SigningName+" "+hash)
		r.Header.Set("Authorization", "signed")
		return nil
	}
	f.out = &stsapi.GetCallerIdentityResponse{Account: new("123456789012")}
	out, err := awswire.Invoke(t.Context(), c, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
	if err != nil || *out.Account != "123456789012" {
		t.Fatal(out, err, f.err)
	}
	f.out = &stsapi.AssumeRoleWithWebIdentityResponse{}
	if _, err := awswire.Invoke(t.Context(), c, stsapi.AssumeRoleWithWebIdentity, &stsapi.AssumeRoleWithWebIdentityRequest{
		RoleArn: new("arn:aws:iam::123456789012:role/x"), RoleSessionName: new("bob"), WebIdentityToken: new("abcdef"),
	}); err != nil {
		t.Fatal(err)
	}
	f, c2 := newFar(t, s3.Service)
	c2.Sign = c.Sign
	for _, b := range []io.ReadCloser{nil, &body{Reader: strings.NewReader("abc")}} {
		f.out = &s3.PutObjectOutput{}
		in := &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k"), Body: b}
		if b != nil {
			in.ContentLength = new(int64(3))
		}
		if _, err := awswire.Invoke(t.Context(), c2, s3.PutObject, in); err != nil {
			t.Fatal(err, f.err)
		}
	}
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	want := []string{"sts " + hash("Action=GetCallerIdentity&Version=2011-06-15"), "s3 " + hash(""), "s3 UNSIGNED-PAYLOAD"}
	if strings.Join(hashes, "\n") != strings.Join(want, "\n") {
		t.Errorf("signed %q, want %q", hashes, want)
	}
}

func TestInvokeDoesNotSendWhatCannotBeSigned(t *testing.T) {
	f, c := newFar(t, s3.Service)
	c.Sign = func(*http.Request, *awswire.Operation, string) error { return errors.New("no keys") }
	b := &body{Reader: strings.NewReader("abc")}
	_, err := awswire.Invoke(t.Context(), c, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k"),
		Body: b, ContentLength: new(int64(3))})
	if err == nil || err.Error() != "PutObject: no keys" || f.op != nil || !b.closed {
		t.Errorf("%v, sent %v, closed %v", err, f.op, b.closed)
	}
}

// TestRedirectsAreNotFollowed: a request that was signed for one server must not reach another.
func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", other.URL+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
		_, _ = io.WriteString(w, "<Error><Code>TemporaryRedirect</Code><Endpoint>elsewhere</Endpoint></Error>")
	}))
	defer s.Close()
	c := &awswire.Client{Endpoint: endpoint(t, s.URL), HTTP: &http.Client{}}
	_, err := awswire.Invoke(t.Context(), c, s3.HeadBucket, &s3.HeadBucketRequest{Bucket: new("lake")})
	e, ok := errors.AsType[*awswire.APIError](err)
	if !ok || e.Status != http.StatusTemporaryRedirect || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
	_, err = awswire.Invoke(t.Context(), c, s3.ListObjectsV2, &s3.ListObjectsV2Request{Bucket: new("lake")})
	if e, ok = errors.AsType[*awswire.APIError](err); !ok || e.Code != "TemporaryRedirect" ||
		e.Fields["Endpoint"] != "elsewhere" || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
}

func TestInvokeEndsWithItsContext(t *testing.T) {
	_, c := newFar(t, s3.Service)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := awswire.Invoke(ctx, c, s3.ListBuckets, &s3.ListBucketsRequest{})
	if u, ok := errors.AsType[*url.Error](err); !ok || !errors.Is(u, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestObjectsArriveAsTheyAre: an object that is stored compressed must arrive compressed. net/http would unpack it.
func TestObjectsArriveAsTheyAre(t *testing.T) {
	f, c := newFar(t, s3.Service)
	const packed = "\x1f\x8b\x08 not really"
	f.out = &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(packed)), ContentEncoding: new("gzip"),
		ContentLength: new(int64(len(packed)))}
	out, err := awswire.Invoke(t.Context(), c, s3.GetObject, &s3.GetObjectRequest{Bucket: new("lake"), Key: new("k.gz")})
	if err != nil {
		t.Fatal(err, f.err)
	}
	defer out.Body.Close()
	if got, err := io.ReadAll(out.Body); err != nil || string(got) != packed || *out.ContentEncoding != "gzip" {
		t.Errorf("%q, %v", got, err)
	}
}
