package control

import (
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// problemFaults maps each kind of input that package access refuses to its fault.
var problemFaults = map[access.Problem]struct {
	kind   fault.Kind
	entity fault.Entity
}{
	access.BadRequest:     {fault.Invalid, fault.Request},
	access.BadAccount:     {fault.Invalid, fault.AccountID},
	access.BadBucket:      {fault.Invalid, fault.BucketName},
	access.BadScope:       {fault.Invalid, fault.Request},
	access.BadTarget:      {fault.Invalid, fault.Request},
	access.BadLocation:    {fault.Invalid, fault.Location},
	access.BadGrant:       {fault.Invalid, fault.Grant},
	access.BadGrantee:     {fault.Invalid, fault.Grantee},
	access.BadPermission:  {fault.Invalid, fault.Member},
	access.BadPrivilege:   {fault.Invalid, fault.Member},
	access.BadApplication: {fault.Invalid, fault.Member},
	access.BadTag:         {fault.Invalid, fault.Tag},
	access.ReservedTag:    {fault.Invalid, fault.ReservedTag},
	access.TooManyTags:    {fault.LimitExceeded, fault.Tags},
	access.BadARN:         {fault.Invalid, fault.Request},
	access.BadID:          {fault.Invalid, fault.Request},
}

// AccessFault turns the error for an input that package access refused into a fault. It returns any other error as it
// is.
func AccessFault(err error) error {
	e, ok := errors.AsType[*access.Error](err)
	if !ok {
		return err
	}
	if p, ok := problemFaults[e.Problem]; ok {
		return fault.New(p.kind, p.entity, "%s", e.Text)
	}
	return fault.New(fault.Invalid, fault.Request, "%s", e.Text)
}
