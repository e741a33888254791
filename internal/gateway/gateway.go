// Package gateway is S3's data plane. It names the operation of a request, finds out which permissions the request
// needs, checks every one of them, and lets an upstream perform the operation.
//
// It recognises an operation only if method, path and every query parameter are known. It answers anything else with
// NotImplemented and never takes it for another operation. Upstreams get typed calls that were built from the request,
// never the request's own bytes beyond its body. The caller's policies (caller), the scope of a vended credential among
// them, and the bucket's policy (control/buckets) decide who may do what.
package gateway

import (
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/bucket"
	"latchkey/internal/budget"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/grants"
	"latchkey/internal/credential"
	"latchkey/internal/events"
	"latchkey/internal/fault"
	"latchkey/internal/front"
	"latchkey/internal/sigv4"
	"latchkey/internal/upstream"
)

// Gateway serves S3. All fields but Events must be set.
type Gateway struct {
	Control *control.Control
	Buckets *buckets.Buckets // knows the upstream
	Grants  *grants.Grants
	Auth    *caller.Authenticator
	Domains []string // a bucket may stand as a label before any of these host names; lower case
	Frame   *front.Frame

	AnyRegion bool // a signature may be for another region than the bucket's

	Events *events.Recorder // takes the record of each request; nil: none does

	refusals refusals
	owners   sync.Map // ownerID's, by access.AccountID: only accounts that own buckets or call
}

// The budgets of bodies that the gateway buffers. keys has room for 1,000 keys to delete, each with all its conditions,
// and parts for 10,000 parts to put together, each with all its checksums. small is for all other operations: it is
// large enough that the gateway can tell when a document is too large for its kind.
var (
	keys  = budget.Budget{Bytes: 8 << 20, Elements: 8_000, Depth: 8, Time: time.Minute}
	parts = budget.Budget{Bytes: 8 << 20, Elements: 130_000, Depth: 8, Time: time.Minute}
	small = budget.Budget{Bytes: 64 << 10, Elements: 2_000, Depth: 20, Time: 30 * time.Second}
)

// kind says how S3's requests differ: most answers are objects that clients stored.
var kind = front.Kind{Service: "s3", Objects: true}

// request is one request on its way through the gateway.
type request struct {
	*http.Request
	*front.Exchange
	g        *Gateway
	op       *awswire.Operation
	row      *operation     // of op
	body     *upstream.Body // of an operation whose body is streamed
	bucket   *bucket.Bucket // the addressed bucket, once it is known to exist
	key      string
	required []permission        // the permissions that were checked before the upstream was called
	refused  *permission         // the permission that was refused; nil: none
	grant    *credential.Session // by which the request is served; nil: policies allow it
	out      any

	w       http.ResponseWriter
	watched watch
	who     *caller.Caller // who signed the request; nil: nobody knows
	event   dataEvent
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, Exchange: g.Frame.Begin(w, r, kind), g: g, w: w}
	defer q.watched.release()
	defer q.event.ticket.Release()
	q.observe()
	q.Serve(q)
}

// Answer runs the phases.
func (q *request) Answer() (err error) {
	defer q.describe() // even if a phase panics
	q.out, err = q.g.answer(q)
	return err
}

// describe adds to the log record what the request was about.
func (q *request) describe() {
	if q.bucket != nil {
		q.Bucket = q.bucket.Name
		q.Attrs = append(q.Attrs, slog.String("bucket", q.bucket.Name), slog.String("key", q.key))
	}
	if q.grant != nil {
		q.Attrs = append(q.Attrs, slog.String("grant", q.grant.GrantID))
	}
}

// Send writes the answer.
func (q *request) Send(w http.ResponseWriter) error {
	q.nameRegion(w)
	err := awswire.Encode(q.watched.over(q, w), q.op, q.out, q.IDs())
	if err = q.watched.stop(err); err != nil { // the answer is cut, perhaps because the caller has lost access meanwhile
		q.g.recordRefusal(q, err, q.Explain(err))
	}
	return err
}

// nameRegion names the region of the addressed bucket in a header. Every answer about a bucket does.
func (q *request) nameRegion(w http.ResponseWriter) {
	if q.bucket != nil {
		w.Header()["x-amz-bucket-region"] = []string{q.bucket.Region}
	}
}

// Explain translates a failure into S3's words.
func (q *request) Explain(err error) awserror.Error { return awserror.Of(awserror.S3, err) }

// maxResource is how many bytes of the path the answer to a refused request repeats. A key has at most 1,024 bytes,
// each of which may be escaped.
const maxResource = 4 << 10

// Refuse writes a failure. A 304 has no body: its fields are headers. So is the time after which to try again.
func (q *request) Refuse(w http.ResponseWriter, err error, e awserror.Error) {
	q.g.recordRefusal(q, err, e)
	q.nameRegion(w)
	fields := map[string]string{}
	if e.Status == http.StatusNotModified {
		for _, name := range []string{"ETag", "Last-Modified"} {
			if v := e.Fields[name]; v != "" {
				w.Header().Set(name, v)
			}
		}
	} else {
		fields["Resource"] = fault.Clip(q.URL.EscapedPath(), maxResource)
	}
	maps.Copy(fields, e.Fields)
	if seconds := fields["Retry-After"]; seconds != "" { // of a store that is away, or asks for fewer requests
		w.Header().Set("Retry-After", seconds)
		delete(fields, "Retry-After")
	}
	if q.ContentLength != 0 {
		// The body was not read to its end: the connection cannot be used again.
		w.Header().Set("Connection", "close")
	}
	awswire.EncodeError(w, s3.Service, awswire.WireError{
		Code: e.Code, Status: e.Status, Message: e.Message, Fields: fields,
	}, q.IDs())
}

// answer runs the phases: it finds out who calls, which operation, and which permissions, and only then asks the
// upstream.
func (g *Gateway) answer(q *request) (any, error) {
	if err := front.Preflight(q.Request); err != nil {
		return nil, err
	}
	who, signature, err := g.Auth.Authenticate(q.Request, s3.Service.SigningName, q.From)
	if err != nil {
		return nil, err
	}
	q.who = who
	labels, err := g.recognise(q)
	if err != nil {
		return nil, err
	}
	name := addressed(labels)
	b := q.row.place(who, name)
	q.begin(who)
	if err := g.checkRegion(q, b); err != nil {
		return nil, err
	}
	if err := q.row.checkReach(who, name); err != nil {
		return nil, err
	}
	if err := q.Proved(); err != nil {
		return nil, err
	}
	if err := q.admit(); err != nil {
		return nil, err
	}
	options := sigv4.BodyOptions{Hold: q.Hold}
	if q.op.Streams() {
		options.Check = func(http.Header) error { return q.reauthorize() }
	} else {
		q.Limit(q.row.budget)
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
	if err != nil {
		return nil, err
	}
	// An upstream may succeed without reading the whole body. Then the body's signature is not yet verified.
	if q.op.Streams() {
		if err := body.Drain(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// begin opens the call. The call leaves no audit record unless the registry of buckets answers it: see administer.
func (q *request) begin(who *caller.Caller) {
	q.Call, q.Unrecorded = q.g.Control.Begin(q.opening(who)), q.row.plane != administration
}

// opening describes the call of this request.
func (q *request) opening(who *caller.Caller) control.Opening {
	o := control.Opening{Caller: who, Source: buckets.Source, Operation: "Unknown", ReadOnly: q.readOnly()}
	if q.op != nil {
		o.Operation = q.op.Name
	}
	return o
}

// reauthenticate evaluates the caller against what is known now.
func (g *Gateway) reauthenticate(q *request) error {
	who, err := g.Auth.Reauthenticate(q.Call.Caller)
	if err != nil {
		return err
	}
	q.Call.Caller = who
	return nil
}

// recognise names the operation. A parameter that the operation does not know is NotImplemented: it mostly names
// another operation, one that is not served.
func (g *Gateway) recognise(q *request) (awswire.Labels, error) {
	path, err := g.path(q.Request)
	if err != nil {
		return nil, err
	}
	query, err := awswire.ParseQuery(q.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if err := checkOverrides(query); err != nil {
		return nil, err
	}
	op, labels, err := s3.Service.MatchPath(q.Method, path, query, q.Header)
	if err != nil {
		return nil, err
	}
	q.op, q.Operation, q.row = op, op.Name, operations[op]
	if q.row == nil {
		return nil, fault.New(fault.Unsupported, fault.Operation, "")
	}
	if unknown := awswire.UnknownParameters(op, query); len(unknown) > 0 {
		return nil, fault.New(fault.Unsupported, fault.Operation,
			"The query parameter %q is not implemented for %s", unknown[0], op.Name)
	}
	return labels, nil
}

// checkOverrides refuses control characters in what comes back as headers of the answer (response-content-type and so
// on).
func checkOverrides(query url.Values) error {
	for name, values := range query {
		if strings.HasPrefix(name, "response-") && slices.ContainsFunc(values, hasControl) {
			return fault.New(fault.Invalid, fault.Argument, "The value of %s has control characters", name).
				With("ArgumentName", name)
		}
	}
	return nil
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// readOnly reports whether the request changes nothing. As long as the operation is not known, the method decides.
func (q *request) readOnly() bool {
	if q.row != nil {
		return q.row.readOnly
	}
	return q.Method == http.MethodGet || q.Method == http.MethodHead
}

// decode reads the input. It reads and checks a body that is part of the input. It leaves a stream to the upstream,
// which reads it after authorisation.
func decode(q *request, labels awswire.Labels) (any, error) {
	var body []byte
	if !q.op.Streams() {
		var err error
		if body, err = awswire.ReadBody(q.Request, q.row.budget.Bytes); err != nil {
			return nil, err
		}
		if err := awswire.CheckBody(q.op, q.Header, body); err != nil {
			return nil, err
		}
	}
	return awswire.Decode(q.row.budget, q.op, q.Request, labels, body)
}
