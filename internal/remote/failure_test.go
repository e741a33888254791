package remote_test

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

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

// TestAttack50_ABucketThatIsThere has stores answer the creation of a bucket in their ways.
func TestAttack50_ABucketThatIsThere(t *testing.T) {
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
	for region, want := range map[string]string{"eu-1": "<LocationConstraint>eu-1</LocationConstraint>", "us-east-1": ""} {
		rec := record(t, ok)
		o := at(t, rec.URL)
		o.Region = region
		must(t, open(t, o), s3.CreateBucket, &s3.CreateBucketRequest{Bucket: new("lake"),
			CreateBucketConfiguration: &s3.CreateBucketConfiguration{LocationConstraint: new("ours-1")}}, nil)
		if got := rec.last(t).body; !strings.Contains(got, want) || strings.Contains(got, "ours-1") ||
			want == "" && got != "" {
			t.Errorf("in %s the store got %q", region, got)
		}
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
