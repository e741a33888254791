package upstreams

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awswire"
)

// Question is a request that the server sends to a store to find out about the store itself. It has no body.
type Question struct {
	Method    string
	Bucket    string // as it is called here; empty: the store itself
	Key       string // empty: the bucket
	Query     string // such as versioning
	Anonymous bool   // the request is not signed
	// Keys sign the request in place of the upstream's; nil: the upstream's.
	Keys *aws.Credentials
}

// Answer is what a store answered. Body is its first bytes alone.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 64 << 10

// Ask sends a question to the first endpoint of the upstream. Its error says that no answer came.
func (m *Member) Ask(ctx context.Context, q Question) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.Limits.AnswerTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.Method, m.address(q).String(), nil)
	if err != nil {
		return nil, err
	}
	if !q.Anonymous {
		if err := m.sign(r, q.Keys); err != nil {
			return nil, err
		}
	}
	resp, err := m.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &Answer{resp.StatusCode, resp.Header, string(body)}, nil
}

// emptyHash is the SHA-256 of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (m *Member) sign(r *http.Request, keys *aws.Credentials) error {
	if keys == nil {
		own, err := m.Keys.Retrieve(r.Context())
		if err != nil {
			return err
		}
		keys = &own
	}
	r.Header.Set("X-Amz-Content-Sha256", emptyHash)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	return signer.SignHTTP(r.Context(), *keys, r, emptyHash, "s3", m.Region, time.Now())
}

// address is the URL of a question.
func (m *Member) address(q Question) *url.URL {
	at := *m.Endpoints[0]
	path := at.Path + "/"
	if q.Bucket != "" {
		stored, _ := m.Buckets.Stored(q.Bucket)
		if m.VirtualHost && !strings.Contains(stored, ".") && net.ParseIP(at.Hostname()) == nil {
			at.Host = stored + "." + at.Host
		} else {
			path += stored
			if q.Key != "" {
				path += "/"
			}
		}
	}
	at.Path = path + q.Key
	at.RawPath = awswire.EscapeName(at.Path)
	at.RawQuery = q.Query
	return &at
}
