package remote

import (
	"fmt"
	"reflect"
	"slices"

	"latchkey/internal/fault"
)

// treatment is what becomes of a member of an input.
type treatment uint8

const (
	sent    treatment = iota // as it is
	dropped                  // the gateway has acted on it, or it asks for what is so anyway
	refused                  // neither the gateway nor the store can act on it
)

// member says what becomes of a member of an input, by its name on the wire, unless it is sent as it is.
type member struct {
	treatment treatment
	allowed   []string // of a member that is dropped: its values, if not all; any other value is refused
}

// members are those that the store must not see.
//
// Access to objects is the gateway's business. An access control list at the store would let people pass by the
// gateway, so only the ones that change nothing are taken, and they are not sent. Accounts are the gateway's: the store
// knows other ones. What only some stores read, and others pass over, would be ignored silently by the others: writes
// at an offset and the conditions of directory buckets (S3 API reference, DeleteObject).
var members = map[string]member{
	"x-amz-expected-bucket-owner":        {treatment: dropped},
	"x-amz-source-expected-bucket-owner": {treatment: dropped},
	"x-amz-request-payer":                {treatment: dropped}, // the store's bill is the operator's
	"Content-Length":                     {treatment: dropped}, // the body says it

	"x-amz-acl":              {treatment: dropped, allowed: []string{"private", "bucket-owner-full-control"}},
	"x-amz-object-ownership": {treatment: dropped, allowed: []string{"BucketOwnerEnforced"}},
	"x-amz-bucket-namespace": {treatment: dropped, allowed: []string{"global"}},

	"x-amz-grant-full-control": {treatment: refused},
	"x-amz-grant-read":         {treatment: refused},
	"x-amz-grant-read-acp":     {treatment: refused},
	"x-amz-grant-write":        {treatment: refused},
	"x-amz-grant-write-acp":    {treatment: refused},

	"x-amz-mfa":                         {treatment: refused},
	"x-amz-write-offset-bytes":          {treatment: refused},
	"x-amz-if-match-last-modified-time": {treatment: refused},
	"x-amz-if-match-size":               {treatment: refused},
	"x-amz-if-match-initiated-time":     {treatment: refused},
}

// treat acts on one member of an input's copy.
func (m member) treat(name string, v reflect.Value) error {
	if v.IsZero() {
		return nil
	}
	if m.treatment == refused || m.allowed != nil && !slices.Contains(m.allowed, fmt.Sprint(indirect(v).Interface())) {
		return notServed(name)
	}
	v.SetZero()
	return nil
}

func indirect(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Pointer {
		return v.Elem()
	}
	return v
}

// notServed refuses what S3 has and this upstream does not, in AWS's words for NotImplemented.
func notServed(header string) error {
	return fault.New(fault.Unsupported, fault.Header,
		"A header you provided implies functionality that is not implemented").With("Header", header)
}
