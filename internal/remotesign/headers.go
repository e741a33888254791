package remotesign

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// Bounds of the headers of a request that is to be signed.
const (
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10
)

const (
	contentSHA256 = "X-Amz-Content-Sha256"
	unsigned      = "UNSIGNED-PAYLOAD"
	// unsignedChunks is the only framing whose chunks need no signature.
	unsignedChunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// Headers that a client does not choose. A request with one of the first list is refused: it would be somebody else's
// or another service's. Those of the second list are replaced by the server's own.
var (
	refusedHeaders = []string{"authorization", "x-amz-security-token", "x-amz-target", "x-amz-account-id",
		"x-amz-sso_bearer_token", "connection", "transfer-encoding", "trailer", "upgrade", "cookie", "proxy-authorization",
		"x-http-method-override", "x-http-method", "x-method-override"}
	ownHeaders = []string{"host", "x-amz-date", "date"}
)

// addHeaders checks the client's headers and puts them on the request. Each name counts regardless of its case, and may
// occur once.
func (t *toSign) addHeaders(given map[string][]string, body []byte) error {
	if len(given) > maxHeaders {
		return invalid("There are too many headers")
	}
	size := 0
	seen := map[string]bool{}
	for name, values := range given {
		lower := strings.ToLower(name)
		for _, v := range values {
			size += len(name) + len(v)
		}
		switch {
		case size > maxHeaderBytes:
			return invalid("The headers are too long")
		case !isToken(name) || slices.ContainsFunc(values, hasControl):
			return invalid("A header is not well formed")
		case seen[lower]:
			return invalid("The header %s is present more than once", lower)
		case slices.Contains(refusedHeaders, lower):
			return fault.New(fault.Denied, "", "The header %s is not signed for others", lower).For(fault.NotSignable)
		case lower == "host" && (len(values) != 1 || !t.isHost(values[0])):
			return invalid("The header host contradicts the uri")
		}
		seen[lower] = true
		if slices.Contains(ownHeaders, lower) || len(values) == 0 {
			continue
		}
		t.given[name] = values
		t.r.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if text := t.r.Header.Get("Content-Length"); text != "" {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return invalid("content-length is not a number of bytes")
		}
		t.r.ContentLength = int64(n)
	}
	return t.bindBody(body)
}

// isHost reports whether a Host header is that of the URI. Its port may be the scheme's own.
func (t *toSign) isHost(value string) bool {
	for _, port := range []string{"", ":80", ":443"} {
		if strings.EqualFold(value, t.r.Host+port) {
			return true
		}
	}
	return false
}

// bindBody says how the body is signed. A body whose content decides what the request touches is signed with its hash,
// so that no other one can be sent.
func (t *toSign) bindBody(body []byte) error {
	said := t.r.Header.Values(contentSHA256)
	want := unsigned
	if len(body) > 0 {
		want = hashOf(body)
	}
	switch {
	case len(said) > 1:
		return invalid("The header x-amz-content-sha256 is present more than once")
	case len(said) == 0:
		t.r.Header.Set(contentSHA256, want)
		return nil
	case said[0] == want:
		return nil
	case len(body) > 0:
		return invalid("x-amz-content-sha256 is not the hash of the body")
	case said[0] == unsignedChunks:
		return nil
	}
	if sum, err := hex.DecodeString(said[0]); err != nil || len(sum) != 32 {
		return invalid("x-amz-content-sha256 must be a hash, %s or %s", unsigned, unsignedChunks)
	}
	return nil
}

// signedBesides are the headers that are signed besides the host and those that mean something to AWS. A signature for
// a read is kept by clients and used for other ranges and conditions of the same object, so it leaves them open.
func (t *toSign) signedBesides() []string {
	if t.isRead() {
		return nil
	}
	return []string{"content-type", "content-encoding", "if-match", "if-none-match"}
}

func (t *toSign) isRead() bool { return t.r.Method == http.MethodGet || t.r.Method == http.MethodHead }

// isToken reports whether a text can be the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

func hasControl(v string) bool {
	for i := range len(v) {
		if v[i] < ' ' && v[i] != '\t' || v[i] == 0x7f {
			return true
		}
	}
	return false
}
