package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// request is a request that no SDK would send, signed as an SDK signs.
type request struct {
	method   string
	path     string            // escaped, as it goes over the wire
	query    url.Values        //
	header   map[string]string // signed
	unsigned map[string]string // put on after signing
	body     []byte
	host     string        // empty: the endpoint's
	service  string        // empty: s3
	region   string        // empty: the usual one
	late     time.Duration // how long ago it was signed
}

// answer is the server's answer to a raw request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send signs a request with these keys and sends it.
func (s *site) send(t testing.TB, keys aws.Credentials, r request) *answer {
	t.Helper()
	req := s.build(t, r)
	sum := sha256.Sum256(r.body)
	hash := hex.EncodeToString(sum[:])
	if given := req.Header.Get("X-Amz-Content-Sha256"); given != "" {
		hash = given
	}
	req.Header.Set("X-Amz-Content-Sha256", hash)
	service, signedRegion := or(r.service, "s3"), or(r.region, region)
	sign := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = service == "s3"
		o.DisableHeaderHoisting = true
	})
	sent := *req.URL
	if service == "s3" {
		req.URL.RawPath = canonical(sent.EscapedPath())
	}
	if err := sign.SignHTTP(t.Context(), keys, req, hash, service, signedRegion, s.now().Add(-r.late)); err != nil {
		t.Fatal(err)
	}
	req.URL.Path, req.URL.RawPath = sent.Path, sent.RawPath
	for k, v := range r.unsigned {
		req.Header.Set(k, v)
	}
	return s.do(t, req)
}

// canonical is the one spelling of a path over which S3 signatures are made. Every byte except the unreserved ones is
// escaped, in capitals. A slash is escaped only if it was escaped in the path.
func canonical(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c, escaped := path[i], false
		if c == '%' && i+2 < len(path) {
			n, _ := strconv.ParseUint(path[i+1:i+3], 16, 8)
			c, escaped, i = byte(n), true, i+2
		}
		if c == '/' && !escaped || strings.IndexByte("-._~", c) >= 0 || '0' <= c && c <= '9' ||
			'a' <= c|0x20 && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// plain sends an unsigned request.
func (s *site) plain(t testing.TB, method, path string) *answer {
	t.Helper()
	return s.do(t, s.build(t, request{method: method, path: path}))
}

func (s *site) build(t testing.TB, r request) *http.Request {
	t.Helper()
	target := "http://" + or(r.host, "s3.latchkey:"+s.port) + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, target, bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	return req
}

func (s *site) do(t testing.TB, req *http.Request) *answer {
	t.Helper()
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, body}
}

// sends sends a raw request with the actor's keys.
func (a *actor) sends(r request) *answer {
	a.t.Helper()
	return a.site.send(a.t, a.keys, r)
}

// asksControl sends a raw request to S3 Control, about the actor's own account unless the header says otherwise.
func (a *actor) asksControl(method, path string, query url.Values, body string) *answer {
	a.t.Helper()
	return a.sends(request{
		method: method, path: "/v20180820" + path, query: query, body: []byte(body),
		host:   a.account.id + ".s3.latchkey:" + a.site.port,
		header: map[string]string{"X-Amz-Account-Id": a.account.id},
	})
}

// wrapped is S3 Control's error document, bare S3's.
type wrapped struct {
	XMLName xml.Name
	Error   struct {
		Code    string
		Message string
	}
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

func (a *answer) document(t testing.TB) wrapped {
	t.Helper()
	var w wrapped
	if err := xml.Unmarshal(a.body, &w); err != nil {
		t.Fatalf("the answer is no XML: %v\n%s", err, a.body)
	}
	if w.XMLName.Local == "ErrorResponse" {
		w.Code, w.Message = w.Error.Code, w.Error.Message
	}
	return w
}

// mustBe checks the status and, for an error, its code.
func (a *answer) mustBe(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if code == "" {
		return
	}
	if got := a.document(t).Code; got != code {
		t.Fatalf("code %q, want %q: %s", got, code, a.body)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
