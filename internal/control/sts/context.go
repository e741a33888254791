package sts

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
)

// ContextProvider is the only provider of contexts: Identity Center.
const ContextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"

// maxContexts is how many contexts AssumeRole accepts (STS API reference). It can use only one of them.
const maxContexts = 5

// ProvidedContext is a context assertion in a request of AssumeRole.
type ProvidedContext struct {
	ProviderARN string
	Assertion   credential.Secret
}

// onBehalf is an opened context. It says on whose behalf the session acts, or, if it is only for the audit, whom the
// session's records name. nil means no context.
type onBehalf struct {
	credential.Delegation
	grounds credential.Grounds // of the context
	actors  credential.Actors
	audit   bool
}

// openContexts opens the contexts of a request, which may have one identity context or one audit context. It checks
// that everything that the context depends on still stands. No refusal repeats the assertion.
func (t *Tokens) openContexts(
	ctx context.Context, call *control.Call, all []ProvidedContext,
) (*onBehalf, error) {
	if len(all) == 0 {
		return nil, nil
	}
	if len(all) > maxContexts {
		return nil, constraint("...", "providedContexts", "Member must have length less than or equal to 5")
	}
	for _, c := range all {
		if c.ProviderARN != ContextProvider {
			return nil, fault.New(fault.Invalid, fault.Member, "The context provider %s is not known. Only %s is.",
				c.ProviderARN, ContextProvider)
		}
	}
	if len(all) > 1 {
		return nil, fault.New(fault.Invalid, fault.Member,
			"A session carries either one identity context or one audit context, not several.")
	}
	opened, forAudit, err := t.openContext(all[0].Assertion, call.Facts.Time)
	if err != nil {
		return nil, err
	}
	// The record names the person whether the session is made or not: the context was sealed here.
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{
		UserID: opened.UserID, IdentityStoreARN: caller.IdentityStoreARN(&opened.Delegation),
	}
	call.Event.Added().Identity = caller.Proven
	if err := t.Control.TokenStands(ctx, call, &opened); err != nil {
		why := fault.Of(err)
		if why.Kind != fault.Denied {
			return nil, err
		}
		return nil, fault.New(fault.Denied, "", "The provided context is not accepted: %s", why.Message()).For(why.Reason)
	}
	grounds := opened.Grounds
	if opened.Revision == 0 {
		grounds = caller.DelegationGrounds(&opened.Delegation)
	}
	return &onBehalf{opened.Delegation, grounds, opened.Actors, forAudit}, nil
}

func (t *Tokens) openContext(
	assertion credential.Secret, now time.Time,
) (d credential.SealedDelegation, forAudit bool, err error) {
	d, err = t.Control.Ring.OpenDelegation(credential.IdentityContext, assertion, now)
	if errors.Is(err, credential.ErrSealed) {
		forAudit = true
		d, err = t.Control.Ring.OpenDelegation(credential.AuditContext, assertion, now)
	}
	switch {
	case errors.Is(err, credential.ErrSealed):
		return d, false, fault.New(fault.Denied, "",
			"The provided context is not accepted: it was not issued here, or was changed.")
	case err != nil:
		return d, false, fault.New(fault.Expired, fault.IdentityToken, "The provided context has expired.")
	}
	return d, forAudit, nil
}

// checkAccount refuses a role of another account than that of the Identity Center instance.
func (b *onBehalf) checkAccount(role *iam.Role) error {
	if b == nil {
		return nil
	}
	if r, ok := sso.ParseARN(b.ApplicationARN); !ok || r.Account != role.Account {
		return fault.New(fault.Denied, "",
			"The provided context is not accepted: it is of an Identity Center instance of another account than the role's.")
	}
	return nil
}

// addToSession adds the identity to the session. Of an audit context the session only remembers that it was asked with
// it, because the role's trust policy saw it.
func (b *onBehalf) addToSession(s *credential.Session) {
	switch {
	case b == nil:
	case b.audit:
		s.Asked.Audit = b.Delegation
	default:
		s.Delegation = b.Delegation
		s.Grounds.AddAll(b.grounds)
		s.Actors.AddAll(b.actors)
	}
}

// contextValues sets the condition keys of a request that sets a context (Service Authorization Reference, AWS Security
// Token Service).
func contextValues(v *policy.Values, d *credential.Delegation) {
	v.Set("sts:RequestContextProviders", ContextProvider)
	v.Set("sts:RequestContext/identitystore:UserId", d.UserID)
	v.Set("sts:RequestContext/identitystore:IdentityStoreArn", caller.IdentityStoreARN(d))
	v.Set("sts:RequestContext/identitycenter:InstanceArn", d.IdentityCenterInstance)
	v.Set("sts:RequestContext/identitycenter:ApplicationArn", d.ApplicationARN)
	v.Set("sts:RequestContext/identitycenter:CredentialId", d.CredentialID)
}
