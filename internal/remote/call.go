package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"latchkey/internal/awswire"
	"latchkey/internal/upstream"
)

// call is one call on its way to the store and back.
type call struct {
	store *Store
	shape *shape
	meta  upstream.Meta
	in    input
	body  *sending // nil: the operation streams none
}

// call performs an operation by its shape.
func (s *Store) call(ctx context.Context, sh *shape, c upstream.Call) (any, error) {
	in, err := s.input(sh, c.Input)
	if err != nil {
		return nil, err
	}
	k := &call{store: s, shape: sh, meta: c.Meta, in: in}
	if sh.op.Streams() {
		if k.body, err = s.body(c.Body); err != nil {
			return nil, err
		}
		defer k.body.release()
	}
	out, err := k.send(ctx)
	if failed := k.body.failure(); failed != nil {
		return nil, failed // whatever the store made of half a body
	}
	return out, err
}

// maxTries is how often a call is sent at most, if the store cannot have begun it.
const maxTries = 3

func (k *call) send(ctx context.Context) (any, error) {
	var tried []*endpoint
	for {
		e, wait := k.store.endpoints.pick(tried)
		if e == nil {
			return nil, away(wait)
		}
		tried = append(tried, e)
		out, err := k.attempt(ctx, e)
		again, ok := errors.AsType[*againError](err)
		if !ok {
			return out, err
		}
		if len(tried) == maxTries || ctx.Err() != nil {
			return nil, again.fault
		}
	}
}

// againError is a failure of an attempt that the store cannot have begun.
type againError struct{ fault error }

func (e *againError) Error() string { return e.fault.Error() }

// Unwrap returns the failure.
func (e *againError) Unwrap() error { return e.fault }

// stage is where an attempt is. Each stage has a limit of its own.
type stage struct {
	timer *time.Timer
	what  atomic.Pointer[string]
	over  atomic.Bool // the time of a stage was over
}

// begin begins a stage. No limit: 0.
func (s *stage) begin(what string, limit time.Duration) {
	s.what.Store(&what)
	if limit == 0 {
		s.timer.Stop()
		return
	}
	s.timer.Reset(limit)
}

var errStopped = errors.New("the call is over")

// attempt sends the call to one endpoint and reads its answer.
func (k *call) attempt(parent context.Context, e *endpoint) (out any, err error) {
	ctx, cancel := context.WithCancelCause(parent)
	at := &stage{}
	at.timer = time.AfterFunc(time.Hour, func() {
		at.over.Store(true)
		cancel(fmt.Errorf("the store takes too long: %s", *at.what.Load()))
	})
	at.begin("to connect", k.store.limits.Connect+k.store.limits.Wait)
	reused := false
	r, err := k.store.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			reused = info.Reused
			if c, ok := info.Conn.(*conn); ok && reused {
				c.settle()
			}
			at.begin("to answer", k.answerLimit())
		},
	}), e.url, k)
	streams := false
	defer func() {
		if !streams {
			at.timer.Stop()
			cancel(errStopped)
		}
	}()
	if err != nil {
		e.report(unknown, nil)
		return nil, err
	}
	began := time.Now()
	resp, err := k.store.transport.RoundTrip(r)
	k.note(began, resp)
	if err != nil {
		return nil, k.broken(parent, e, lost{err: err, cause: context.Cause(ctx), stage: at, reused: reused})
	}
	at.begin("to end its answer", k.wholeLimit())
	out, err = awswire.DecodeResponse(k.shape.op, resp, k.store.limits.MaxAnswer)
	if err != nil {
		return nil, k.refusal(parent, e, resp, err)
	}
	e.report(answered, nil)
	k.store.refusals.clear()
	if k.body != nil && !k.body.complete() {
		return nil, unavailable("the store answered before it had the whole body", nil)
	}
	if err := k.rewrite(out, resp); err != nil {
		return nil, err
	}
	if body := k.stream(out); body != nil {
		streams = true
		at.begin("to send an object", 0)
		k.setStream(out, &content{ReadCloser: body, stage: at, cancel: cancel, idle: k.store.limits.Idle,
			length: resp.ContentLength})
	}
	return out, nil
}

// note tells the call's trace of a request. resp is nil if no answer came.
func (k *call) note(began time.Time, resp *http.Response) {
	if k.meta.Trace == nil {
		return
	}
	sent := upstream.Sent{Upstream: k.store.options.Name, Began: began, Took: time.Since(began)}
	if resp != nil {
		sent.Status = resp.StatusCode
		sent.RequestID, sent.HostID = resp.Header.Get("X-Amz-Request-Id"), resp.Header.Get("X-Amz-Id-2")
	}
	k.meta.Trace.Add(sent)
}

// answerLimit is how long the store may take to begin its answer. A body takes as long as it takes: the time begins
// when it was sent, in net/http.
func (k *call) answerLimit() time.Duration {
	switch {
	case k.body != nil:
		return 0
	case k.shape.reads():
		return k.store.limits.Answer
	}
	return k.store.limits.Work
}

// wholeLimit is how long the store may take for the rest of an answer that is no object.
func (k *call) wholeLimit() time.Duration {
	switch {
	case k.shape.out.stream >= 0:
		return k.store.limits.Idle // an answer that is none is read at once
	case k.shape.reads():
		return k.store.limits.Answer
	}
	return k.store.limits.Work
}

// lost is an attempt without an answer.
type lost struct {
	err    error
	cause  error // why our own context ended; nil: it has not
	stage  *stage
	reused bool // the connection had been used before
}

// broken says what became of an attempt that has no answer.
func (k *call) broken(parent context.Context, e *endpoint, l lost) error {
	_, unconnected := errors.AsType[connectError](l.err)
	failure := unanswered(l.err)
	switch {
	case k.body.failure() != nil:
		e.report(unknown, nil)
		return k.body.failure()
	case parent.Err() != nil && !l.stage.over.Load():
		e.report(unknown, nil)
		return unanswered(context.Cause(parent))
	case l.stage.over.Load():
		failure = unanswered(l.cause)
	}
	e.report(failed, l.err)
	unread := k.body != nil && k.body.withdraw()
	if unconnected || unread && l.reused {
		return &againError{failure}
	}
	return failure
}
