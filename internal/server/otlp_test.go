package server

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"latchkey/internal/events"
	"latchkey/internal/telemetry"
)

func TestDataEventsGoToACollector(t *testing.T) {
	c := newCollector(t)
	s, stop := serving(t, Config{Data: t.TempDir(), Events: Events{OTLP: true}, Traces: telemetry.Traces{On: true}})
	putObject(t, s, "/lake", "")
	putObject(t, s, "/lake/secret-name", "content")
	if status, _ := s3Do(t, s, http.MethodGet, "/lake/none", ""); status != http.StatusNotFound {
		t.Fatal(status)
	}
	stop()
	if len(c.logs) != 3 || c.service != "latchkey" || c.headers.Get("Authorization") != "Basic c2VjcmV0" {
		t.Fatalf("%d log records of %q", len(c.logs), c.service)
	}
	r := c.logs[1]
	span := c.span(t, "s3.PutObject")
	for name, want := range map[string]string{
		"rpc.method": "PutObject", "rpc.service": "S3", "aws.s3.bucket": "lake", "cloud.account.id": "123456789012",
		"http.response.status_code": "200", "latchkey.decision": "allow", "latchkey.upstream": "embedded",
		"latchkey.caller": "arn:aws:iam::123456789012:root",
	} {
		if got := attribute(r.Attributes, name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if body := r.Body.GetStringValue(); !strings.Contains(body, `"key":"secret-name"`) ||
		!strings.Contains(body, `"traceId":"`+hex.EncodeToString(r.TraceId)+`"`) || r.EventName != "aws.cloudtrail.data" {
		t.Errorf("%s %s", r.EventName, body)
	}
	if r.SeverityText != "INFO" || c.logs[2].SeverityText != "WARN" ||
		attribute(c.logs[2].Attributes, "error.type") != "NoSuchKey" {
		t.Errorf("%v", c.logs[2])
	}
	if string(r.TraceId) == "" || len(c.spans) < 3 || span.Kind != traces.Span_SPAN_KIND_SERVER {
		t.Errorf("%v", span)
	}
}

// TestTracesLeadFromTheClientsRequestToTheUpstream also checks that no attribute has what nobody may read there.
func TestTracesLeadFromTheClientsRequestToTheUpstream(t *testing.T) {
	c := newCollector(t)
	s, stop := serving(t, Config{Data: t.TempDir(), Traces: telemetry.Traces{On: true}})
	putObject(t, s, "/lake", "")
	putObject(t, s, "/lake/object-key", "content")
	r, err := http.NewRequest(http.MethodGet, s.URL()+"/lake/object-key?X-Amz-Signature=abc&X-Amz-Security-Token=tok", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if resp, err := http.DefaultClient.Do(r); err != nil {
		t.Fatal(err)
	} else {
		resp.Body.Close()
	}
	for range 3 {
		send(t, s, "GET", "/healthz", "127.0.0.1")
	}
	stop()
	outer, inner := c.span(t, "s3.PutObject"), c.span(t, "upstream PutObject")
	if string(inner.ParentSpanId) != string(outer.SpanId) || string(inner.TraceId) != string(outer.TraceId) ||
		inner.Kind != traces.Span_SPAN_KIND_CLIENT || attribute(inner.Attributes, "latchkey.upstream") != "embedded" {
		t.Errorf("%v is not below %v", inner, outer)
	}
	if attribute(outer.Attributes, "aws.s3.bucket") != "lake" || attribute(outer.Attributes, "aws.request_id") == "" {
		t.Errorf("%v", outer)
	}
	for _, span := range c.spans {
		text := span.String()
		for _, secret := range []string{
			s.Root.AccessKeyID, s.Root.Secret.Reveal(), "object-key", "X-Amz", "tok", "4bf92f3577b34da6a3ce929d0e0e4736",
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
		if len(span.Links) > 0 || strings.Contains(text, "GetHealth") {
			t.Errorf("%s", text)
		}
	}
}

func TestWhatAClientsTraceparentMeans(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, x := range map[string]struct {
		parent       telemetry.Parent
		sent         []string
		joins, links bool
	}{
		"ignored":     {telemetry.IgnoreParent, []string{parent}, false, false},
		"linked":      {telemetry.LinkParent, []string{parent}, false, true},
		"joined":      {telemetry.JoinParent, []string{parent}, true, false},
		"none":        {telemetry.JoinParent, nil, false, false},
		"two":         {telemetry.JoinParent, []string{parent, parent}, false, false},
		"nonsense":    {telemetry.JoinParent, []string{strings.Repeat("0", 5000)}, false, false},
		"not sampled": {telemetry.LinkParent, []string{strings.TrimSuffix(parent, "1") + "0"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t)
			s, stop := serving(t, Config{Data: t.TempDir(), Traces: telemetry.Traces{On: true, Parent: x.parent}})
			r, err := http.NewRequest(http.MethodGet, s.URL()+"/lake/k", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header["Traceparent"] = x.sent
			r.Header.Set("Tracestate", "vendor="+strings.Repeat("x", 200))
			if resp, err := http.DefaultClient.Do(r); err != nil {
				t.Fatal(err)
			} else {
				resp.Body.Close()
			}
			stop()
			span := c.span(t, "s3.unknown")
			const id = "4bf92f3577b34da6a3ce929d0e0e4736"
			if joins := hex.EncodeToString(span.TraceId) == id; joins != x.joins {
				t.Errorf("the trace is %x", span.TraceId)
			}
			links := len(span.Links) == 1 && hex.EncodeToString(span.Links[0].TraceId) == id
			if links != x.links || span.TraceState != "" {
				t.Errorf("%v", span)
			}
		})
	}
}

// TestACollectorThatIsAwayHindersNobody: requests are served, what is lost is counted, and the server ends.
func TestACollectorThatIsAwayHindersNobody(t *testing.T) {
	c := newCollector(t)
	c.answer = func(string) (int, []byte) { return http.StatusServiceUnavailable, nil }
	s, stop := serving(t, Config{
		Data: t.TempDir(), DrainTimeout: 2 * time.Second, Traces: telemetry.Traces{On: true},
		Events: Events{OTLP: true, Limits: events.Limits{Records: 3, Bytes: 1 << 20, Wait: 1}},
	})
	putObject(t, s, "/lake", "")
	for range 9 {
		putObject(t, s, "/lake/k", "")
	}
	metricsShow(t, s, `latchkey_events_dropped_total{sink="otlp"} 7`)
	stop()
	if got := s.events.Stats()[0]; got.Dropped != 10 || got.Written != 0 {
		t.Errorf("%+v", got)
	}
}

// TestWhatACollectorRefusesIsCounted: it took the batch but for some records, and would refuse these again.
func TestWhatACollectorRefusesIsCounted(t *testing.T) {
	c := newCollector(t)
	refusal, err := proto.Marshal(&collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{
		RejectedLogRecords: 2, ErrorMessage: "too (old)",
	}})
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	c.answer = func(string) (int, []byte) { calls++; return http.StatusOK, refusal }
	s, stop := serving(t, Config{Data: t.TempDir(), Events: Events{OTLP: true}})
	putObject(t, s, "/lake", "")
	for range 2 {
		putObject(t, s, "/lake/k", "")
	}
	stop()
	if got := s.events.Stats()[0]; got.Dropped != 2 || got.Written != 1 || calls != 1 {
		t.Errorf("%+v after %d calls", got, calls)
	}
}

func TestVariablesOfOpenTelemetryAreChecked(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL":      "grpc",
		"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json",
		"OTEL_EXPORTER_OTLP_ENDPOINT":      "collector:4318",
		"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://user:hunter2@collector:4318/v1/logs",
		"OTEL_EXPORTER_OTLP_HEADERS":       "hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			s, err := Open(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Events: Events{OTLP: true}})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
			s, stop := serving(t, Config{Data: t.TempDir()}) // what is off reads no variable
			putObject(t, s, "/lake", "")
			stop()
		})
	}
}
