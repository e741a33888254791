package remote

import (
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/upstream"
)

// endpoints are the addresses of one store. Calls take them in turns, and leave out those that are away.
type endpoints struct {
	all  []*endpoint
	next atomic.Uint64
}

// endpoint is one address of a store, and what the last calls found there. After Limits.MaxFailures failures in a row
// it is away: it is left alone for a while, then one call tries it. If that call fails, too, the while doubles.
type endpoint struct {
	url    *url.URL
	limits Limits
	log    *slog.Logger

	mu       sync.Mutex
	failures int
	away     time.Duration // how long it is left alone; 0: it is not away
	until    time.Time     // when it is tried again
	trying   bool          // one call tries it now
	since    time.Time     // of the first failure in a row
	last     string        // the last failure in a row
}

func newEndpoints(urls []*url.URL, l Limits, log *slog.Logger) *endpoints {
	es := &endpoints{}
	for _, u := range urls {
		own := *u
		es.all = append(es.all, &endpoint{url: &own, limits: l, log: log.With(slog.String("endpoint", u.Host))})
	}
	return es
}

// pick returns the endpoint whose turn it is. It prefers those that the call has not tried. If all are away, it returns
// nil, and when the first of them is tried again.
func (es *endpoints) pick(tried []*endpoint) (e *endpoint, wait time.Duration) {
	first := int(es.next.Add(1) % uint64(len(es.all)))
	now := time.Now()
	wait = -1
	var again *endpoint
	for i := range es.all {
		e := es.all[(first+i)%len(es.all)]
		if was(tried, e) {
			again = e
			continue
		}
		free, left := e.admit(now)
		if free {
			return e, 0
		}
		if wait < 0 || left < wait {
			wait = left
		}
	}
	if again != nil {
		if free, left := again.admit(now); free {
			return again, 0
		} else if wait < 0 || left < wait {
			wait = left
		}
	}
	return nil, wait
}

func was(tried []*endpoint, e *endpoint) bool {
	for _, t := range tried {
		if t == e {
			return true
		}
	}
	return false
}

// admit reports whether a call may use the endpoint, or how long not. A call that may must report its end.
func (e *endpoint) admit(now time.Time) (ok bool, left time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.away == 0:
		return true, 0
	case now.Before(e.until):
		return false, e.until.Sub(now)
	case e.trying:
		return false, e.away
	}
	e.trying = true
	return true, 0
}

// outcome is what a call found out about its endpoint.
type outcome uint8

const (
	unknown  outcome = iota // nothing: the client or its body ended the call
	answered                // the endpoint answers as a store
	failed                  // it does not
)

// report ends a call that was admitted.
func (e *endpoint) report(o outcome, why error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trying = false
	switch o {
	case answered:
		if e.away > 0 {
			e.log.Info("the store answers again", slog.Duration("after", time.Since(e.since)))
		}
		e.failures, e.away, e.last = 0, 0, ""
	case failed:
		if e.failures++; e.failures == 1 {
			e.since = time.Now()
		}
		e.last = why.Error()
		if e.failures < e.limits.MaxFailures {
			return
		}
		if e.away == 0 {
			e.log.Warn("the store is away", slog.Int("failures", e.failures), slog.String("error", e.last))
		} else if time.Now().Before(e.until) {
			return // a call that began before
		}
		e.away = min(max(2*e.away, e.limits.MinAway), e.limits.MaxAway)
		e.until = time.Now().Add(e.away - time.Duration(rand.Int64N(int64(e.away)/5+1)))
	}
}

// Health is what the last calls found out about a store.
type Health struct {
	Name      string
	Endpoints []upstream.EndpointHealth
	Refused   string // why the store refuses our credentials; empty: it does not
}

// Away reports whether no endpoint is in use.
func (h Health) Away() bool {
	for _, e := range h.Endpoints {
		if !e.Away {
			return false
		}
	}
	return true
}

// Health tells what the last calls found out. It sends nothing.
func (s *Store) Health() Health {
	return Health{Name: s.options.Name, Endpoints: s.Endpoints(), Refused: s.refusals.now()}
}

// Endpoints tells what the last calls found out about each address of the store. It sends nothing.
func (s *Store) Endpoints() (all []upstream.EndpointHealth) {
	for _, e := range s.endpoints.all {
		all = append(all, e.health(time.Now()))
	}
	return all
}

func (e *endpoint) health(now time.Time) upstream.EndpointHealth {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := upstream.EndpointHealth{URL: e.url.String(), Away: e.away > 0, Failures: e.failures, LastError: e.last}
	if e.failures > 0 {
		h.Since = e.since
	}
	if h.Away {
		h.Again = max(e.until.Sub(now), 0)
	}
	return h
}
