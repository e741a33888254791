package grants

import (
	"strings"

	"latchkey/internal/fault"
)

// Reason says in one word why a check does not hold. The checks of what a session hangs on have the reasons of
// caller.DelegationStands: application_deleted, application_disabled, instance_deleted, user_deleted, user_disabled,
// not_assigned.
type Reason string

// The reasons of the checks in this package.
const (
	// PrincipalDeleted says that the user or role that a grant is for is deleted.
	PrincipalDeleted Reason = "principal_deleted"
	// PolicyUnreadable says that a policy of the principal cannot be read, so that nothing is allowed.
	PolicyUnreadable Reason = "policy_unreadable"
	// UserDeleted says that the person is not in the directory any more.
	UserDeleted Reason = "user_deleted"
	// UserDisabled says that the person is disabled in the directory.
	UserDisabled Reason = "user_disabled"
	// ApplicationMissing says that there is no application through which people come to the instance.
	ApplicationMissing Reason = "application_missing"
	// ApplicationDisabled says that the application through which a person comes is disabled.
	ApplicationDisabled Reason = "application_disabled"
	// NotAssigned says that the application is assigned neither to the person nor to a group of the person.
	NotAssigned Reason = "not_assigned"
	// NotAllowed says that no policy allows s3:GetDataAccess, or that one denies it.
	NotAllowed Reason = "not_allowed"
	// InstanceMissing says that the account has no Access Grants instance in the region.
	InstanceMissing Reason = "instance_missing"
	// RequestInvalid says that the request makes no sense, whoever asks.
	RequestInvalid Reason = "request_invalid"
	// AssociationRemoved says that the instance is not associated with the person's Identity Center.
	AssociationRemoved Reason = "association_removed"
	// ScopeRemoved says that the application does not have S3's scope towards the instance.
	ScopeRemoved Reason = "scope_removed"
	// GrantMissing says that the caller has no grant that covers the target.
	GrantMissing Reason = "grant_missing"
	// PermissionMissing says that the caller's grants that cover the target do not have the permission.
	PermissionMissing Reason = "permission_missing"
	// ApplicationOther says that a grant would answer, but it is for another application.
	ApplicationOther Reason = "application_other"
	// LocationMissing says that the location of the grant that answers is being changed.
	LocationMissing Reason = "location_missing"
	// RoleNotAssumable says that the service may not assume the role of the grant's location.
	RoleNotAssumable Reason = "role_not_assumable"
)

// Check is one thing that must hold before a credential is vended, and whether it does.
type Check struct {
	Name   string
	Passed bool
	Text   string // what was found
	Reason Reason // why it did not pass; empty if it did
}

// failure is why a check does not hold. A failure that can meet the caller of GetDataAccess has a fault, which the
// caller is told; the others are told to administrators only.
type failure struct {
	reason Reason
	text   string
	fault  error
}

// skipped is the failure of a check that does not concern the subject. It is no failure.
var skipped = &failure{}

// failed is a failure with the fault that the caller is told.
func failed(r Reason, err error) *failure {
	return &failure{reason: r, text: fault.Of(err).Text, fault: err}
}

// ended is the failure of something behind a session, whose text begins with its reason: see caller.DelegationStands.
func ended(err error) *failure {
	reason, text, _ := strings.Cut(fault.Of(err).Text, ": ")
	return &failure{reason: Reason(reason), text: text}
}

// String is the reason and the text, as WhoCan and WhatCan tell it.
func (f *failure) String() string { return string(f.reason) + ": " + f.text }
