package oidc

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"latchkey/internal/fault"
)

// Bounds of how often the server fetches an issuer's keys. Anybody can send tokens that name a trusted issuer and a key
// that nobody has. Each source has a budget of its own, so that the forged tokens of one source do not use up the
// fetches that another source's honest token needs. All sources together have a budget, too, so that nobody can make
// this server flood an issuer.
const (
	maxBurst = 3  // fetches that one source may cause without a pause; then one in each Options.Every
	maxShare = 10 // sources that may use up their whole budgets at the same time
)

// issuer is what the Verifier caches about one issuer.
type issuer struct {
	set     *keySet
	used    time.Time
	err     error                          // the error of the last fetch; nil if it succeeded
	all     *rate.Limiter                  // of fetches that any source causes
	sources map[netip.Prefix]*rate.Limiter // of fetches that one source causes; only of those that caused one lately
	flight  *flight                        // the fetch on its way; nil: none
}

// flight is one fetch, for which many requests may wait. set and err are for those who saw done closed.
type flight struct {
	done chan struct{}
	set  *keySet
	err  error
}

// keys are the issuer's keys. They are fetched if they are not cached or are too old. fresh says that this call
// fetched them.
func (v *Verifier) keys(ctx context.Context, url string, source netip.Prefix) (set *keySet, fresh bool, err error) {
	v.mu.Lock()
	if i := v.issuers[url]; i != nil {
		set = i.set
		i.used = v.now()
	}
	v.mu.Unlock()
	if set != nil && v.now().Sub(set.fetched) < v.o.KeysFor {
		return set, false, nil
	}
	refetched, err := v.refetch(ctx, url, source, set)
	if err == nil && refetched == nil {
		err = v.unfetched(url)
	}
	return refetched, true, err
}

// unfetched is the refusal of a token whose issuer's keys are needed and may not be fetched yet.
func (v *Verifier) unfetched(url string) *Error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := v.issuers[url]; i != nil && i.err != nil {
		return refuse(fault.IssuerUnreachable, "the issuer's keys could not be fetched").because(i.err)
	}
	return refuse(fault.KeysNotRefetched, "it is too soon to fetch the issuer's keys again: try again")
}

// refetch fetches the keys that replace have, unless another request has just done so. It returns nil without an
// error if the source, or all sources together, have caused too many fetches lately. A request that finds a fetch on
// its way waits for that one and pays nothing. The fetch continues when the request that began it ends.
func (v *Verifier) refetch(ctx context.Context, url string, source netip.Prefix, have *keySet) (*keySet, error) {
	newer, f := v.board(ctx, url, source, have)
	if f == nil {
		return newer, nil
	}
	select {
	case <-f.done:
		return f.set, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// board returns the fetch to wait for, which it begins if there is none on its way. It returns no fetch if the cached
// keys are newer than have, or if there may be none now.
func (v *Verifier) board(ctx context.Context, url string, source netip.Prefix, have *keySet) (*keySet, *flight) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	i := v.issuers[url]
	if i == nil {
		v.evict()
		every := v.o.Every / maxShare
		i = &issuer{all: rate.NewLimiter(rate.Every(every), maxBurst*maxShare), used: now}
		v.issuers[url] = i
	}
	switch {
	case i.set != nil && i.set != have:
		return i.set, nil
	case i.flight != nil:
		return nil, i.flight
	case !i.allows(source, now, v.o.Every):
		return nil, nil
	}
	f := &flight{done: make(chan struct{})}
	i.flight = f
	go v.fly(context.WithoutCancel(ctx), url, i, f)
	return nil, f
}

// allows reports whether a source may cause a fetch now, and counts it if so.
func (i *issuer) allows(source netip.Prefix, now time.Time, every time.Duration) bool {
	if i.all.TokensAt(now) < 1 {
		return false // before the source is remembered: the number of sources in memory is bounded by the fetches
	}
	for p, l := range i.sources {
		if l.TokensAt(now) >= maxBurst {
			delete(i.sources, p)
		}
	}
	l := i.sources[source]
	if l == nil {
		if i.sources == nil {
			i.sources = map[netip.Prefix]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Every(every), maxBurst)
		i.sources[source] = l
	}
	return l.AllowN(now, 1) && i.all.AllowN(now, 1)
}

// fly fetches the keys of an issuer and keeps them.
func (v *Verifier) fly(ctx context.Context, url string, i *issuer, f *flight) {
	limited, cancel := context.WithTimeout(ctx, v.o.Timeout)
	defer cancel()
	f.set, f.err = v.fetch(limited, url)
	v.mu.Lock()
	defer v.mu.Unlock()
	i.flight = nil
	if i.err = f.err; f.err == nil {
		i.set = f.set
	}
	close(f.done)
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
