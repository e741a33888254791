package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/internal/awswire"
	"latchkey/internal/fault"
)

// unavailable is the failure of a store that does not answer, or not as a store. Only the log reads what was wrong.
func unavailable(what string, cause error) *fault.Error {
	if cause != nil {
		cause = fmt.Errorf("%s: %w", what, cause)
	} else {
		cause = errors.New(what)
	}
	return fault.New(fault.Unavailable, "", "").Because(cause)
}

// retryAfter is the member of a fault with the seconds after which a client may try again. The gateway sends it as the
// header of that name.
const retryAfter = "Retry-After"

// away is the failure of a call that is not sent, because the store is left alone for a while.
func away(left time.Duration) error {
	return later(fault.New(fault.Unavailable, fault.Upstream, "").Because(errors.New("every endpoint is away")), left)
}

// unanswered is the failure of a call that was not answered.
func unanswered(cause error) *fault.Error {
	return later(fault.New(fault.Unavailable, fault.Upstream, "").Because(cause), time.Second)
}

func later(f *fault.Error, left time.Duration) *fault.Error {
	seconds := int64(max(1, math.Ceil(left.Seconds())))
	return f.With(retryAfter, itoa(seconds))
}

// refusal says what became of an attempt whose answer is a failure, or none of S3's.
func (k *call) refusal(parent context.Context, e *endpoint, resp *http.Response, err error) error {
	refused, ok := errors.AsType[*awswire.APIError](err)
	if !ok {
		return k.unreadable(parent, e, err)
	}
	if notS3(k.shape.op, refused) {
		what := fmt.Sprintf("the store answers %d, and not as S3", refused.Status)
		if refused.Status >= http.StatusBadGateway { // a proxy in front of the store speaks
			e.report(failed, errors.New(what))
			return unanswered(errors.New(what))
		}
		e.report(answered, nil)
		return unavailable(what, nil)
	}
	e.report(answered, nil)
	switch {
	case isRedirect(refused.Status):
		k.store.log.Warn("the store redirects, which is not followed", slog.String("operation", k.shape.op.Name),
			slog.Int("status", refused.Status), slog.String("to", fault.Clip(resp.Header.Get("Location"), 200)))
		return unavailable(fmt.Sprintf("the store redirects with %d", refused.Status), refused)
	case refusesUs(refused):
		k.store.refusals.note(k.store.log, refused)
		return unavailable("the store refuses our credentials", refused)
	}
	return k.foreign(resp, refused)
}

// unreadable is the failure of an answer that is not what S3 answers.
func (k *call) unreadable(parent context.Context, e *endpoint, err error) error {
	_, wrong := errors.AsType[*awswire.AnswerError](err)
	switch {
	case parent.Err() != nil:
		e.report(unknown, nil)
	case !wrong || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled):
		e.report(failed, err)
		return unanswered(err)
	default: // a caller may have made what cannot be read: it must not make the store look away
		e.report(answered, nil)
	}
	return unavailable("the store's answer", err)
}

// notS3 reports whether a failure is not in S3's words. An answer to a HEAD has no words.
func notS3(op *awswire.Operation, e *awswire.APIError) bool {
	if e.Code != "" || op.Method == http.MethodHead || isRedirect(e.Status) {
		return false
	}
	switch e.Status {
	case http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable,
		http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return true
}

func isRedirect(status int) bool {
	return status >= 300 && status < 400 && status != http.StatusNotModified
}

// refusesUs reports whether the store refuses the gateway itself. The client did nothing wrong.
func refusesUs(e *awswire.APIError) bool {
	if _, known := kinds[e.Code]; known {
		return false
	}
	return ourFault[e.Code] || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// refusals remembers whether the store refuses our credentials, so that it is logged once.
type refusals struct {
	mu   sync.Mutex
	text string
}

func (r *refusals) note(log *slog.Logger, e *awswire.APIError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text == "" {
		log.Warn("the store refuses our credentials", slog.String("operation", e.Operation), slog.Int("status", e.Status),
			slog.String("code", fault.Clip(e.Code, 64)), slog.String("message", fault.Clip(e.Message, 200)),
			slog.String("storeRequest", fault.Clip(e.RequestID, 128)))
	}
	r.text = fault.Clip(e.Error(), 300)
}

func (r *refusals) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = ""
}

func (r *refusals) now() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text
}

// foreign is a failure that the store worded. The kind is what the gateway and clients act on.
func (k *call) foreign(resp *http.Response, e *awswire.APIError) error {
	kind, entity := kindOf(k.shape.op, e)
	f := fault.New(kind, entity, "")
	if e.Code != "" {
		message := e.Message
		if k.in.stored != k.in.bucket && k.in.stored != "" {
			message = strings.ReplaceAll(message, k.in.stored, k.in.bucket)
		}
		f.Foreign = &fault.Foreign{Code: e.Code, Status: e.Status, Message: message, RequestID: e.RequestID}
	}
	switch kind {
	case fault.NotModified:
		f = f.With("ETag", resp.Header.Get("ETag")).With("Last-Modified", resp.Header.Get("Last-Modified"))
	case fault.Throttled, fault.Unavailable:
		f = later(f, storeWants(resp.Header.Get(retryAfter)))
	}
	return f.Because(e)
}

// maxRetryAfter is how long a store may ask our clients to wait.
const maxRetryAfter = 5 * time.Minute

func storeWants(header string) time.Duration {
	n, err := strconv.Atoi(header)
	if err != nil || n < 0 {
		return time.Second
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}
