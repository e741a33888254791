package server

import (
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"time"

	"latchkey/internal/fault"
)

// stallTimeout is how long a client may take to send the next bytes of a body, and to take the next maxUnwatched bytes
// of an answer. minBodyRate is how many bytes a second it must send at least, on average and apart from a first
// stallTimeout: a byte now and then is no progress. Only the time counts in which the server waits for the client.
// lingerTimeout is how long the server continues to read a body that no handler reads, so that the client
// can see the answer.
const (
	stallTimeout  = time.Minute
	minBodyRate   = 1 << 10
	lingerTimeout = 3 * time.Second
)

// maxUnwatched is how many bytes of an answer the server writes under one deadline. A client has to take about 6 KB in
// a second.
const maxUnwatched = 256 << 10

// patient sets a deadline of its own for every read of a body and every write of an answer: an upload or a download may
// take hours, but must not stand still. A deadline for the whole request would cut large objects off.
//
// The handler gets a copy of the request, because net/http looks at the request's own body when it decides whether the
// connection can be used again. If it found another type there, it would keep a connection on which a client still
// waits for 100 Continue.
func patient(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		answer := &patientWriter{ResponseWriter: w, rc: rc}
		conn := connOf(r)
		if conn != nil && conn.secured != nil {
			state := conn.secured.ConnectionState()
			r.TLS = &state
		}
		if !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close") // net/http does not read a Transfer-Encoding there (RFC 9112, 6.1)
		}
		if len(r.TransferEncoding) > 0 && (conn == nil || conn.length.Load()) {
			w.Header().Set("Connection", "close") // the request may have had a Content-Length, too, see framedConn
		}
		if r.ContentLength == 0 {
			h.ServeHTTP(answer, r)
			answer.watch() // net/http now writes the rest
			return
		}
		body := &patientBody{ReadCloser: r.Body, rc: rc, answer: answer, request: r}
		given := *r
		given.Body = body
		h.ServeHTTP(answer, &given)
		answer.watch()
		if !body.done {
			// net/http now reads the rest of the body. Without a deadline it could wait for ever.
			_ = rc.SetReadDeadline(time.Now().Add(lingerTimeout))
		}
	})
}

type patientBody struct {
	io.ReadCloser
	rc      *http.ResponseController
	answer  *patientWriter
	request *http.Request // as net/http knows it
	until   time.Time     // when the whole body must have come; zero: no such time
	next    time.Time     // when the deadline is to be moved
	read    int64
	waited  time.Duration // for the client
	done    bool          // a read has returned the end or an error
}

// Until sets when the whole body must have come.
func (b *patientBody) Until(t time.Time) { b.until, b.next = t, time.Time{} }

// deadline is until when the client must send something.
func (b *patientBody) deadline(now time.Time) time.Time {
	earned := time.Duration(float64(b.read) / minBodyRate * float64(time.Second))
	at := now.Add(min(stallTimeout, stallTimeout+earned-b.waited))
	if !b.until.IsZero() && b.until.Before(at) {
		at = b.until
	}
	return at
}

func (b *patientBody) Read(p []byte) (int, error) {
	began := time.Now()
	// Setting a deadline costs time. It is moved only when a part of it is used up.
	if began.After(b.next) {
		at := b.deadline(began)
		if !at.After(began) {
			b.done = true
			return 0, os.ErrDeadlineExceeded
		}
		if err := b.rc.SetReadDeadline(at); err != nil {
			return 0, err
		}
		b.next = began.Add(at.Sub(began) / 4)
		b.answer.watch() // the first read may write 100 Continue
	}
	n, err := b.ReadCloser.Read(p)
	b.read, b.waited = b.read+int64(n), b.waited+time.Since(began)
	b.done = b.done || err != nil
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{}) // the connection is idle again
		if len(b.request.Trailer) > 0 {
			return n, fault.New(fault.Invalid, fault.Header, "Trailers of the transfer coding are not supported.")
		}
	}
	return n, err
}

// patientWriter is an answer whose client must take it.
type patientWriter struct {
	http.ResponseWriter
	rc   *http.ResponseController
	next time.Time
}

// unwatched takes the deadline of the last answer from a connection that is idle.
func unwatched(c net.Conn, s http.ConnState) {
	if s == http.StateIdle {
		_ = c.SetWriteDeadline(time.Time{})
	}
}

// watch moves the deadline when a part of it is used up. Connections without deadlines are those of tests.
func (w *patientWriter) watch() {
	if now := time.Now(); now.After(w.next) {
		_ = w.rc.SetWriteDeadline(now.Add(stallTimeout))
		w.next = now.Add(stallTimeout / 4)
	}
}

func (w *patientWriter) Write(b []byte) (total int, err error) {
	for {
		w.watch()
		part := b[:min(len(b), maxUnwatched)]
		n, err := w.ResponseWriter.Write(part)
		total += n
		if b = b[len(part):]; err != nil || len(b) == 0 {
			return total, err
		}
	}
}

// ReadFrom lets the kernel copy a file to the connection, if the kernel can: net/http has to see a limit around the
// file itself.
func (w *patientWriter) ReadFrom(r io.Reader) (total int64, err error) {
	all, ok := r.(*io.LimitedReader)
	if !ok {
		all = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	part := &io.LimitedReader{R: all.R}
	for all.N > 0 {
		w.watch()
		size := min(all.N, maxUnwatched)
		part.N = size
		n, err := io.Copy(w.ResponseWriter, part)
		total += n
		all.N -= n
		if err != nil || n < size {
			return total, err
		}
	}
	return total, nil
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
