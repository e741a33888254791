// Package gateway is S3's data plane: it names the operation of a request, finds out which rights it needs,
// checks every one of them, and lets an upstream perform it.
//
// It recognises an operation only if method, path and every query parameter are known; what it does not
// recognise is NotImplemented, never something else. Upstreams get typed calls that were built from the
// request, never the request's own bytes beyond its body. Who may do what is decided by the caller's policies
// (caller), the scope of a vended credential among them, and by the bucket's policy (control/buckets).
package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
	"latchkey/internal/upstream"
)

// Gateway serves S3. All fields but Observe must be set.
type Gateway struct {
	Control *control.Control
	Buckets *buckets.Buckets // knows the upstream
	Auth    *caller.Authenticator
	Domains []string // a bucket may stand as a label before any of these host names; lower case
	Log     *slog.Logger
	Observe func(service, operation, code string, status int, took time.Duration)

	ended endedLog
}

// The largest bodies that are buffered: 1,000 keys to delete or 10,000 parts to put together, and for all other
// operations enough to tell a document that is too large for its kind.
const (
	maxListBody = 8 << 20
	maxBody     = 64 << 10
)

// hostID is sent as x-amz-id-2.
const hostID = "latchkey"

// request is one request on its way through the gateway.
type request struct {
	*http.Request
	id       string
	began    time.Time
	op       *awswire.Operation
	row      *operation     // of op
	body     *upstream.Body // of an operation whose body is streamed
	call     *control.Call
	bucket   *bucket.Bucket // the addressed bucket, once it is known to exist
	key      string
	required []permission // what was authorised before the upstream was called
	status   int
	err      error
}

// ServeHTTP answers one request and writes one log record.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, id: uuid.NewString(), began: time.Now(), status: http.StatusInternalServerError}
	defer g.logRequest(q)
	out, err := g.answer(q)
	if q.bucket != nil {
		w.Header()["x-amz-bucket-region"] = []string{q.bucket.Region}
	}
	ids := awswire.IDs{Request: q.id, Host: hostID}
	if err == nil {
		err = awswire.Encode(w, q.op, out, ids)
		if err == nil {
			q.status = q.op.SuccessStatus()
			return
		}
	}
	q.err = err
	if _, begun := errors.AsType[*awswire.StreamError](err); begun {
		// The only way to let the client see that the object is cut short.
		panic(http.ErrAbortHandler)
	}
	g.recordEnded(q, err)
	e := awserror.Of(awserror.S3, err)
	q.status = e.Status
	if e.Status == http.StatusNotModified { // it has no body to carry them
		for _, name := range []string{"ETag", "Last-Modified"} {
			if v := e.Fields[name]; v != "" {
				w.Header().Set(name, v)
			}
		}
	}
	fields := map[string]string{}
	if e.Status != http.StatusNotModified { // whose fields are headers
		fields["Resource"] = r.URL.EscapedPath()
	}
	for k, v := range e.Fields {
		fields[k] = v
	}
	if r.ContentLength != 0 {
		// The body was not read to its end: the connection cannot be used again.
		w.Header().Set("Connection", "close")
	}
	awswire.EncodeError(w, s3.Service, awswire.WireError{Code: e.Code, Status: e.Status, Message: e.Message, Fields: fields}, ids)
}

// answer runs the phases: who calls, which operation, which rights, and only then the upstream.
func (g *Gateway) answer(q *request) (any, error) {
	if q.Method == http.MethodOptions {
		// A browser asks before it signs. No bucket has rules that would allow it anything.
		return nil, fault.New(fault.Denied, "", "CORSResponse: CORS is not enabled for this bucket.")
	}
	who, signature, err := g.Auth.Authenticate(q.Request, s3.Service.SigningName, q.id)
	if err != nil {
		return nil, err
	}
	labels, err := g.recognise(q)
	if err != nil {
		return nil, err
	}
	q.call = g.Control.Begin(who, buckets.Source, q.op.Name, q.readOnly(), nil)
	var options sigv4.BodyOptions
	if q.op.Streams() {
		options.Check = func(http.Header) error { return g.reauthorize(q) }
	}
	body := signature.Body(options)
	q.Request.Body = body
	in, err := decode(q, labels)
	if err != nil {
		return nil, err
	}
	if !q.op.Streams() && q.ContentLength != 0 {
		if err := g.reauthenticate(q); err != nil { // the body may have taken its time
			return nil, err
		}
	}
	if q.op.Streams() {
		q.row.unstream(in)
		q.body = streamed(q.Header, body)
	}
	if q.row.plane == administration {
		return g.administer(q, in)
	}
	out, err := g.perform(q, in)
	if err == nil {
		err = g.Control.Authorised(q.call) // what reached the upstream was held to it before that
	}
	if err != nil {
		return nil, err
	}
	// An upstream that succeeded without reading the whole body has not seen its signature hold.
	if q.op.Streams() {
		if err := body.Drain(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reauthenticate judges the caller against what is known now.
func (g *Gateway) reauthenticate(q *request) error {
	who, err := g.Auth.Reauthenticate(q.call.Caller)
	if err != nil {
		return err
	}
	q.call.Caller = who
	return nil
}

// recognise names the operation. A parameter that the operation does not know mostly names another one that
// is not served, so it is NotImplemented.
func (g *Gateway) recognise(q *request) (awswire.Labels, error) {
	path, err := g.path(q.Request)
	if err != nil {
		return nil, err
	}
	query, err := awswire.ParseQuery(q.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	op, labels, err := s3.Service.MatchPath(q.Method, path, query, q.Header)
	if err != nil {
		return nil, err
	}
	q.op, q.row = op, operations[op]
	if q.row == nil {
		return nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	if unknown := awswire.UnknownParameters(op, query); len(unknown) > 0 {
		return nil, fault.New(fault.Unsupported, fault.Operation, "The query parameter %q is not implemented for %s", unknown[0], op.Name)
	}
	return labels, nil
}

// readOnly reports whether the request changes nothing, by its method as long as its operation is not known.
func (q *request) readOnly() bool {
	if q.row != nil {
		return q.row.readOnly
	}
	return q.Method == http.MethodGet || q.Method == http.MethodHead
}

// decode reads the input. A body that is part of the input is read and checked now; a stream is left to the
// upstream, after authorisation.
func decode(q *request, labels awswire.Labels) (any, error) {
	var body []byte
	if !q.op.Streams() {
		var err error
		if body, err = awswire.ReadBody(q.Request, q.row.maxBody); err != nil {
			return nil, err
		}
		if err := awswire.CheckBody(q.op, q.Header, body); err != nil {
			return nil, err
		}
	}
	return awswire.Decode(q.op, q.Request, labels, body)
}

// logRequest writes the one log record of the request.
func (g *Gateway) logRequest(q *request) {
	took := time.Since(q.began)
	name, code := "unknown", ""
	if q.op != nil {
		name = q.op.Name
	}
	level := slog.LevelInfo
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("service", "s3"), slog.String("op", name), slog.Int("status", q.status),
		slog.String("request", q.id), slog.Duration("took", took))
	if q.call != nil {
		attrs = append(attrs, slog.String("caller", q.call.ARN()), slog.String("accessKey", q.call.AccessKeyID))
		if s := q.call.Session; s != nil && s.GrantID != "" {
			attrs = append(attrs, slog.String("grant", s.GrantID))
		}
	}
	if q.bucket != nil {
		attrs = append(attrs, slog.String("bucket", q.bucket.Name), slog.String("key", q.key))
	}
	if q.err != nil {
		code = awserror.Of(awserror.S3, q.err).Code
		attrs = append(attrs, slog.String("code", code), slog.String("error", q.err.Error()))
		if q.status >= 500 {
			level = slog.LevelError
		}
	}
	if g.Observe != nil {
		g.Observe("s3", name, code, q.status, took)
	}
	g.Log.LogAttrs(q.Context(), level, "request", attrs...)
}
