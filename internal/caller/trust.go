package caller

import "latchkey/internal/policy"

// DecideTrust evaluates whether the caller may do an action (sts:AssumeRole, sts:TagSession, ...) on the role with this
// trust policy. a.Resource is the role's ARN. a.ResourcePolicy is ignored.
func (c *Caller) DecideTrust(a Ask, trust *policy.Document) policy.Decision {
	return policy.EvaluateTrust(policy.Request{
		Principal:       c.Principal,
		Action:          a.Action,
		Resource:        a.Resource,
		ResourceAccount: string(a.ResourceAccount),
		Context:         c.values(a),
		Meter:           c.Meter(),
	}, trust, c.policies)
}
