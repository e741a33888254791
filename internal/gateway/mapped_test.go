package gateway_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/events"
	"latchkey/internal/front"
	"latchkey/internal/gateway"
	"latchkey/internal/objects"
	"latchkey/internal/upstream"
)

// answers is a store whose answers the test writes.
type answers func(context.Context, upstream.Call) (any, error)

// fake makes it an upstream.
type fake struct {
	traits upstream.Traits
	do     answers
}

func (f fake) Traits() upstream.Traits { return f.traits }

func (f fake) Do(ctx context.Context, call upstream.Call) (any, error) { return f.do(ctx, call) }

// behind is a gateway alone, in front of an upstream of the test's choice. nil is the embedded store.
func behind(t *testing.T, flat bool, do answers) *world {
	t.Helper()
	return behindStore(t, upstream.Traits{Flat: flat, Nonces: true}, do)
}

func behindStore(t *testing.T, traits upstream.Traits, do answers) *world {
	t.Helper()
	return behindRecorded(t, traits, do, nil)
}

func behindRecorded(t *testing.T, traits upstream.Traits, do answers, r *events.Recorder) *world {
	t.Helper()
	c := controltest.New(t)
	rootKey := func(account access.AccountID) aws.Credentials {
		t.Helper()
		k, err := (&principals.Principals{Control: c.Control}).EnsureRoot(t.Context(), account, principals.NewRootKey())
		if err != nil {
			t.Fatal(err)
		}
		return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.Secret.Reveal()}
	}
	if do == nil {
		store, err := objects.Open(t.Context(), filepath.Join(t.TempDir(), "objects"), objects.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		do = store.Do
	}
	w := &world{
		t: t, db: c.DB, http: &http.Client{},
		root: rootKey(accountA), rootKey: rootKey,
	}
	g := &gateway.Gateway{
		Control: c.Control, Buckets: &buckets.Buckets{Control: c.Control, Upstream: fake{traits, do}}, Auth: c.Auth,
		Domains: []string{"s3.example.org", "example.org"}, Events: r,
		Frame: &front.Frame{Control: c.Control, Log: slog.New(slog.NewJSONHandler(&w.log, nil))},
	}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	w.url, w.host = srv.URL, strings.TrimPrefix(srv.URL, "http://")
	return w
}

// TestAttack02_StoresThatMapKeysToPaths checks that the gateway passes no key, in any place of a request, that such a
// store would fold into another one.
func TestAttack02_StoresThatMapKeysToPaths(t *testing.T) {
	long := strings.Repeat("k", 256)
	for _, flat := range []bool{true, false} {
		w := behind(t, flat, nil)
		w.bucket(w.root, "lake")
		w.object("/lake/a/k", "x")
		id := w.upload(w.root, "/lake/m")
		for _, key := range []string{"a/../k", "a/./k", "a//k", "/k", "..", ".", "../k", "a/..", "a/.", "./k", "//", "a//",
			"a/../", "/", long, "a/" + long + "/k", "a/k/", "a/"} {
			for what, a := range placesOfKeys(key, id) {
				got := w.do(w.root, a)
				if folded := got.status == 501; folded == flat {
					t.Errorf("flat %v: %s %q: %v", flat, what, key, got)
				}
			}
			for what, a := range placesOfPrefixes(key) {
				got := w.do(w.root, a)
				wanted := flat || key == "a/k/" || key == "a/" // with which keys begin
				if served := got.status == 200; served != wanted {
					t.Errorf("flat %v: %s %q: %v", flat, what, key, got)
				}
			}
			got := w.do(w.root, ask{method: "POST", path: "/lake?delete", body: deletion(key, "none")})
			if n := strings.Count(got.body, "<Deleted>"); flat && n != 2 ||
				!flat && (n != 1 || !strings.Contains(got.body, "<Code>NotImplemented</Code>")) {
				t.Errorf("flat %v: delete many %q: %s", flat, key, got.body)
			}
		}
		if got := w.get(w.root, "/lake/a%00/k"); (got.status == 501) == flat { // XML cannot carry it
			t.Errorf("flat %v: NUL: %v", flat, got)
		}
		for _, key := range []string{"a/k", "a/...", "a/.hidden", "a/k.", "a/..k", "a b/c", long[1:],
			"a/" + long[1:] + "/k"} {
			served(t, key, w.put(w.root, "/lake/"+escape(key), "x"))
		}
		served(t, "list all", w.get(w.root, "/lake?list-type=2"))
		served(t, "list a folder", w.get(w.root, "/lake?list-type=2&prefix=a/"))
		served(t, "list nothing in particular", w.get(w.root, "/lake?list-type=2&prefix=&start-after="))
	}
}

// placesOfKeys are requests with a key in every place in which a key can be. id is that of an upload of the key m.
func placesOfKeys(key, id string) map[string]ask {
	path, from := "/lake/"+escape(key), header("X-Amz-Copy-Source", "lake/"+escape(key))
	return map[string]ask{
		"get":       {method: "GET", path: path},
		"head":      {method: "HEAD", path: path},
		"put":       {method: "PUT", path: path},
		"encoded":   {method: "GET", path: "/lake/" + strings.ReplaceAll(escape(key), "/", "%2F")},
		"delete":    {method: "DELETE", path: path},
		"copy to":   {method: "PUT", path: path, header: header("X-Amz-Copy-Source", "lake/a/k")},
		"copy from": {method: "PUT", path: "/lake/c", header: from},
		"part from": {method: "PUT", path: "/lake/m?partNumber=1&uploadId=" + id, header: from},
		"upload":    {method: "POST", path: path + "?uploads"},
		"part":      {method: "PUT", path: path + "?partNumber=1&uploadId=" + id},
		"complete":  {method: "POST", path: path + "?uploadId=" + id},
		"abort":     {method: "DELETE", path: path + "?uploadId=" + id},
		"parts":     {method: "GET", path: path + "?uploadId=" + id},
	}
}

// placesOfPrefixes are requests with a prefix or a marker in every place in which one can be.
func placesOfPrefixes(text string) map[string]ask {
	text = escape(text)
	return map[string]ask{
		"list":         {method: "GET", path: "/lake?list-type=2&prefix=" + text},
		"list 1":       {method: "GET", path: "/lake?prefix=" + text},
		"list from":    {method: "GET", path: "/lake?list-type=2&start-after=" + text},
		"list 1 from":  {method: "GET", path: "/lake?marker=" + text},
		"uploads":      {method: "GET", path: "/lake?uploads&prefix=" + text},
		"uploads from": {method: "GET", path: "/lake?uploads&key-marker=" + text},
	}
}

// TestTheLongestDomainCounts uses two domains, one below the other. The name of the longer one is not a bucket.
func TestTheLongestDomainCounts(t *testing.T) {
	w := behind(t, true, nil)
	w.bucket(w.root, "lake", "s3x")
	w.object("/lake/k", "x")
	for host, path := range map[string]string{
		"s3.example.org":      "/lake/k",
		"example.org":         "/lake/k",
		"lake.s3.example.org": "/k",
		"lake.example.org":    "/k",
	} {
		if got := w.do(w.root, ask{method: "GET", path: path, host: host}); got.body != "x" {
			t.Errorf("%s%s: %v", host, path, got)
		}
	}
}

// TestUpstreamsThatMisbehave checks that an error of an upstream is not passed on as a success.
func TestUpstreamsThatMisbehave(t *testing.T) {
	var prepared sync.Map // of operations
	answer := func(op *awswire.Operation, f func(upstream.Call) (any, error)) { prepared.Store(op, f) }
	w := behind(t, true, func(_ context.Context, call upstream.Call) (any, error) {
		if f, ok := prepared.Load(call.Operation); ok {
			return f.(func(upstream.Call) (any, error))(call)
		}
		if call.Operation == s3.HeadBucket.Operation {
			return &s3.HeadBucketOutput{}, nil
		}
		return &s3.CreateBucketOutput{}, nil
	})
	w.bucket(w.root, "lake")
	t.Run("it does not read the body", func(t *testing.T) {
		answer(s3.PutObject.Operation, func(upstream.Call) (any, error) { return &s3.PutObjectOutput{}, nil })
		refused(t, "another hash", w.do(w.root, ask{method: "PUT", path: "/lake/k", body: "hello", hash: digest("other")}),
			400, "XAmzContentSHA256Mismatch", "")
		served(t, "the right hash", w.put(w.root, "/lake/k", "hello"))
	})
	t.Run("it reads and hears of the forgery before the end", func(t *testing.T) {
		heard := make(chan error, 1)
		answer(s3.PutObject.Operation, func(c upstream.Call) (any, error) {
			_, err := io.ReadAll(c.Body)
			heard <- err
			return &s3.PutObjectOutput{}, nil // and goes on as if nothing were
		})
		if got := w.do(w.root, ask{
			method: "PUT",
			path:   "/lake/k",
			body:   "hello",
			hash:   digest("other"),
		}); got.status != 400 || <-heard == nil {
			t.Errorf("got %v, or the upstream heard nothing", got)
		}
	})
	t.Run("it fails", func(t *testing.T) {
		answer(s3.GetObject.Operation, func(upstream.Call) (any, error) {
			return nil, errors.New("dial tcp 10.0.0.7:9000: secret detail")
		})
		got := w.get(w.root, "/lake/k")
		refused(t, "get", got, 500, "InternalError", "We encountered an internal error")
		if strings.Contains(got.body, "10.0.0.7") {
			t.Error("the cause reached the client")
		}
	})
	t.Run("it answers something else", func(t *testing.T) {
		answer(s3.GetObject.Operation, func(upstream.Call) (any, error) { return &s3.HeadObjectOutput{}, nil })
		refused(t, "get", w.get(w.root, "/lake/k"), 500, "InternalError", "")
	})
	t.Run("it breaks off", func(t *testing.T) {
		answer(s3.GetObject.Operation, func(upstream.Call) (any, error) {
			return &s3.GetObjectOutput{
				Body:          io.NopCloser(io.MultiReader(strings.NewReader("half"), brokenReader{})),
				ContentLength: new(int64(8)),
			}, nil
		})
		resp, err := w.http.Do(w.request(w.root, ask{method: "GET", path: "/lake/k"}))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Error("the client took it for whole")
		}
	})
	t.Run("it panics", func(t *testing.T) {
		answer(s3.GetObject.Operation, func(upstream.Call) (any, error) { panic(http.ErrAbortHandler) })
		if resp, err := w.http.Do(w.request(w.root, ask{method: "GET", path: "/lake/k"})); err == nil {
			t.Errorf("status %d", resp.StatusCode)
			resp.Body.Close()
		}
		lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, `"status":500`) {
			t.Errorf("logged as %s", last)
		}
	})
}

// TestBucketsAreMadeAndDeletedInTurn checks that only one deletion of a bucket is in the upstream at a time. A second
// one might delete the next owner's bucket.
func TestBucketsAreMadeAndDeletedInTurn(t *testing.T) {
	inside, release := make(chan struct{}, 2), make(chan struct{})
	w := behind(t, true, func(_ context.Context, call upstream.Call) (any, error) {
		if call.Operation == s3.DeleteBucket.Operation {
			inside <- struct{}{}
			<-release
			return &s3.DeleteBucketOutput{}, nil
		}
		return &s3.CreateBucketOutput{}, nil
	})
	w.bucket(w.root, "lake")
	answers := make(chan int, 2)
	for range 2 {
		go func() { answers <- w.del(w.root, "/lake").status }()
	}
	<-inside
	select {
	case <-inside:
		t.Error("two deletions are in the upstream at once")
	case <-time.After(200 * time.Millisecond):
	}
	close(release)
	if a, b := <-answers, <-answers; a+b != 204+404 {
		t.Errorf("answers %d and %d, want 204 and 404", a, b)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }
