package oidc

import (
	"context"
	"crypto/x509"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"latchkey/internal/fault"
)

// Options say how the package reaches issuers, and how long it uses what they said. The zero Options have the
// defaults.
type Options struct {
	AllowPrivate bool             // connect to addresses that are not public, and use plain HTTP there
	Roots        *x509.CertPool   // certificate authorities for TLS; nil: the system's
	Now          func() time.Time // the clock; nil: time.Now
	Timeout      time.Duration    // of one fetch; 0: 5 s
	MaxDocument  int64            // bytes of a discovery document or a key set; 0: 256 KiB
	KeysFor      time.Duration    // how long keys are used before they are fetched again; 0: 1 h
	Every        time.Duration    // time between fetches that one source causes, after the first few; 0: 30 s
	MaxIssuers   int              // number of issuers whose keys are cached; 0: 256
}

// Verifier verifies tokens and caches the keys of the issuers. It is safe for concurrent use.
type Verifier struct {
	o          Options
	now        func() time.Time
	tls, plain *http.Client
	mu         sync.Mutex
	issuers    map[string]*issuer
	providers  map[string]*Provider
	fetching   singleflight.Group
}

// New makes a verifier with an empty cache.
func New(o Options) *Verifier {
	fill := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	fill(&o.Timeout, 5*time.Second)
	fill(&o.KeysFor, time.Hour)
	fill(&o.Every, 30*time.Second)
	if o.MaxDocument == 0 {
		o.MaxDocument = 256 << 10
	}
	if o.MaxIssuers == 0 {
		o.MaxIssuers = 256
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{o: o, now: o.Now, tls: client(&o, true), plain: client(&o, false), issuers: map[string]*issuer{}}
}

// fetch reads the issuer's discovery document and the key set that it points to. The document must name the issuer
// (OpenID Connect Discovery 1.0, 4.3). If the issuer uses TLS, the key set must, too.
func (v *Verifier) fetch(ctx context.Context, issuer string) (*keySet, error) {
	body, err := v.document(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := decode(body, &found); err != nil {
		return nil, refuse(fault.IssuerInvalid, "the issuer's discovery document cannot be read").because(err)
	}
	switch {
	case found.Issuer != issuer:
		return nil, refuse(fault.IssuerInvalid, "the discovery document at the issuer's URL is another issuer's")
	case found.Keys == "":
		return nil, refuse(fault.IssuerInvalid, "the issuer's discovery document names no key set")
	case strings.HasPrefix(issuer, "https:") && !strings.HasPrefix(found.Keys, "https:"):
		return nil, refuse(fault.IssuerInvalid, "the issuer's key set is not served over TLS")
	}
	if body, err = v.document(ctx, found.Keys); err != nil {
		return nil, err
	}
	return parseKeys(body, v.now())
}

// document reads one document.
func (v *Verifier) document(ctx context.Context, from string) ([]byte, error) {
	a, err := v.ask(ctx, question{url: from})
	if err != nil {
		return nil, err
	}
	return a.body, nil
}
