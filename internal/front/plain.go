package front

import (
	"net/http"

	"latchkey/internal/awserror"
)

// Plain frames a handler that writes its own answers and reports failures by their status alone, such as the handler of
// the server's own pages. operation names what the handler does. A panic is answered with a line of text.
func (f *Frame) Plain(k Kind, operation string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := f.Begin(w, r, k)
		x.Operation = operation
		x.Serve(plain{h, r})
	})
}

// plain is a Protocol around a handler.
type plain struct {
	handler http.Handler
	request *http.Request
}

func (p plain) Answer() error { return nil }

func (p plain) Send(w http.ResponseWriter) error {
	p.handler.ServeHTTP(w, p.request)
	return nil
}

func (p plain) Explain(error) awserror.Error {
	return awserror.Error{Code: "InternalError", Status: http.StatusInternalServerError, Message: "internal error"}
}

func (p plain) Refuse(w http.ResponseWriter, _ error, told awserror.Error) {
	http.Error(w, told.Message, told.Status)
}
