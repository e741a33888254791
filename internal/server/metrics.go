package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/internal/engine"
)

// metrics are the server's figures in Prometheus' form.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	decision prometheus.Histogram
	vend     prometheus.Histogram
}

func newMetrics(e *engine.Engine) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_requests_total",
			Help: "Requests by service, operation and error code; the code is empty for a success.",
		}, []string{"service", "operation", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_request_seconds", Help: "How long a request took, body included, by service and operation.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
		}, []string{"service", "operation"}),
		decision: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "latchkey_decision_seconds", Help: "How long the index took to decide which grant answers.",
			Buckets: []float64{1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 1e-3},
		}),
		vend: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "latchkey_vend_seconds",
			Help:    "How long vending took after the decision: role trust, durable audit record, sealing.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.decision, m.vend,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_snapshot_revision", Help: "The database revision that this node's snapshot shows.",
		}, func() float64 { return float64(e.Revision()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_snapshot_age_seconds", Help: "How long ago the snapshot was last known to be the database's.",
		}, func() float64 { return e.Age().Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "latchkey_grants", Help: "Grants in the index, of all accounts.",
		}, func() float64 { return float64(e.Current().Grants().Len()) }),
	)
	return m
}

// observe counts a request. An operation that was not recognised is counted as unknown, so that clients
// cannot invent label values.
func (m *metrics) observe(service, operation, code string, _ int, took time.Duration) {
	m.requests.WithLabelValues(service, operation, code).Inc()
	m.latency.WithLabelValues(service, operation).Observe(took.Seconds())
}

func (m *metrics) vended(decision, vend time.Duration) {
	m.decision.Observe(decision.Seconds())
	m.vend.Observe(vend.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
