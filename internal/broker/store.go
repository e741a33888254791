package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"latchkey/internal/awswire"
	"latchkey/internal/credential"
)

// Settings describe a store's STS, and the store to the extent that its probe needs.
type Settings struct {
	Name     string // of the upstream
	Dialect  Dialect
	Endpoint *url.URL // of the STS; a path is allowed; nil: S3Endpoint
	Region   string   // that requests are signed for
	RoleARN  string   // that is assumed; may be empty where the dialect needs none
	External string   // the external id that the role's trust asks for; empty: none
	// Credentials are the server's own, with which it asks. They must be long-term keys for MinIO and RustFS.
	Credentials aws.CredentialsProvider
	Owner       aws.CredentialsProvider // sign the probe's own requests to S3; nil: Credentials
	// The shortest and longest session that the store gives; zero: the dialect's.
	MinDuration, MaxDuration time.Duration

	S3Endpoint  *url.URL
	S3Region    string // empty: Region
	VirtualHost bool   // buckets are labels before the endpoint's host; otherwise they are in the path

	Transport http.RoundTripper // nil: one of its own, with DefaultTimeout at each stage
	Timeout   time.Duration     // of one request, from its beginning to the end of its answer; zero: DefaultTimeout
	Now       func() time.Time  // nil: time.Now
}

// DefaultTimeout is how long one request to a store's STS may take.
const DefaultTimeout = 10 * time.Second

// Store asks one store for sessions. Goroutines may share it.
type Store struct {
	Settings
	http *http.Client
}

// New checks settings. It sends nothing.
func New(s Settings) (*Store, error) {
	if _, err := ParseDialect(string(s.Dialect)); err != nil {
		return nil, err
	}
	if s.Owner == nil {
		s.Owner = s.Credentials
	}
	s.Endpoint = cmp.Or(s.Endpoint, s.S3Endpoint)
	shortest, longest := s.Dialect.Durations()
	s.MinDuration, s.MaxDuration = cmp.Or(s.MinDuration, shortest), cmp.Or(s.MaxDuration, longest)
	s.Timeout, s.Region = cmp.Or(s.Timeout, DefaultTimeout), cmp.Or(s.Region, "us-east-1")
	s.S3Region = cmp.Or(s.S3Region, s.Region)
	switch {
	case s.Endpoint == nil || s.S3Endpoint == nil:
		return nil, errors.New("the endpoints of the STS and of S3 are needed")
	case s.Credentials == nil:
		return nil, errors.New("the server's own credentials are needed")
	case s.Dialect.NeedsRole() && s.RoleARN == "":
		return nil, fmt.Errorf("stores of the dialect %s need the ARN of the role that is assumed", s.Dialect)
	case s.MinDuration > s.MaxDuration:
		return nil, errors.New("the shortest session is longer than the longest one")
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Transport == nil {
		s.Transport = transport(s.Timeout)
	}
	return &Store{Settings: s, http: &http.Client{Transport: s.Transport, Timeout: s.Timeout}}, nil
}

// transport is a connection pool with a time-out at each stage. A proxy of the environment is not used: what it sees is
// worth a session.
func transport(limit time.Duration) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy, t.ForceAttemptHTTP2, t.DisableCompression = nil, false, true
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = limit, limit
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost, t.MaxResponseHeaderBytes = 64, 16, 64<<10
	return t
}

// Close closes idle connections.
func (s *Store) Close() { s.http.CloseIdleConnections() }

// signer is awswire.Client.Sign with credentials that are fetched for each request, because they rotate.
func (s *Store) signer(keys aws.CredentialsProvider, service string) func(
	*http.Request, *awswire.Operation, string) error {
	return func(r *http.Request, _ *awswire.Operation, payloadHash string) error {
		k, err := keys.Retrieve(r.Context())
		if err != nil {
			return &keysError{err}
		}
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		region := s.Region
		if service == "s3" {
			region = s.S3Region
		}
		return signer.SignHTTP(r.Context(), k, r, payloadHash, service, region, s.Now())
	}
}

// keysError is the error of credentials that could not be fetched. It is the server's own misfortune.
type keysError struct{ err error }

func (e *keysError) Error() string {
	return "the server's own credentials for the store: " + e.err.Error()
}

// Unwrap is the provider's error.
func (e *keysError) Unwrap() error { return e.err }

// S3 is a client of the store's S3 that signs with these credentials.
func (s *Store) S3(keys aws.CredentialsProvider) *awswire.Client {
	return &awswire.Client{
		Endpoint: awswire.Endpoint{URL: s.S3Endpoint}, HTTP: s.http, Sign: s.signer(keys, "s3"),
		AnswerLimit: maxListing,
	}
}

// maxListing bounds an answer of the store's S3 to the probe, in bytes.
const maxListing = 1 << 20

// Static are credentials that never change.
type Static aws.Credentials

// Retrieve returns them.
func (s Static) Retrieve(context.Context) (aws.Credentials, error) { return aws.Credentials(s), nil }

// Fingerprint tells settings apart of which a probe's result holds. It has no secret.
func (s *Store) Fingerprint() string {
	return fmt.Sprintf("%q", []string{
		s.Name, string(s.Dialect), s.Endpoint.String(), s.S3Endpoint.String(), s.Region, s.RoleARN,
	})
}

// Keys are the credentials of a session as those that sign.
func Keys(c credential.Credentials) Static {
	return Static{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.Secret.Reveal(), SessionToken: c.SessionToken.Reveal()}
}
