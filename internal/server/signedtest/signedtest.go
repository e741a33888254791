// Package signedtest sends the requests of tests of whole servers: plain HTTP, signed with AWS's own signer. It knows
// no operation.
package signedtest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awswire"
)

// Region is the region for which requests are signed that name none.
const Region = "us-east-1"

// Request is one request of any service, before it is signed.
type Request struct {
	Method, URL string
	Service     string // that it is signed for; empty: s3; "-": not at all
	Region      string // empty: Region
	Header      map[string]string
	Body        string
	Now         func() time.Time // tells when it is signed; nil: time.Now
}

func (q *Request) now() time.Time {
	if q.Now != nil {
		return q.Now()
	}
	return time.Now()
}

// Answer is what a request was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

var codeForm = regexp.MustCompile(`<Code>(\w+)</Code>|"__type":"(\w+)"`)

// Code is the error code that the text of an answer names; empty for a success.
func (a *Answer) Code() string {
	if m := codeForm.FindStringSubmatch(a.Body); a.Status >= 300 && m != nil {
		return m[1] + m[2]
	}
	return ""
}

// Form is the header and the body of a request of IAM or STS.
func Form(s *awswire.Service, action string, pairs ...string) (header map[string]string, body string) {
	v := url.Values{"Action": {action}, "Version": {s.APIVersion}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, v.Encode()
}

// JSON is the header of a request of a service that speaks JSON.
func JSON(s *awswire.Service, op string) map[string]string {
	return map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": s.TargetPrefix + "." + op}
}

// Signer is AWS's signer, as S3's clients use it.
func Signer() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

// Send signs and sends a request.
func Send(t testing.TB, k aws.Credentials, q Request) *Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.Method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range q.Header {
		r.Header.Set(name, v)
	}
	if q.Service != "-" {
		sum := sha256.Sum256([]byte(q.Body))
		hash := hex.EncodeToString(sum[:])
		r.Header.Set("X-Amz-Content-Sha256", hash)
		if err := Signer().SignHTTP(t.Context(), k, r, hash, cmp.Or(q.Service, "s3"), cmp.Or(q.Region, Region),
			q.now()); err != nil {
			t.Fatal(err)
		}
	}
	return Do(t, r)
}

// Do sends a request as it is.
func Do(t testing.TB, r *http.Request) *Answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Answer{resp.StatusCode, resp.Header, string(body)}
}
