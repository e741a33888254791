package caller

import (
	"latchkey/internal/credential"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

// federationLeash checks that the provider of the foreign token behind a session still exists, and still accepts the
// client that the token was for. It returns why the session ended, or nil.
func federationLeash(snap *engine.Snapshot, s *credential.Session) *fault.Error {
	if s.Federation.IsZero() {
		return nil
	}
	p := snap.OIDCProvider(s.ProviderID)
	switch {
	case p == nil:
		return sessionEnded(fault.ProviderDeleted, "the OpenID Connect provider that vouched for this session is deleted")
	case !p.Accepts(s.ClientID):
		return sessionEnded(fault.ProviderClientRemoved,
			"the client id that this session was made for is removed from its OpenID Connect provider")
	}
	return nil
}

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
