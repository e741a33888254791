package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
)

const (
	testKey    = "AKIDEXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	testScope  = "20260501/us-east-1/s3/aws4_request"
	testDate   = "20260501T123000Z"
)

func testTime() time.Time { return time.Date(2026, 5, 1, 12, 30, 0, 0, time.UTC) }

func hexSum(b string) string {
	sum := sha256.Sum256([]byte(b))
	return hex.EncodeToString(sum[:])
}

// A signer signs as the specification says, but takes the parts of the signature from its fields instead of from the
// request. Tests use it to make requests that are wrong in one place and properly signed. The zero value signs
// everything of an S3 request.
type signer struct {
	token, scope, date string
	secret             string
	signed             []string // names to sign; nil: host and all headers
	list               string   // SignedHeaders as sent; "": the names of signed
	hash               string   // payload hash of the canonical request; "": that of the header
}

// canonical makes the canonical request as the specification says. It uses no code of the package.
func (g signer) canonical(r *http.Request, query url.Values, signed []string, list, hash string) string {
	var b strings.Builder
	enc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	b.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n")
	var pairs []string
	for k, vs := range query {
		for _, v := range vs {
			pairs = append(pairs, enc(k)+"="+enc(v))
		}
	}
	slices.SortFunc(pairs, func(x, y string) int {
		return strings.Compare(strings.Replace(x, "=", "\x00", 1), strings.Replace(y, "=", "\x00", 1))
	})
	b.WriteString(strings.Join(pairs, "&") + "\n")
	for _, n := range signed {
		v := strings.Join(r.Header[http.CanonicalHeaderKey(n)], ",")
		if n == "host" {
			v = cmpOr(r.Host, r.URL.Host)
		}
		b.WriteString(n + ":" + strings.Join(strings.Fields(v), " ") + "\n")
	}
	b.WriteString("\n" + list + "\n" + hash)
	return b.String()
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (g signer) signature(canonical string) string {
	scope, date := cmpOr(g.scope, testScope), cmpOr(g.date, testDate)
	p := strings.Split(scope, "/")
	key := deriveKey(cmpOr(g.secret, testSecret), p[0], p[1], p[2])
	mac := hmacSHA256(key[:], "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hexSum(canonical))
	return hex.EncodeToString(mac[:])
}

func (g signer) names(r *http.Request) ([]string, string) {
	signed := g.signed
	if signed == nil {
		signed = []string{"host"}
		for k := range r.Header {
			signed = append(signed, strings.ToLower(k))
		}
		slices.Sort(signed)
	}
	return signed, cmpOr(g.list, strings.Join(signed, ";"))
}

// header signs r in its Authorization header and returns r as a server receives it.
func (g signer) header(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	if r.Header.Get("Date") == "" {
		r.Header.Set("X-Amz-Date", cmpOr(g.date, testDate))
	}
	if g.token != "" {
		r.Header.Set("X-Amz-Security-Token", g.token)
	}
	signed, list := g.names(r)
	hash := cmpOr(g.hash, r.Header.Get("X-Amz-Content-Sha256"))
	sig := g.signature(g.canonical(r, r.URL.Query(), signed, list, hash))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testKey+"/"+cmpOr(g.scope, testScope)+
		", SignedHeaders="+list+", Signature="+sig)
	return received(t, r)
}

// presign signs r in its query and returns r as a server receives it. Auth parameters that are in r's query already
// stay as they are.
func (g signer) presign(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	signed, list := g.names(r)
	q := r.URL.Query()
	for k, v := range map[string]string{"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": cmpOr(g.date, testDate),
		"X-Amz-Credential": testKey + "/" + cmpOr(g.scope, testScope), "X-Amz-Expires": "600",
		"X-Amz-SignedHeaders": list, "X-Amz-Security-Token": g.token} {
		if v != "" && !q.Has(k) {
			q.Set(k, v)
		}
	}
	sig := g.signature(g.canonical(r, q, signed, list, cmpOr(g.hash, unsignedPayload)))
	r.URL.RawQuery = q.Encode() + "&X-Amz-Signature=" + sig
	return received(t, r)
}

// request is an S3 request with its payload hash in the header.
func request(t testing.TB, method, rawURL, body string, headers ...string) *http.Request {
	t.Helper()
	r := bare(t, method, rawURL, body, headers...)
	if r.Header.Get("X-Amz-Content-Sha256") == "" {
		r.Header.Set("X-Amz-Content-Sha256", hexSum(body))
	}
	return r
}

func bare(t testing.TB, method, rawURL, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, rawURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// received is the request as a server reads it from the network.
func received(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	r.Header.Set("User-Agent", "") // net/http adds its own
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// verify parses a request and verifies it at testTime.
func verify(r *http.Request) (*Signed, error) {
	s, err := Parse(r, Options{})
	if err != nil {
		return nil, err
	}
	return s, s.Verify(testSecret, testTime())
}

func mustVerify(t testing.TB, r *http.Request) *Signed {
	t.Helper()
	s, err := verify(r)
	if err != nil {
		t.Fatalf("the honest request was refused: %v\n%v", err, fields(err))
	}
	return s
}

func fields(err error) string {
	var b strings.Builder
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for k, v := range f.Fields {
			b.WriteString(k + ":\n" + v + "\n")
		}
	}
	return b.String()
}

// refused fails unless err is a fault of this kind and entity.
func refused(t testing.TB, err error, kind fault.Kind, entity fault.Entity) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted; want %v (%v)", kind, entity)
	}
	if !fault.Is(err, kind, entity) {
		t.Fatalf("refused with %v; want %v (%v)", err, kind, entity)
	}
}

// content reads a verified request's body to its end.
func content(t testing.TB, s *Signed) (string, error) {
	t.Helper()
	b, err := io.ReadAll(s.Body(BodyOptions{}))
	return string(b), err
}
