package server

import (
	"fmt"
	"io"
	"net/http"
	"time"

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

// stallTimeout is how long a client may take to send the next bytes of a body. lingerTimeout is how long the server
// continues to read a body that no handler reads, so that the client can see the answer.
const (
	stallTimeout  = time.Minute
	lingerTimeout = 3 * time.Second
)

// patient sets a deadline of its own for every read of a body: an upload may take hours, but must not stand still. A
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
			// net/http now reads the rest of the body. Without a deadline it could wait for ever.
			_ = body.rc.SetReadDeadline(time.Now().Add(lingerTimeout))
		}
	})
}

type patientBody struct {
	io.ReadCloser
	rc   *http.ResponseController
	next time.Time
	done bool // a read has returned the end or an error
}

func (b *patientBody) Read(p []byte) (int, error) {
	// Setting a deadline costs time. It is moved only when a part of it is used up.
	if now := time.Now(); now.After(b.next) {
		if err := b.rc.SetReadDeadline(now.Add(stallTimeout)); err != nil {
			return 0, err
		}
		b.next = now.Add(stallTimeout / 4)
	}
	n, err := b.ReadCloser.Read(p)
	b.done = b.done || err != nil
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{}) // the connection is idle again
	}
	return n, err
}
