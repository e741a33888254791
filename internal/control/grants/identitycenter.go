package grants

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Associate associates the instance with an Identity Center instance.
func (g *Grants) Associate(_ context.Context, call *control.Call, identityCenter string) error {
	if err := g.mayOwn(call, "s3:AssociateAccessGrantsIdentityCenter", policy.Values{}); err != nil {
		return err
	}
	i, err := g.instance(call)
	if err != nil {
		return err
	}
	if i.IdentityCenterARN != "" {
		return fault.New(fault.Invalid, fault.Request, "The Access Grants Instance is already associated with %s", i.IdentityCenterARN)
	}
	return g.checkIdentityCenter(call, identityCenter)
}

// checkIdentityCenter refuses every Identity Center instance that this deployment does not have; without a
// directory, that is every one.
func (g *Grants) checkIdentityCenter(_ *control.Call, arn string) error {
	return fault.New(fault.Invalid, fault.IdentityCenter, "The Identity Center instance %s does not exist", arn)
}

// Dissociate ends the association. Grants to people and groups stay, and no longer answer.
func (g *Grants) Dissociate(ctx context.Context, call *control.Call) error {
	if err := g.mayOwn(call, "s3:DissociateAccessGrantsIdentityCenter", policy.Values{}); err != nil {
		return err
	}
	i, err := g.instance(call)
	if err != nil {
		return err
	}
	if i.IdentityCenterARN == "" {
		return fault.New(fault.Invalid, fault.Request, "The Access Grants Instance is not associated with an Identity Center instance")
	}
	return g.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Instances.Get(ctx, tx, instanceID(&i.Instance))
		if err != nil {
			return err
		}
		current.IdentityCenterARN, current.ApplicationARN = "", ""
		return store.Instances.Update(tx, current)
	})
}
