package sigv4

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"
)

// TestSDKSignerAgrees signs random requests with the SDK's signer, sends them over a real connection and expects them
// to verify, with the content that was sent, and each of them to fail with another secret.
func TestSDKSignerAgrees(t *testing.T) {
	type outcome struct {
		s    *Signed
		err  error
		body string
	}
	results := make(chan outcome, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := verify(r)
		o := outcome{s: s, err: err}
		if err == nil {
			b, readErr := io.ReadAll(s.Body(BodyOptions{}))
			o.body, o.err = string(b), readErr
			if s.Verify("another secret", testTime()) == nil {
				t.Error("verified with another secret")
			}
		}
		results <- o
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	text := rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abcXYZ019-_.~/ +%&=?;:@!$'()*,#[]\"<>\\^`{|}")), rapid.Rune())).Filter(func(s string) bool {
		return !strings.ContainsAny(s, "\x00")
	})
	word := rapid.StringMatching(`[a-z][a-z0-9-]{0,12}`)
	value := rapid.StringMatching(`[ -~]{0,40}`)

	rapid.Check(t, func(rt *rapid.T) {
		service := rapid.SampledFrom([]string{"s3", "s3", "sts", "iam"}).Draw(rt, "service")
		path := "/" + text.Draw(rt, "path")
		if service != "s3" {
			path = "/" + rapid.StringMatching(`([a-z0-9 $+=~]{1,8}/)?[a-z ]{1,8}`).Draw(rt, "plain path")
		}
		u := &url.URL{Scheme: "http", Host: host, Path: path, RawPath: s3Escape(path)}
		q := url.Values{}
		for range rapid.IntRange(0, 5).Draw(rt, "parameters") {
			q.Add(text.Draw(rt, "name"), text.Draw(rt, "value"))
		}
		body := rapid.StringN(0, 3000, 9000).Draw(rt, "body")
		method := rapid.SampledFrom([]string{"GET", "PUT", "POST", "DELETE"}).Draw(rt, "method")
		token := rapid.SampledFrom([]string{"", "token/with+signs=="}).Draw(rt, "token")
		pre := rapid.Bool().Draw(rt, "presigned") && service == "s3"
		if pre {
			q.Set("X-Amz-Expires", "600")
		}
		u.RawQuery = q.Encode()
		r, err := http.NewRequest(method, u.String(), strings.NewReader(body))
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(0, 4).Draw(rt, "headers") {
			r.Header.Add(rapid.SampledFrom([]string{"My-", "X-Amz-Meta-"}).Draw(rt, "prefix")+word.Draw(rt, "header"),
				value.Draw(rt, "content"))
		}
		for k, v := range r.Header {
			if strings.HasPrefix(k, "X-Amz-") {
				r.Header[k] = v[:1]
			}
		}
		hash := hexSum(body)
		if service == "s3" && !pre {
			hash = rapid.SampledFrom([]string{hash, unsignedPayload}).Draw(rt, "hash")
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		creds := aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret, SessionToken: token}
		opts := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }
		if pre {
			signed, header, err := v4.NewSigner().
				PresignHTTP(t.Context(), creds, r, unsignedPayload, service, "us-east-1", testTime(), opts)
			if err != nil {
				rt.Fatal(err)
			}
			if r.URL, err = url.Parse(signed); err != nil {
				rt.Fatal(err)
			}
			header.Del("Host")
			header.Del("Content-Length")
			r.Header = header
		} else if err := v4.NewSigner().
			SignHTTP(t.Context(), creds, r, hash, service, "us-east-1", testTime(), opts); err != nil {
			rt.Fatal(err)
		}
		resp, err := server.Client().Transport.RoundTrip(r)
		if err != nil {
			rt.Fatal(err)
		}
		resp.Body.Close()
		o := <-results
		if o.err != nil {
			rt.Fatalf("%v\n%s", o.err, fields(o.err))
		}
		if o.body != body || o.s.Service != service || o.s.SessionToken() != token || o.s.Presigned != pre {
			rt.Fatalf("got %v with body %q", o.s, o.body)
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
