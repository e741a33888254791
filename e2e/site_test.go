package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// region is the region that every client signs for, unless a test says otherwise.
const region = "us-east-1"

// site is a running server as its clients see it.
type site struct {
	url      string // http://127.0.0.1:4242
	port     string
	data     string           // its data folder
	operator aws.Credentials  // the root key of its first account
	now      func() time.Time // its clock: clients sign by it
	http     *http.Client     // connects to the server whatever the host is called
	process  *process         // nil when the server runs inside the test
}

func newSite(url string, operator aws.Credentials, now func() time.Time) *site {
	addr := strings.TrimPrefix(url, "http://")
	_, port, _ := net.SplitHostPort(addr)
	var d net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", addr)
		},
		MaxIdleConnsPerHost: 32, DisableCompression: true, ExpectContinueTimeout: time.Minute,
	}
	return &site{
		url:      url,
		port:     port,
		operator: operator,
		now:      now,
		http:     &http.Client{Transport: transport, CheckRedirect: noRedirects},
	}
}

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// endpoint is the URL that clients are given. It has a host name, so that S3 Control's clients can put the account id
// before it.
func (s *site) endpoint() string { return "http://s3.latchkey:" + s.port }

// addr is the server's host and port.
func (s *site) addr() string { return strings.TrimPrefix(s.url, "http://") }

// clockedSigner signs by the site's clock instead of the real one.
type clockedSigner struct {
	*v4.Signer
	now func() time.Time
}

func (c clockedSigner) SignHTTP(
	ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, _ time.Time,
	opts ...func(*v4.SignerOptions),
) error {
	return c.Signer.SignHTTP(ctx, keys, r, hash, service, region, c.now(), opts...)
}

func (c clockedSigner) PresignHTTP(
	ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, _ time.Time,
	opts ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return c.Signer.PresignHTTP(ctx, keys, r, hash, service, region, c.now(), opts...)
}

// own calls an operation of Latchkey's own service.
func (s *site) own(t testing.TB, keys aws.Credentials, operation string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	a := s.send(t, keys, request{
		method: http.MethodPost, path: "/", service: "latchkey", body: body,
		header: map[string]string{"X-Amz-Target": "Latchkey." + operation, "Content-Type": "application/x-amz-json-1.1"},
	})
	if a.status != http.StatusOK {
		t.Fatalf("%s: status %d: %s", operation, a.status, a.body)
	}
	if err := json.NewDecoder(bytes.NewReader(a.body)).Decode(out); err != nil {
		t.Fatalf("%s: %v in %s", operation, err, a.body)
	}
}

// page gets one of the server's own pages, unsigned.
func (s *site) page(t testing.TB, path string) (int, string) {
	t.Helper()
	a := s.plain(t, http.MethodGet, path)
	return a.status, string(a.body)
}
