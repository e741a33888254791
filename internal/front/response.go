package front

import (
	"io"
	"net/http"
)

// response writes an answer. It remembers whether the answer has begun, with which status, and how long it is.
type response struct {
	http.ResponseWriter
	status int   // 0: nothing was written
	sent   int64 // bytes of the body
}

// WriteHeader sends the status. An informational one (1xx) is not yet the status of the answer.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	clean(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *response) Write(b []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(b)
	w.sent += int64(n)
	return n, err
}

// ReadFrom lets the kernel copy a file to the connection, if the kernel can.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	n, err := io.Copy(w.ResponseWriter, r)
	w.sent += n
	return n, err
}

func (w *response) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
		clean(w.Header())
	}
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
