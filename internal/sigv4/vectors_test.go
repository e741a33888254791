package sigv4

import (
	"io"
	"io/fs"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
)

const vectors = "../../../shared/vectors/sigv4"

// TestVectors runs AWS's own suite. It compares the canonical request, the string to sign and the signature of each
// case.
func TestVectors(t *testing.T) {
	if _, err := os.Stat(vectors); err != nil {
		t.Skip("the SigV4 vectors are not beside this checkout:", err)
	}
	n := 0
	err := filepath.WalkDir(vectors, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sreq") {
			return err
		}
		n++
		base := strings.TrimSuffix(path, ".sreq")
		t.Run(filepath.Base(base), func(t *testing.T) { runVector(t, base) })
		return nil
	})
	if err != nil || n < 30 {
		t.Fatalf("%d vectors: %v", n, err)
	}
}

func runVector(t *testing.T, base string) {
	file := func(ext string) string {
		b, err := os.ReadFile(base + ext)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	r := vectorRequest(t, file(".sreq"))
	// One signed request of the suite has the signature of another case. The file .authz has the right one.
	r.Header.Set("Authorization", strings.TrimSpace(file(".authz")))
	s, err := Parse(r, Options{})
	if strings.HasSuffix(base, "post-sts-header-after") {
		// The request was signed without its token. This package refuses it, because an unsigned header does not count.
		refused(t, err, fault.Denied, fault.Header)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	if err := s.Verify(testSecret, at); err != nil {
		t.Errorf("%v\n%s", err, fields(err))
	}
	canonical := string(s.canonical) + s.ContentSHA256
	if want := file(".creq"); canonical != want {
		t.Errorf("canonical request\n%s\nwant\n%s", canonical, want)
	}
	if got, want := s.stringToSign([]byte(canonical)), file(".sts"); got != want {
		t.Errorf("string to sign\n%s\nwant\n%s", got, want)
	}
	if err := s.Verify(testSecret+"x", at); !fault.Is(err, fault.Unauthenticated, fault.Signature) {
		t.Errorf("another secret: %v", err)
	}
}

// vectorRequest parses a request by hand, because an HTTP server would refuse some of the vectors.
func vectorRequest(t *testing.T, text string) *http.Request {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	first := strings.TrimSuffix(lines[0], " HTTP/1.1")
	method, target, _ := strings.Cut(first, " ")
	path, query, _ := strings.Cut(target, "?")
	plain, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: &url.URL{Path: plain, RawPath: path, RawQuery: query}, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	last := ""
	for _, line := range lines[1:] {
		if line[0] == ' ' || line[0] == '\t' {
			v := r.Header[last]
			v[len(v)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		if last = textproto.CanonicalMIMEHeaderKey(name); last == "Host" {
			r.Host = value
			continue
		}
		r.Header[last] = append(r.Header[last], value)
	}
	return r
}
