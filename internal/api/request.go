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
	op       *awswire.Operation
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
// about, and only then calls the handler. A query protocol names its operation in the body, which is therefore read
// first.
func (q *request) Answer() error {
	labels, err := q.recognise()
	if err != nil {
		return err
	}
	if q.Call, err = q.authenticate(); err != nil {
		return err
	}
	in, err := q.decode(labels)
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

// recognise names the operation, which must have a handler.
func (q *request) recognise() (awswire.Labels, error) {
	op, labels, err := q.endpoint.service.Find(q.Request, maxBody)
	if op != nil {
		q.op, q.Operation = op, op.Name
	}
	if err == nil && !q.front.mux.Handles(op) {
		err = fault.New(fault.Unsupported, fault.Operation, "")
	}
	return labels, err
}

// authenticate establishes the caller and opens the call. From here on every outcome is recorded. The call of a session
// that has ended is recorded too, as refused.
func (q *request) authenticate() (*control.Call, error) {
	if q.endpoint == stsEndpoint && q.op.Name == stsapi.AssumeRoleWithWebIdentity.Name {
		return q.byToken()
	}
	if q.endpoint == oauthEndpoint && q.op.Unsigned {
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

// signer is the caller who signed the request. From here on the body is read through the signature.
func (q *request) signer() (*caller.Caller, error) {
	who, signature, err := q.front.Auth.Authenticate(q.Request, q.endpoint.service.SigningName, q.From)
	if err != nil {
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
func (q *request) decode(labels awswire.Labels) (any, error) {
	body, err := awswire.ReadBody(q.Request, maxBody)
	if err != nil {
		return nil, err
	}
	if err := awswire.CheckBody(q.op, q.Header, body); err != nil {
		return nil, err
	}
	return awswire.Decode(q.op, q.Request, labels, body)
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
