package principals

import (
	"context"
	"errors"

	"latchkey/internal/control"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// trustLimit is the longest trust policy in characters without white space (IAM user guide, "IAM and AWS STS
// quotas").
const trustLimit = 2048

// bindTrust checks a trust policy and replaces the ARNs of the users and roles that it names by their immutable ids, as
// AWS does. A principal that is deleted and created again under the same name is then not trusted. It refuses users,
// roles and accounts that do not exist.
func bindTrust(ctx context.Context, tx *store.Tx, call *control.Call, text string) (string, error) {
	d, err := policy.Parse(text, policy.Trust)
	if err != nil {
		return "", malformed(err)
	}
	if d.Size() > trustLimit {
		return "", quota(fault.PolicyDocument, "ACLSizePerRole", trustLimit)
	}
	call.Wrote(d)
	bound, err := control.ResolvePrincipals(ctx, tx, d)
	if unknown, ok := errors.AsType[*control.UnknownPrincipalError](err); ok {
		return "", fault.New(fault.Malformed, fault.PolicyDocument, "%s", unknown.Error())
	}
	if err != nil {
		return "", err
	}
	return bound.String(), nil
}

// Trust is a role's trust policy as its administrator reads it, with the ARNs that the ids stand for now. The id of a
// deleted principal is shown as it is, as on AWS.
func Trust(snap *engine.Snapshot, r *iam.Role) string {
	return control.DisplayPrincipals(snap, r.Trust, policy.Trust)
}
