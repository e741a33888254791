package control

import "latchkey/internal/fault"

// refusedBy says for each reason which part of the decision refused. Records have it in the field latchkey.refusedBy.
// Every reason of package caller has a row here: TestEveryReasonOfTheLeashHasARow. Reasons without a row are those of
// requests that are not about access, such as OAuth's.
var refusedBy = map[fault.Reason]string{
	// The leash: what the session hangs on has gone.
	fault.AccessKeyInactive:     "leash",
	fault.ApplicationDeleted:    "leash",
	fault.ApplicationDisabled:   "leash",
	fault.AssociationRemoved:    "leash",
	fault.GrantDeleted:          "leash",
	fault.GranteeDeleted:        "leash",
	fault.GrantsInstanceDeleted: "leash",
	fault.InstanceDeleted:       "leash",
	fault.IssuerDeleted:         "leash",
	fault.IssuerUnknown:         "leash",
	fault.LocationDeleted:       "leash",
	fault.MembershipRemoved:     "leash",
	fault.NotAssigned:           "leash",
	fault.ParentDeleted:         "leash",
	fault.PrincipalDeleted:      "leash",
	fault.ProviderClientRemoved: "leash",
	fault.ProviderDeleted:       "leash",
	fault.ScopeRemoved:          "leash",
	fault.SessionInvalid:        "leash",
	fault.UserDeleted:           "leash",
	fault.UserDisabled:          "leash",

	fault.ActorPolicyRemoved:      "leash",
	fault.ApplicationGrantRemoved: "leash",
	fault.AskerNotAllowed:         "leash",
	fault.AudienceRemoved:         "leash",
	fault.BucketDeleted:           "leash",
	fault.IssuerChanged:           "leash",
	fault.IssuerNotAccepted:       "leash",
	fault.KeyOfPersonChanged:      "leash",
	fault.LocationRoleChanged:     "leash",
	fault.LocationRoleNotTrusting: "leash",
	fault.RoleNotTrusting:         "leash",
	fault.SessionsEnded:           "leash",
	fault.SignInDeleted:           "leash",
	fault.SignInEnded:             "leash",

	// The ceiling of vended credentials.
	fault.AdministrationClosed: "scope",
	fault.PermissionExceeded:   "scope",
	fault.ScopeExceeded:        "scope",
	fault.OtherRequest:         "scope",

	// Policies.
	fault.SessionPolicyDenies:   "session",
	fault.IdentityContextDenies: "session",
	fault.IdentityPolicyDenies:  "role",
	fault.BoundaryDenies:        "role",
	fault.PolicyUnreadable:      "role",
	fault.NotAllowed:            "role",
	fault.TrustPolicyDenies:     "trust",
	fault.RoleNotAssumable:      "trust",
	fault.ResourcePolicyDenies:  "resource_policy",
	fault.ExpectedOwner:         "resource_policy",

	// Grants.
	fault.GrantMissing:      "grants",
	fault.PermissionMissing: "grants",
	fault.LocationMissing:   "grants",
	fault.InstanceMissing:   "grants",

	fault.GrantsNotResolved:    "grants",
	fault.AssertionNotAdmitted: "grants",
	fault.AssertionUnbounded:   "trust",
	fault.AssertionNotCarried:  "session",
	fault.ApplicationOther:     "grants",
	// The store's own STS.
	fault.PrefixNotFenced:     "store",
	fault.RoleNotExpressible:  "store",
	fault.StoreSTSUnavailable: "store",
	fault.StoreSTSRefused:     "store",
	fault.StoreNotConfigured:  "store",
	fault.ProbeNotPassed:      "store",
	fault.SessionTooShort:     "store",

	// Policies that no layer alone answers for.
	fault.ConditionKeyUnknown: "role",

	// Before any decision.
	fault.RegionMismatch:   "signature",
	fault.NotAuthenticated: "signature",

	// Budgets.
	fault.RateExceeded:    "budget",
	fault.TooManyRequests: "budget",
	fault.PolicyTooCostly: "budget",
	fault.ClientGone:      "budget",

	fault.EventsNotRecorded: "budget",
}

// RefusedBy names the part of the decision that refuses for a reason. ok is false if the reason is of no such part.
func RefusedBy(r fault.Reason) (part string, ok bool) {
	part, ok = refusedBy[r]
	return part, ok
}
