package front

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/telemetry"
)

// Frame is what all fronts of a server share. Control must be set.
type Frame struct {
	Control *control.Control
	Proxies Proxies      // trusted to say where a client comes from; none: no proxy is
	Log     *slog.Logger // nil: nothing is logged

	// PageHost is the one host that has this server's pages, and no objects: a HostName. Empty: pages and objects share
	// every host, and no browser may run an object as a page.
	PageHost string

	// Observe counts a request: its service and operation as the log names them, the code of its failure (empty: a
	// success), its status, and how long it took, body included. nil: nothing is counted.
	Observe func(service, operation, code string, status int, took time.Duration)

	// Tracer makes a trace of each request that is not Quiet. nil: none is made.
	Tracer *telemetry.Tracer

	once   sync.Once
	intake *intake // of all requests
}

// Kind is what differs between the requests of one front and those of others.
type Kind struct {
	Service  string // as the log and the metrics name it
	IDHeader string // names the request in every answer; empty: Send and Refuse name it where the protocol does
	Open     bool   // its answers need no call: what they show is for anybody, or is guarded by other means
	Objects  bool   // its answers are what clients stored: a browser must not take them for pages of this server
	Quiet    bool   // machines ask all the time: what does not fail is logged at level Debug
}

// IDHeader is the header in which most of AWS's services name a request.
const IDHeader = "X-Amzn-Requestid"

// HostID is sent as x-amz-id-2, where S3's clients expect a second name beside the request's.
const HostID = "latchkey"

// unknown is the operation of a request that was not recognised. Clients must not be able to invent names that stay in
// the metrics.
const unknown = "unknown"

// Protocol is how a front answers one request. Each front implements it with its own kind of request.
type Protocol interface {
	// Answer runs the phases of the request and keeps what Send will write. It sets the exchange's Operation and Call
	// as soon as they are known.
	Answer() error
	// Explain translates a failure for the client. The log, the metrics and the audit record have its code.
	Explain(err error) awserror.Error
	// Send writes the answer. If Send fails before it has written anything, its error is answered like any other. If it
	// fails later, the connection is cut, so that the client sees that the answer is not whole.
	Send(w http.ResponseWriter) error
	// Refuse writes a failure, as Explain translated it.
	Refuse(w http.ResponseWriter, err error, told awserror.Error)
}

// Exchange is one request and its answer, on their way through a front.
type Exchange struct {
	Kind      Kind
	ID        string // names the request: unique, unguessable
	Began     time.Time
	From      caller.Connection // where the request came from
	Operation string            // the name of the operation, of a closed set; "unknown" until it is recognised

	Call       *control.Call // the call of the audit record; nil: the caller is not known yet
	Unrecorded bool          // the call leaves no audit record, but a success must be allowed all the same

	Caller  string      // for the log, where there is no call: who it is
	Account string      // likewise: in which account
	Bucket  string      // for the trace: the bucket, once it is known to exist
	Attrs   []slog.Attr // further fields of the log record, which only this front has

	// Span is the request's, for the spans below it; nil: the request is not traced.
	Span *telemetry.Span

	// Done is told how the exchange ended, after the last byte of the answer was written. nil: nobody is.
	Done func(Outcome)

	frame   *Frame
	request *http.Request
	out     *response
	body    *boundedBody // of a request that Limit bounds
	held    int64        // bytes of the request that are in memory, as Hold counted them
	proved  bool         // it is known who sends the request
}

// Outcome is how an exchange ended.
type Outcome struct {
	Err    error          // why it failed; nil: it succeeded
	Told   awserror.Error // Err, as the front explains it to the client
	Status int            // that was sent; 0: nothing was
	Cut    bool           // the answer is not whole
	Sent   int64          // bytes of the answer's body
	Took   time.Duration  // from its beginning, bodies included
}

// Begin frames a request. Call Serve with what it returns.
func (f *Frame) Begin(w http.ResponseWriter, r *http.Request, k Kind) *Exchange {
	x := &Exchange{
		Kind: k, ID: uuid.NewString(), Began: time.Now(), Operation: unknown,
		frame: f, request: r, out: &response{ResponseWriter: w},
	}
	x.From = f.Proxies.Connection(r, x.ID)
	if !k.Quiet {
		x.Span = f.Tracer.Begin(r, k.Service)
	}
	h := w.Header()
	if k.IDHeader != "" {
		h.Set(k.IDHeader, x.ID)
	}
	h["X-Content-Type-Options"] = noSniff
	if k.Objects {
		f.sandbox(h, r.Host)
	}
	return x
}

// IDs are the names of the request in the answers of AWS's protocols.
func (x *Exchange) IDs() awswire.IDs { return awswire.IDs{Request: x.ID, Host: HostID} }
