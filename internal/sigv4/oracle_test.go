package sigv4

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"
)

// delivery is what a server found in a request.
type delivery struct {
	s    *Signed
	err  error
	body string
}

// deliver verifies a request and reads its body.
func deliver(t *testing.T, r *http.Request) delivery {
	s, err := verify(r)
	if err != nil {
		return delivery{s: s, err: err}
	}
	b, err := io.ReadAll(s.Body(BodyOptions{}))
	if s.Verify("another secret", testTime()) == nil {
		t.Error("verified with another secret")
	}
	return delivery{s: s, err: err, body: string(b)}
}

// sdkRequest is a random request for the SDK's signer.
type sdkRequest struct {
	service, method, path, query, token, body string
	headers                                   http.Header
	presigned                                 bool
}

var (
	drawWord  = rapid.StringMatching(`[a-z][a-z0-9-]{0,12}`)
	drawValue = rapid.StringMatching(`[ -~]{0,40}`)
	drawText  = rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abcXYZ019-_.~/ +%&=?;:@!$'()*,#[]\"<>\\^`{|}")), rapid.Rune())).Filter(func(s string) bool {
		return !strings.ContainsAny(s, "\x00")
	})
)

func drawSDKRequest(rt *rapid.T) sdkRequest {
	r := sdkRequest{headers: http.Header{}}
	r.service = rapid.SampledFrom([]string{"s3", "s3", "sts", "iam"}).Draw(rt, "service")
	r.path = "/" + drawText.Draw(rt, "path")
	if r.service != "s3" {
		r.path = "/" + rapid.StringMatching(`([a-z0-9 $+=~]{1,8}/)?[a-z ]{1,8}`).Draw(rt, "plain path")
	}
	q := url.Values{}
	for range rapid.IntRange(0, 5).Draw(rt, "parameters") {
		q.Add(drawText.Draw(rt, "name"), drawText.Draw(rt, "value"))
	}
	r.body = rapid.StringN(0, 3000, 9000).Draw(rt, "body")
	r.method = rapid.SampledFrom([]string{"GET", "PUT", "POST", "DELETE"}).Draw(rt, "method")
	r.token = rapid.SampledFrom([]string{"", "token/with+signs=="}).Draw(rt, "token")
	r.presigned = rapid.Bool().Draw(rt, "presigned") && r.service == "s3"
	if r.presigned {
		q.Set("X-Amz-Expires", "600")
	}
	r.query = q.Encode()
	for range rapid.IntRange(0, 4).Draw(rt, "headers") {
		name := rapid.SampledFrom([]string{"My-", "X-Amz-Meta-"}).Draw(rt, "prefix") + drawWord.Draw(rt, "header")
		r.headers.Add(name, drawValue.Draw(rt, "content"))
	}
	for k, v := range r.headers {
		if strings.HasPrefix(k, "X-Amz-") {
			r.headers[k] = v[:1]
		}
	}
	return r
}

// sign makes the HTTP request to host and signs it with the SDK's signer.
func (s *sdkRequest) sign(rt *rapid.T, host string) *http.Request {
	u := &url.URL{Scheme: "http", Host: host, Path: s.path, RawPath: s3Escape(s.path), RawQuery: s.query}
	r, err := http.NewRequest(s.method, u.String(), strings.NewReader(s.body))
	if err != nil {
		rt.Fatal(err)
	}
	r.Header = s.headers
	creds := aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret, SessionToken: s.token}
	opts := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.service == "s3" }
	if s.presigned {
		signed, header, err := v4.NewSigner().
			PresignHTTP(rt.Context(), creds, r, unsignedPayload, s.service, "us-east-1", testTime(), opts)
		if err != nil {
			rt.Fatal(err)
		}
		if r.URL, err = url.Parse(signed); err != nil {
			rt.Fatal(err)
		}
		header.Del("Host")
		header.Del("Content-Length")
		r.Header = header
		return r
	}
	hash := hexSum(s.body)
	if s.service == "s3" {
		hash = rapid.SampledFrom([]string{hash, unsignedPayload}).Draw(rt, "hash")
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	err = v4.NewSigner().SignHTTP(rt.Context(), creds, r, hash, s.service, "us-east-1", testTime(), opts)
	if err != nil {
		rt.Fatal(err)
	}
	return r
}

// TestSDKSignerAgrees signs random requests with the SDK's signer and sends them over a real connection. Each must
// verify, with the content that was sent, and must fail with another secret.
func TestSDKSignerAgrees(t *testing.T) {
	results := make(chan delivery, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		results <- deliver(t, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	rapid.Check(t, func(rt *rapid.T) {
		sent := drawSDKRequest(rt)
		resp, err := server.Client().Transport.RoundTrip(sent.sign(rt, host))
		if err != nil {
			rt.Fatal(err)
		}
		resp.Body.Close()
		d := <-results
		if d.err != nil {
			rt.Fatalf("%v\n%s", d.err, fields(d.err))
		}
		if d.body != sent.body || d.s.Service != sent.service || d.s.SessionToken() != sent.token ||
			d.s.Presigned != sent.presigned {
			rt.Fatalf("got %v with body %q", d.s, d.body)
		}
	})
}

// s3Escape is how S3 clients write a key into a path.
func s3Escape(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return strings.Join(parts, "/")
}
