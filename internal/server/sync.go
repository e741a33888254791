package server

import (
	"context"
	"log/slog"
	gosync "sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/internal/control"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/fault"
)

// newSyncer makes the runner of the directory sources, with its metrics. It is nil if there are no sources.
func newSyncer(c *control.Control, sources []ldapsync.Source, m *metrics) *ldapsync.Syncer {
	if len(sources) == 0 {
		return nil
	}
	runs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_directory_sync_runs_total",
		Help: "Runs of a directory source on this node, by outcome: succeeded, " +
			"refused (it would have removed too much), failed.",
	}, []string{"source", "outcome"})
	last := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "latchkey_directory_sync_last_success_timestamp_seconds",
		Help: "When a directory source was last synchronised by this node.",
	}, []string{"source"})
	took := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "latchkey_directory_sync_last_run_seconds",
		Help: "How long the last run of a directory source took on this node.",
	}, []string{"source"})
	m.registry.MustRegister(runs, last, took)
	for i := range sources {
		for _, outcome := range []string{ldapsync.Succeeded, ldapsync.Refused, ldapsync.Failed} {
			runs.WithLabelValues(sources[i].Name, outcome) // so that an alarm on the first one has a zero before it
		}
	}
	return &ldapsync.Syncer{Control: c, Sources: sources, Observe: func(source, outcome string, d time.Duration) {
		runs.WithLabelValues(source, outcome).Inc()
		took.WithLabelValues(source).Set(d.Seconds())
		if outcome == ldapsync.Succeeded {
			last.WithLabelValues(source).Set(float64(c.Now().Unix()))
		}
	}}
}

// synchronise runs every directory source when it is due, until ctx ends or stop is called. stop waits for the runs,
// which end between two commits.
func (s *Server) synchronise(ctx context.Context) (stop func()) {
	if s.syncer == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running gosync.WaitGroup
	for i := range s.syncer.Sources {
		running.Go(func() { s.schedule(ctx, &s.syncer.Sources[i]) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// schedule runs one source. The database says when the source is due, so nodes take turns, and a restart does not cause
// a run.
func (s *Server) schedule(ctx context.Context, src *ldapsync.Source) {
	for ctx.Err() == nil {
		wait := time.Minute // also when the database is away
		if o, err := s.syncer.Last(ctx, src); err == nil {
			wait = o.Began.Add(src.Interval).Sub(s.Config.Now())
			if wait <= 0 {
				_, err := s.syncer.Scheduled(ctx, src)
				if err != nil && ctx.Err() == nil && !fault.Is(err, fault.Conflict, fault.Source) {
					s.Config.Log.Error("a directory could not be synchronised", slog.String("source", src.Name),
						slog.Any("error", err))
				}
				wait = min(src.Interval, 15*time.Second) // whether another node is at it, or how it went, is looked up again
			}
		}
		timer := time.NewTimer(min(wait, time.Minute))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}
