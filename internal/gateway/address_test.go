package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzPath checks that a host name only ever puts one whole segment before the path, and that the path itself keeps
// every byte.
func FuzzPath(f *testing.F) {
	for _, host := range []string{"s3.example.org", "lake.s3.example.org:443", "LAKE.S3.EXAMPLE.ORG.", ".s3.example.org",
		"a.b.example.org", "[::1]:80", "", "lake..example.org", "example.org:", "x:y:z"} {
		f.Add(host, "/k/../%2F")
	}
	g := &Gateway{Domains: []string{"example.org", "s3.example.org"}}
	f.Fuzz(func(t *testing.T, host, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		got, err := g.path(&http.Request{Host: host, URL: u})
		if err != nil {
			return
		}
		escaped := u.EscapedPath()
		bucket, ok := strings.CutSuffix(got, escaped)
		if !ok {
			t.Fatalf("%q became %q", escaped, got)
		}
		if bucket == "" {
			return
		}
		if strings.Count(bucket, "/") != 1 || strings.ContainsAny(bucket, "%?#:") ||
			!strings.HasPrefix(strings.ToLower(host), bucket[1:]+".") {
			t.Fatalf("the host %q gives the bucket %q", host, bucket)
		}
		if rest := g.endpoint(host); rest == host {
			t.Fatalf("the host %q keeps its bucket", host)
		} else if _, _, ok := g.cutHost(rest); ok {
			t.Fatalf("the host %q without its bucket is %q", host, rest)
		}
	})
}
