package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	gosync "sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/internal/control/stores"
	"latchkey/internal/maintenance"
	"latchkey/internal/remote"
	"latchkey/internal/upstreams"
)

// openUpstreams opens the stores of the configuration. None of them needs to answer for that.
func (s *Server) openUpstreams() (err error) {
	if s.Config.Upstreams == nil {
		return nil
	}
	s.upstreams, err = upstreams.Open(s.Config.Upstreams, connect, upstreams.Options{Log: s.Config.Log, Now: s.Config.Now})
	return err
}

// connect makes the store of an upstream.
func connect(u *upstreams.Upstream, keys aws.CredentialsProvider, log *slog.Logger) (upstreams.Store, error) {
	o := remote.Options{
		Name: u.Name, Endpoints: u.Endpoints, Region: u.Region, Credentials: keys, VirtualHost: u.VirtualHost, TLS: u.TLS,
		Flat: u.Flat, NoTrailers: u.NoTrailers, Log: log,
		Limits: remote.Limits{
			Connect: u.Limits.ConnectTimeout, Wait: u.Limits.WaitTimeout, Answer: u.Limits.AnswerTimeout,
			Work: u.Limits.ChangeTimeout, Idle: u.Limits.StallTimeout, Keep: u.Limits.IdleTimeout,
			MaxConns: u.Limits.Connections, MaxIdle: u.Limits.IdleConnections, MaxSpool: u.Limits.MaxSpool,
		},
	}
	if !u.Buckets.All() {
		// Buckets that are not served are refused before: an empty name is none that a request could be built for.
		o.Rename = func(bucket string) string { stored, _ := u.Buckets.Stored(bucket); return stored }
		o.Original = u.Buckets.Named
	}
	return remote.New(o)
}

// watchUpstreams checks the stores and their keys until ctx ends or stop is called.
func (s *Server) watchUpstreams(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running gosync.WaitGroup
	running.Go(func() { s.upstreams.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// ReloadKeys reads the files with the keys of upstreams again. A file that cannot be used leaves the old keys.
func (s *Server) ReloadKeys() { s.upstreams.Reload() }

// writeUpstreams writes one line for each upstream: its name and its state. Why it is away is for the operator alone.
func (s *Server) writeUpstreams(w io.Writer) {
	for _, m := range s.upstreams.All() {
		text := string(m.State().Status)
		if m.Trouble() != "" {
			text += ", its keys are in trouble"
		}
		fmt.Fprintf(w, "upstream %s: %s\n", m.Name, text)
	}
}

// newStores makes the operator's view of the stores, with its metrics.
func (s *Server) newStores(m *metrics) *stores.Stores {
	changes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_upstream_changes_total",
		Help: "Changes in an upstream that were not asked of it by this server, as noticed by this node.",
	}, []string{"upstream"})
	m.registry.MustRegister(upstreamStates{s.upstreams}, changes)
	for _, u := range s.upstreams.All() { // so that an alarm on the first one has a zero before it
		changes.WithLabelValues(u.Name)
	}
	return &stores.Stores{
		Control: s.Control, Buckets: s.Buckets, Upstreams: s.upstreams, Log: s.Config.Log, Started: s.Config.Now(),
		Changed: func(upstream string) { changes.WithLabelValues(upstream).Inc() },
	}
}

// observations are the tasks that look at what others changed in the stores.
func (s *Server) observations() (tasks []maintenance.Task) {
	for _, m := range s.upstreams.All() {
		tasks = append(tasks, maintenance.Task{
			Name: "upstream-" + m.Name, Interval: m.Health.Observe,
			Batch: func(ctx context.Context, step maintenance.Step) (maintenance.Progress, error) {
				more, err := s.stores.Observe(ctx, m, step.Now, stores.Commit(step.Update))
				return maintenance.Progress{More: more}, err
			},
		})
	}
	return tasks
}

// upstreamStates reports the upstreams as metrics.
type upstreamStates struct{ set *upstreams.Set }

var (
	upstreamUp = prometheus.NewDesc("latchkey_upstream_up",
		"Whether an upstream answered its last check: 1, or 0. Absent: it was not checked yet.", []string{"upstream"}, nil)
	upstreamSince = prometheus.NewDesc("latchkey_upstream_state_since_timestamp_seconds",
		"Since when an upstream answers, or does not.", []string{"upstream"}, nil)
	upstreamKeys = prometheus.NewDesc("latchkey_upstream_keys_ok",
		"Whether the keys of an upstream are the newest and can be renewed: 1, or 0.", []string{"upstream"}, nil)
)

// Describe names the metrics.
func (upstreamStates) Describe(to chan<- *prometheus.Desc) {
	to <- upstreamUp
	to <- upstreamSince
	to <- upstreamKeys
}

// Collect reads them.
func (u upstreamStates) Collect(to chan<- prometheus.Metric) {
	one := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	gauge := func(d *prometheus.Desc, v float64, name string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, name)
	}
	for _, m := range u.set.All() {
		state := m.State()
		if state.Status != upstreams.Unknown {
			gauge(upstreamUp, one(state.Status == upstreams.Up), m.Name)
		}
		gauge(upstreamSince, float64(state.Since.Unix()), m.Name)
		gauge(upstreamKeys, one(m.Trouble() == ""), m.Name)
	}
}
