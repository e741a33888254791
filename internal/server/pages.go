package server

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"latchkey/internal/front"
)

// What is different about the server's own pages: they are for anybody. Probes, scrapers and verifiers of tokens ask
// for some of them all the time.
var (
	own   = front.Kind{Service: "server", IDHeader: front.IDHeader, Open: true}
	quiet = front.Kind{Service: "server", IDHeader: front.IDHeader, Open: true, Quiet: true}
)

// pages are the server's own: /healthz (the process answers), /readyz (it can decide now, and is not shutting
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
		fmt.Fprintln(w, "ready")
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

// stallTimeout is how long a client may take to send the next bytes of a body, and linger how long the server goes on
// to read one that nobody wants, so that the client can see the answer.
const (
	stallTimeout  = time.Minute
	lingerTimeout = 3 * time.Second
)

// patient gives every read of a body its own deadline: an upload may take hours, but not stand still. A
// deadline for the whole request would cut large objects off.
func patient(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			h.ServeHTTP(w, r)
			return
		}
		body := &patientBody{ReadCloser: r.Body, rc: http.NewResponseController(w)}
		r.Body = body
		h.ServeHTTP(w, r)
		if !body.done {
			// net/http now reads what is left. Without a deadline it would wait for it for ever.
			_ = body.rc.SetReadDeadline(time.Now().Add(lingerTimeout))
		}
	})
}

type patientBody struct {
	io.ReadCloser
	rc   *http.ResponseController
	next time.Time
	done bool // its end was seen, or what cut it off
}

func (b *patientBody) Read(p []byte) (int, error) {
	// Setting a deadline costs: move it only when a part of it is used up.
	if now := time.Now(); now.After(b.next) {
		if err := b.rc.SetReadDeadline(now.Add(stallTimeout)); err != nil {
			return 0, err
		}
		b.next = now.Add(stallTimeout / 4)
	}
	n, err := b.ReadCloser.Read(p)
	b.done = b.done || err != nil
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{}) // the connection goes back to idling
	}
	return n, err
}
