package server

import (
	"context"
	"log/slog"
	gosync "sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/internal/control/buckets"
	"latchkey/internal/control/grants"
	"latchkey/internal/engine"
	"latchkey/internal/maintenance"
	"latchkey/internal/store"
)

// tasks lists everything that this server cleans up. A task that all nodes share runs on one of them at a time,
// under a lease of its own. The embedded object store is this node's alone, so tasks on it are local. A further
// task is one more value here.
func (s *Server) tasks() []maintenance.Task {
	c := s.Config
	tasks := []maintenance.Task{maintenance.Changes(maintenance.KeepRevisions), maintenance.AuditSize()}
	tasks = append(tasks, maintenance.SessionCuts(cutMemory(c)))
	for _, table := range store.ExpiringTables() {
		tasks = append(tasks, maintenance.Expired(s.db, table))
	}
	if c.AuditRetention > 0 {
		tasks = append(tasks, maintenance.AuditRetention(maintenance.Retention{
			Keep: c.AuditRetention, Account: c.Account, Region: c.Region,
		}))
	}
	tasks = append(tasks, s.bucketCreations(), maintenance.Blobs(s.objects))
	tasks = append(tasks, s.observations()...)
	if len(s.opened) > 0 {
		tasks = append(tasks, s.locationProbes())
	}
	if c.UploadRetention > 0 {
		tasks = append(tasks, maintenance.Uploads(s.objects, c.UploadRetention))
	}
	return tasks
}

// cutMemory is for how long a cut matters: longer than any session lives, and longer than any refresh token, which
// hangs on the same things.
func cutMemory(c Config) time.Duration {
	return max(engine.DefaultCutMemory, c.DirectorySession+time.Hour)
}

// bucketCreations finishes the creations of buckets whose requests did not. The task is local, because the embedded
// object store is this node's alone: no other node can tell whether a bucket was made in it.
func (s *Server) bucketCreations() maintenance.Task {
	return maintenance.Task{
		Name: "bucket-creations", Interval: buckets.RecoverEvery, Local: true,
		Batch: func(ctx context.Context, _ maintenance.Step) (maintenance.Progress, error) {
			return maintenance.Progress{}, s.Buckets.Recover(ctx)
		},
	}
}

// locationProbes tries on a schedule whether the stores whose sessions are vended still keep them inside their prefix.
func (s *Server) locationProbes() maintenance.Task {
	return maintenance.Task{
		Name: "location-probes", Interval: time.Minute,
		Batch: func(ctx context.Context, step maintenance.Step) (maintenance.Progress, error) {
			next, err := s.Grants.ProbeNext(ctx, step.Cursor, grants.Commit(step.Update))
			return maintenance.Progress{Cursor: next, More: next != 0}, err
		},
	}
}

// recoverBuckets does the same before the first request. A failure is logged, and the task tries again later. Until
// then the names of these buckets are refused.
func (s *Server) recoverBuckets(ctx context.Context) {
	if err := s.Buckets.Recover(ctx); err != nil && ctx.Err() == nil {
		s.Config.Log.Error("creations of buckets could not be recovered", slog.Any("error", err))
	}
}

// newMaintenance makes the loop, with its metrics.
func (s *Server) newMaintenance(m *metrics) *maintenance.Loop {
	succeeded := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "latchkey_maintenance_last_success_timestamp_seconds",
		Help: "When a clean-up last succeeded, on whatever node; of object-blobs and object-uploads: here. Absent: never.",
	}, []string{"task"})
	removed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_maintenance_removed_total", Help: "Rows, files or uploads that a clean-up removed on this node.",
	}, []string{"task"})
	failures := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_maintenance_failures_total", Help: "Runs of a clean-up that failed on this node.",
	}, []string{"task"})
	m.registry.MustRegister(succeeded, removed, failures, auditSize{s.db})
	l := &maintenance.Loop{
		DB: s.db, Update: s.engine.Update, Now: s.Config.Now, Log: s.Config.Log, Tasks: s.tasks(),
		Observe: func(r maintenance.Report) {
			removed.WithLabelValues(r.Task).Add(float64(r.Removed))
			if r.Failed {
				failures.WithLabelValues(r.Task).Inc()
			}
			if !r.Succeeded.IsZero() {
				succeeded.WithLabelValues(r.Task).Set(float64(r.Succeeded.Unix()))
			}
		},
	}
	for i := range l.Tasks { // so that an alarm on the first one has a zero before it
		removed.WithLabelValues(l.Tasks[i].Name)
		failures.WithLabelValues(l.Tasks[i].Name)
	}
	return l
}

// maintain runs the clean-ups until ctx ends or stop is called. stop waits for the batch that is running.
func (s *Server) maintain(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running gosync.WaitGroup
	running.Go(func() { s.maintenance.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// recordRefusals writes the records of refused data requests until stop is called, which is after the last request: the
// records of requests that end while the server drains are written, too.
func (s *Server) recordRefusals(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running gosync.WaitGroup
	running.Go(func() { s.Gateway.RecordRefusals(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// auditSize reports how large the audit log is. A scrape reads one row. If the database does not answer, auditSize
// reports nothing.
type auditSize struct{ db *store.DB }

var (
	auditRecords = prometheus.NewDesc("latchkey_audit_log_records",
		"Records in the audit log, as counted every few minutes.", nil, nil)
	auditBytes = prometheus.NewDesc("latchkey_audit_log_bytes",
		"Bytes of the records in the audit log, without indexes.", nil, nil)
)

// Describe names the metrics.
func (auditSize) Describe(to chan<- *prometheus.Desc) { to <- auditRecords; to <- auditBytes }

// Collect reads them.
func (a auditSize) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	size, err := store.ReadAuditSize(ctx, a.db)
	if err != nil || size.Counted.IsZero() {
		return
	}
	to <- prometheus.MustNewConstMetric(auditRecords, prometheus.GaugeValue, float64(size.Records))
	to <- prometheus.MustNewConstMetric(auditBytes, prometheus.GaugeValue, float64(size.Bytes))
}
