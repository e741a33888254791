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

// Options say how the package reaches issuers, and how long it uses what they said. The zero Options have the
// defaults.
type Options struct {
	AllowPrivate bool             // connect to addresses that are not public, and use plain HTTP there
	Roots        *x509.CertPool   // certificate authorities for TLS; nil: the system's
	Now          func() time.Time // the clock; nil: time.Now
	Timeout      time.Duration    // of one fetch; 0: 5 s
	MaxDocument  int64            // bytes of a discovery document or a key set; 0: 256 KiB
	KeysFor      time.Duration    // how long keys are used before they are fetched again; 0: 1 h
	Every        time.Duration    // minimum time between fetches of an issuer's keys, after the first few; 0: 30 s
	MaxIssuers   int              // number of issuers whose keys are cached; 0: 256
}

// maxBurst is the number of fetches of an issuer's keys that may follow each other without a pause.
const maxBurst = 3

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

// issuer is what the Verifier caches about one issuer.
type issuer struct {
	set   *keySet
	limit *rate.Limiter
	used  time.Time
	err   error // the error of the last fetch; nil if it succeeded
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

// keys are the issuer's keys. They are fetched if they are not cached or are too old. fresh says that this call
// fetched them.
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
	refetched, err := v.refetch(ctx, url, set)
	if err == nil && refetched == nil {
		err = refuse(fault.IssuerUnreachable, "the issuer's keys could not be fetched").because(v.last(url))
	}
	return refetched, true, err
}

func (v *Verifier) last(url string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := v.issuers[url]; i != nil && i.err != nil {
		return i.err
	}
	return errors.New("they were fetched too often")
}

// refetch fetches the keys that replace have, unless another request has just done so. It returns nil without an
// error if the last fetch was too recent. All requests that wait for the same issuer share one fetch. The fetch
// continues when the request that began it ends.
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

// mayFetch says whether the keys may be fetched now. If the cached keys are newer than have, it returns them.
func (v *Verifier) mayFetch(url string, have *keySet) (*keySet, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	i := v.issuers[url]
	if i == nil {
		v.evict()
		i = &issuer{limit: rate.NewLimiter(rate.Every(v.o.Every), maxBurst), used: now}
		v.issuers[url] = i
	}
	if i.set != nil && i.set != have {
		return i.set, false
	}
	return nil, i.limit.AllowN(now, 1)
}

// evict drops the issuer that was not used for the longest time if the cache is full.
func (v *Verifier) evict() {
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
		return // the issuer was dropped meanwhile
	}
	if i.err = err; err == nil {
		i.set = set
	}
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
		return nil, refuse(fault.IssuerUnreachable,
			"the issuer does not answer as it should").because(fmt.Errorf("%s: %s", from, r.Status))
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
