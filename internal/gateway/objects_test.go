package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestEveryOperationIsServed runs all operations as the root, an IAM user and the holder of a vended
// credential, who each have the permissions for them.
func TestEveryOperationIsServed(t *testing.T) {
	w := start(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	w.grant("alice", "lake/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/*", "READWRITE")
	for name, k := range map[string]struct {
		keys   awsKeys
		bucket bool // may work on buckets
	}{"root": {w.root, true}, "user": {alice, true}, "vended": {vended, false}} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, server: w.server, url: w.url, host: w.host, http: w.http, root: w.root}
			p := "/lake/" + name + "/"
			w.must(k.keys, ask{method: http.MethodPut, path: p + "a", body: "hello"})
			if got := w.must(k.keys, ask{method: http.MethodGet, path: p + "a"}); got.body != "hello" {
				t.Errorf("read %q", got.body)
			}
			if got := w.must(k.keys, ask{method: http.MethodHead, path: p + "a"}); got.header.Get("Content-Length") != "5" ||
				got.body != "" {
				t.Errorf("head: %v", got.header)
			}
			w.must(k.keys, ask{
				method: http.MethodPut,
				path:   p + "b",
				header: http.Header{"X-Amz-Copy-Source": {"lake/" + name + "/a"}},
			})
			for _, list := range []string{"?prefix=" + name, "?list-type=2&prefix=" + name} {
				if got := w.must(k.keys, ask{method: http.MethodGet, path: "/lake" + list}); strings.Count(got.body,
					"<Contents>") != 2 {
					t.Errorf("%s: %s", list, got.body)
				}
			}
			id := w.upload(k.keys, p+"m")
			if got := w.must(k.keys,
				ask{method: http.MethodGet, path: "/lake?uploads&prefix=" + name}); !strings.Contains(got.body, id) {
				t.Errorf("uploads: %s", got.body)
			}
			etag := w.must(k.keys, ask{
				method: http.MethodPut,
				path:   p + "m?partNumber=1&uploadId=" + id,
				body:   "part",
			}).header.Get("ETag")
			w.must(k.keys, ask{
				method: http.MethodPut,
				path:   p + "m?partNumber=2&uploadId=" + id,
				header: http.Header{"X-Amz-Copy-Source": {"/lake/" + name + "/a"}},
			})
			if got := w.must(k.keys, ask{method: http.MethodGet, path: p + "m?uploadId=" + id}); strings.Count(got.body,
				"<PartNumber>") != 2 {
				t.Errorf("parts: %s", got.body)
			}
			w.must(k.keys, ask{method: http.MethodPost, path: p + "m?uploadId=" + id, body: complete(etag)})
			if got := w.content(p + "m"); got != "part" {
				t.Errorf("completed to %q", got)
			}
			w.must(k.keys, ask{method: http.MethodDelete, path: p + "n?uploadId=" + w.upload(k.keys, p+"n")})
			w.must(k.keys, ask{method: http.MethodDelete, path: p + "a"})
			w.must(k.keys, ask{method: http.MethodPost, path: "/lake?delete", body: deletion(name+"/b", name+"/m")})
			if got := w.content("/lake?prefix=" + name); strings.Contains(got, "<Contents>") {
				t.Errorf("left: %s", got)
			}
			if k.bucket {
				b := "/made-by-" + name
				w.must(k.keys, ask{method: http.MethodPut, path: b})
				w.must(k.keys, ask{method: http.MethodHead, path: b})
				w.must(k.keys, ask{method: http.MethodGet, path: b + "?location"})
				w.must(k.keys, ask{
					method: http.MethodPut,
					path:   b + "?policy",
					body:   onBucket(b[1:], "Deny", `"*"`, "s3:DeleteBucketPolicy"),
				})
				if got := w.must(k.keys, ask{method: http.MethodGet, path: b + "?policy"}); !strings.Contains(got.body,
					"DeleteBucketPolicy") {
					t.Errorf("policy: %s", got.body)
				}
				w.must(w.root, ask{method: http.MethodDelete, path: b + "?policy"})
				if got := w.must(k.keys, ask{method: http.MethodGet, path: "/"}); !strings.Contains(got.body, "made-by-"+name) {
					t.Errorf("buckets: %s", got.body)
				}
				w.must(k.keys, ask{method: http.MethodDelete, path: b})
			}
		})
	}
}
