package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awserror"
	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/front"
	"latchkey/internal/sigv4"
)

// request is one request on its way through the phases.
type request struct {
	*http.Request
	*front.Exchange
	front    *Front
	endpoint *endpoint
	budget   budget.Budget
	body     []byte // once it was read
	bodyRead bool
	op       *awswire.Operation
	labels   awswire.Labels
	out      any
}

// ServeHTTP answers a request that the front Claims.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := findEndpoint(r)
	if e == nil {
		http.NotFound(w, r)
		return
	}
	q := &request{Request: r, Exchange: f.Frame.Begin(w, r, front.Kind{Service: e.service.Name}), front: f, endpoint: e}
	q.Serve(q)
}

// Answer runs the phases: it finds out which operation, who calls, what was sent and which account the request is
// about, and only then calls the handler. Nothing of a signed request's body is decoded before its signature holds. A
// query protocol names its operation in the body, so there the caller is established first.
func (q *request) Answer() (err error) {
	if q.endpoint.service.Protocol == awswire.Query {
		q.Call, err = q.identifyForm()
	} else {
		q.Call, err = q.identify()
	}
	if err != nil {
		return err
	}
	in, err := q.decode()
	if err != nil {
		return err
	}
	for k, v := range awswire.Parameters(q.op, in) {
		q.Call.Event.RequestParameters[k] = q.parameter(v)
	}
	if err := q.reauthenticate(); err != nil {
		return err
	}
	if err := q.address(); err != nil {
		return err
	}
	q.out, err = q.front.mux.Do(q.Context(), q.Call, awswire.Call{Operation: q.op, Input: in, Request: q.Request})
	return err
}

// identify names the operation by method, path and headers, establishes the caller and opens the call. From here on
// every outcome is recorded. The call of a session that has ended is recorded too, as refused.
func (q *request) identify() (*control.Call, error) {
	if err := q.find(); err != nil {
		return nil, err
	}
	if (q.endpoint == oauthEndpoint || q.endpoint == portalEndpoint) && q.op.Unsigned {
		q.limit(unsigned)
		return q.byNobody()
	}
	who, err := q.signer()
	if ended, ok := errors.AsType[*caller.Ended](err); ok {
		return q.begin(ended.Caller), err
	}
	if err != nil {
		return nil, err
	}
	return q.begin(who), nil
}

// identifyForm is identify for a form. If the form is signed, the caller comes first. If it is not, it must be small:
// one operation has a token in place of the signature.
func (q *request) identifyForm() (*control.Call, error) {
	if !hasSignature(q.Request) {
		if err := q.open(unsigned); err != nil {
			return nil, err
		}
		if q.isByToken() {
			return q.byToken(nil)
		}
		return nil, fault.New(fault.Unauthenticated, fault.MissingAuth, "Request is missing Authentication Token")
	}
	who, err := q.signer()
	ended, isEnded := errors.AsType[*caller.Ended](err)
	if err != nil && !isEnded {
		return nil, err
	}
	bad := q.open(budgetOf(q.endpoint, nil))
	switch {
	case isEnded && (bad != nil || q.isByToken()):
		return nil, err
	case isEnded:
		return q.begin(ended.Caller), err
	case bad != nil:
		return nil, bad
	case q.isByToken():
		return q.byToken(who)
	}
	return q.begin(who), nil
}

// open reads a form, and names the operation that stands in it.
func (q *request) open(b budget.Budget) error {
	q.limit(b)
	if err := q.read(); err != nil {
		return err
	}
	return q.find()
}

func (q *request) isByToken() bool { return q.op == stsapi.AssumeRoleWithWebIdentity.Operation }

// signer is the caller who signed the request. The body is read within the budget of its operation, at first only to
// compare its hash. From here on it is read through the signature.
func (q *request) signer() (*caller.Caller, error) {
	q.limit(budgetOf(q.endpoint, q.op))
	who, signature, err := q.front.Auth.Authenticate(q.Request, q.endpoint.service.SigningName, q.From)
	if ended, ok := errors.AsType[*caller.Ended](err); ok && signature != nil {
		q.Body = signature.Body(sigv4.BodyOptions{})
		return ended.Caller, err
	}
	if err != nil {
		return nil, err
	}
	if err := q.Proved(); err != nil {
		return nil, err
	}
	q.Body = signature.Body(sigv4.BodyOptions{})
	return who, nil
}

// opening describes the call of this request.
func (q *request) opening() control.Opening {
	return control.Opening{Source: q.endpoint.source, Operation: q.op.Name, ReadOnly: readOnly(q.op.Name)}
}

func (q *request) begin(who *caller.Caller) *control.Call {
	if q.regional() {
		who.Facts.Region = who.Facts.SignedRegion
	}
	o := q.opening()
	o.Caller = who
	return q.front.Control.Begin(o)
}

// regional reports whether the operation is about the Access Grants instance of a region: the signature then says which
// instance. Every other service has the server's own region, whatever region a signature is for.
func (q *request) regional() bool {
	switch q.endpoint {
	case s3controlEndpoint:
		return true
	case latchkeyEndpoint:
		return q.op == latchkey.Explain.Operation || q.op == latchkey.WhoCan.Operation || q.op == latchkey.WhatCan.Operation
	}
	return false
}

// decode reads the body, checks its length and its checksums, and decodes the input.
func (q *request) decode() (any, error) {
	if err := q.read(); err != nil {
		return nil, err
	}
	if err := awswire.CheckBody(q.op, q.Header, q.body); err != nil {
		return nil, err
	}
	return awswire.Decode(q.budget, q.op, q.Request, q.labels, q.body)
}

// reauthenticate evaluates the caller again, against what is known now: the body may have come slowly.
func (q *request) reauthenticate() error {
	if q.Call.Unproven {
		return nil
	}
	who, err := q.front.Auth.Reauthenticate(q.Call.Caller)
	if err != nil {
		return err
	}
	q.Call.Caller = who
	return nil
}

// address sets the account that a request is about. S3 Control's requests name it in a header, and a host with another
// account in its label is refused. All other requests are about the caller's own account, unless a handler sets another
// one.
func (q *request) address() error {
	if q.endpoint != s3controlEndpoint {
		return nil
	}
	id, err := access.ParseAccountID(q.Header.Get("X-Amz-Account-Id"))
	if err != nil {
		return control.AccessFault(err)
	}
	if label := accountLabel(q.Host); label != "" && label != string(id) {
		return fault.New(fault.Invalid, fault.AccountID,
			"The account id in the host, %s, is not the one in x-amz-account-id, %s", label, id)
	}
	q.Call.Address(id)
	return nil
}

// parameter is a request parameter as CloudTrail shows it. For S3 Control's lists it shows the texts of the query,
// those of numbers and booleans included (AWS Transfer Family user guide, sample of ListCallerAccessGrants).
func (q *request) parameter(v any) any {
	if q.endpoint != s3controlEndpoint || !strings.HasPrefix(q.op.Name, "List") {
		return v
	}
	switch v.(type) {
	case bool, int32, int64:
		return fmt.Sprint(v)
	}
	return v
}

// Send writes the answer.
func (q *request) Send(w http.ResponseWriter) error { return awswire.Encode(w, q.op, q.out, q.IDs()) }

// Explain translates a failure into the endpoint's words.
func (q *request) Explain(err error) awserror.Error { return awserror.Of(q.endpoint.dialect, err) }

// Refuse writes a failure.
func (q *request) Refuse(w http.ResponseWriter, _ error, told awserror.Error) {
	fields := told.Fields
	if q.endpoint == identitystoreEndpoint { // the exceptions of the identity store have the id as a member
		fields = maps.Clone(fields)
		if fields == nil {
			fields = map[string]string{}
		}
		fields["RequestId"] = q.ID
	}
	message := told.Message
	if q.endpoint == oauthEndpoint {
		message = "" // OAuth clients read error_description
	}
	awswire.EncodeError(w, q.endpoint.service, awswire.WireError{
		Code: told.Code, Status: told.Status, Message: message, Fields: fields,
	}, q.IDs())
}

// readOnly reports whether an operation changes nothing. GetDataAccess is read-only although it mints a credential, as
// in CloudTrail.
func readOnly(op string) bool {
	for _, prefix := range []string{
		"Get", "List", "Describe", "AssumeRole", "Decode", "Explain", "Query", "IsMember", "WhoCan", "WhatCan",
	} {
		if len(op) >= len(prefix) && op[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
