package front

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"latchkey/internal/awserror"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/telemetry"
)

// Serve answers the request by p, finishes the request's audit record, logs the request and counts it. It panics with
// http.ErrAbortHandler when the answer could not be completed, as net/http demands.
func (x *Exchange) Serve(p Protocol) {
	defer x.letGo()
	told, err := x.settle(p, guarded(func() error {
		if err := wellFramed(x.request); err != nil {
			return err
		}
		return p.Answer()
	}))
	if err == nil {
		if err = guarded(func() error { return p.Send(x.out) }); err != nil {
			told = p.Explain(err)
		}
	}
	cut := err != nil && (x.out.status != 0 || aborts(err))
	if err != nil && !cut {
		if refuseErr := guarded(func() error { p.Refuse(x.out, err, told); return nil }); refuseErr != nil {
			err, cut = errors.Join(refuseErr, err), true
		}
	}
	x.report(told, err, cut)
	x.end(Outcome{Err: err, Told: told, Cut: cut})
	if cut {
		reset(x.out)
		panic(http.ErrAbortHandler) // the only way to let the client see that the answer is cut short
	}
}

// end tells how the exchange ended. A panic there must not look like a failure of the request, which was answered.
func (x *Exchange) end(o Outcome) {
	x.endSpan(o)
	if x.Done == nil {
		return
	}
	o.Status, o.Sent, o.Took = x.out.status, x.out.sent, time.Since(x.Began)
	if err := guarded(func() error { x.Done(o); return nil }); err != nil && x.frame.Log != nil {
		x.frame.Log.LogAttrs(x.request.Context(), slog.LevelError, "the end of a request could not be told",
			slog.String("request", x.ID), slog.String("error", err.Error()))
	}
}

// endSpan ends the request's span, with what the log record has of the request.
func (x *Exchange) endSpan(o Outcome) {
	if x.Span == nil {
		return
	}
	end := telemetry.Outcome{
		Operation: x.Operation, Service: x.Kind.Service, RequestID: x.ID, Caller: x.Caller, Account: x.Account,
		Bucket: x.Bucket, Code: o.Told.Code, Status: x.out.status,
	}
	if c := x.Call; c != nil {
		end.Caller, end.Account = cmp.Or(c.ARN(), c.Event.UserIdentity.ARN), string(c.Target)
		end.Person, end.GrantID = c.Event.Person(), c.Event.Added().GrantID
		if c.Session != nil {
			end.Session, end.GrantID = c.Session.Name, cmp.Or(c.Session.GrantID, end.GrantID)
		}
	}
	end.Failed = o.Cut || end.Status >= http.StatusInternalServerError
	x.Span.End(end)
}

// settle finishes the audit record. Every answer passes through it. It turns a success that nothing allowed, or that
// cannot be recorded, into a failure. It returns the remaining failure and its translation.
func (x *Exchange) settle(p Protocol, err error) (awserror.Error, error) {
	if err == nil {
		if err = guarded(func() error { return x.succeed() }); err == nil {
			return awserror.Error{}, nil
		}
	}
	told := p.Explain(err)
	if x.Call == nil || x.Unrecorded {
		return told, err
	}
	if failed := guarded(func() error { return x.Finish(x.Call, told) }); failed != nil {
		err = fault.New(fault.Internal, "", "").Because(errors.Join(failed, err))
		told = p.Explain(err)
	}
	return told, err
}

// succeed finishes the record of a success, if the call was allowed.
func (x *Exchange) succeed() error {
	switch {
	case x.Call == nil && x.Kind.Open:
		return nil
	case x.Call == nil:
		return fault.New(fault.Internal, "", "").Because(fmt.Errorf("%s would have succeeded for nobody", x.Operation))
	case x.Unrecorded:
		return x.frame.Control.Authorised(x.Call)
	}
	return x.frame.Control.Finish(x.request.Context(), x.Call, awserror.Error{})
}

// Finish ends a failed call with the failure that the client is told. Control keeps the record even if the client has
// gone away.
func (x *Exchange) Finish(call *control.Call, told awserror.Error) error {
	told.Code = cmp.Or(told.Code, "InternalError")
	return x.frame.Control.Finish(x.request.Context(), call, told)
}

// panicError is a panic in one of the phases. To a client it is an internal error.
type panicError struct {
	value any
	stack []byte
}

// Error names the value of the panic.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guarded runs a phase and turns a panic into an error.
func guarded(phase func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return phase()
}

// aborts reports whether a phase asked to cut the connection without an answer.
func aborts(err error) bool {
	p, ok := errors.AsType[*panicError](err)
	return ok && p.value == http.ErrAbortHandler
}
