// Package scim serves SCIM 2.0 (RFC 7643, RFC 7644, cursors of RFC 9865) at /scim/v2: the way by which an identity
// provider brings its people and groups into an account's identity store.
//
// It owns the dialect: filters, paths, patches, pages, the shapes of resources and errors. It takes what Microsoft
// Entra ID, Okta and AWS's own clients send, which is more than the RFCs allow; Strict makes it as narrow as IAM
// Identity Center's endpoint. It does not own what a valid user is (directory), who may write (provision, by its
// tokens) or how rows are kept. A request is one transaction: nothing is half applied.
package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

const (
	// Path is where the endpoints are.
	Path = "/scim/v2"
	// Source is the event source of every record, as CloudTrail has it for Identity Center's endpoint.
	Source = "identitystore-scim.amazonaws.com"

	maxBody      = 1 << 20  // bytes of a user
	maxGroupBody = 16 << 20 // bytes of a group, or of a change of it: room for 200,000 members
)

// Handler serves the endpoints.
type Handler struct {
	Control *control.Control
	Auth    *caller.Authenticator
	Public  string // the URL by which clients know this server; empty: the one that they call
	Strict  bool   // AWS's limits, and its omissions, for tests of clients
	Log     *slog.Logger
	Observe func(service, operation, code string, status int, took time.Duration) // metrics; may be nil

	lists lists
}

// Claims reports whether a path is one of SCIM's.
func Claims(path string) bool { return path == Path || strings.HasPrefix(path, Path+"/") }

// request is one request on its way.
type request struct {
	*http.Request
	h     *Handler
	id    string
	name  string // of the operation: CreateUser
	facts caller.Facts
	token *store.ProvisioningToken
	snap  *engine.Snapshot
	in    directory.StoreID
	view  *view
	body  map[string]any
	call  *control.Call // nil while nothing is to be recorded
}

// reply is what a request that succeeded is told.
type reply struct {
	status   int
	body     any // nil: none
	location string
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	q := &request{Request: r, h: h, id: uuid.NewString(), name: "unknown"}
	w.Header().Set("X-Amzn-Requestid", q.id)
	w.Header().Set("Cache-Control", "no-store")
	out, err := q.serve(w)
	// The record is kept even if the client has gone away.
	if q.call != nil {
		code, text := "", ""
		if err != nil {
			a := answerTo(err)
			code, text = a.code, a.detail
		}
		if e := h.Control.Finish(context.WithoutCancel(r.Context()), q.call, code, text); e != nil {
			err = errors.Join(e, err)
		}
	}
	a := answer{status: out.status}
	var body []byte
	if err == nil && out.body != nil {
		body, err = marshal(out.body)
	}
	if err != nil {
		a = answerTo(err)
		body = a.errorBody(q.id, q.now())
		if a.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
		}
	}
	q.write(w, a.status, body, out.location)
	q.logRequest(a, err, time.Since(began))
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

// serve lets a request in and does what it asks.
func (q *request) serve(w http.ResponseWriter) (reply, error) {
	if err := q.authenticate(); err != nil {
		return reply{}, err
	}
	run, err := q.route()
	if err != nil {
		return reply{}, err
	}
	if changes(q.Method) {
		if err := q.read(w); err != nil {
			return reply{}, err
		}
		// The body may have come slowly: the token is judged again, as of now.
		if err := q.authenticate(); err != nil {
			return reply{}, err
		}
	}
	return run(q)
}

func changes(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// authenticate establishes whose token the request brings.
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
	q.snap, q.in = snap, q.token.Store
	q.facts = q.h.Auth.Unsigned(q.Request, q.now(), q.id)
	q.view = &view{snap: snap, base: q.base(), strict: q.h.Strict}
	return nil
}

// base is the address of the endpoints, as the client wrote it.
func (q *request) base() string {
	if q.h.Public != "" {
		return strings.TrimSuffix(q.h.Public, "/") + Path
	}
	scheme := "http://"
	if q.TLS != nil {
		scheme = "https://"
	}
	return scheme + q.Host + Path
}

// read reads the body.
func (q *request) read(w http.ResponseWriter) error {
	if t := q.Header.Get("Content-Type"); t != "" {
		kind, _, err := mime.ParseMediaType(t)
		if err != nil || kind != "application/scim+json" && kind != "application/json" {
			return fault.New(fault.Unsupported, fault.Header, "Content-Type must be application/scim+json or application/json")
		}
	}
	limit := int64(maxBody)
	if strings.HasSuffix(q.name, "Group") {
		limit = maxGroupBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return fault.New(fault.TooLarge, fault.Request, "The body is larger than %d bytes", limit)
	}
	if err != nil {
		return fault.New(fault.Incomplete, fault.Body, "The body could not be read").Because(err)
	}
	q.body, err = decode(body)
	return err
}

// begin opens the record of a change.
func (q *request) begin(parameters map[string]any) {
	who := audit.Identity{
		Type: "Unknown", PrincipalID: q.token.ID, ARN: provision.TokenARN(q.token.Account, q.token.ID), AccountID: string(q.token.Account),
	}
	q.call = q.h.Control.BeginFor(who, q.token.Account, q.snap, q.facts, Source, q.name, false, parameters)
	q.call.ByRight(control.ProvisioningToken)
	q.call.Event.AdditionalEventData["provisioningTokenId"] = q.token.ID
}

// change commits a change together with its record, and shows it: what follows sees it in the request's snapshot.
func (q *request) change(fn func(*provision.Writer) error) error {
	err := q.h.Control.Update(q.Context(), q.call, func(tx *store.Tx) error {
		w, err := provision.Open(q.Context(), tx, provision.Source{
			Account: q.token.Account, By: q.call.Event.UserIdentity.ARN, Snapshot: q.snap, Quotas: q.h.Control.Quotas,
		})
		if err != nil {
			return err
		}
		if w.Store != q.in { // made anew since the token was judged
			return control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", string(q.in))
		}
		return fn(w)
	})
	if err == nil {
		q.snap = q.h.Control.Engine.Current()
		q.view.snap = q.snap
	}
	return err
}

// logRequest writes the one log record of the request.
func (q *request) logRequest(a answer, err error, took time.Duration) {
	if q.h.Observe != nil {
		q.h.Observe("scim", q.name, a.code, a.status, took)
	}
	attrs := []slog.Attr{
		slog.String("service", "scim"), slog.String("op", q.name), slog.Int("status", a.status),
		slog.String("request", q.id), slog.Duration("took", took),
	}
	if q.token != nil {
		attrs = append(attrs, slog.String("caller", provision.TokenARN(q.token.Account, q.token.ID)), slog.String("account", string(q.token.Account)))
	}
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("code", a.code), slog.String("error", err.Error()))
		if a.status >= http.StatusInternalServerError && a.status != http.StatusNotImplemented {
			level = slog.LevelError
		}
	}
	if q.h.Log != nil {
		q.h.Log.LogAttrs(q.Context(), level, "request", attrs...)
	}
}
