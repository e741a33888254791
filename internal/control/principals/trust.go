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

// bindTrust checks a trust policy and puts the immutable ids of the users and roles that it names in the
// place of their ARNs, as AWS does: who is deleted and created again under the same name is not trusted. A
// principal that does not exist, or an account, is refused.
func bindTrust(ctx context.Context, tx *store.Tx, text string) (string, error) {
	d, err := policy.Parse(text, policy.Trust)
	if err != nil {
		return "", malformed(err)
	}
	if d.Size() > trustLimit {
		return "", quota(fault.PolicyDocument, "ACLSizePerRole", trustLimit)
	}
	bound, err := control.ResolvePrincipals(ctx, tx, d)
	if unknown, ok := errors.AsType[*control.UnknownPrincipalError](err); ok {
		return "", fault.New(fault.Malformed, fault.PolicyDocument, "%s", unknown.Error())
	}
	if err != nil {
		return "", err
	}
	return bound.String(), nil
}

// Trust is a role's trust policy as its administrator reads it: with the ARNs that the ids stand for now. The
// id of a principal that is deleted shows as it is, as on AWS.
func Trust(snap *engine.Snapshot, r *iam.Role) string {
	return control.DisplayPrincipals(snap, r.Trust, policy.Trust)
}
