package gateway_test

import (
	"net/http"
	"net/netip"
	"testing"

	"latchkey/internal/front"
	"latchkey/internal/server"
)

// TestTheLocationOfACompletedUpload has the scheme by which the client came. Only a trusted proxy can say that this is
// another one than that of the connection.
func TestTheLocationOfACompletedUpload(t *testing.T) {
	trusting := func(c *server.Config) { c.TrustedProxies = front.Proxies{netip.MustParsePrefix("127.0.0.0/8")} }
	behind, direct := start(t, trusting), start(t)
	behind.bucket(behind.root, "lake")
	direct.bucket(direct.root, "lake")
	for _, c := range []struct {
		name         string
		w            *world
		proto, wants string
	}{
		{"the proxy says https", behind, "https", "https://"},
		{"the proxy says http", behind, "http", "http://"},
		{"the proxy says nothing", behind, "", "http://"},
		{"a client says https", direct, "https", "http://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.w
			path := "/lake/k?uploadId=" + w.upload(w.root, "/lake/k")
			part := w.must(w.root, ask{method: http.MethodPut, path: path + "&partNumber=1", body: "x"})
			completion := ask{method: http.MethodPost, path: path, body: complete(part.header.Get("ETag"))}
			if c.proto != "" {
				completion.header = header("X-Forwarded-Proto", c.proto)
			}
			var made struct{ Location string }
			w.parse(w.must(w.root, completion), &made)
			if want := c.wants + w.host + "/lake/k"; made.Location != want {
				t.Errorf("the location is %q, want %q", made.Location, want)
			}
		})
	}
}
