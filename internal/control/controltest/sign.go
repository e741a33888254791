package controltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sign puts a Signature Version 4 on a form posted to the root, as the IAM user guide describes it ("Create a
// signed AWS API request"). It shares nothing with the package that checks signatures.
func sign(r *http.Request, k Keys, service, body string, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	names := []string{"content-type", "host"}
	values := []string{r.Header.Get("Content-Type"), r.Host}
	if service == "s3" { // which asks for the hash of the body as a header
		r.Header.Set("X-Amz-Content-Sha256", hash(body))
		names, values = append(names, "x-amz-content-sha256"), append(values, hash(body))
	}
	names, values = append(names, "x-amz-date"), append(values, stamp)
	if k.Token != "" {
		r.Header.Set("X-Amz-Security-Token", k.Token)
		names, values = append(names, "x-amz-security-token"), append(values, k.Token)
	}
	var headers strings.Builder
	for i, n := range names {
		headers.WriteString(n + ":" + values[i] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{r.Method, "/", "", headers.String(), signed, hash(body)}, "\n")
	scope := strings.Join([]string{stamp[:8], Region, service, "aws4_request"}, "/")
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
