package sigv4

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

// Requests go over a real connection: the signature also covers the headers that net/http removes from the map.
func TestOverTheWire(t *testing.T) {
	results := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := verify(r)
		if err == nil {
			err = s.Body(BodyOptions{}).Drain()
		}
		results <- err
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	send := func(proxy bool, target string, r *http.Request) error {
		t.Helper()
		r.RequestURI = ""
		if r.URL, err = url.Parse(target); err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{}
		defer tr.CloseIdleConnections()
		if proxy {
			tr.Proxy = http.ProxyURL(u)
		}
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return <-results
	}
	t.Run("content-length is signed", func(t *testing.T) {
		target := server.URL + "/bucket/a%2Fb//c%20d/../e?x=%20+&y;z=1"
		r := signer{signed: []string{"content-length", "host", "x-amz-content-sha256", "x-amz-date"}}.header(t,
			request(t, "PUT", target, "12345", "Content-Length", "5"))
		if err := send(false, target, r); err == nil {
			t.Error("accepted a pair with ';' that was not signed")
		}
		target = server.URL + "/bucket/a%2Fb//c%20d/../e?x=%20+&y%3Bz=1"
		r = signer{signed: []string{"content-length", "host", "x-amz-content-sha256", "x-amz-date"}}.header(t,
			request(t, "PUT", target, "12345", "Content-Length", "5"))
		if err := send(false, target, r); err != nil {
			t.Error(err, fields(err))
		}
	})
	t.Run("a proxy's absolute form", func(t *testing.T) {
		target := "http://123456789012.s3.grants:9000/v20180820/accessgrantsinstance"
		r := signer{}.header(t, request(t, "GET", target, ""))
		if err := send(true, target, r); err != nil {
			t.Error(err, fields(err))
		}
		other := strings.Replace(target, "123456789012", "210987654321", 1)
		r = signer{}.header(t, request(t, "GET", target, ""))
		r.Host = strings.TrimPrefix(strings.Split(other, "/v2")[0], "http://")
		refused(t, send(true, other, r), fault.Unauthenticated, fault.Signature)
	})
	t.Run("a body cut short", func(t *testing.T) {
		r := signer{}.header(t, request(t, "PUT", server.URL+"/bucket/key", "12345"))
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("1234")), -1
		refused(t, send(false, server.URL+"/bucket/key", r), fault.Invalid, fault.PayloadHash)
	})
}
