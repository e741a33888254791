package controltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// signing is what a signature covers besides the request itself.
type signing struct {
	service, region, body string
	now                   time.Time
}

// sign signs a request with Signature Version 4, as the IAM user guide describes it ("Create a signed AWS API
// request"). It signs the content type and all x-amz headers. The path and the query of the URL must be escaped as they
// are signed. It shares no code with the package that verifies signatures.
func sign(r *http.Request, k Keys, in signing) {
	service, region, body, now := in.service, in.region, in.body, in.now
	stamp := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	if k.Token != "" {
		r.Header.Set("X-Amz-Security-Token", k.Token)
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash(body))
	}
	names := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var headers strings.Builder
	for _, n := range names {
		value := r.Header.Get(n)
		if n == "host" {
			value = r.Host
		}
		headers.WriteString(n + ":" + value + "\n")
	}
	signed := strings.Join(names, ";")
	query := strings.Split(r.URL.RawQuery, "&")
	slices.Sort(query)
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), strings.Join(query, "&"), headers.String(), signed,
		hash(body)}, "\n")
	scope := strings.Join([]string{stamp[:8], region, service, "aws4_request"}, "/")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hash(canonical)}, "\n")
	key := []byte("AWS4" + k.Secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.ID+"/"+scope+", SignedHeaders="+signed+
		", Signature="+hex.EncodeToString(mac(key, toSign)))
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}
