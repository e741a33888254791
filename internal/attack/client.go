package attack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// actor is a holder of keys.
type actor struct {
	name string
	keys aws.Credentials
}

// ask is a request as no SDK would send it.
type ask struct {
	method   string            // empty: GET
	path     string            // escaped, as it goes over the wire
	query    string            // raw
	header   map[string]string // signed
	unsigned map[string]string // put on after signing
	body     string
	service  string        // empty: s3
	region   string        // empty: the run's
	late     time.Duration // how long ago it was signed
	anyone   bool          // not signed
	spoil    func(*http.Request)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a *answer) ok() bool { return a.err == nil && a.status >= 200 && a.status < 300 }

// send signs a request and sends it. Redirects are not followed.
func (w *world) send(ctx context.Context, who *actor, q ask) *answer {
	ctx, cancel := context.WithTimeout(ctx, maxRequest)
	defer cancel()
	r, err := w.build(ctx, who, q)
	if err != nil {
		return &answer{err: err}
	}
	resp, err := w.http.Do(r)
	if err != nil {
		return &answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return &answer{resp.StatusCode, resp.Header, string(body), err}
}

// build makes and signs a request.
func (w *world) build(ctx context.Context, who *actor, q ask) (*http.Request, error) {
	target := w.endpoint.Scheme + "://" + w.endpoint.Host + q.path
	if q.query != "" {
		target += "?" + q.query
	}
	r, err := http.NewRequestWithContext(ctx, or(q.method, "GET"), target, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	if !q.anyone {
		if err := w.sign(ctx, who, r, q); err != nil {
			return nil, err
		}
	}
	for k, v := range q.unsigned {
		r.Header.Set(k, v)
	}
	if q.spoil != nil {
		q.spoil(r)
	}
	return r, nil
}

func (w *world) sign(ctx context.Context, who *actor, r *http.Request, q ask) error {
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash == "" {
		hash = hashOf(q.body)
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	service := or(q.service, "s3")
	signer := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping, o.DisableHeaderHoisting = service == "s3", true
	})
	sent := *r.URL
	if service == "s3" {
		r.URL.RawPath = canonical(sent.EscapedPath())
	}
	err := signer.SignHTTP(ctx, who.keys, r, hash, service, or(q.region, w.Region), time.Now().Add(-q.late))
	r.URL.Path, r.URL.RawPath = sent.Path, sent.RawPath
	return err
}

// presign makes a link.
func (w *world) presign(ctx context.Context, who *actor, method, path, query string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, w.endpoint.String()+path+"?"+query, nil)
	if err != nil {
		return "", err
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	link, _, err := signer.PresignHTTP(ctx, who.keys, r, "UNSIGNED-PAYLOAD", "s3", w.Region, time.Now())
	return link, err
}

// follow opens a link without keys. It is a path and a query of the endpoint.
func (w *world) follow(ctx context.Context, method, link string) *answer {
	u, err := url.Parse(link)
	if err != nil {
		return &answer{err: err}
	}
	return w.send(ctx, nil, ask{method: method, path: u.EscapedPath(), query: u.RawQuery, anyone: true})
}

// dial opens a connection for bytes that no client would send.
func (w *world) dial(ctx context.Context) (net.Conn, *bufio.Reader, error) {
	host := w.endpoint.Host
	if w.endpoint.Port() == "" {
		host = net.JoinHostPort(w.endpoint.Hostname(), map[string]string{"https": "443"}[w.endpoint.Scheme])
		if w.endpoint.Scheme == "http" {
			host = net.JoinHostPort(w.endpoint.Hostname(), "80")
		}
	}
	d := &net.Dialer{Timeout: maxRequest}
	var c net.Conn
	var err error
	if w.endpoint.Scheme == "https" {
		c, err = (&tls.Dialer{NetDialer: d, Config: &tls.Config{NextProtos: []string{"http/1.1"}}}).DialContext(ctx, "tcp",
			host)
	} else {
		c, err = d.DialContext(ctx, "tcp", host)
	}
	if err != nil {
		return nil, nil, err
	}
	return c, bufio.NewReader(c), c.SetDeadline(time.Now().Add(maxRequest))
}

// raw is a signed request as text, without its body.
func (w *world) raw(ctx context.Context, who *actor, q ask, more ...string) (string, error) {
	r, err := w.build(ctx, who, q)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	target := q.path
	if q.query != "" {
		target += "?" + q.query
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, target, w.endpoint.Host)
	if err := r.Header.Write(&b); err != nil {
		return "", err
	}
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String(), nil
}

// canonical is the one spelling of a path over which S3's signatures are made.
func canonical(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c, escaped := path[i], false
		if c == '%' && i+2 < len(path) {
			if d, err := hex.DecodeString(path[i+1 : i+3]); err == nil {
				c, escaped, i = d[0], true, i+2
			}
		}
		plain := c == '/' && !escaped || strings.IndexByte("-._~", c) >= 0 || '0' <= c && c <= '9' ||
			'a' <= c|0x20 && c|0x20 <= 'z'
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
