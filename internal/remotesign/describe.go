package remotesign

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
)

// toSign is a request that is to be signed.
type toSign struct {
	Described
	r      *http.Request
	uri    string              // as the client wrote it
	given  map[string][]string // the client's headers that stay as they are
	region string              // for which the client wants it signed
}

// maxURI is the length in bytes of the longest URI: a key has 1,024 bytes, each of which may be escaped.
const maxURI = 16 << 10

// s3ControlPath begins the paths of S3 Control, which has S3's signatures.
const s3ControlPath = "/v20180820/"

// build makes the request that a description stands for, in the way in which the server would read it off the wire.
func (q *request) build(in *description) (*toSign, error) {
	host, target, err := split(in.URI)
	if err != nil {
		return nil, err
	}
	if !q.f.IsOwn(q.Host, host) {
		return nil, fault.New(fault.Denied, "", "The host %s of the uri is not this server's", host).For(fault.NotSignable)
	}
	u, err := url.ParseRequestURI(target)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Opaque != "" {
		return nil, invalid("The uri cannot be parsed")
	}
	if strings.HasPrefix(u.EscapedPath(), s3ControlPath) {
		return nil, fault.New(fault.Denied, "", "The uri is not an object's").For(fault.NotSignable)
	}
	r := (&http.Request{
		Method: in.Method, URL: u, RequestURI: target, Host: host, Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(q.Context())
	t := &toSign{r: r, uri: in.URI, given: map[string][]string{}, region: in.Region}
	if err := t.addHeaders(in.Headers, []byte(in.Body)); err != nil {
		return nil, err
	}
	t.Described, err = q.f.Describe(r, []byte(in.Body))
	return t, err
}

// split splits a URI into its host with the port and what goes over the wire behind it. It refuses what two programs
// could read differently: everything but plain characters, a name and password before the host, and a fragment.
func split(uri string) (host, target string, err error) {
	if len(uri) > maxURI {
		return "", "", invalid("The uri is too long")
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0 {
			return "", "", invalid("The uri has a character that is not allowed in a URI")
		}
	}
	scheme, rest, _ := strings.Cut(uri, "://")
	port := map[string]string{"http": ":80", "https": ":443"}[strings.ToLower(scheme)]
	if port == "" {
		return "", "", invalid("The uri must begin with http:// or https://")
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, target = rest[:end], rest[end:]
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]"
	if host == "" || strings.Trim(host, plain) != "" || strings.ContainsAny(host, "@%") {
		return "", "", invalid("The uri has no host, or more than a host")
	}
	for i := range len(host) {
		if strings.IndexByte(plain, host[i]) < 0 {
			return "", "", invalid("The uri has no host, or more than a host")
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return strings.TrimSuffix(host, port), target, nil // clients leave the scheme's own port out of Host
}

// place says in which region the call takes place, by the client's claim. The gateway replaces it by the bucket's.
func (t *toSign) place(call *control.Call) {
	f := &call.Facts
	f.SignedRegion, f.ContentSHA256 = t.region, t.r.Header.Get(contentSHA256)
	if b, _ := t.Resource(call); b != nil {
		f.Region = b.Region
	}
}

// checkRegion refuses a region that cannot be one: it becomes a part of the Authorization header.
func checkRegion(region string) error {
	if !access.IsRegion(region) {
		return invalid("The region is not a region")
	}
	return nil
}

// hashOf is the SHA-256 of a body in hexadecimal.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, fault.Request, format, args...)
}
