package principals

import (
	"cmp"

	"latchkey/internal/control"
)

// The resources on which IAM authorises its lists. The Service Authorization Reference has no resource type for them,
// but AWS evaluates them on what its refusals name. A policy on "*" always matches. A policy on a list's resource
// matches that list only: "user/*" admits a caller to ListUsers, and "user/division/*" only with that path prefix.

// below is the resource of a list of the caller's account: the ARN of this type with the path prefix. Without a prefix
// the list is of everything below the path "/".
func below(call *control.Call, kind, prefix string) string {
	return "arn:aws:iam::" + string(call.Account) + ":" + kind + cmp.Or(prefix, "/")
}

// policiesBelow is the resource of ListPolicies, which is no ARN. AWS's managed policies are in the list, too, and
// belong to no account. So only a policy on "*" admits a caller.
func policiesBelow(prefix string) string { return "policy path " + cmp.Or(prefix, "/") }
