package awswire

import (
	"context"
	"fmt"
	"net/http"

	"latchkey/internal/fault"
)

// Call is a request that was recognised and decoded: Input is a pointer to the operation's input. One Mux
// may hand it to another, as the S3 gateway hands its calls to the embedded object store.
type Call struct {
	Operation *Operation
	Input     any
	Request   *http.Request // the request as it came; nil if the call was made by ourselves
}

// Mux has a handler for each of a set of operations, of one service or of several. C is what a handler is
// told about its caller. The zero Mux handles nothing; fill it before it serves.
type Mux[C any] struct {
	handlers map[*Operation]func(context.Context, C, any) (any, error)
}

// Handle makes f the handler of op. To handle an operation twice is a mistake of the program and panics.
// A handler that returns neither an answer nor an error answers with an empty output.
func Handle[C, In, Out any](m *Mux[C], op Op[In, Out], f func(context.Context, C, *In) (*Out, error)) {
	if m.handlers == nil {
		m.handlers = map[*Operation]func(context.Context, C, any) (any, error){}
	}
	if _, twice := m.handlers[op.Operation]; twice {
		panic("awswire: " + op.Name + " is handled twice")
	}
	m.handlers[op.Operation] = func(ctx context.Context, c C, in any) (any, error) {
		typed, ok := in.(*In)
		if !ok {
			return nil, fmt.Errorf("%s got a %T", op.Name, in)
		}
		out, err := f(ctx, c, typed)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = new(Out)
		}
		return out, nil
	}
}

// Handles reports whether op has a handler.
func (m *Mux[C]) Handles(op *Operation) bool { return m.handlers[op] != nil }

// Do runs the handler of a decoded call and returns a pointer to the operation's output. A call that
// nobody handles is fault.Unsupported.
func (m *Mux[C]) Do(ctx context.Context, c C, call Call) (any, error) {
	f := m.handlers[call.Operation]
	if f == nil {
		return nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	return f(ctx, c, call.Input)
}
