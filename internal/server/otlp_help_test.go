package server

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an OpenTelemetry collector that keeps what it gets.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	answer  func(path string) (status int, body []byte) // nil: 200
	service string
	headers http.Header
	logs    []*logs.LogRecord
	spans   []*traces.Span
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(w, r); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(c.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0")
	return c
}

func (c *collector) take(w http.ResponseWriter, r *http.Request) error {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		from = z
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = r.Header.Clone()
	if c.answer != nil {
		if status, text := c.answer(r.URL.Path); status != 0 {
			w.Header().Set("Content-Type", "application/x-protobuf")
			w.WriteHeader(status)
			_, err := w.Write(text)
			return err
		}
	}
	switch r.URL.Path {
	case "/v1/logs":
		var in collogs.ExportLogsServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			return err
		}
		for _, of := range in.ResourceLogs {
			c.service = attribute(of.Resource.Attributes, "service.name")
			for _, scope := range of.ScopeLogs {
				c.logs = append(c.logs, scope.LogRecords...)
			}
		}
	case "/v1/traces":
		var in coltraces.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			return err
		}
		for _, of := range in.ResourceSpans {
			c.service = attribute(of.Resource.Attributes, "service.name")
			for _, scope := range of.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	default:
		return fmt.Errorf("something came to %s", r.URL.Path)
	}
	return nil
}

func attribute(all []*common.KeyValue, key string) string {
	for _, a := range all {
		if a.Key == key {
			if n, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
				return fmt.Sprint(n.IntValue)
			}
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// span finds a span by its name.
func (c *collector) span(t *testing.T, name string) *traces.Span {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no span %s among %d", name, len(c.spans))
	return nil
}
