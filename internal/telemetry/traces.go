package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"latchkey/internal/fault"
	"latchkey/internal/upstream"
)

// Parent says what the traceparent header of a client's request means (W3C Trace Context). A client may write into it
// what it likes.
type Parent uint8

const (
	IgnoreParent Parent = iota // nothing: every request begins a trace of its own
	LinkParent                 // the request's own trace has a link to the client's
	JoinParent                 // the request is a part of the client's trace, and the client decides whether it is sampled
)

// Traces says how requests are traced. The zero Traces traces none.
type Traces struct {
	On     bool
	Parent Parent
}

// Tracer makes a trace of each request. The nil Tracer makes none.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	parent   Parent
}

// NewTracer returns a tracer that sends to the collector of the environment. It does not call the collector. Which
// requests are sampled say OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG; without them, all are. Spans wait in a
// buffer of OTEL_BSP_MAX_QUEUE_SIZE spans; further ones are dropped.
func NewTracer(ctx context.Context, o Traces, logTo *slog.Logger) (*Tracer, error) {
	if err := check("TRACES"); err != nil {
		return nil, err
	}
	reportTo(logTo)
	of, err := about(ctx)
	if err != nil {
		return nil, fmt.Errorf("describe this program to the collector: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("send traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithResource(of), sdktrace.WithBatcher(exporter))
	return &Tracer{provider: p, tracer: p.Tracer(scope), parent: o.Parent}, nil
}

// Close sends the spans that wait, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Span is one request, or one call of an upstream for it. The nil Span takes everything and keeps nothing.
type Span struct {
	t    *Tracer
	span trace.Span
	ctx  context.Context // with this span, for the spans below it
}

// Begin begins the span of a client's request.
func (t *Tracer) Begin(r *http.Request, service string) *Span {
	if t == nil {
		return nil
	}
	ctx := context.Background()
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method(r.Method)))}
	if from := t.from(r); from.IsValid() {
		if t.parent == JoinParent {
			ctx = trace.ContextWithRemoteSpanContext(ctx, from)
		} else {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: from}))
		}
	}
	ctx, span := t.tracer.Start(ctx, service, options...)
	return &Span{t, span, ctx}
}

// from is the span of the client that sent a request, if the tracer is to heed it. It has no tracestate: that is for
// other vendors, and as long as a client likes.
func (t *Tracer) from(r *http.Request) trace.SpanContext {
	sent := r.Header.Values("Traceparent")
	if t.parent == IgnoreParent || len(sent) != 1 {
		return trace.SpanContext{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": sent[0]})
	return trace.SpanContextFromContext(ctx)
}

// method is a request's method, or _OTHER: a client may send any.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "_OTHER"
}

// IDs are the trace's id and the span's, in hexadecimal; empty: the request is not traced, or not sampled.
func (s *Span) IDs() (traceID, spanID string) {
	if s == nil || !s.span.SpanContext().IsSampled() {
		return "", ""
	}
	c := s.span.SpanContext()
	return c.TraceID().String(), c.SpanID().String()
}

// Call begins the span of a call of an upstream for the request.
func (s *Span) Call(operation, upstreamName, grantID string) *Span {
	if s == nil {
		return nil
	}
	ctx, span := s.t.tracer.Start(s.ctx, "upstream "+operation, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("latchkey.upstream", upstreamName), attribute.String("rpc.method", operation)))
	out := &Span{s.t, span, ctx}
	out.set("latchkey.grant_id", grantID)
	return out
}

// Sent tells which requests the store got for a call.
func (s *Span) Sent(sent []upstream.Sent) {
	if s == nil {
		return
	}
	for _, one := range sent {
		attributes := []attribute.KeyValue{attribute.Int("http.response.status_code", one.Status)}
		if one.RequestID != "" {
			attributes = append(attributes, attribute.String("aws.request_id", one.RequestID))
		}
		s.span.AddEvent("request", trace.WithTimestamp(one.Began), trace.WithAttributes(attributes...))
	}
}

// Outcome is what a span says at its end. Empty members are left out.
type Outcome struct {
	Operation string // of a closed set
	Service   string
	RequestID string
	Caller    string // ARN
	Account   string
	Person    string
	GrantID   string
	Session   string
	Bucket    string
	Code      string // of the failure
	Status    int    // HTTP
	Failed    bool   // by the server's fault
}

// End ends the span.
func (s *Span) End(o Outcome) {
	if s == nil {
		return
	}
	if o.Operation != "" && o.Service != "" {
		s.span.SetName(o.Service + "." + o.Operation)
	}
	for _, a := range []struct{ name, value string }{
		{"rpc.method", o.Operation}, {"rpc.service", o.Service}, {"aws.request_id", o.RequestID},
		{"latchkey.caller", o.Caller}, {"latchkey.account", o.Account}, {"latchkey.person", o.Person},
		{"latchkey.grant_id", o.GrantID}, {"latchkey.session", o.Session}, {"aws.s3.bucket", o.Bucket},
		{"error.type", o.Code},
	} {
		s.set(a.name, a.value)
	}
	if o.Status != 0 {
		s.span.SetAttributes(attribute.Int("http.response.status_code", o.Status))
	}
	if o.Failed {
		s.span.SetStatus(codes.Error, clip(o.Code))
	}
	s.span.End()
}

func (s *Span) set(name, value string) {
	if value != "" {
		s.span.SetAttributes(attribute.String(name, clip(value)))
	}
}

// clip bounds the value of an attribute.
func clip(s string) string { return fault.Clip(s, 512) }
