package remote

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Options say which store it is and how to reach it. Name, Endpoints and Credentials must be set.
type Options struct {
	Name      string     // of the upstream, for logs and Health
	Endpoints []*url.URL // scheme, host and at most a path; they take turns

	// Region is the store's region: requests are signed for it, and buckets are made in it. Empty: us-east-1.
	Region string

	// Credentials are asked for every request, so that keys can change. They must be fast: aws.NewCredentialsCache
	// keeps those that are slow to get.
	Credentials aws.CredentialsProvider

	VirtualHost bool        // the bucket goes before the endpoint's host, where its name can be part of a host's name
	TLS         *tls.Config // certificate authorities and client certificates; nil: the system's
	Flat        bool        // the store keeps keys as they are: see upstream.Traits

	// Rename says which bucket of the store a bucket of ours is. Empty: none, and there is no such bucket. nil: the one of
	// the same name.
	Rename func(bucket string) string
	// Original reverses Rename for ListBuckets. It reports false for a bucket of the store that is none of ours. nil:
	// every bucket that Rename does not change is ours.
	Original func(stored string) (bucket string, ok bool)

	// NoTrailers says that the store does not know the framing aws-chunked. A checksum that comes behind a body is then
	// compared here, and the store does not get it.
	NoTrailers bool
	// Frame sends every body in the framing aws-chunked, with or without a checksum behind it. It is for a store that
	// takes the end of a connection for the end of an object (versitygw 1.8.0), behind a proxy that may end connections.
	Frame bool

	Limits Limits
	Log    *slog.Logger // nil: nothing is logged
}

// Limits bound what a call may take. A limit of 0 is the default.
type Limits struct {
	Connect  time.Duration // until there is a connection, with the TLS handshake: 5 s
	Wait     time.Duration // for a free connection, if there are MaxConns: 10 s
	Continue time.Duration // for 100 Continue, before the body is sent without it: 1 s
	Answer   time.Duration // until a call that reads begins to be answered, and until a listing is whole: 60 s
	Work     time.Duration // until a call that changes something is answered, after its body was sent: 10 minutes
	Idle     time.Duration // until the next bytes of a body, in both directions: 60 s
	Keep     time.Duration // how long a connection that nobody uses is kept: 30 s

	MaxConns  int   // connections to one endpoint at once: 512
	MaxIdle   int   // connections to one endpoint that nobody uses: 128
	MaxAnswer int64 // bytes of an answer that is not an object: 16 MiB
	MaxHeader int64 // bytes of an answer's headers: 64 KiB
	MaxSpool  int64 // bytes of bodies of unknown length that are kept at once, in files: 5 GiB

	MaxFailures int           // failures in a row after which an endpoint is away: 5
	MinAway     time.Duration // how long an endpoint is left alone then, at first: 1 s
	MaxAway     time.Duration // and at most, after it was tried again in vain: 30 s
}

// withDefaults replaces what is not set.
func (l Limits) withDefaults() Limits {
	return Limits{
		Connect:     cmp.Or(l.Connect, 5*time.Second),
		Wait:        cmp.Or(l.Wait, 10*time.Second),
		Continue:    cmp.Or(l.Continue, time.Second),
		Answer:      cmp.Or(l.Answer, time.Minute),
		Work:        cmp.Or(l.Work, 10*time.Minute),
		Idle:        cmp.Or(l.Idle, time.Minute),
		Keep:        cmp.Or(l.Keep, 30*time.Second),
		MaxConns:    cmp.Or(l.MaxConns, 512),
		MaxIdle:     cmp.Or(l.MaxIdle, 128),
		MaxAnswer:   cmp.Or(l.MaxAnswer, 16<<20),
		MaxHeader:   cmp.Or(l.MaxHeader, 64<<10),
		MaxSpool:    cmp.Or(l.MaxSpool, 5<<30),
		MaxFailures: cmp.Or(l.MaxFailures, 5),
		MinAway:     cmp.Or(l.MinAway, time.Second),
		MaxAway:     cmp.Or(l.MaxAway, 30*time.Second),
	}
}

// check refuses options that cannot work.
func (o *Options) check() error {
	switch {
	case o.Name == "":
		return errors.New("the upstream has no name")
	case len(o.Endpoints) == 0:
		return fmt.Errorf("the upstream %s has no endpoint", o.Name)
	case o.Credentials == nil:
		return fmt.Errorf("the upstream %s has no credentials", o.Name)
	}
	for _, u := range o.Endpoints {
		if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "" {
			return fmt.Errorf("the upstream %s: the endpoint %v is not the URL of a server", o.Name, u)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("the upstream %s: the endpoint %s has more than a scheme, a host and a path", o.Name,
				u.Redacted())
		}
		if strings.Contains(u.EscapedPath(), "//") || strings.Contains(u.EscapedPath(), "/.") {
			return fmt.Errorf("the upstream %s: the path of the endpoint %s has an empty or a dot segment", o.Name, u)
		}
	}
	return nil
}
