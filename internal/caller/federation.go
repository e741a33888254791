package caller

import (
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// federation returns the provider whose token the caller's session was made with. A session that was chained from such
// a session ends with the provider, too, but federation returns nil for it (IAM user guide, "Available keys for AWS
// OIDC federation").
func (c *Caller) federation() *iam.OIDCProvider {
	if c.Session == nil || c.Session.Federation.IsZero() || c.Session.Chained {
		return nil
	}
	return c.Snapshot.OIDCProvider(c.Session.ProviderID)
}

// federatedBy is the ARN of federation's provider. It is empty if there is none.
func (c *Caller) federatedBy() string {
	if p := c.federation(); p != nil {
		return p.ARN()
	}
	return ""
}

// federationValues sets the condition keys that a session has from its foreign token.
func (c *Caller) federationValues(v *policy.Values) {
	if p := c.federation(); p != nil {
		v.Set(p.Name()+":aud", c.Session.ClientID)
		v.Set(p.Name()+":sub", c.Session.Subject)
	}
}
