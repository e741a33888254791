// Package api is the control plane's wire: it finds the service and the operation that a request asks for,
// lets the phases run that every request goes through, and turns wire types into entities and back. Wire types
// stop here.
//
// It decides nothing: who may do what, and what happens, is package control's.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/control/buckets"
	"latchkey/internal/control/grants"
	"latchkey/internal/control/identitycenter"
	"latchkey/internal/control/identitystore"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/control/oauth"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
	"latchkey/internal/sigv4"
)

// API serves the control plane. Fill it and call Handler.
type API struct {
	Control        *control.Control
	Grants         *grants.Grants
	Principals     *principals.Principals
	Buckets        *buckets.Buckets
	Tokens         *sts.Tokens
	IdentityCenter *identitycenter.Center
	Directory      *identitystore.Directory
	Exchange       *oauth.Exchange
	SignIn         *oauth.SignIn
	Sync           *ldapsync.Syncer // nil: the server has no directory sources
	Auth           *caller.Authenticator
	Operator       access.AccountID // the account whose root user may create accounts and adopt buckets
	Log            *slog.Logger
	Observe        func(service, operation, code string, status int, took time.Duration) // metrics; may be nil
}

// maxBody is the largest control-plane body: a resource policy may have 350,000 characters, each of which may
// be escaped.
const maxBody = 2 << 20

// endpoint is how one service is let in.
type endpoint struct {
	service *awswire.Service
	dialect awserror.Dialect
	source  string // CloudTrail's eventSource
}

var (
	s3controlEndpoint     = &endpoint{s3control.Service, awserror.S3, grants.Source}
	stsEndpoint           = &endpoint{stsapi.Service, awserror.STS, "sts.amazonaws.com"}
	iamEndpoint           = &endpoint{iamapi.Service, awserror.IAM, "iam.amazonaws.com"}
	ssoEndpoint           = &endpoint{ssoadmin.Service, awserror.SSO, identitycenter.Source}
	identitystoreEndpoint = &endpoint{identitystoreapi.Service, awserror.SSO, identitystore.Source}
	oauthEndpoint         = &endpoint{ssooidc.Service, awserror.OAuth, oauth.Source}
	latchkeyEndpoint      = &endpoint{latchkey.Service, awserror.JSON, latchkeySource}
)

// Front is the HTTP side of an API.
type Front struct {
	*API
	mux awswire.Mux[*control.Call]
}

// latchkeySource is the eventSource of Latchkey's own operations. It is no name of AWS's, so that nothing that
// reads CloudTrail takes them for something else.
const latchkeySource = "latchkey.local"

// Handler registers every operation and returns the front.
func (a *API) Handler() *Front {
	f := &Front{API: a}
	a.registerS3Control(&f.mux)
	a.registerIAM(&f.mux)
	a.registerSTS(&f.mux)
	a.registerSSOAdmin(&f.mux)
	a.registerIdentityStore(&f.mux)
	a.registerOAuth(&f.mux)
	a.registerLatchkey(&f.mux)
	return f
}

// Claims reports whether a request is for the control plane. What it does not claim is for the gateway.
func (f *Front) Claims(r *http.Request) bool { return findEndpoint(r) != nil }

// request is one request on its way through the phases.
type request struct {
	*http.Request
	endpoint *endpoint
	id       string
	began    time.Time
	op       *awswire.Operation
	call     *control.Call // nil until the caller is established
	answer   awserror.Error
	err      error
}

// hostID is sent as x-amz-id-2, which clients print beside the request id.
const hostID = "latchkey"

// ServeHTTP lets awswire run the phases, and hangs in what they need: who calls, the record, the failure.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r, endpoint: findEndpoint(r), id: uuid.NewString(), began: time.Now(), answer: awserror.Error{Status: http.StatusOK}}
	if q.endpoint == nil {
		http.NotFound(w, r)
		return
	}
	ids := awswire.IDs{Request: q.id, Host: hostID}
	s := awswire.Server[*control.Call]{
		Service: q.endpoint.service, Mux: &f.mux, BodyLimit: maxBody,
		IDs: func(*http.Request) awswire.IDs { return ids },
		Authenticate: func(r *http.Request, op *awswire.Operation) (*control.Call, error) {
			return f.authenticate(q, r, op)
		},
		Around: func(ctx context.Context, call *control.Call, c awswire.Call, next func(context.Context) (any, error)) (any, error) {
			return f.around(ctx, q, c, next)
		},
		Fail: func(w http.ResponseWriter, r *http.Request, op *awswire.Operation, err error) {
			q.op = op
			f.fail(w, q, ids, err)
		},
	}
	s.ServeHTTP(w, r)
	f.logRequest(q)
}

// authenticate establishes the caller and opens the call. From here on, whatever happens is recorded.
func (f *Front) authenticate(q *request, r *http.Request, op *awswire.Operation) (*control.Call, error) {
	q.op = op
	if q.endpoint == stsEndpoint && op.Name == stsapi.AssumeRoleWithWebIdentity.Name {
		return f.byToken(q, r, op)
	}
	if q.endpoint == oauthEndpoint && op.Unsigned {
		return f.byNobody(q, r, op)
	}
	who, signature, err := f.Auth.Authenticate(r, q.endpoint.service.SigningName, q.id)
	if ended, ok := errors.AsType[*caller.Ended](err); ok {
		q.call = f.Control.Begin(ended.Caller, q.endpoint.source, op.Name, readOnly(op.Name), nil)
	}
	if err != nil {
		return nil, err
	}
	if !isRegion(who.Facts.Region) {
		return nil, fault.New(fault.Invalid, fault.Authorization, "The authorization header is malformed; the region %q is not a region", who.Facts.Region)
	}
	r.Body = signature.Body(sigv4.BodyOptions{})
	q.call = f.Control.Begin(who, q.endpoint.source, op.Name, readOnly(op.Name), nil)
	return q.call, nil
}

// isRegion reports whether a name can be a region's. It becomes a part of ARNs that policies are asked about:
// a region with a colon in it could pass for another account's resource.
func isRegion(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// around runs the handler and, when it succeeded, ends the record: what nothing allowed, or what is not recorded, is not
// handed out. The body may have come slowly: the caller is judged again, as of now.
func (f *Front) around(ctx context.Context, q *request, c awswire.Call, next func(context.Context) (any, error)) (any, error) {
	for k, v := range awswire.Parameters(c.Operation, c.Input) {
		q.call.Event.RequestParameters[k] = parameter(q, v)
	}
	if !q.call.Unproven {
		who, err := f.Auth.Reauthenticate(q.call.Caller)
		if err != nil {
			return nil, err
		}
		q.call.Caller = who
	}
	if q.endpoint == s3controlEndpoint {
		if err := address(q); err != nil {
			return nil, err
		}
	}
	out, err := next(ctx)
	if err != nil {
		return nil, err
	}
	q.answer.Status = c.Operation.SuccessStatus()
	return out, f.Control.Finish(context.WithoutCancel(ctx), q.call, "", "")
}

// parameter is a request parameter as CloudTrail shows it: S3 Control's lists have the texts of their query,
// numbers and booleans included (AWS Transfer Family user guide, sample of ListCallerAccessGrants).
func parameter(q *request, v any) any {
	if q.endpoint != s3controlEndpoint || !strings.HasPrefix(q.op.Name, "List") {
		return v
	}
	switch v.(type) {
	case bool, int32, int64:
		return fmt.Sprint(v)
	}
	return v
}

// fail records the refusal and tells the client. A request whose caller was never established leaves no
// record: CloudTrail keeps none either, and anybody could fill the log.
func (f *Front) fail(w http.ResponseWriter, q *request, ids awswire.IDs, err error) {
	q.err, q.answer = err, awserror.Of(q.endpoint.dialect, err)
	if q.call != nil {
		// The record is kept even if the client has gone away.
		if err := f.Control.Finish(context.WithoutCancel(q.Context()), q.call, q.answer.Code, q.answer.Message); err != nil {
			q.err, q.answer = err, awserror.Of(q.endpoint.dialect, fault.New(fault.Internal, "", "").Because(err))
		}
	}
	fields := q.answer.Fields
	if q.endpoint == identitystoreEndpoint { // whose exceptions carry it as a member
		fields = maps.Clone(fields)
		if fields == nil {
			fields = map[string]string{}
		}
		fields["RequestId"] = q.id
	}
	message := q.answer.Message
	if q.endpoint == oauthEndpoint {
		message = "" // its clients read error_description
	}
	awswire.EncodeError(w, q.endpoint.service, awswire.WireError{
		Code: q.answer.Code, Status: q.answer.Status, Message: message, Fields: fields,
	}, ids)
}

// address takes the account that an s3control request addresses from its header, and refuses a host whose
// label says otherwise.
func address(q *request) error {
	id, err := access.ParseAccountID(q.Header.Get("X-Amz-Account-Id"))
	if err != nil {
		return control.AccessFault(err)
	}
	if label := accountLabel(q.Host); label != "" && label != string(id) {
		return fault.New(fault.Invalid, fault.AccountID, "The account id in the host, %s, is not the one in x-amz-account-id, %s", label, id)
	}
	q.call.Target = id
	return nil
}

// logRequest writes the one log record of the request.
func (f *Front) logRequest(q *request) {
	answer, err := q.answer, q.err
	took := time.Since(q.began)
	name := "unknown"
	if q.op != nil {
		name = q.op.Name
	}
	if f.Observe != nil {
		f.Observe(q.endpoint.service.Name, name, answer.Code, answer.Status, took)
	}
	attrs := []slog.Attr{
		slog.String("service", q.endpoint.service.Name), slog.String("op", name), slog.Int("status", answer.Status),
		slog.String("request", q.id), slog.Duration("took", took),
	}
	if q.call != nil {
		attrs = append(attrs, slog.String("caller", q.call.ARN()), slog.String("account", string(q.call.Target)))
	}
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("code", answer.Code), slog.String("error", err.Error()))
		if answer.Status >= 500 {
			level = slog.LevelError
		}
	}
	f.Log.LogAttrs(q.Context(), level, "request", attrs...)
}

// readOnly reports whether an operation changes nothing. GetDataAccess counts as one although it
// mints a credential: CloudTrail says readOnly too.
func readOnly(op string) bool {
	for _, prefix := range []string{"Get", "List", "Describe", "AssumeRole", "Decode", "Explain", "Query", "IsMember", "WhoCan", "WhatCan"} {
		if len(op) >= len(prefix) && op[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
