package control

import (
	"errors"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// DirectoryFault turns an error of package directory, and the error for a key that another user or group has, into a
// fault in the words of the Identity Store API. It returns any other error as it is.
func DirectoryFault(err error) error {
	if e, ok := errors.AsType[*directory.Error](err); ok {
		return fault.New(fault.Invalid, fault.Member, "%s", e.Error())
	}
	f := fault.Of(err)
	if f == nil || f.Kind != fault.AlreadyExists {
		return err
	}
	duplicate, ok := errors.AsType[*store.DuplicateError](err)
	if !ok {
		return err
	}
	text := "Duplicate UserName"
	switch directory.Key(duplicate.Key).Attribute(f.Entity == fault.DirectoryGroup) {
	case "emails.value":
		text = "Duplicate Email"
	case "externalIds":
		text = "Duplicate ExternalId"
	case "displayName":
		text = "Duplicate GroupDisplayName"
	}
	return fault.New(fault.AlreadyExists, f.Entity, "%s", text).With("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}

// DirectoryMissing is the fault for a user, a group, a membership or an identity store that does not exist. It has the
// members of the Identity Store API's exception. kind is its ResourceType, such as USER.
func DirectoryMissing(entity fault.Entity, kind, id string) error {
	return fault.New(fault.NotFound, entity, "%s not found.", kind).With("ResourceType", kind).With("ResourceId", id)
}

// DirectoryFull is the fault for an identity store that has reached its quota of users or groups.
func DirectoryFull(entity fault.Entity, what string, limit int) error {
	return fault.New(fault.LimitExceeded, entity, "The maximum number of %s (%d) is reached", what, limit)
}
