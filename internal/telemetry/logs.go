package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"latchkey/internal/audit"
	"latchkey/internal/events"
)

// Logs is a sink of data events: it sends them as OpenTelemetry log records. The bounded buffer before it and its
// retries are those of package events, so that one place counts what is lost.
type Logs struct {
	exporter *otlploghttp.Exporter
	provider *sdklog.LoggerProvider
	logger   log.Logger
	batch    *collector
}

// NewLogs returns the sink. It does not call the collector: one that is away must not keep the server from starting.
func NewLogs(ctx context.Context, logTo *slog.Logger) (*Logs, error) {
	if err := check("LOGS"); err != nil {
		return nil, err
	}
	reportTo(logTo)
	of, err := about(ctx)
	if err != nil {
		return nil, fmt.Errorf("describe this program to the collector: %w", err)
	}
	exporter, err := otlploghttp.New(ctx, otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("send log records: %w", err)
	}
	l := &Logs{exporter: exporter, batch: &collector{}}
	l.provider = sdklog.NewLoggerProvider(sdklog.WithResource(of), sdklog.WithProcessor(l.batch))
	l.logger = l.provider.Logger(scope)
	return l, nil
}

// Write sends a batch in one request.
func (l *Logs) Write(ctx context.Context, batch []events.Record) error {
	l.batch.records = l.batch.records[:0]
	for i := range batch {
		l.logger.Emit(withTrace(ctx, batch[i].Event), record(&batch[i]))
	}
	err := l.exporter.Export(ctx, l.batch.records)
	if n, ok := rejected(err); ok {
		return &events.Rejected{Records: min(n, len(batch)), Err: err}
	}
	return err
}

// partial finds the number of refused records in the error of a collector that took only some. The exporter's type for
// it is internal, so only its text is left.
var partial = regexp.MustCompile(`^OTLP partial success: .*\((\d+) .* rejected\)`)

func rejected(err error) (n int, ok bool) {
	if err == nil {
		return 0, false
	}
	m := partial.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, false
	}
	n, err = strconv.Atoi(m[1])
	return n, err == nil
}

// Close ends the exporter.
func (l *Logs) Close() error {
	return l.exporter.Shutdown(context.Background())
}

// collector is the processor that keeps the records of one batch.
type collector struct{ records []sdklog.Record }

// OnEmit keeps a record.
func (c *collector) OnEmit(_ context.Context, r *sdklog.Record) error {
	c.records = append(c.records, r.Clone())
	return nil
}

// Enabled reports that every record is kept.
func (c *collector) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

// Shutdown does nothing.
func (c *collector) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing: Logs sends each batch itself.
func (c *collector) ForceFlush(context.Context) error { return nil }

// withTrace returns a context with the trace of the request, so that the record belongs to it.
func withTrace(ctx context.Context, e *audit.Event) context.Context {
	if e.Latchkey == nil || e.Latchkey.Served == nil {
		return ctx
	}
	traceID, err := trace.TraceIDFromHex(e.Latchkey.TraceID)
	if err != nil {
		return ctx
	}
	spanID, err := trace.SpanIDFromHex(e.Latchkey.SpanID)
	if err != nil {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled,
	}))
}

// record is a data event as a log record: the event's JSON as the body, and what one searches for as attributes.
func record(r *events.Record) (out log.Record) {
	e := r.Event
	out.SetTimestamp(e.EventTime)
	out.SetEventName("aws.cloudtrail." + strings.ToLower(e.EventCategory))
	out.SetBody(attribute.StringValue(string(r.JSON)))
	severity, text := log.SeverityInfo, "INFO"
	if e.ErrorCode != "" || e.Latchkey != nil && e.Latchkey.Gap != nil {
		severity, text = log.SeverityWarn, "WARN"
	}
	out.SetSeverity(severity)
	out.SetSeverityText(text)
	out.AddAttributes(attributes(e)...)
	return out
}

// attributes are named by OpenTelemetry's semantic conventions where these have a name.
func attributes(e *audit.Event) (all []attribute.KeyValue) {
	add := func(name, value string) {
		if value != "" {
			all = append(all, attribute.String(name, clip(value)))
		}
	}
	add("rpc.system", "aws-api")
	add("rpc.service", "S3")
	add("rpc.method", e.EventName)
	add("aws.request_id", e.RequestID)
	add("cloud.account.id", e.RecipientAccountID)
	add("cloud.region", e.AWSRegion)
	add("client.address", e.SourceIPAddress)
	add("error.type", string(e.ErrorCode))
	add("latchkey.event_id", e.EventID)
	add("latchkey.caller", e.UserIdentity.ARN)
	add("latchkey.person", e.Person())
	bucket, _ := e.RequestParameters["bucketName"].(string)
	add("aws.s3.bucket", bucket)
	a := e.Latchkey
	if a == nil {
		return all
	}
	add("latchkey.grant_id", a.GrantID)
	add("latchkey.session", a.Session)
	add("latchkey.session_id", a.SessionID)
	add("latchkey.reason", a.Reason)
	add("latchkey.upstream", a.Upstream)
	if s := a.Served; s != nil {
		add("latchkey.decision", s.Decision)
		add("latchkey.upstream_request_id", s.UpstreamRequestID)
		all = append(all, attribute.Int("http.response.status_code", s.HTTPStatus))
	}
	return all
}
