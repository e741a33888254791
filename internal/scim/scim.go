// Package scim serves SCIM 2.0 (RFC 7643, RFC 7644, cursors of RFC 9865) at /scim/v2. An identity provider uses it to
// provision people and groups into an account's identity store.
//
// The package owns SCIM's dialect: filters, paths, patches, pages, and the form of resources and errors. It accepts
// what Microsoft Entra ID, Okta and AWS's own clients send, which is more than the RFCs allow. With Strict it is as
// narrow as IAM Identity Center's endpoint. It does not decide which users are valid (package directory) or who may
// write (package provision, by its tokens), and it does not store rows. A request is one transaction: no change is
// applied by half.
package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/budget"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/front"
	"latchkey/internal/store"
)

const (
	// Path is where the endpoints are.
	Path = "/scim/v2"
	// Source is the event source of every record, as CloudTrail has it for Identity Center's endpoint.
	Source = "identitystore-scim.amazonaws.com"
)

// The budgets of bodies: userBudget is for users, groupBudget for groups and changes of them, with room for 200,000
// members.
var (
	userBudget  = budget.Budget{Bytes: 1 << 20, Elements: 50_000, Depth: maxJSONDepth, Time: 30 * time.Second}
	groupBudget = budget.Budget{Bytes: 16 << 20, Elements: 1_000_000, Depth: maxJSONDepth, Time: 2 * time.Minute}
)

// Handler serves the SCIM endpoints.
type Handler struct {
	Control *control.Control
	Auth    *caller.Authenticator
	Public  string // the URL by which clients know this server; empty: the one that they call
	Strict  bool   // AWS's limits, and its omissions, for tests of clients
	Frame   *front.Frame

	lists lists
}

// Claims reports whether a path is one of SCIM's.
func Claims(path string) bool { return path == Path || strings.HasPrefix(path, Path+"/") }

// request is one request while it is served.
type request struct {
	*http.Request
	*front.Exchange // its Call is nil unless there is something to record
	h               *Handler
	facts           caller.Facts
	token           *store.ProvisioningToken
	snap            *engine.Snapshot
	storeID         directory.StoreID
	view            *view
	body            map[string]any
	search          url.Values // the parameters in the body of a search; nil: those of the URL count
	out             reply
}

// frameKind describes SCIM's requests to the frame. A bearer token authorizes what they read.
var frameKind = front.Kind{Service: "scim", IDHeader: front.IDHeader, Open: true}

// reply is the answer to a request that succeeded.
type reply struct {
	status   int
	body     any // nil: none
	location string
	version  string // the resource's ETag; empty: the answer is no resource
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, Exchange: h.Frame.Begin(w, r, frameKind), h: h}
	w.Header().Set("Cache-Control", "no-store")
	q.Serve(q)
}

// Send writes the answer.
func (q *request) Send(w http.ResponseWriter) (err error) {
	var body []byte
	if q.out.body != nil {
		if body, err = marshal(q.out.body); err != nil {
			return err
		}
	}
	if q.out.version != "" {
		w.Header().Set("ETag", q.out.version)
	}
	q.write(w, q.out.status, body, q.out.location)
	return nil
}

// Explain maps a failure as SCIM does.
func (q *request) Explain(err error) awserror.Error {
	a := answerTo(err)
	return awserror.Error{Code: a.code, Status: a.status, Message: a.detail, Reason: fault.Of(err).Reason}
}

// Refuse writes a failure.
func (q *request) Refuse(w http.ResponseWriter, err error, _ awserror.Error) {
	a := answerTo(err)
	if a.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
	}
	q.write(w, a.status, a.errorBody(q.ID, q.now()), "")
}

func (q *request) now() time.Time { return q.h.Control.Now() }

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func (q *request) write(w http.ResponseWriter, status int, body []byte, location string) {
	if location != "" {
		w.Header().Set("Location", location)
	}
	if body != nil {
		w.Header().Set("Content-Type", "application/scim+json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if q.Method != http.MethodHead {
		w.Write(body)
	}
}

// Answer authenticates a request and runs its operation.
func (q *request) Answer() error {
	if err := q.authenticate(); err != nil {
		return err
	}
	run, err := q.route()
	if err != nil {
		return err
	}
	if hasBody(q.Method) {
		if err := q.read(); err != nil {
			return err
		}
		// The body may have arrived slowly, so the token is checked once more, as of now.
		if err := q.authenticate(); err != nil {
			return err
		}
	}
	q.out, err = run(q)
	return err
}

func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// authenticate finds the provisioning token of the request.
func (q *request) authenticate() error {
	snap, err := q.h.Auth.Engine.Snapshot()
	if err != nil {
		return err
	}
	kind, bearer, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || bearer == "" || len(q.Header.Values("Authorization")) > 1 {
		return fault.New(fault.Unauthenticated, fault.Provisioning, "A bearer token is needed.")
	}
	q.token, err = provision.Bearer(snap, q.now(), strings.TrimSpace(bearer))
	if err != nil {
		return fault.New(fault.Unauthenticated, fault.Provisioning, "The bearer token is not valid.").Because(err)
	}
	q.snap, q.storeID = snap, q.token.Store
	q.Caller, q.Account = provision.TokenARN(q.token.Account, q.token.ID), string(q.token.Account)
	q.facts = q.h.Auth.Unsigned(q.Request, q.now(), q.From)
	q.view = &view{snap: snap, base: q.base(), strict: q.h.Strict}
	return nil
}

// base returns the address of the endpoints, as the client wrote it.
func (q *request) base() string {
	if q.h.Public != "" {
		return strings.TrimSuffix(q.h.Public, "/") + Path
	}
	scheme := "http://"
	if q.From.TLS != 0 || q.From.TLSAtProxy {
		scheme = "https://"
	}
	return scheme + q.Host + Path
}

// read reads the body.
func (q *request) read() error {
	if t := q.Header.Get("Content-Type"); t != "" {
		kind, _, err := mime.ParseMediaType(t)
		if err != nil || kind != "application/scim+json" && kind != "application/json" {
			return fault.New(fault.Unsupported, fault.Header, "Content-Type must be application/scim+json or application/json")
		}
	}
	b := userBudget
	if strings.HasSuffix(q.Operation, "Group") {
		b = groupBudget
	}
	if err := q.Proved(); err != nil {
		return err
	}
	q.Limit(b)
	body, err := io.ReadAll(q.Body)
	switch f, _ := errors.AsType[*fault.Error](err); {
	case f != nil && f.Kind == fault.TooLarge:
		return fault.New(fault.TooLarge, fault.Request, "The body is larger than %d bytes", b.Bytes).Because(err)
	case f != nil && f.Kind == fault.Throttled:
		return err
	case err != nil:
		return fault.New(fault.Incomplete, fault.Body, "The body could not be read").Because(err)
	}
	q.body, err = decode(b, body)
	return err
}

// begin begins the audit record of a change.
func (q *request) begin(parameters map[string]any) {
	who := audit.Identity{
		Type: "Unknown", PrincipalID: q.token.ID, AccountID: string(q.token.Account),
		ARN: provision.TokenARN(q.token.Account, q.token.ID),
	}
	q.Call = q.h.Control.BeginFor(control.Outsider{
		Identity: who, Account: q.token.Account, Snapshot: q.snap, Facts: q.facts,
	}, control.Opening{Source: Source, Operation: q.Operation, Parameters: parameters})
	q.Call.ByRight(control.ProvisioningToken)
	q.Call.Event.AdditionalEventData["provisioningTokenId"] = q.token.ID
}

// change commits a change together with its audit record. Afterwards the request's snapshot has the change.
func (q *request) change(fn func(*provision.Writer) error) error {
	err := q.h.Control.Update(q.Context(), q.Call, func(tx *store.Tx) error {
		w, err := provision.Open(q.Context(), tx, provision.Source{
			Account: q.token.Account, By: q.Call.Event.UserIdentity.ARN, Says: Issuer, Snapshot: q.snap,
			Quotas: q.h.Control.Quotas,
		})
		if err != nil {
			return err
		}
		if w.Store != q.storeID { // recreated since the token was checked
			return control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", string(q.storeID))
		}
		return fn(w)
	})
	if err == nil {
		q.snap = q.h.Control.Engine.Current()
		q.view.snap = q.snap
	}
	return err
}
