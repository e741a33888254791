package remote_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// TestTLS has a store with a certificate of its own authority that wants to see ours.
func TestTLS(t *testing.T) {
	plain := record(t, ok)
	secure := httptest.NewUnstartedServer(plain.Config.Handler)
	secure.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	secure.StartTLS()
	defer secure.Close()
	authorities := x509.NewCertPool()
	authorities.AddCert(secure.Certificate())
	good := &tls.Config{RootCAs: authorities, Certificates: secure.TLS.Certificates}
	other := good.Clone()
	other.ServerName = "other"
	for what, c := range map[string]struct {
		conf *tls.Config
		ok   bool
	}{
		"our authority and certificate": {good, true},
		"another authority":             {&tls.Config{RootCAs: x509.NewCertPool(), Certificates: good.Certificates}, false},
		"the system's authorities":      {nil, false},
		"no certificate of ours":        {&tls.Config{RootCAs: authorities}, false},
		"another name":                  {other, false},
	} {
		o := at(t, secure.URL)
		o.TLS = c.conf
		_, err := direct(t, open(t, o), s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")},
			bodyOf(content(1, 3<<20)))
		if (err == nil) != c.ok || err != nil && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := plain.last(t); got.length != 3<<20 {
		t.Errorf("the store got %d bytes", got.length)
	}
}

// TestABrokenBodyHasNoEnd lets a body fail on its way to a store that speaks TLS. The store must not see the end of the
// stream: some stores take it for the end of the object.
func TestABrokenBodyHasNoEnd(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	defer certificate.Close()
	for _, secure := range []bool{false, true} {
		l, err := listener(secure, certificate.TLS)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				seen <- err
				return
			}
			defer c.Close()
			r := bufio.NewReader(c)
			if _, err = http.ReadRequest(r); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
				_, err = io.Copy(io.Discard, r) // nil: the end of the stream
			}
			seen <- err
		}()
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		o := at(t, scheme+l.Addr().String())
		o.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
		o.TLS.RootCAs.AddCert(certificate.Certificate())
		failed := fault.New(fault.Invalid, fault.PayloadHash, "")
		body := &upstream.Body{Reader: io.MultiReader(&io.LimitedReader{R: zeros{}, N: 2 << 20}, errorReader{failed}),
			Length: 3 << 20}
		_, err = direct(t, open(t, o), s3.PutObject, &s3.PutObjectRequest{Bucket: new("lake"), Key: new("k")}, body)
		if !errors.Is(err, failed) {
			t.Errorf("TLS %v: %v", secure, err)
		}
		if err := <-seen; err == nil {
			t.Errorf("TLS %v: the store saw the end of the stream", secure)
		}
		_ = l.Close()
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
