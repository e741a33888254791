package remote_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/remote"
	"latchkey/internal/upstream"
)

// failing starts a store that answers every request with this failure.
func failing(t testing.TB, status int, code, message string) *recorder {
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Request-Id", "STORE1")
		w.WriteHeader(status)
		if code != "" {
			_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>"+message+"</Message></Error>")
		}
	})
}

// TestTheStoresWords has failures that a store words, through a gateway: which the client must read, and which it must
// not.
func TestTheStoresWords(t *testing.T) {
	f := inFront(t, open(t, latchkey(t).options(t)))
	for _, c := range []struct {
		status         int
		code           string
		shown          int
		shownCode      string
		kept           bool // the store's words and request id
		mustRetryAfter bool
	}{
		{404, "NoSuchKey", 404, "NoSuchKey", true, false},
		{404, "NoSuchUpload", 404, "NoSuchUpload", true, false},
		{409, "BucketNotEmpty", 409, "BucketNotEmpty", true, false},
		{400, "InvalidPart", 400, "InvalidPart", true, false},
		{400, "OddCode", 400, "OddCode", true, false},
		{500, "InternalError", 500, "InternalError", true, true},
		{503, "SlowDown", 503, "SlowDown", true, true},
		{503, "ServiceUnavailable", 503, "ServiceUnavailable", true, true},
		{501, "NotImplemented", 501, "NotImplemented", true, false},
		{507, "QuotaExceeded", 507, "QuotaExceeded", true, false},
		{403, "AccessDenied", 503, "ServiceUnavailable", false, false},
		{403, "SignatureDoesNotMatch", 503, "ServiceUnavailable", false, false},
		{403, "InvalidAccessKeyId", 503, "ServiceUnavailable", false, false},
		{403, "SomethingElse", 503, "ServiceUnavailable", false, false},
		{403, "", 503, "ServiceUnavailable", false, false},
		{401, "", 503, "ServiceUnavailable", false, false},
		{400, "ExpiredToken", 503, "ServiceUnavailable", false, false},
		{400, "AuthorizationHeaderMalformed", 503, "ServiceUnavailable", false, false},
		{502, "", 503, "SlowDown", false, true},
	} {
		rec := failing(t, c.status, c.code, "the words of the store")
		u := open(t, at(t, rec.URL))
		f.swap(u)
		r, err := http.NewRequest(http.MethodGet, f.url+"/lake/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := f.http.Do(f.sign(r, emptyHash))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		var told struct {
			Code, Message, UpstreamRequestId string
		}
		if err := xml.Unmarshal(body, &told); err != nil {
			t.Errorf("%d %s: %s", c.status, c.code, body)
		}
		kept := told.Message == "the words of the store" && told.UpstreamRequestId == "STORE1"
		if resp.StatusCode != c.shown || told.Code != c.shownCode || kept != c.kept ||
			!c.kept && strings.Contains(string(body), "STORE1") || (resp.Header.Get("Retry-After") != "") != c.mustRetryAfter {
			t.Errorf("%d %s is shown as %d %s, Retry-After %q", c.status, c.code, resp.StatusCode, body,
				resp.Header.Get("Retry-After"))
		}
		if refused := u.Health().Refused != ""; refused != (c.shownCode == "ServiceUnavailable" && !c.kept) {
			t.Errorf("%d %s: %+v", c.status, c.code, u.Health())
		}
	}
}

// TestWrongKeys has a real store refuse the gateway's own keys.
func TestWrongKeys(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			bucket(t, open(t, s.options(t)), "lake")
			s.keys.SecretAccessKey = "another"
			u := open(t, s.options(t))
			for what, in := range map[string]any{
				"GetObject":     &s3.GetObjectRequest{Bucket: new("lake"), Key: new("k")},
				"HeadObject":    &s3.HeadObjectRequest{Bucket: new("lake"), Key: new("k")},
				"HeadBucket":    &s3.HeadBucketRequest{Bucket: new("lake")},
				"ListObjectsV2": &s3.ListObjectsV2Request{Bucket: new("lake")},
				"CreateBucket":  &s3.CreateBucketRequest{Bucket: new("lake")},
				"PutObject":     &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
			} {
				_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, in), Input: in, Body: nil})
				if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable || f.Foreign != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

// TestRedirectsAreNotFollowed has a store that sends us elsewhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	other := record(t, ok)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, code := range []string{"", "TemporaryRedirect", "PermanentRedirect"} {
			rec := record(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", other.URL+r.RequestURI)
				w.WriteHeader(status)
				if code != "" {
					_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Endpoint>evil</Endpoint></Error>")
				}
			})
			u := open(t, at(t, rec.URL))
			for _, in := range []any{
				&s3.GetObjectRequest{Bucket: new("lake"), Key: new("k")}, &s3.HeadObjectRequest{Bucket: new("lake"), Key: new("k")},
				&s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
			} {
				_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, in), Input: in, Body: bodyOf([]byte("x"))})
				if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable || f.Foreign != nil {
					t.Errorf("%d %s %T: %v", status, code, in, err)
				}
			}
		}
	}
	if got := other.all(); len(got) > 0 {
		t.Errorf("the other host was asked %v", got)
	}
}

// TestAStoreThatIsAway stops a store. Calls fail at once after some failures, and succeed when it is back.
func TestAStoreThatIsAway(t *testing.T) {
	var away atomic.Bool
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		ok(w, r)
	})
	o := at(t, rec.URL)
	o.Limits = remote.Limits{MaxFailures: 3, MinAway: 200 * time.Millisecond, MaxAway: 400 * time.Millisecond}
	u := open(t, o)
	get := func() error {
		_, err := read(t, u, "lake", "k")
		return err
	}
	if err := get(); err != nil || u.Health().Away() {
		t.Fatal(err)
	}
	away.Store(true)
	for range 3 {
		unanswered(t, "a store that is away", get())
	}
	asked := len(rec.all())
	for range 20 {
		unanswered(t, "a store that is left alone", get())
	}
	h := u.Health()
	if len(rec.all()) != asked || !h.Away() || h.Endpoints[0].Failures != 3 || h.Endpoints[0].LastError == "" {
		t.Errorf("the store was asked %d times more, %+v", len(rec.all())-asked, h)
	}
	away.Store(false)
	for deadline := time.Now().Add(10 * time.Second); get() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the store is back, and is not asked")
		}
	}
	if u.Health().Away() || u.Health().Endpoints[0].Failures != 0 {
		t.Errorf("%+v", u.Health())
	}
}

// TestOneCallTriesAStoreThatIsAway lets many callers wait for a store that does not answer: only one may try it.
func TestOneCallTriesAStoreThatIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it accepts nothing: the kernel takes connections, and nobody answers
	o := at(t, "http://"+l.Addr().String())
	o.Limits = remote.Limits{MaxFailures: 1, Answer: 300 * time.Millisecond, MinAway: time.Nanosecond, MaxAway: time.Nanosecond}
	u := open(t, o)
	_, _ = read(t, u, "lake", "k")
	began := make(chan struct{})
	first := make(chan error, 1)
	go func() {
		close(began)
		_, err := read(t, u, "lake", "k")
		first <- err
	}()
	<-began
	for len(first) == 0 {
		start := time.Now()
		_, err := read(t, u, "lake", "k")
		unanswered(t, "another call", err)
		if len(first) == 0 && time.Since(start) < 200*time.Millisecond {
			break // it did not wait
		}
	}
	<-first
}

// TestSeveralEndpoints has two addresses of a store, one of which is nobody's.
func TestSeveralEndpoints(t *testing.T) {
	one, two := record(t, ok), record(t, ok)
	nobody := "http://127.0.0.1:1"
	u := open(t, at(t, one.URL, nobody, two.URL))
	for range 30 {
		put(t, u, "lake", "k", content(1, 10))
		if _, err := read(t, u, "lake", "k"); err != nil {
			t.Error(err)
		}
	}
	if len(one.all()) < 20 || len(two.all()) < 20 {
		t.Errorf("the endpoints got %d and %d calls", len(one.all()), len(two.all()))
	}
	h := u.Health()
	if h.Away() || !h.Endpoints[1].Away || h.Endpoints[0].Away {
		t.Errorf("%+v", h)
	}
}

// TestWhatASecondAttemptMayNotDo has stores that end connections at different moments. A call is sent again only if the
// store cannot have begun it.
func TestWhatASecondAttemptMayNotDo(t *testing.T) {
	reading := func(n int) string { return "" } // reads the head of the request, and ends
	lake, k := new("lake"), new("k")
	for what, c := range map[string]struct {
		in    any
		body  *upstream.Body
		tries int
	}{
		"DeleteObject": {&s3.DeleteObjectRequest{Bucket: lake, Key: k}, nil, 1},
		"CopyObject":   {&s3.CopyObjectRequest{Bucket: lake, Key: k, CopySource: new("a/b")}, nil, 1},
		"PutObject":    {&s3.PutObjectRequest{Bucket: lake, Key: k}, bodyOf(content(1, 1000)), 1},
		"a new connection on which the store wants no body": {&s3.PutObjectRequest{Bucket: lake, Key: k},
			bodyOf(content(1, 2<<20)), 1},
		"GetObject": {&s3.GetObjectRequest{Bucket: lake, Key: k}, nil, 1},
	} {
		s := talk(t, reading)
		u := open(t, at(t, s.url))
		_, err := u.Do(t.Context(), upstream.Call{Operation: operationOf(t, c.in), Input: c.in, Body: c.body})
		unanswered(t, what, err)
		if n := s.accepted(); n != c.tries {
			t.Errorf("%s was sent %d times", what, n)
		}
	}
}

// TestAConnectionThatWasKept has a store that ends a kept connection when the next request comes, before it asks for the
// body. The body was not sent: the call is sent again.
func TestAConnectionThatWasKept(t *testing.T) {
	var requests atomic.Int64
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 2 {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	u := open(t, at(t, "http://"+l.Addr().String()))
	put(t, u, "lake", "k", content(1, 10))
	b := content(1, 2<<20)
	source := &counting{Reader: bytes.NewReader(b)}
	must(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
		&upstream.Body{Reader: source, Length: int64(len(b))})
	if requests.Load() != 3 || source.n != int64(len(b)) {
		t.Errorf("%d requests, %d bytes of the body were read", requests.Load(), source.n)
	}
}

type counting struct {
	io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// TestAnAnswerBeforeTheBody has a store that says 200 before it has read the body.
func TestAnAnswerBeforeTheBody(t *testing.T) {
	s := talk(t, func(int) string { return head("200 OK", "Content-Length: 0", `ETag: "x"`) })
	u := open(t, at(t, s.url))
	r, w := io.Pipe()
	defer w.Close()
	_, err := direct(t, u, s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
		&upstream.Body{Reader: r, Length: 1000})
	if fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// TestTheClientWaitsForTheStore has a client that sends its body only when it is asked. A refusal of the store comes
// first: the client never sends.
func TestTheClientWaitsForTheStore(t *testing.T) {
	f := inFront(t, open(t, latchkey(t).options(t)))
	put(t, f.store, "lake", "k", content(1, 10))
	send := func(key string, h http.Header) (int, int64) {
		body := &counting{Reader: bytes.NewReader(content(1, 5000))}
		r, err := http.NewRequest(http.MethodPut, f.url+"/lake/"+key, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength, r.Header = 5000, h
		r.Header.Set("Expect", "100-continue")
		resp, err := f.http.Do(f.sign(r, "UNSIGNED-PAYLOAD"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode, body.n
	}
	if status, sent := send("k", http.Header{}); status != http.StatusOK || sent != 5000 {
		t.Errorf("a write: %d, the client sent %d bytes", status, sent)
	}
	must(t, f.store, s3.DeleteObject, &s3.DeleteObjectRequest{Bucket: new("lake"), Key: new("k")}, nil)
	must(t, f.store, s3.DeleteBucket, &s3.DeleteBucketRequest{Bucket: new("lake")}, nil)
	if status, sent := send("k", http.Header{}); status != http.StatusNotFound || sent != 0 {
		t.Errorf("a write that the store refuses: %d, the client sent %d bytes", status, sent)
	}
}

// TestABucketThatIsThere has stores answer the creation of a bucket in their ways.
func TestABucketThatIsThere(t *testing.T) {
	for what, c := range map[string]struct {
		head, put    int
		code         string // of the PUT
		locationCode string
		kind         fault.Kind
		puts         int
	}{
		"there":                          {200, 200, "", "", fault.AlreadyExists, 0},
		"another user's of the store":    {403, 200, "", "AccessDenied", fault.AlreadyExists, 0},
		"keys that the store refuses":    {403, 200, "", "InvalidAccessKeyId", fault.Unavailable, 0},
		"made meanwhile":                 {404, 409, "BucketAlreadyOwnedByYou", "", fault.AlreadyExists, 1},
		"made by somebody meanwhile":     {404, 409, "BucketAlreadyExists", "", fault.AlreadyExists, 1},
		"a store that cannot say":        {500, 200, "", "", fault.Unavailable, 0},
		"a creation that is not allowed": {404, 403, "AccessDenied", "", fault.Unavailable, 1},
	} {
		puts := 0
		rec := record(t, func(w http.ResponseWriter, r *http.Request) {
			status, code := c.head, ""
			switch {
			case r.Method == http.MethodPut:
				puts++
				status, code = c.put, c.code
			case r.Method == http.MethodGet:
				status, code = 403, c.locationCode
			}
			w.WriteHeader(status)
			if code != "" {
				_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>")
			}
		})
		_, err := direct(t, open(t, at(t, rec.URL)), s3.CreateBucket, &s3.CreateBucketRequest{Bucket: new("lake")}, nil)
		if f := fault.Of(err); f == nil || f.Kind != c.kind || f.Foreign != nil || puts != c.puts {
			t.Errorf("%s: %v, %d creations", what, err, puts)
		}
	}
	rec := record(t, ok)
	o := at(t, rec.URL)
	o.Region = "eu-1"
	must(t, open(t, o), s3.CreateBucket, &s3.CreateBucketRequest{Bucket: new("lake"),
		CreateBucketConfiguration: &s3.CreateBucketConfiguration{LocationConstraint: new("ours-1")}}, nil)
	if got := rec.last(t); !strings.Contains(got.body, "<LocationConstraint>eu-1</LocationConstraint>") {
		t.Errorf("the store got %s", got.body)
	}
}

// TestOptionsAreChecked has options with which no store could be reached.
func TestOptionsAreChecked(t *testing.T) {
	good := at(t, "http://127.0.0.1:1")
	for what, change := range map[string]func(*remote.Options){
		"no name":          func(o *remote.Options) { o.Name = "" },
		"no endpoint":      func(o *remote.Options) { o.Endpoints = nil },
		"no credentials":   func(o *remote.Options) { o.Credentials = nil },
		"another scheme":   func(o *remote.Options) { o.Endpoints = at(t, "ftp://a").Endpoints },
		"keys in the URL":  func(o *remote.Options) { o.Endpoints = at(t, "http://a:b@c").Endpoints },
		"a query":          func(o *remote.Options) { o.Endpoints = at(t, "http://a?b=c").Endpoints },
		"a step in a path": func(o *remote.Options) { o.Endpoints = at(t, "http://a/../b").Endpoints },
	} {
		o := good
		change(&o)
		if s, err := remote.New(o); err == nil {
			_ = s.Close()
			t.Errorf("%s is taken", what)
		}
	}
	o := good
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, io.ErrUnexpectedEOF
	})
	if _, err := read(t, open(t, o), "lake", "k"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("no keys: %v", err)
	}
}
