package sigv4

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// signedGet is a request as Sign leaves it.
func signedGet(t *testing.T, target string, header map[string]string) (*http.Request, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://s3.example.org"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", unsignedPayload)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	g := Signer{AccessKeyID: "ASIAEXAMPLE", Secret: "secret", SessionToken: "token", Region: "eu-west-1",
		Time: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	return r, g.Sign(r, "content-type")
}

func TestWhatIsSignedVerifies(t *testing.T) {
	for _, target := range []string{"/lake/a", "/lake/a%2Fb/c%20d", "/lake/a b+c~'(x)", "/lake?list-type=2&prefix=a%2F",
		"/lake/k?uploadId=x&partNumber=1", "/lake?delete", "/lake/%E2%82%AC", "/lake/a//b/../c", "/lake/%2e%2e%2fx"} {
		r, err := signedGet(t, strings.ReplaceAll(target, " ", "%20"), map[string]string{"Range": "bytes=0-3",
			"Content-Type": "text/plain", "X-Amz-Meta-Note": "  two   words "})
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		s, err := Parse(r, Options{})
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if err := s.Verify("secret", s.Time.Add(time.Minute)); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if s.Verify("other", s.Time) == nil || s.SessionToken() != "token" || s.Region != "eu-west-1" {
			t.Errorf("%s: %v", target, s)
		}
		want, err := TargetOf(r, unsignedPayload)
		if err != nil || s.Target() != want {
			t.Errorf("%s: the target is %q, want %q", target, s.Target(), want)
		}
		r.Header.Set("Range", "bytes=4-") // which is not signed
		if s, err = Parse(r, Options{}); err != nil || s.Verify("secret", s.Time) != nil {
			t.Errorf("%s: with another range: %v", target, err)
		}
		r.Header.Set("Content-Type", "text/html")
		if s, err = Parse(r, Options{}); err == nil && s.Verify("secret", s.Time) == nil {
			t.Errorf("%s: another type was accepted", target)
		}
	}
}

func TestATargetNamesOneRequest(t *testing.T) {
	name := func(method, host, target, hash string) string {
		r, err := http.NewRequest(method, "http://"+host+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := TargetOf(r, hash)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one := name("GET", "h", "/lake/a%2fb?x=1&y=2", "UNSIGNED-PAYLOAD")
	if same := name("GET", "H", "/lake/%61%2Fb?y=2&x=1", "UNSIGNED-PAYLOAD"); same != one {
		t.Errorf("%q and %q", one, same)
	}
	for what, other := range map[string]string{
		"method": name("PUT", "h", "/lake/a%2fb?x=1&y=2", "UNSIGNED-PAYLOAD"),
		"host":   name("GET", "h2", "/lake/a%2fb?x=1&y=2", "UNSIGNED-PAYLOAD"),
		"path":   name("GET", "h", "/lake/a/b?x=1&y=2", "UNSIGNED-PAYLOAD"),
		"query":  name("GET", "h", "/lake/a%2fb?x=1&y=3", "UNSIGNED-PAYLOAD"),
		"more":   name("GET", "h", "/lake/a%2fb?x=1&y=2&z", "UNSIGNED-PAYLOAD"),
		"body":   name("GET", "h", "/lake/a%2fb?x=1&y=2", emptySHA256),
	} {
		if other == one {
			t.Errorf("another %s has the same name", what)
		}
	}
}

func TestSignRefusesWhatHasASignature(t *testing.T) {
	for _, target := range []string{"/lake/a?X-Amz-Signature=x", "/lake/a?x-amz-signature=x", "/lake/a?AWSAccessKeyId=x",
		"/lake/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=1&X-Amz-SignedHeaders=host" +
			"&X-Amz-Signature=s"} {
		if _, err := signedGet(t, target, nil); err == nil {
			t.Errorf("%s was signed", target)
		}
	}
	if _, err := signedGet(t, "/lake/a", map[string]string{"Connection": "x-amz-date"}); err == nil {
		t.Error("a signed header was declared hop by hop")
	}
}
