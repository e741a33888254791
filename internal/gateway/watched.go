package gateway

import (
	"io"
	"math"
	"net/http"
)

// watchedReader is the body of a request on its way to an upstream.
type watchedReader struct {
	io.Reader
	watch *watch
}

// Read fails once the caller was stopped, also if it waited for the client.
func (r *watchedReader) Read(p []byte) (int, error) {
	room, err := r.watch.room()
	if err != nil {
		return 0, err
	}
	n, err := r.Reader.Read(p[:min(int64(len(p)), room)])
	r.watch.passed(int64(n))
	if err != nil && err != io.EOF {
		err = r.watch.why(err)
	}
	return n, err
}

// watchedWriter is the answer of a request that reads.
type watchedWriter struct {
	http.ResponseWriter
	watch *watch
}

// over returns the writer by which the answer goes out.
func (w *watch) over(q *request, to http.ResponseWriter) http.ResponseWriter {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil || w.stopped || !q.row.readOnly {
		return to
	}
	w.interrupt = func() { _ = http.NewResponseController(to).SetWriteDeadline(past) }
	return &watchedWriter{to, w}
}

// why is err, or why the caller was stopped.
func (w *watch) why(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended != nil {
		return w.ended
	}
	return err
}

// Write sends a part of the answer.
func (w *watchedWriter) Write(b []byte) (total int, err error) {
	for {
		room, err := w.watch.room()
		if err != nil {
			return total, err
		}
		part := b[:min(int64(len(b)), room)]
		n, err := w.ResponseWriter.Write(part)
		w.watch.passed(int64(n))
		total += n
		if b = b[len(part):]; err != nil || len(b) == 0 {
			return total, err
		}
	}
}

// ReadFrom lets the kernel copy a file to the connection, if the kernel can: net/http has to see one limit around the
// file itself.
func (w *watchedWriter) ReadFrom(r io.Reader) (total int64, err error) {
	all, ok := r.(*io.LimitedReader)
	if !ok {
		all = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	for all.N > 0 {
		room, err := w.watch.room()
		if err != nil {
			return total, err
		}
		size := min(all.N, room)
		n, err := io.Copy(w.ResponseWriter, &io.LimitedReader{R: all.R, N: size})
		w.watch.passed(n)
		total += n
		all.N -= n
		if err != nil || n < size {
			return total, err
		}
	}
	return total, nil
}

// Unwrap is for http.ResponseController.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
