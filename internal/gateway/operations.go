package gateway

import (
	"fmt"
	"io"
	"slices"

	"latchkey/internal/awswire"
	"latchkey/internal/budget"
)

// plane tells what an operation works on, and with that how audit records speak of it (CloudTrail user guide, "Logging
// data events": S3's operations on objects, and their listings, are data events; all others are management events).
type plane uint8

const (
	data           plane = iota + 1 // objects, uploads, their listings: no audit record for each call
	administration                  // buckets and their configuration: an audit record for each call
)

// answerer says who answers an operation.
type answerer uint8

const (
	byUpstream answerer = iota + 1 // the upstream, when the caller has all permissions
	byRegistry                     // control/buckets: the upstream is not asked
	byBoth                         // control/buckets and the upstream together
)

// declaredAction is an action for which an operation may ask policies.
type declaredAction struct {
	name string
	when string // in words; empty: always
}

// spec is all that the gateway must know of an operation. In is its input.
type spec[In any] struct {
	plane    plane
	answerer answerer
	reach    reach            // whether vended credentials reach it
	locality locality         // in which region it takes place
	readOnly bool             // the operation changes nothing
	actions  []declaredAction // all actions that are asked for. permissions must not name another one
	budget   budget.Budget    // of a buffered body; the zero budget: small

	// permissions are what a call needs. The first one is on what the request addresses, and its bucket is the request's.
	// nil: do checks permissions by itself.
	permissions func(*In) ([]permission, error)
	// names are the members that the upstream turns into keys besides the keys of permissions: prefixes and markers. Their
	// values are not limited to the caller's scope, because the permission limits what is listed. But a store that maps
	// keys to paths must not fold them.
	names func(*In) []*string
	// stream is the member with the streamed body. The row removes it from the input: the body travels beside it.
	stream func(*In) *io.ReadCloser
	// do answers a call after its permissions were checked. nil: the upstream does.
	do func(*Gateway, *request, *In) (any, error)
}

// operation is a row of the table of operations: a spec without its type.
type operation struct {
	*awswire.Operation
	plane       plane
	answerer    answerer
	reach       reach
	locality    locality
	readOnly    bool
	actions     []declaredAction
	budget      budget.Budget
	permissions func(in any) ([]permission, error) // nil: do checks permissions by itself
	names       func(in any) []*string
	unstream    func(in any) // takes the streamed body out of the input
	do          func(*Gateway, *request, any) (any, error)
}

// row makes a row of the table. The compiler holds the row's functions to the operation's input.
func row[In, Out any](op awswire.Op[In, Out], s spec[In]) *operation {
	o := &operation{
		Operation: op.Operation, plane: s.plane, answerer: s.answerer, reach: s.reach, locality: s.locality,
		readOnly: s.readOnly, actions: s.actions, budget: s.budget, names: func(any) []*string { return nil },
		unstream: func(any) {}, do: (*Gateway).forward,
	}
	if o.budget == (budget.Budget{}) {
		o.budget = small
	}
	if s.permissions != nil {
		o.permissions = func(in any) ([]permission, error) { return s.permissions(in.(*In)) }
	}
	if s.names != nil {
		o.names = func(in any) []*string { return s.names(in.(*In)) }
	}
	if s.stream != nil {
		o.unstream = func(in any) { *s.stream(in.(*In)) = nil }
	}
	if s.do != nil {
		o.do = func(g *Gateway, q *request, in any) (any, error) { return s.do(g, q, in.(*In)) }
	}
	return o
}

// operations is the table. An operation without a row is not served to anybody.
var operations = indexed(objectOperations, uploadOperations, listOperations, bucketOperations)

func indexed(families ...[]*operation) map[*awswire.Operation]*operation {
	all := map[*awswire.Operation]*operation{}
	for _, o := range slices.Concat(families...) {
		all[o.Operation] = o
	}
	return all
}

// checkDeclared fails if a permission is for an action that the row does not have. The table must say everything that
// an operation asks policies for.
func (o *operation) checkDeclared(needed []permission) error {
	for i := range needed {
		if !slices.ContainsFunc(o.actions, func(r declaredAction) bool { return r.name == needed[i].action }) {
			return fmt.Errorf("%s asks for %s, which its row does not have", o.Name, needed[i].action)
		}
	}
	return nil
}

// always is the right to an action that every call needs.
func always(action string) declaredAction { return declaredAction{name: action} }

// versionAction is the right that takes the place of the one on the current version.
func versionAction(action string) declaredAction {
	return declaredAction{action + "Version", "instead, with versionId"}
}
