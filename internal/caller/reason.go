package caller

import (
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// layerReasons are the reasons for which the layers of policies refuse. A layer that is not listed refuses for the
// reason of identity policies: nothing allowed the action.
var layerReasons = map[policy.Layer]fault.Reason{
	policy.LayerIdentity: fault.IdentityPolicyDenies,
	policy.LayerBoundary: fault.BoundaryDenies,
	policy.LayerSession:  fault.SessionPolicyDenies,
	policy.LayerGuard:    fault.IdentityContextDenies,
	policy.LayerResource: fault.ResourcePolicyDenies,
	policy.LayerTrust:    fault.TrustPolicyDenies,
}

// ReasonOf is the reason of a decision that refuses: why it stopped, a condition key that nobody documents, the layer
// that denied, or the first one that should have allowed. It is for records and logs. It is empty for a decision that
// allows.
func (c *Caller) ReasonOf(d policy.Decision) fault.Reason {
	if d.Allowed {
		return ""
	}
	if stopped := StoppedReason(d); stopped != "" {
		return stopped
	}
	if d.UnknownKey != "" {
		return fault.ConditionKeyUnknown
	}
	layer := d.Missing
	if d.Effect == policy.ExplicitDeny {
		layer = d.Layer
	}
	if layer == policy.LayerSession && c.IsVended() { // the session policy of a vended credential is made of its scope
		return fault.ScopeExceeded
	}
	if r, ok := layerReasons[layer]; ok {
		return r
	}
	return fault.IdentityPolicyDenies
}
