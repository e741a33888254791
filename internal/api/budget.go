package api

import (
	"net/http"
	"strings"
	"time"

	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

var (
	// unsigned is the budget of a request that nobody signed: it has a token, a code or a secret in its body, or it
	// registers a client. The longest is AssumeRoleWithWebIdentity's, with a token of 20,000 bytes and a policy.
	unsigned = budget.Budget{Bytes: 64 << 10, Elements: 500, Depth: 10, Time: 15 * time.Second}

	// documents is the budget of IAM's operations. A policy may have 131,072 characters, each of which is up to six
	// bytes in a form. Which operation it is stands in the form.
	documents = budget.Budget{Bytes: 1 << 20, Elements: 10_000, Depth: 40, Time: time.Minute}

	// resourcePolicy is the budget of the one operation with an even longer document: a resource policy may have 350,000
	// characters, each of which may be escaped.
	resourcePolicy = budget.Budget{Bytes: 2 << 20, Elements: 100, Depth: 10, Time: time.Minute}
)

// budgetOf is what a signed request may cost, by its endpoint and, if it is known before the body is read, by its
// operation.
func budgetOf(e *endpoint, op *awswire.Operation) budget.Budget {
	switch {
	case op == s3control.PutAccessGrantsInstanceResourcePolicy.Operation:
		return resourcePolicy
	case e == iamEndpoint:
		return documents
	}
	return awswire.Usual
}

// hasSignature reports whether a request claims to be signed. Whether it is, its verification says.
func hasSignature(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm")
}

// read reads the body, and checks its length and its checksums as far as the operation is known.
func (q *request) read() (err error) {
	if q.bodyRead {
		return nil
	}
	if q.body, err = awswire.ReadBody(q.Request, q.budget.Bytes); err == nil {
		q.bodyRead = true
	}
	return err
}

// limit sets the request's budget, for everything that reads its body and for everything that decodes it.
func (q *request) limit(b budget.Budget) {
	q.budget = b
	q.Limit(b)
}

// find names the operation, which must have a handler.
func (q *request) find() error {
	op, labels, err := q.endpoint.service.Find(q.budget, q.Request, q.body)
	if op != nil {
		q.op, q.Operation = op, op.Name
	}
	q.labels = labels
	if err == nil && !q.front.mux.Handles(op) {
		err = fault.New(fault.Unsupported, fault.Operation, "")
	}
	return err
}
