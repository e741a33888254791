package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// scope names this program among those that send telemetry.
const scope = "latchkey"

// check refuses variables that the exporters would ignore, or print. It never shows a value that may be a secret.
// signal is LOGS or TRACES.
func check(signal string) error {
	for _, base := range []string{"OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_" + signal + "_"} {
		if p := os.Getenv(base + "PROTOCOL"); p != "" && p != "http/protobuf" {
			return fmt.Errorf("%sPROTOCOL is %q: only http/protobuf is spoken", base, p)
		}
		if e := os.Getenv(base + "ENDPOINT"); e != "" {
			u, err := url.Parse(e)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				return fmt.Errorf("%sENDPOINT must be a URL such as https://collector.example.org:4318", base)
			}
			if u.User != nil {
				return fmt.Errorf("%sENDPOINT has a user name: give credentials in %sHEADERS", base, base)
			}
		}
		for h := range strings.SplitSeq(os.Getenv(base+"HEADERS"), ",") {
			if name, _, ok := strings.Cut(h, "="); strings.TrimSpace(h) != "" && (!ok || strings.TrimSpace(name) == "") {
				return fmt.Errorf("%sHEADERS must be a list such as name=value,name=value", base)
			}
		}
	}
	return nil
}

// about describes this program to the collector. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override it.
func about(ctx context.Context) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", scope)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
}

// failures logs what the exporters report: the first failure at once, and then one line a minute at most.
type failures struct {
	mu   sync.Mutex
	log  *slog.Logger
	last time.Time
	more int
}

var reported failures

// reportTo lets the exporters report their failures to a log. OpenTelemetry has one place for that in a program: the
// latest server's log. Their own diagnostics are dropped, because they print the values of variables.
func reportTo(log *slog.Logger) {
	reported.mu.Lock()
	reported.log = log
	reported.mu.Unlock()
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(reported.report))
}

func (f *failures) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.log == nil || now.Sub(f.last) < time.Minute {
		f.more++
		return
	}
	f.log.LogAttrs(context.Background(), slog.LevelWarn, "telemetry was not sent",
		slog.String("error", err.Error()), slog.Int("more", f.more))
	f.last, f.more = now, 0
}
