// Package identitystore has the operations of AWS's Identity Store API on the corporate directory: the users, groups
// and memberships of an account's identity store.
//
// Every operation first asks the caller's policies, on all the resources that the Service Authorization Reference names
// ("Actions, resources, and condition keys for AWS Identity Store"). Only then it says whether the store or the entity
// exists. A caller can administer the identity store of its own account only. Single entities are read from the call's
// snapshot, and lists from the database. What a change depends on is read once more inside its transaction.
//
// Package internal/directory decides what a valid user or group is. SCIM and directory synchronisations do not write
// through this package.
package identitystore

import (
	"context"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Source is the event source of every operation in this package.
const Source = "identitystore.amazonaws.com"

// Directory serves the operations of the identity store.
type Directory struct{ Control *control.Control }

// The resources of actions that are not about one user, group or membership.
const (
	allUsers       = "arn:aws:identitystore:::user/*"
	allGroups      = "arn:aws:identitystore:::group/*"
	allMemberships = "arn:aws:identitystore:::membership/*"
)

// authorize asks the caller's policies for an action on an identity store and on further resources, all of which must
// be allowed. Then it checks that the store is the one of the caller's account. Every operation calls it first.
func authorize(call *control.Call, in directory.StoreID, action string, resources ...string) error {
	if err := authorizeOne(call, action, sso.IdentityStoreARN(call.Account, string(in))); err != nil {
		return err
	}
	for _, r := range resources {
		if err := authorizeOne(call, action, r); err != nil {
			return err
		}
	}
	if i := call.Snapshot.IdentityCenter(call.Account); i == nil || i.IdentityStoreID != string(in) {
		return noStore(in)
	}
	return nil
}

// authorizeOne checks an action on one resource. A vended credential is always refused, because the policy that limits
// it allows actions on S3's data only.
func authorizeOne(call *control.Call, action, resource string) error {
	d := call.Decide(caller.Ask{
		Action:          action,
		Resource:        resource,
		ResourceAccount: call.Account,
		Values:          policy.Values{},
	})
	if !d.Allowed { // the wording lacks the quotes that S3 puts around the resource
		return caller.Reasoned(d, fault.New(fault.Denied, "", "%s", caller.Denial{
			User: call.ARN(), Action: action, Resource: resource, Because: d.Because(),
		}))
	}
	return nil
}

// change commits a change of an identity store. The store must still be the account's.
func (d *Directory) change(
	ctx context.Context, call *control.Call, in directory.StoreID, fn func(*store.Tx) error,
) error {
	return d.Control.Update(ctx, call, func(tx *store.Tx) error {
		now, err := store.IdentityStoreID(ctx, tx, call.Account)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil || now != string(in) {
			return noStore(in)
		}
		return fn(tx)
	})
}

// The following functions make refusals. Their fields are those of the API's exceptions.

func noStore(id directory.StoreID) error {
	return control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", string(id))
}

func noUser(id directory.UserID) error {
	return control.DirectoryMissing(fault.DirectoryUser, "USER", string(id))
}

func noGroup(id directory.GroupID) error {
	return control.DirectoryMissing(fault.DirectoryGroup, "GROUP", string(id))
}

func noMembership(id directory.MembershipID) error {
	return control.DirectoryMissing(fault.Membership, "GROUP_MEMBERSHIP", string(id))
}
