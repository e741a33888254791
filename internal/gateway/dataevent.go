package gateway

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/events"
	"latchkey/internal/front"
	"latchkey/internal/telemetry"
	"latchkey/internal/upstream"
)

// dataEvent is what a request collects for its record. The zero dataEvent records nothing.
type dataEvent struct {
	ticket   events.Ticket
	in       *countedBody // nil: the request has no body
	trace    *upstream.Trace
	upstream string   // the name of the upstream that was called; empty: none was
	refused  int      // keys of a DeleteObjects that the caller may not delete
	keys     []string // of a DeleteObjects: those that the store was asked to delete, as far as there is room
	more     int      // further ones
}

// maxKeys is how many bytes the keys of a DeleteObjects have in a record.
const maxKeys = 64 << 10

// deletes notes the keys that a DeleteObjects deletes.
func (d *dataEvent) deletes(keys []s3.ObjectIdentifier) {
	size := 0
	for i := range keys {
		key := awswire.Value(keys[i].Key)
		if size += len(key); size > maxKeys {
			d.more = len(keys) - i
			return
		}
		d.keys = append(d.keys, key)
	}
}

// embedded is the name of the upstream of a bucket that names none.
const embedded = "embedded"

// observe lets the request collect what its record will have, if there is a recorder.
func (q *request) observe() {
	if q.g.Events == nil && q.Span == nil {
		return
	}
	q.event.trace = &upstream.Trace{}
	if q.g.Events == nil {
		return
	}
	if q.Body != nil && q.ContentLength != 0 {
		q.event.in = &countedBody{ReadCloser: q.Body}
		q.Body = q.event.in
	}
	q.Done = q.record
}

// admit waits for room for the record of a request whose sender is known, before anything is done for it.
func (q *request) admit() (err error) {
	q.event.ticket, err = q.g.Events.Admit(q.Context())
	return err
}

// record takes the record of a request that has ended. A request whose sender is not known has none of its own: see
// notedStranger.
func (q *request) record(o front.Outcome) {
	if q.Call == nil && q.who != nil {
		q.Call = q.g.Control.Begin(q.opening(q.who))
	}
	if q.Call == nil {
		return
	}
	touched := q.touched()
	about := events.Request{
		Account: string(q.Call.Account), Operation: control.EventName(q.Call.Event.EventName),
		ReadOnly: q.Call.Event.ReadOnly, Management: q.row != nil && q.row.plane == administration, Touched: touched,
	}
	if q.bucket != nil {
		about.Owner = string(q.bucket.Account)
	}
	if !q.g.Events.Takes(&about) {
		return
	}
	e := q.Call.DataEvent(q.ended(o, touched), !about.Management)
	q.g.Events.Record(&q.event.ticket, &e)
}

// ended says how the request ended.
func (q *request) ended(o front.Outcome, touched []events.Touched) *control.Ended {
	d := &control.Ended{
		Refusal: o.Told, Parameters: q.shownParameters(touched), BytesOut: o.Sent, HostID: front.HostID,
		Upstream: q.event.upstream,
		Served: audit.Served{
			HTTPStatus: o.Status, Cut: o.Cut, DurationMS: milliseconds(o.Took), RefusedKeys: q.event.refused,
			Keys: q.event.keys, MoreKeys: q.event.more,
		},
	}
	if o.Err != nil {
		if reason, ok := refusalReason(q, o.Err); ok {
			d.Refused, d.Refusal.Reason = true, reason
		}
		d.Refusal.Code = cmp.Or(d.Refusal.Code, "InternalError")
	}
	if q.event.in != nil {
		d.BytesIn = q.event.in.read
	}
	if q.TLS != nil && q.From.TLS != 0 {
		d.Cipher = q.TLS.CipherSuite
	}
	d.Resources = q.resources(touched)
	if o.Err == nil && !q.Call.Event.ReadOnly {
		d.Elements = shownElements(q.w.Header())
	}
	q.nameUpstream(d)
	d.Served.TraceID, d.Served.SpanID = q.Span.IDs()
	return d
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// nameUpstream says which requests the store got.
func (q *request) nameUpstream(d *control.Ended) {
	sent, more := q.event.trace.Sent()
	s := &d.Served
	s.MoreUpstreamRequests = more
	for _, r := range sent {
		d.Upstream, s.UpstreamRequestID = cmp.Or(r.Upstream, d.Upstream), cmp.Or(r.RequestID, s.UpstreamRequestID)
		if len(sent) > 1 {
			s.UpstreamRequests = append(s.UpstreamRequests, audit.UpstreamRequest{
				Upstream: r.Upstream, RequestID: r.RequestID, HostID: r.HostID, HTTPStatus: r.Status,
				DurationMS: milliseconds(r.Took),
			})
		}
	}
}

// traceCall begins the span of a call of the upstream. Call end when the upstream has answered. The bytes of an answer
// that is streamed come later: the span of the request has them.
func (q *request) traceCall() (end func(error)) {
	if q.Span == nil {
		return func(error) {}
	}
	grant := ""
	if s := q.Call.Session; s != nil {
		grant = s.GrantID
	}
	before, _ := q.event.trace.Sent()
	span := q.Span.Call(q.op.Name, q.event.upstream, cmp.Or(grant, q.Call.Event.Added().GrantID))
	return func(err error) {
		sent, _ := q.event.trace.Sent()
		span.Sent(sent[min(len(before), len(sent)):])
		o := telemetry.Outcome{}
		if q.bucket != nil {
			o.Bucket = q.bucket.Name
		}
		if err != nil {
			told := q.Explain(err)
			o.Code, o.Failed = told.Code, told.Status >= http.StatusInternalServerError
		}
		span.End(o)
	}
}

// touched lists what the request is about: first what it addresses, then what else it needs a permission for.
func (q *request) touched() []events.Touched {
	all := make([]events.Touched, 0, 2)
	add := func(t events.Touched) {
		t.Key, t.Prefix = control.Clip(t.Key), control.Clip(t.Prefix)
		if t.Bucket != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	if len(q.required) == 0 {
		var first events.Touched
		first.Bucket, first.Key = q.g.locate(q)
		add(first)
	}
	for i := range q.required {
		add(touchedBy(&q.required[i]))
	}
	if q.refused != nil {
		add(touchedBy(q.refused))
	}
	return all
}

func touchedBy(n *permission) events.Touched {
	return events.Touched{Bucket: n.bucket, Key: n.key, Prefix: awswire.Value(n.prefix)}
}

// resources are what the request is about, as CloudTrail writes it: each object, and its bucket. What is about all
// objects of a bucket has the prefix of their ARNs.
func (q *request) resources(touched []events.Touched) (all []audit.Resource) {
	seen := ""
	for _, t := range touched {
		arn := "arn:aws:s3:::" + t.Bucket
		switch {
		case t.Key != "":
			all = append(all, audit.Resource{Type: "AWS::S3::Object", ARN: arn + "/" + t.Key})
		case q.row != nil && q.row.plane == data:
			all = append(all, audit.Resource{Type: "AWS::S3::Object", ARNPrefix: arn + "/"})
		}
		if t.Bucket == seen {
			continue
		}
		seen = t.Bucket
		of := audit.Resource{Type: "AWS::S3::Bucket", ARN: arn}
		if b := q.Call.Snapshot.Bucket(t.Bucket); b != nil {
			of.AccountID = string(b.Account)
		}
		all = append(all, of)
	}
	return all
}

// strangers is the group of all whose requests nobody proved to be theirs.
const strangers = "anonymous"

// recordStrangers takes the records of refused requests whose sender nobody knows. They are the ones of the audit log:
// one for a network, a bucket, a reason and a minute, and one that counts those that came behind it. So a client
// without a credential cannot fill a sink, whatever it sends.
func (g *Gateway) recordStrangers() {
	for _, e := range g.refusals.takeStrangers() {
		about := events.Request{Owner: e.RecipientAccountID, Operation: control.EventName(e.EventName), ReadOnly: e.ReadOnly}
		if name, ok := e.RequestParameters["bucketName"].(string); ok {
			key, _ := e.RequestParameters["key"].(string)
			about.Touched = []events.Touched{{Bucket: name, Key: key}}
		}
		if !g.Events.Takes(&about) {
			continue
		}
		e.EventName = control.EventName(e.EventName)
		added := *e.Added()
		added.Served = &audit.Served{Decision: "deny"}
		e.Latchkey = &added
		g.Events.Record(nil, &e)
	}
}

// countedBody counts the bytes of a request's body as they come.
type countedBody struct {
	io.ReadCloser
	read int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

// Until hands the time on to the reader that keeps it.
func (b *countedBody) Until(t time.Time) {
	if inner, ok := b.ReadCloser.(front.Limited); ok {
		inner.Until(t)
	}
}
