package server

import (
	"bufio"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// wire is one connection to a server, on which a test writes what it likes.
type wire struct {
	t *testing.T
	s *Server
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, s *Server) *wire {
	t.Helper()
	c, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // a failed test must end
		t.Fatal(err)
	}
	return &wire{t, s, c, bufio.NewReader(c)}
}

// presigned is the target of a request for an object that the root user signed.
func presigned(t *testing.T, s *Server, method, host, target string, header ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "600")
	r.URL.RawQuery = q.Encode()
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := signer.PresignHTTP(t.Context(),
		aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}, r,
		"UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(signed, "http://"+host)
}

// ask writes a request line, headers and a body as they stand.
func (w *wire) ask(method, target, host, rest string) {
	w.t.Helper()
	if _, err := fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method, target, host, rest); err != nil {
		w.t.Fatal(err)
	}
}

// answer reads the next answer, whose body it returns beside.
func (w *wire) answer(method string) (*http.Response, string) {
	w.t.Helper()
	resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(body)
}

// ended reports whether the server has closed the connection after its last answer.
func (w *wire) ended() bool {
	w.t.Helper()
	_, err := w.in.ReadByte()
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// lake boots a server with the object k in the bucket lake.
func lake(t *testing.T, c Config) (s *Server, host string) {
	t.Helper()
	s = boot(t, c)
	host = s.listener.Addr().String()
	for _, target := range []string{"/lake", "/lake/k"} {
		w := dial(t, s)
		w.ask("PUT", presigned(t, s, "PUT", host, target), host, "Content-Length: 0\r\n\r\n")
		if resp, body := w.answer("PUT"); resp.StatusCode != http.StatusOK {
			t.Fatalf("PUT %s: %d %s", target, resp.StatusCode, body)
		}
	}
	return s, host
}

func TestAttack55_AConnectionEndsAfterTwoFramings(t *testing.T) {
	s, host := lake(t, Config{})
	target := presigned(t, s, "GET", host, "/lake/k")
	smuggled := "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	for name, rest := range map[string]string{
		"both lengths":   "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"the other way":  "Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":    "Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + smuggled,
		"a wrong coding": "Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n\r\n" + smuggled,
		"two codings":    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
	} {
		w := dial(t, s)
		w.ask("GET", target, host, rest)
		if resp, body := w.answer("GET"); !w.ended() {
			t.Errorf("%s: after %d %s the connection goes on", name, resp.StatusCode, body)
		}
	}
	w := dial(t, s)
	for range 2 {
		w.ask("GET", target, host, "\r\n")
		if resp, body := w.answer("GET"); resp.StatusCode != http.StatusOK || resp.Close {
			t.Errorf("the honest request: %d %s", resp.StatusCode, body)
		}
	}
}

// net/http takes no notice of a Transfer-Encoding in HTTP/1.0, and a proxy may: the chunks are no next request.
func TestAttack55_NothingFollowsHTTP10(t *testing.T) {
	s, host := lake(t, Config{})
	smuggled := "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	for name, rest := range map[string]string{
		"chunks":            "Transfer-Encoding: chunked\r\n\r\n" + smuggled,
		"a length":          "Content-Length: 1\r\n\r\nx" + smuggled,
		"chunks and length": "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx" + smuggled,
		"no body":           "\r\n" + smuggled,
	} {
		w := dial(t, s)
		fmt.Fprintf(w, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: keep-alive\r\n%s",
			presigned(t, s, "GET", host, "/lake/k"), host, rest)
		if resp, body := w.answer("GET"); !w.ended() {
			t.Errorf("%s: after %d %s the connection goes on", name, resp.StatusCode, body)
		}
	}
}

// boto3 sends uploads over HTTPS in chunks, without a length: their connections go on, as long as no length came.
func TestAttack55_ChunksAloneKeepTheirConnection(t *testing.T) {
	cert, key, roots := certificate(t)
	for name, c := range map[string]Config{"plain": {}, "TLS": {TLSCert: cert, TLSKey: key}} {
		t.Run(name, func(t *testing.T) {
			s := boot(t, c)
			host := s.listener.Addr().String()
			begin := func() *wire {
				w := dial(t, s)
				if c.TLSCert != "" {
					w.Conn = tls.Client(w.Conn, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
					w.in = bufio.NewReader(w.Conn)
				}
				return w
			}
			w := begin()
			put := func(rest string) (closed bool) {
				t.Helper()
				w.ask("PUT", presigned(t, s, "PUT", host, "/lake/k"), host, rest)
				resp, body := w.answer("PUT")
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("%d %s", resp.StatusCode, body)
				}
				return resp.Close
			}
			w.ask("PUT", presigned(t, s, "PUT", host, "/lake"), host, "\r\n")
			w.answer("PUT")
			const chunked = "Transfer-Encoding: chunked\r\n"
			for range 3 {
				if put(chunked + "X-Decoded-Content-Length: 4\r\n\r\n4\r\nbody\r\n0\r\n\r\n") {
					t.Error("a request in chunks alone ends its connection")
				}
			}
			if put("Content-Length: 4\r\n\r\nbody") {
				t.Error("a request with a length ends its connection")
			}
			if !put(chunked+"\r\n4\r\nbody\r\n0\r\n\r\n") || !w.ended() {
				t.Error("the connection goes on, over which a length came before")
			}
			for _, rest := range []string{
				"Content-Length: 4\r\n" + chunked, chunked + "content-length: 4\r\n", chunked + "CONTENT-LENGTH:4\n",
				chunked + "X-A: a\r\n Content-Length: 4\r\n", chunked + "X-A: a\r\n\tcontent-length: 4\r\n",
			} {
				w = begin()
				if !put(rest+"\r\n4\r\nbody\r\n0\r\n\r\n") || !w.ended() {
					t.Errorf("the connection goes on after %q", rest)
				}
			}
			w = begin()
			half := "Transfer-Encoding: chunked\r\nX-Pad: " + strings.Repeat("x", 4000) // so that the name comes in two parts
			w.ask("PUT", presigned(t, s, "PUT", host, "/lake/k"), host, half+"\r\nContent-L")
			if _, err := io.WriteString(w, "ength: 4\r\n\r\n4\r\nbody\r\n0\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if resp, _ := w.answer("PUT"); !resp.Close {
				t.Error("the connection goes on after a length that came in two parts")
			}
		})
	}
}

func TestAttack55_AHostIsABucketBeforeAPathIsOurs(t *testing.T) {
	s, host := lake(t, Config{PublicURL: "http://grants.localhost:1"})
	_, port, _ := net.SplitHostPort(host)
	paths := []string{"/v20180820/accessgrantsinstance", "/healthz", "/readyz", "/metrics", "/scim/v2/Users", "/authorize",
		"/device", "/.well-known/jwks.json", "/.well-known/latchkey", "/authorize/callback"}
	for _, path := range paths {
		w := dial(t, s)
		w.ask("GET", path, "lake.localhost:"+port, "\r\n")
		if resp, body := w.answer("GET"); resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "<Code>") {
			t.Errorf("%s of a bucket, unsigned: %d %s", path, resp.StatusCode, body)
		}
		own := "lake.localhost:" + port
		w.ask("GET", presigned(t, s, "GET", own, path), own, "\r\n")
		if resp, body := w.answer("GET"); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "NoSuchKey") {
			t.Errorf("%s of a bucket, signed: %d %s", path, resp.StatusCode, body)
		}
	}
	for _, form := range []string{"/", "/device", "/token"} {
		w := dial(t, s)
		const body = "Action=GetCallerIdentity&Version=2011-06-15"
		w.ask("POST", form, "lake.localhost:"+port, fmt.Sprintf(
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		if resp, text := w.answer("POST"); strings.Contains(text, "sts.amazonaws") || !strings.Contains(text, "<HostId>") {
			t.Errorf("a form to %s of a bucket: %d %s", form, resp.StatusCode, text)
		}
	}
	for _, name := range []string{host, "localhost:" + port, "grants.localhost:" + port} {
		w := dial(t, s)
		w.ask("GET", "/healthz", name, "\r\n")
		if resp, body := w.answer("GET"); body != "ok\n" {
			t.Errorf("the server's own page at %s: %d %s", name, resp.StatusCode, body)
		}
	}
	w := dial(t, s)
	w.ask("GET", "/v20180820/accessgrantsinstance", "123456789012.localhost:"+port,
		"X-Amz-Account-Id: 123456789012\r\n\r\n")
	if resp, body := w.answer("GET"); !strings.Contains(body, "<ErrorResponse") {
		t.Errorf("S3 Control before the account's name: %d %s", resp.StatusCode, body)
	}
}

func TestAttack55_AParameterHasOneSpelling(t *testing.T) {
	s, host := lake(t, Config{})
	for _, query := range []string{
		"x-amz-storage-class=STANDARD&X-Amz-Storage-Class=GLACIER", "list-type=2&List-Type=1",
		"x-amz-acl=private&x-amz-Acl=public-read", "prefix=a&PREFIX=b", "x-amz-%C5%BFtorage-class=A&x-amz-storage-class=B",
		"a=1&b=2&c=3&d=4&e=5&prefix=a&PREFIX=b",
	} {
		for range 5 { // a map's order is another one each time
			w := dial(t, s)
			w.ask("GET", presigned(t, s, "GET", host, "/lake?"+query), host, "\r\n")
			resp, body := w.answer("GET")
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "two spellings") {
				t.Errorf("%s: %d %s", query, resp.StatusCode, body)
			}
		}
	}
}

func TestAttack55_APostedFormHasNoQuery(t *testing.T) {
	s := boot(t, Config{})
	host := s.listener.Addr().String()
	const body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
	ask := func(target, header string) string {
		w := dial(t, s)
		w.ask("POST", target, host, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", header, len(body), body))
		_, text := w.answer("POST")
		return text
	}
	const form = "Content-Type: application/x-www-form-urlencoded\r\n"
	if text := ask("/?Action=GetCallerIdentity&Version=2011-06-15", form); !strings.Contains(text, "no query string") {
		t.Errorf("a form with a query: %s", text)
	}
	if text := ask("/", form); !strings.Contains(text, "roleArn") {
		t.Errorf("the honest form: %s", text)
	}
	if text := ask("/?a=b", "X-Amz-Target: Latchkey.WhatCan\r\n"); !strings.Contains(text, "no query string") {
		t.Errorf("a call in JSON with a query: %s", text)
	}
}

func TestAttack55_TrailersAreRefused(t *testing.T) {
	s, host := lake(t, Config{})
	const deletion = "<Delete><Object><Key>nothing</Key></Object></Delete>"
	digest := md5.Sum([]byte(deletion))
	sum := base64.StdEncoding.EncodeToString(digest[:])
	target := presigned(t, s, "POST", host, "/lake?delete", "Content-MD5", sum)
	for name, c := range map[string]struct {
		header, trailer string
		want            int
	}{
		"announced":     {"Trailer: X-Amz-Meta-A\r\n", "X-Amz-Meta-A: b\r\n", 400},
		"not announced": {"", "X-Amz-Meta-A: b\r\n", 400},
		"none":          {"", "", 200},
	} {
		w := dial(t, s)
		w.ask("POST", target, host, fmt.Sprintf("Content-MD5: %s\r\nTransfer-Encoding: chunked\r\n%s\r\n%x\r\n%s\r\n0\r\n%s\r\n",
			sum, c.header, len(deletion), deletion, c.trailer))
		if resp, body := w.answer("POST"); resp.StatusCode != c.want {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
}

func TestAttack55_HeadersHaveNoControlCharacters(t *testing.T) {
	s, host := lake(t, Config{})
	for _, value := range []string{"text/html%00", "a%0D%0AX-Evil:%20b", "a%7Fb", "%1B"} {
		for _, name := range []string{"response-content-type", "response-content-disposition", "response-expires"} {
			w := dial(t, s)
			w.ask("GET", presigned(t, s, "GET", host, "/lake/k?"+name+"="+value), host, "\r\n")
			if resp, body := w.answer("GET"); resp.StatusCode != http.StatusBadRequest || resp.Header.Get("X-Evil") != "" {
				t.Errorf("%s=%s: %d %q %s", name, value, resp.StatusCode, resp.Header, body)
			}
		}
	}
	w := dial(t, s)
	w.ask("GET", presigned(t, s, "GET", host, "/lake/k?response-content-type=text/x"), host, "\r\n")
	if resp, body := w.answer("GET"); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/x" {
		t.Errorf("the honest request: %d %q %s", resp.StatusCode, resp.Header, body)
	}
}
