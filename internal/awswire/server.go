package awswire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"latchkey/internal/fault"
)

// DefaultBodyLimit holds the largest input that AWS's models allow (a policy of 350,000 characters, each
// of which XML may spell with six bytes) with room to spare.
const DefaultBodyLimit = 4 << 20

// Server answers the requests of one service, in this order: find the operation, establish the caller,
// read and check the body, decode, handle, encode. A handler cannot forget one of them.
//
// The query protocol names its operation in the body, which is therefore read first.
type Server[C any] struct {
	Service *Service
	Mux     *Mux[C]

	// Authenticate establishes who calls. It may put a reader into r.Body that checks what passes through.
	Authenticate func(r *http.Request, op *Operation) (C, error)

	// Around, if set, is called in place of the handler and calls it through next: the place to authorise and to record.
	Around func(ctx context.Context, caller C, call Call, next func(context.Context) (any, error)) (any, error)

	// Fail writes a failure. op is nil while no operation is known.
	Fail func(w http.ResponseWriter, r *http.Request, op *Operation, err error)

	// IDs names the request; the zero IDs if nil.
	IDs func(r *http.Request) IDs

	// BodyLimit bounds a buffered body in bytes; 0 means DefaultBodyLimit.
	BodyLimit int64
}

// ServeHTTP answers one request.
func (s *Server[C]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, out, err := s.answer(r)
	if err == nil {
		var ids IDs
		if s.IDs != nil {
			ids = s.IDs(r)
		}
		err = Encode(w, op, out, ids)
	}
	if _, begun := errors.AsType[*StreamError](err); begun {
		panic(http.ErrAbortHandler) // the only way to let the client see that the answer is cut short
	}
	if err != nil {
		s.Fail(w, r, op, err)
	}
}

// answer runs all phases but encoding. The operation is returned as soon as it is known.
func (s *Server[C]) answer(r *http.Request) (*Operation, any, error) {
	limit := s.BodyLimit
	if limit == 0 {
		limit = DefaultBodyLimit
	}
	var op *Operation
	var labels Labels
	var err error
	if s.Service.Protocol == Query {
		op, err = s.matchQuery(r, limit)
	} else {
		op, labels, err = s.Service.Match(r)
	}
	if err != nil {
		return op, nil, err
	}
	if !s.Mux.Handles(op) {
		return op, nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	caller, err := s.Authenticate(r, op)
	if err != nil {
		return op, nil, err
	}
	var body []byte
	if !op.Streams() {
		if body, err = ReadBody(r, limit); err != nil {
			return op, nil, err
		}
		if err := CheckBody(op, r.Header, body); err != nil {
			return op, nil, err
		}
	}
	in, err := Decode(op, r, labels, body)
	if err != nil {
		return op, nil, err
	}
	call := Call{Operation: op, Input: in, Request: r}
	next := func(ctx context.Context) (any, error) { return s.Mux.Do(ctx, caller, call) }
	if s.Around == nil {
		out, err := next(r.Context())
		return op, out, err
	}
	out, err := s.Around(r.Context(), caller, call, next)
	return op, out, err
}

// matchQuery finds a query operation by its form: the body of a POST, which it reads and puts back, or the
// query of a GET.
func (s *Server[C]) matchQuery(r *http.Request, limit int64) (*Operation, error) {
	switch r.Method {
	case http.MethodGet:
		form, err := ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		return s.Service.MatchForm(form)
	case http.MethodPost:
	default:
		return nil, fault.New(fault.Unsupported, fault.Method, "")
	}
	body, err := ReadBody(r, limit)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	return s.Service.MatchForm(form)
}
