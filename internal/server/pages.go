package server

import (
	"fmt"
	"net/http"

	"latchkey/internal/front"
)

// The kinds of the server's own pages. Anybody may read them. quiet is for pages that probes, scrapers and verifiers of
// tokens request all the time.
var (
	own   = front.Kind{Service: "server", IDHeader: front.IDHeader, Open: true}
	quiet = front.Kind{Service: "server", IDHeader: front.IDHeader, Open: true, Quiet: true}
)

// pages serves the server's own pages: /healthz (the process answers), /readyz (it can decide now, and is not shutting
// down) and /metrics.
func (s *Server) pages(f *front.Frame, m *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-s.draining:
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		default:
		}
		if _, err := s.engine.Snapshot(); err != nil {
			http.Error(w, "the snapshot is stale", http.StatusServiceUnavailable)
			return
		}
		// An upstream that is away does not stop requests to the others: the server is ready.
		fmt.Fprintln(w, "ready")
		s.writeUpstreams(w)
	})
	mux.Handle("GET /metrics", m.handler())
	framed := map[string]http.Handler{
		"/healthz": f.Plain(quiet, "GetHealth", mux), "/readyz": f.Plain(quiet, "GetReadiness", mux),
		"/metrics": f.Plain(quiet, "GetMetrics", mux),
	}
	other := f.Plain(quiet, "GetOwnPage", mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := framed[r.URL.Path]
		if !ok {
			h = other
		}
		h.ServeHTTP(w, r)
	})
}
