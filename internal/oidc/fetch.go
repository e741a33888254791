package oidc

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"latchkey/internal/fault"
)

// Options say how issuers are reached and how long what they said is believed. The zero Options hold the
// defaults.
type Options struct {
	AllowPrivate bool             // connect to addresses that are not public, and there also without TLS
	Roots        *x509.CertPool   // whom to trust for TLS; nil: the system's
	Now          func() time.Time // the clock; nil: time.Now
	Timeout      time.Duration    // of one fetch; 0: 5 s
	MaxDocument  int64            // bytes of a discovery document or a key set; 0: 256 KiB
	KeysFor      time.Duration    // how long keys are believed without being fetched again; 0: 1 h
	Every        time.Duration    // after the first few, keys of an issuer are fetched at most so often; 0: 30 s
	MaxIssuers   int              // whose keys are kept; 0: 256
}

// burst is how many fetches of an issuer's keys may follow each other at once.
const burst = 3

// Verifier verifies tokens, and keeps the keys of the issuers. It is safe for concurrent use.
type Verifier struct {
	o          Options
	now        func() time.Time
	tls, plain *http.Client
	mu         sync.Mutex
	issuers    map[string]*issuer
	providers  map[string]*Provider
	fetching   singleflight.Group
}

// issuer is what is kept of one issuer.
type issuer struct {
	set   *keySet
	limit *rate.Limiter
	used  time.Time
	err   error // why the last fetch failed; nil after one that did not
}

// New makes a verifier that knows no keys yet.
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

// keys are the issuer's keys, fetched if they are not known or too old; fresh says that they were just now.
func (v *Verifier) keys(ctx context.Context, url string) (set *keySet, fresh bool, err error) {
	v.mu.Lock()
	if i := v.issuers[url]; i != nil {
		set = i.set
		i.used = v.now()
	}
	v.mu.Unlock()
	if set != nil && v.now().Sub(set.fetched) < v.o.KeysFor {
		return set, false, nil
	}
	again, err := v.refetch(ctx, url, set)
	if err == nil && again == nil {
		err = refuse(fault.IssuerUnreachable, "the issuer's keys could not be fetched").because(v.last(url))
	}
	return again, true, err
}

func (v *Verifier) last(url string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := v.issuers[url]; i != nil && i.err != nil {
		return i.err
	}
	return errors.New("they were fetched too often")
}

// refetch fetches the keys in place of have, unless somebody else just did. It gives nil without an error when
// they were fetched too often of late. Everybody who waits for the same issuer shares one fetch, which does not
// end with the request that began it.
func (v *Verifier) refetch(ctx context.Context, url string, have *keySet) (*keySet, error) {
	done := v.fetching.DoChan(url, func() (any, error) {
		i, allowed := v.mayFetch(url, have)
		if !allowed {
			return i, nil
		}
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.o.Timeout)
		defer cancel()
		set, err := v.fetch(limited, url)
		v.keep(url, set, err)
		return set, err
	})
	select {
	case r := <-done:
		set, _ := r.Val.(*keySet)
		return set, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mayFetch says whether the keys may be fetched now. Where they are newer than have already, it gives them.
func (v *Verifier) mayFetch(url string, have *keySet) (*keySet, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	i := v.issuers[url]
	if i == nil {
		v.makeRoom()
		i = &issuer{limit: rate.NewLimiter(rate.Every(v.o.Every), burst), used: now}
		v.issuers[url] = i
	}
	if i.set != nil && i.set != have {
		return i.set, false
	}
	return nil, i.limit.AllowN(now, 1)
}

// makeRoom forgets the issuer that was used longest ago when there are too many.
func (v *Verifier) makeRoom() {
	if len(v.issuers) < v.o.MaxIssuers {
		return
	}
	oldest := ""
	for url, i := range v.issuers {
		if oldest == "" || i.used.Before(v.issuers[oldest].used) {
			oldest = url
		}
	}
	delete(v.issuers, oldest)
}

func (v *Verifier) keep(url string, set *keySet, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := v.issuers[url]
	if i == nil {
		return // it had to make room
	}
	if i.err = err; err == nil {
		i.set = set
	}
}

// fetch reads the issuer's discovery document and the key set that it points to. The document must be the
// issuer's own (OpenID Connect Discovery 1.0, 4.3). The key set of an issuer with TLS has TLS.
func (v *Verifier) fetch(ctx context.Context, issuer string) (*keySet, error) {
	body, err := v.document(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
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
	u, err := url.Parse(from)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, refuse(fault.IssuerInvalid, "the issuer's URL, or that of its keys, is not one of http or https")
	}
	c := v.tls
	if u.Scheme == "http" {
		if !v.o.AllowPrivate {
			return nil, refuse(fault.AddressForbidden, "issuers are reached over TLS only")
		}
		c = v.plain
	}
	r, err := get(ctx, c, from)
	if errors.Is(err, errAddress) {
		return nil, refuse(fault.AddressForbidden, "the issuer's address may not be connected to").because(err)
	}
	if err != nil {
		return nil, refuse(fault.IssuerUnreachable, "the issuer cannot be reached").because(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, refuse(fault.IssuerUnreachable, "the issuer does not answer as it should").because(fmt.Errorf("%s: %s", from, r.Status))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, v.o.MaxDocument+1))
	switch {
	case err != nil:
		return nil, refuse(fault.IssuerUnreachable, "the issuer's answer ended early").because(err)
	case int64(len(body)) > v.o.MaxDocument:
		return nil, refuse(fault.IssuerInvalid, "a document of the issuer has more than %d bytes", v.o.MaxDocument)
	}
	return body, nil
}
