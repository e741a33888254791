package grants

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// ResolveGrants reports whether the caller's account lets grants answer S3 requests for its buckets.
func (g *Grants) ResolveGrants(call *control.Call) (bool, error) {
	if err := call.May("latchkey:GetResolveGrants", "*", policy.Values{}, nil, call.Account); err != nil {
		return false, err
	}
	return Resolves(call.Snapshot, call.Account), nil
}

// SetResolveGrants switches whether the caller's account lets grants answer S3 requests for its buckets. It turns
// refusals into answers, or answers into refusals, from the next request on.
func (g *Grants) SetResolveGrants(ctx context.Context, call *control.Call, on bool) error {
	if err := call.May("latchkey:PutResolveGrants", "*", policy.Values{}, nil, call.Account); err != nil {
		return err
	}
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		a, err := store.Accounts.Get(ctx, tx, string(call.Account))
		if err != nil {
			return err
		}
		a.ResolveGrants = on
		return store.Accounts.Update(tx, a)
	})
}

// Asserted reports whether the grants of a location answer people whom an engine has named in a session tag.
func (g *Grants) Asserted(call *control.Call, id access.LocationID) (*store.Location, error) {
	return g.location(call, "latchkey:GetAssertedIdentities", id)
}

// SetAsserted switches whether the grants of a location answer people whom an engine has named in a session tag. A
// new location's do not.
func (g *Grants) SetAsserted(ctx context.Context, call *control.Call, id access.LocationID, allowed bool) error {
	l, err := g.location(call, "latchkey:PutAssertedIdentities", id)
	if err != nil {
		return err
	}
	call.Event.Added().LocationID = string(l.ID)
	call.Touch("AWS:S3::AccessGrantsLocation", l.ARN(), l.Account)
	return g.Control.Update(ctx, call, func(tx *store.Tx) error {
		current, err := store.Locations.Get(ctx, tx, locationID(&l.Location))
		if err != nil {
			return err
		}
		if current.Seq != l.Seq {
			return fault.New(fault.NotFound, fault.Location, "")
		}
		current.Asserted = allowed
		return store.Locations.Update(tx, current)
	})
}
