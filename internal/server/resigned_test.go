package server

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/audit"
)

// The bounds that no request may exceed, in bytes.
const (
	maxFuzzedAnswer = 4 << 20 // of an answer: the longest lists, and objects that requests stored
	maxFuzzedError  = 256 << 10
	maxFuzzedLine   = 256 << 10

	worldLife = 4000 // requests
)

// FuzzResigned sends mutated requests of every service, with signatures that hold, to a whole server. Whatever they
// say, the server does not panic, answers no failure of its own, and writes no answer, audit record or line of the log
// over its bound. For a long run, see `make fuzz-resigned`.
func FuzzResigned(f *testing.F) {
	s := &siege{ground: &ground{TB: f}}
	s.begin()
	f.Cleanup(func() { s.worst.report(); s.ground.end() })
	known := map[string]bool{}
	for i, r := range s.rows {
		sent := r.request
		var header strings.Builder
		for name, v := range sent.header {
			fmt.Fprintf(&header, "%s: %s\n", name, v)
		}
		in := []string{sent.method, s.masked(sent.path), s.masked(header.String()), s.masked(sent.body)}
		for _, text := range in {
			for _, a := range addresses.FindAllString(text, -1) {
				known[a] = true
			}
		}
		f.Add(in[0], in[1], in[2], in[3], cmp.Or(sent.service, "s3"), byte(i), uint16(i))
	}
	f.Fuzz(func(t *testing.T, method, path, header, body, service string, who byte, times uint16) {
		for _, text := range []string{path, header, body} {
			if slices.ContainsFunc(addresses.FindAllString(text, -1), func(a string) bool { return !known[a] }) {
				return // the server would connect to somebody
			}
		}
		if s.sent++; s.sent > worldLife {
			s.begin()
		}
		body = amplified(body, int(times))
		r := s.request(method, path, header, body)
		if r == nil {
			return
		}
		s.sign(t, r, s.unmasked(body), service, who)
		s.attack(t, r, len(path)+len(header)+len(body))
	})
}

// amplified repeats the middle of a body, up to the largest body that the server takes. A fuzzer alone makes no long
// inputs.
func amplified(body string, times int) string {
	if times%4 != 3 || len(body) < 3 {
		return body
	}
	from, to := len(body)/3, 2*len(body)/3
	times = min(times, (2<<20)/max(to-from, 1))
	return body[:from] + strings.Repeat(body[from:to], times) + body[to:]
}

// request builds a request, or nil if it is none that a client of Go can send.
func (s *siege) request(method, path, header, body string) *http.Request {
	if !strings.HasPrefix(path, "/") {
		return nil
	}
	r, err := http.NewRequest(method, s.world.url+s.unmasked(path), strings.NewReader(s.unmasked(body)))
	if err != nil || r.URL.Host != strings.TrimPrefix(s.world.url, "http://") || method == http.MethodConnect {
		return nil
	}
	for line := range strings.SplitSeq(s.unmasked(header), "\n") {
		name, value, ok := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "trailer", "te":
			continue // Go's client sets these
		}
		if ok {
			r.Header.Add(name, strings.TrimSpace(value))
		}
	}
	if strings.HasPrefix(r.URL.Path, "/v20180820/") && r.Header.Get("X-Amz-Account-Id") == "" {
		r.Header.Set("X-Amz-Account-Id", walkAccount)
	}
	return r
}

// sign signs a request for one of the world's principals.
func (s *siege) sign(t *testing.T, r *http.Request, body, service string, who byte) {
	if service == "-" {
		return
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	keys := []aws.Credentials{s.world.admin, s.world.root, s.world.nobody}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	key := keys[int(who)%len(keys)]
	if err := signer.SignHTTP(t.Context(), key, r, hash, service, "us-east-1", time.Now()); err != nil {
		t.Skipf("the signer takes no such request, so no client sends it: %v", err)
	}
}

// attack sends a request, and looks at everything that the server did with it.
func (s *siege) attack(t *testing.T, r *http.Request, size int) {
	what := fmt.Sprintf("%s %.200s (%s)", r.Method, r.URL.RequestURI(), r.Header.Get("X-Amz-Target"))
	began, spent := time.Now(), cpu()
	resp, err := http.DefaultTransport.RoundTrip(r)
	answer := &got{method: r.Method}
	if err == nil {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxFuzzedAnswer+1))
		resp.Body.Close()
		answer.status, answer.header, answer.body = resp.StatusCode, resp.Header, string(text)
	}
	took, used := time.Since(began), cpu()-spent
	line, steps, alarm := s.log.take()
	record, err := s.longestRecord()
	switch {
	case alarm != "":
		t.Fatalf("%s: %s", what, alarm)
	case err != nil:
		t.Fatalf("%s: the audit log: %v", what, err)
	case answer.status >= 500 && answer.status != http.StatusNotImplemented && !s.mayFail(answer.code()):
		t.Fatalf("%s: %d %.500s", what, answer.status, answer.body)
	case answer.status >= 400 && len(answer.body) > maxFuzzedError, len(answer.body) > maxFuzzedAnswer:
		t.Fatalf("%s: %d with %d bytes", what, answer.status, len(answer.body))
	case line > maxFuzzedLine:
		t.Fatalf("%s: a line of the log has %d bytes", what, line)
	case record > audit.MaxRecord:
		t.Fatalf("%s: an audit record has %d bytes", what, record)
	}
	w := &s.worst
	w.Requests++
	w.Steps, w.Sent, w.Answer = max(w.Steps, steps), max(w.Sent, size), max(w.Answer, len(answer.body))
	w.Log, w.Row = max(w.Log, line), max(w.Row, record)
	if used > w.CPU {
		w.CPU, w.CPUOf = used, what
	}
	if took > w.Took {
		w.Took, w.TookOf = took, what
	}
	if w.Requests%200 == 0 {
		w.report()
	}
}

// mayFail reports whether an operation fails with a code although the request is right, because what it needs is not
// there, such as an LDAP server.
func (s *siege) mayFail(code string) bool {
	return code != "" && slices.ContainsFunc(s.rows, func(r row) bool {
		return slices.Contains(strings.Fields(r.fails), code)
	})
}
