package server

import (
	"net/http"
	"strings"
	"testing"
)

// What is signed works at the gateway, for each operation that a table's files need.
func TestRemoteSigningWorks(t *testing.T) {
	w := newSigningWorld(t, Config{})
	for _, path := range []string{"/v1/prod/namespaces/sales/tables/orders/sign", "/v1/aws/s3/sign",
		"/v1/namespaces/sales%1Feu/tables/orders/sign", "/v1/catalogs/prod/namespaces/sales/tables/orders/sign"} {
		out := w.signs(sign{path: path})
		if status, body := w.use("GET", out, "", nil); status != 206 || body != "lake/orders/a" {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if out.header.Get("Cache-Control") != "private" || out.URI != w.url+"/lake/orders/a" ||
			out.Headers["Range"][0] != "bytes=0-99" || out.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v %+v", path, out.header, out)
		}
	}
	for _, c := range []struct {
		method, path, body string
		headers            map[string][]string
		status             int
		signedBody         string
	}{
		{"HEAD", "/lake/orders/a", "", nil, 200, ""},
		{"PUT", "/lake/orders/new", "text", map[string][]string{"Content-Type": {"text/plain"}, "x-amz-meta-a": {"b"}}, 200,
			""},
		{"GET", "/lake/orders/new", "", nil, 200, ""},
		{"GET", "/lake/orders/none", "", nil, 404, ""},
		{"GET", "/lake?list-type=2&prefix=orders%2F&encoding-type=url", "", nil, 200, ""},
		{"DELETE", "/lake/orders/new", "", nil, 204, ""},
		{"POST", "/lake/orders/big?uploads", "", nil, 200, ""},
		{"POST", "/lake?delete", deleteOf("orders/b"), md5Of(deleteOf("orders/b")), 200, deleteOf("orders/b")},
	} {
		if c.headers == nil {
			c.headers = map[string][]string{}
		}
		out := w.signs(sign{method: c.method, uri: w.url + c.path, headers: c.headers, body: c.signedBody})
		status, body := w.use(c.method, out, c.body, nil)
		if status != c.status || strings.Contains(body, "<Error>") != (status == 404) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
		if read := c.method == "GET" || c.method == "HEAD"; (out.header.Get("Cache-Control") == "private") != read ||
			!read && out.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: Cache-Control is %s", c.method, out.header.Get("Cache-Control"))
		}
	}
	if a := w.send(w.root, get("/lake/orders/b")); a.status != 404 {
		t.Errorf("the key that was to be deleted: %d", a.status)
	}
}

// A client that keeps the signature of a read uses it with another range.
func TestASignatureOfAReadServesAnyRange(t *testing.T) {
	w := newSigningWorld(t, Config{})
	out := w.signs(sign{})
	for _, of := range []string{"bytes=0-3", "bytes=5-"} {
		status, body := w.use("GET", out, "", func(r *http.Request) { r.Header.Set("Range", of) })
		if status != 206 || !strings.Contains("lake/orders/a", body) {
			t.Errorf("%s: %d %s", of, status, body)
		}
	}
}
