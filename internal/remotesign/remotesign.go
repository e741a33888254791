// Package remotesign serves Iceberg's remote signing: a client that has no credentials of S3 describes a request to an
// object, and gets the headers with which this server's gateway answers it.
//
// The package owns what such a description may be, by what token the client proves itself, and the wire of Iceberg's
// REST specification. It does not decide what a request may touch. The gateway does, by the permissions of its
// operations, and for a person control/grants does, as for GetDataAccess. The table in the path of the endpoint decides
// nothing: what counts is the method and the URI that are to be signed.
//
// A signature is good for minutes. The credential in it is good for the one request that was signed, and the gateway
// judges that request again when it comes.
package remotesign

import (
	"context"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/bucket"
	"latchkey/internal/budget"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/portal"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/front"
)

// Source is the event source of the records.
const Source = "latchkey.local"

// Operation is the name of the operation in records, in the log and in the metrics.
const Operation = "SignRequest"

// Lifetime is how long a signature is good for. Iceberg's client keeps signatures for 30 seconds.
const Lifetime = 5 * time.Minute

// bodies is what the body of a request may cost: it has room for a DeleteObjects of 1,000 keys.
var bodies = budget.Budget{Bytes: 8 << 20, Elements: 4_000, Depth: 4, Time: 30 * time.Second}

// Front serves the endpoints. All fields must be set.
type Front struct {
	Control *control.Control
	Auth    *caller.Authenticator
	Grants  *grants.Grants
	Portal  *portal.Portal
	Frame   *front.Frame

	// Describe names the operation of a request that is to be signed, or refuses it: see gateway.Describe.
	Describe func(r *http.Request, body []byte) (Described, error)
	// IsOwn reports whether the host of a URI, with its port, is this server's own, for a client that came to the host
	// asked.
	IsOwn func(asked, host string) bool
}

// Described is a request that is to be signed, as the gateway understands it.
type Described interface {
	// Name is the operation's, and whether it changes nothing.
	Name() (operation string, readOnly bool)
	// Permit authorises everything that the request needs for the call's caller.
	Permit(call *control.Call) error
	// Grant is what a grant must cover to allow the request.
	Grant() (target string, level access.Permission, err error)
	// Resource is the registered bucket and the key that the request addresses.
	Resource(call *control.Call) (b *bucket.Bucket, key string)
}

// The paths of the endpoints (Apache Iceberg, rest-catalog-open-api.yaml of 1.11 and s3-signer-open-api.yaml).
const (
	root   = "v1"
	legacy = "/v1/aws/s3/sign"
)

// Claims reports whether an unsigned request is for one of the endpoints. No bucket is called v1: the name is too
// short. A request with an AWS signature is for S3, which the caller has to check before.
func Claims(r *http.Request) bool {
	_, ok := tableOf(r)
	return ok
}

// table is what the path of the endpoint says. It is for the record only.
type table struct{ prefix, namespace, name string }

// tableOf reads /v1/{prefix}/namespaces/{namespace}/tables/{table}/sign. The prefix is optional, and may have slashes.
func tableOf(r *http.Request) (t table, ok bool) {
	path := r.URL.EscapedPath()
	if r.Method != http.MethodPost {
		return t, false
	}
	if path == legacy {
		return t, true
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	n := len(parts)
	if n < 6 || parts[0] != root || parts[n-1] != "sign" || parts[n-3] != "tables" || parts[n-5] != "namespaces" {
		return t, false
	}
	t = table{strings.Join(parts[1:n-5], "/"), parts[n-4], parts[n-2]}
	return t, t.namespace != "" && t.name != ""
}

// request is one request on its way.
type request struct {
	*http.Request
	*front.Exchange
	f   *Front
	out *signed
}

// ServeHTTP answers a request that Claims.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, f: f}
	q.Exchange = f.Frame.Begin(w, r, front.Kind{Service: "iceberg", IDHeader: front.IDHeader})
	q.Operation = Operation
	w.Header().Set("Cache-Control", "no-store") // of a refusal
	q.Serve(q)
}

// Answer runs the phases: it establishes the caller by the token alone, reads what is to be signed, lets the gateway
// and the grants decide, and records the signature before it makes it.
func (q *request) Answer() error {
	who, err := q.authenticate()
	if err != nil {
		return err
	}
	q.begin(who)
	if err := q.Proved(); err != nil {
		return err
	}
	d, err := q.read()
	if err != nil {
		return err
	}
	q.describe(d)
	if who, err = q.f.Auth.Reauthenticate(who); err != nil { // the body may have come slowly
		return err
	}
	q.Call.Caller = who
	d.place(q.Call)
	if _, ok := who.OnBehalfOf(); ok && !who.IsVended() {
		granted, err := q.vend(who, d)
		if err != nil {
			return err
		}
		q.Call.Caller = granted
	}
	if err := d.Permit(q.Call); err != nil {
		return err
	}
	q.out, err = q.sign(d)
	return err
}

// begin opens the call. From here on every outcome is recorded.
func (q *request) begin(who *caller.Caller) {
	q.Call = q.f.Control.Begin(control.Opening{Caller: who, Source: Source, Operation: Operation})
	if t, ok := tableOf(q.Request); ok && t.name != "" {
		q.Call.Event.RequestParameters["table"] = map[string]any{
			"prefix": fault.Clip(t.prefix, maxName), "namespace": fault.Clip(t.namespace, maxName),
			"name": fault.Clip(t.name, maxName),
		}
	}
}

// maxName is how many bytes of a name in the path a record has.
const maxName = 256

// vend asks the grants of the person for whom the session acts, as GetDataAccess does, and returns the caller with what
// the grant gives. The decision has a record of its own.
func (q *request) vend(who *caller.Caller, d *toSign) (*caller.Caller, error) {
	target, level, err := d.Grant()
	if err != nil {
		return nil, err
	}
	o := control.Opening{
		Caller: who, Source: grants.Source, Operation: "GetDataAccess", ReadOnly: true,
		Parameters: map[string]any{"target": target, "permission": level.String(), "durationSeconds": minVended},
	}
	if b, _ := d.Resource(q.Call); b != nil {
		o.Address = b.Account
	}
	asking := q.f.Control.Begin(o)
	out, err := q.f.Grants.GetDataAccess(q.Context(), asking, grants.DataAccess{
		Target: target, Permission: level, Privilege: access.Default, Duration: grants.MinDuration,
	})
	if err != nil {
		return nil, q.finish(asking, err)
	}
	return q.openSession(&out.Credentials, who.Facts)
}

const minVended = int(grants.MinDuration / time.Second)

// openSession returns the caller of a session that the server has just made.
func (q *request) openSession(c *credential.Credentials, facts caller.Facts) (*caller.Caller, error) {
	s, _, err := q.f.Control.Ring.Open(c.AccessKeyID, c.SessionToken.Reveal(), facts.Time)
	if err != nil {
		return nil, fault.New(fault.Internal, "", "").Because(err)
	}
	return q.f.Auth.OfSession(q.Context(), s, c.AccessKeyID, facts)
}

// finish records that a call within this request was refused, and returns why.
func (q *request) finish(call *control.Call, err error) error {
	if failed := q.f.Control.Finish(context.WithoutCancel(q.Context()), call, q.Explain(err)); failed != nil {
		return fault.New(fault.Internal, "", "").Because(failed)
	}
	return err
}
