package upstreams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/upstream"
)

// Store is an upstream with connections of its own.
type Store interface {
	upstream.Upstream
	Close() error
	Endpoints() []upstream.EndpointHealth // what the last calls found out about each address
}

// Connect makes the store of an upstream. It sends nothing yet.
type Connect func(*Upstream, aws.CredentialsProvider, *slog.Logger) (Store, error)

// Member is an upstream that the server stands in front of.
type Member struct {
	*Upstream
	Store   Store
	Keys    *Provider
	STSKeys *Provider    // that sign the calls of the store's token service; nil: there is none
	HTTP    *http.Client // with the upstream's certificates, for everything but its S3; follows no redirect

	state  atomic.Pointer[State]
	strain atomic.Pointer[string] // the problem of the keys that was logged last
}

// Set is the upstreams of a server, besides its own store. A nil Set has none.
type Set struct {
	members    []*Member
	newBuckets string
	log        *slog.Logger
	now        func() time.Time
}

// Options are what a Set needs besides its configuration. Log and Now must be set.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
}

// Open opens the upstreams of a configuration. No store needs to answer for that. The caller must Close the set.
func Open(c *Config, connect Connect, o Options) (*Set, error) {
	s := &Set{newBuckets: c.NewBuckets, log: o.Log, now: o.Now}
	for i := range c.Upstreams {
		m, err := s.open(&c.Upstreams[i], connect)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("upstream %s: %w", c.Upstreams[i].Name, err), s.Close())
		}
		s.members = append(s.members, m)
	}
	return s, nil
}

func (s *Set) open(u *Upstream, connect Connect) (*Member, error) {
	m := &Member{Upstream: u, HTTP: newHTTP(u)}
	m.state.Store(&State{Status: Unknown, Since: s.now()})
	var err error
	if m.Keys, err = OpenKeys(&u.Keys, m.HTTP); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if u.STS != nil {
		m.STSKeys = m.Keys
		if u.STS.Keys != nil {
			if m.STSKeys, err = OpenKeys(u.STS.Keys, m.HTTP); err != nil {
				return nil, fmt.Errorf("sts: keys: %w", err)
			}
		}
	}
	m.Store, err = connect(u, m.Keys, s.log)
	return m, err
}

// newHTTP makes a client with the certificates and time-outs of an upstream. It follows no redirect, because a request
// that was signed for one server must not go to another.
func newHTTP(u *Upstream) *http.Client {
	t := &http.Transport{
		TLSClientConfig: u.TLS, ResponseHeaderTimeout: u.Limits.AnswerTimeout, TLSHandshakeTimeout: u.Limits.ConnectTimeout,
		MaxIdleConnsPerHost: 4, MaxConnsPerHost: 16, IdleConnTimeout: u.Limits.IdleTimeout, DisableCompression: true,
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// Named returns the upstream of this name; nil: there is none.
func (s *Set) Named(name string) *Member {
	for _, m := range s.All() {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// All are the upstreams in the order of the configuration.
func (s *Set) All() []*Member {
	if s == nil {
		return nil
	}
	return s.members
}

// NewBuckets is the name of the upstream in which buckets are made.
func (s *Set) NewBuckets() string {
	if s == nil || s.newBuckets == "" {
		return Embedded
	}
	return s.newBuckets
}

// Run checks whether the stores answer, and reads keys again that have changed, until ctx ends.
func (s *Set) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, m := range s.All() {
		running.Go(func() { every(ctx, m.Health.Interval, func() { s.check(ctx, m) }) })
		running.Go(func() { every(ctx, watchInterval, func() { s.watch(m) }) })
	}
	running.Wait()
}

// watchInterval is how often the files of keys are looked at. A changed file is read when it was left alone this long.
const watchInterval = time.Second

// every calls do at once, and then each interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// providers are the sources of keys of an upstream.
func (m *Member) providers() []*Provider {
	all := []*Provider{m.Keys}
	if m.STSKeys != nil && m.STSKeys != m.Keys {
		all = append(all, m.STSKeys)
	}
	return all
}

// watch reads the files of keys again that have changed.
func (s *Set) watch(m *Member) {
	for _, p := range m.providers() {
		if p.changedOnDisk() {
			s.reload(m, p)
		}
	}
	problem := m.Trouble()
	if old := m.strain.Swap(&problem); problem != "" && (old == nil || *old != problem) {
		s.log.Error("keys of an upstream", slog.String("upstream", m.Name), slog.String("problem", problem))
	}
}

func (s *Set) reload(m *Member, p *Provider) {
	changed, err := p.Reload()
	if changed && err == nil {
		s.log.Info("keys of an upstream were read again", slog.String("upstream", m.Name), slog.String("from", p.String()))
	}
}

// Reload reads all files of keys again, whether they have changed or not.
func (s *Set) Reload() {
	for _, m := range s.All() {
		for _, p := range m.providers() {
			s.reload(m, p)
		}
		s.watch(m)
	}
}

// Trouble says what is wrong with the keys of an upstream although older ones are still used. It is empty if nothing
// is.
func (m *Member) Trouble() string {
	for _, p := range m.providers() {
		if text := p.Problem(); text != "" {
			return text
		}
	}
	return ""
}

// Close closes the stores.
func (s *Set) Close() error {
	var errs []error
	for _, m := range s.All() {
		if m.Store != nil {
			errs = append(errs, m.Store.Close())
		}
		m.HTTP.CloseIdleConnections()
	}
	return errors.Join(errs...)
}
