package control

import (
	"errors"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// problemFaults says which fault an input is that package access refuses.
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

// AccessFault turns an input that package access refused into a fault; any other error stays as it is.
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
