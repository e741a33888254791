package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	gosync "sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/events"
	"latchkey/internal/fault"
	"latchkey/internal/telemetry"
	"latchkey/internal/upstream"
)

// Events says which requests to S3 are recorded, and where. The zero Events records none.
type Events struct {
	Selection *events.Selection   // nil: every request
	File      *events.FileOptions // nil: no file
	Bucket    BucketEvents
	OTLP      bool     // to an OpenTelemetry collector, as the variables OTEL_EXPORTER_OTLP_* say
	Block     []string // the sinks for which requests wait; the others drop records when their buffers are full
	Limits    events.Limits
}

// BucketEvents say how records are written into a bucket.
type BucketEvents struct {
	Name   string        // a bucket of the server's first account; empty: none
	Prefix string        // before AWSLogs/; it is empty or ends with a slash
	Every  time.Duration // how long records wait for an object; 0: 5 minutes
	Size   int64         // bytes of lines after which an object is written at once; 0: 4 MiB
}

// The names of the sinks, in the configuration, in metrics and in the log.
const (
	FileSink   = "file"
	BucketSink = "bucket"
	OTLPSink   = "otlp"
)

// CheckEvents refuses settings that do not go together.
func CheckEvents(e *Events) error {
	on := map[string]bool{FileSink: e.File != nil, BucketSink: e.Bucket.Name != "", OTLPSink: e.OTLP}
	for _, name := range e.Block {
		if !on[name] {
			return fmt.Errorf("the sink %q of data events does not exist, or is not on: they are %s, %s and %s",
				name, FileSink, BucketSink, OTLPSink)
		}
	}
	if e.Bucket.Name != "" && e.Bucket.Size > e.Limits.Bytes/4 {
		return errors.New("an object of data events must have at most a quarter of the buffer's bytes")
	}
	return nil
}

// openEvents opens the sinks. Nothing is recorded without one.
func (s *Server) openEvents(ctx context.Context) error {
	e := &s.Config.Events
	fill(&e.Limits, events.DefaultLimits)
	fill(&e.Bucket.Every, 5*time.Minute)
	fill(&e.Bucket.Size, 4<<20)
	if err := CheckEvents(e); err != nil {
		return err
	}
	o := events.Options{
		Selection: e.Selection, Limits: e.Limits, Account: string(s.Config.Account), Region: s.Config.Region,
		Log: s.Config.Log,
	}
	if e.OTLP { // first, because it leaves nothing open if another sink fails
		logs, err := telemetry.NewLogs(ctx, s.Config.Log)
		if err != nil {
			return err
		}
		o.Pipes = append(o.Pipes, events.Pipe{
			Name: OTLPSink, Sink: logs, Linger: time.Second, Enough: 1 << 20, Most: 512, Retries: 8,
		})
	}
	if e.File != nil {
		f, err := events.OpenFile(*e.File)
		if err != nil {
			return err
		}
		enough := int64(1 << 20) // and no more than a file takes, because what is written together is in one file
		if e.File.MaxSize > 0 {
			enough = min(enough, e.File.MaxSize)
		}
		o.Pipes = append(o.Pipes, events.Pipe{Name: FileSink, Sink: f, Linger: 100 * time.Millisecond, Enough: enough})
	}
	if e.Bucket.Name != "" {
		o.Pipes = append(o.Pipes, events.Pipe{
			Name: BucketSink, Sink: &events.Bucket{Put: s.putEvents, Prefix: e.Bucket.Prefix, Now: s.Config.Now},
			Linger: e.Bucket.Every, Enough: e.Bucket.Size,
		})
	}
	for i := range o.Pipes {
		o.Pipes[i].Block = slices.Contains(e.Block, o.Pipes[i].Name)
	}
	if len(o.Pipes) > 0 {
		s.events = events.New(o)
	}
	return nil
}

// openTraces opens the tracer, if requests are to be traced.
func (s *Server) openTraces(ctx context.Context) (err error) {
	if s.Config.Traces.On {
		s.tracer, err = telemetry.NewTracer(ctx, s.Config.Traces, s.Config.Log)
	}
	return err
}

// endTraces sends the spans that wait, for as long as requests in flight may take at a shutdown.
func (s *Server) endTraces(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Config.DrainTimeout)
	defer cancel()
	if err := s.tracer.Close(ctx); err != nil {
		s.Config.Log.Warn("the last traces were not sent", slog.Any("error", err))
	}
}

// closeTraces ends the tracer of a server that never served.
func (s *Server) closeTraces() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.tracer.Close(ctx)
}

// putEvents writes an object of records by the server's own right, past the gateway: it asks no policy, and makes no
// record of its own. The bucket must be one of the server's first account. If that account deleted the bucket, somebody
// else could create one of that name, and would get everybody's records.
func (s *Server) putEvents(ctx context.Context, key string, body []byte) error {
	const maxWrite = time.Minute // a store that does not answer must not keep the records behind it for ever
	ctx, cancel := context.WithTimeout(ctx, maxWrite)
	defer cancel()
	snap, err := s.engine.Snapshot()
	if err != nil {
		return err
	}
	b := snap.Bucket(s.Config.Events.Bucket.Name)
	if b == nil {
		return fault.New(fault.NotFound, fault.Bucket, "").With("BucketName", s.Config.Events.Bucket.Name)
	}
	if b.Account != s.Config.Account {
		return fmt.Errorf("the bucket %s of data events is of account %s, not of %s", b.Name, b.Account, s.Config.Account)
	}
	if err := s.Buckets.Genuine(ctx, b); err != nil {
		return err
	}
	u, err := s.Buckets.InUpstream(b)
	if err != nil {
		return err
	}
	_, err = u.Do(ctx, upstream.Call{
		Operation: s3.PutObject.Operation,
		Input: &s3.PutObjectRequest{
			Bucket: &b.Name, Key: &key, ContentType: new("application/json"), ContentEncoding: new("gzip"),
			ContentLength: new(int64(len(body))),
		},
		Body: &upstream.Body{Reader: bytes.NewReader(body), Length: int64(len(body))},
	})
	return err
}

// recordEvents writes data events until stop is called, which is after the last request. stop waits until everything is
// written, for as long as requests in flight may take at a shutdown.
func (s *Server) recordEvents(ctx context.Context) (stop func()) {
	if s.events == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running gosync.WaitGroup
	running.Go(func() { s.events.Run(ctx, s.Config.DrainTimeout) })
	return func() {
		cancel()
		running.Wait()
	}
}

// eventMetrics are the figures of the sinks.
type eventMetrics struct{ from *events.Recorder }

var (
	eventsWritten = prometheus.NewDesc("latchkey_events_written_total",
		"Data events that a sink has written.", []string{"sink"}, nil)
	eventsDropped = prometheus.NewDesc("latchkey_events_dropped_total",
		"Data events that a sink will never have: its buffer was full, or it failed until the server ended.",
		[]string{"sink"}, nil)
	eventsFailures = prometheus.NewDesc("latchkey_events_failures_total",
		"Writes of data events that failed. They are tried again.", []string{"sink"}, nil)
	eventsWaiting = prometheus.NewDesc("latchkey_events_waiting",
		"Data events that wait for a sink, room for those of requests under way included.", []string{"sink"}, nil)
	eventsWaitingBytes = prometheus.NewDesc("latchkey_events_waiting_bytes",
		"Memory that data events take while they wait for a sink, roughly.", []string{"sink"}, nil)
)

// Describe names the metrics.
func (eventMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		eventsWritten, eventsDropped, eventsFailures, eventsWaiting, eventsWaitingBytes,
	} {
		to <- d
	}
}

// Collect reads them.
func (m eventMetrics) Collect(to chan<- prometheus.Metric) {
	for _, s := range m.from.Stats() {
		count, gauge := prometheus.CounterValue, prometheus.GaugeValue
		to <- prometheus.MustNewConstMetric(eventsWritten, count, float64(s.Written), s.Sink)
		to <- prometheus.MustNewConstMetric(eventsDropped, count, float64(s.Dropped), s.Sink)
		to <- prometheus.MustNewConstMetric(eventsFailures, count, float64(s.Failures), s.Sink)
		to <- prometheus.MustNewConstMetric(eventsWaiting, gauge, float64(s.Records), s.Sink)
		to <- prometheus.MustNewConstMetric(eventsWaitingBytes, gauge, float64(s.Bytes), s.Sink)
	}
}
