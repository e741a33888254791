package identitystore

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Named identifies a user by its id or by its name. Exactly one of the two is set.
type Named struct {
	ID   directory.UserID
	Name string
}

// SetUserStatus disables or enables a user of the caller's account, and returns the user as it is afterwards. A
// disabled user gets no credentials, and loses the existing ones at the next request. A synchronisation does not enable
// a user whom an administrator disabled, even if the synchronisation had disabled the user before. AWS has no API for
// this: on AWS only SCIM disables a user. The action is latchkey:SetUserStatus on the identity store.
func (d *Directory) SetUserStatus(
	ctx context.Context, call *control.Call, who Named, disabled bool,
) (*directory.User, error) {
	i := call.Snapshot.IdentityCenter(call.Account)
	in := directory.StoreID("*")
	if i != nil {
		in = directory.StoreID(i.IdentityStoreID)
	}
	if err := call.May("latchkey:SetUserStatus", sso.IdentityStoreARN(call.Account, string(in)), policy.Values{}, nil,
		call.Account); err != nil {
		return nil, err
	}
	if i == nil {
		return nil, noStore("")
	}
	if (who.ID == "") == (who.Name == "") {
		return nil, fault.New(fault.Invalid, fault.Member, "Give one of UserId and UserName")
	}
	var u *directory.User
	err := d.change(ctx, call, in, func(tx *store.Tx) error {
		found, err := findNamed(ctx, tx, in, who)
		if err != nil {
			return err
		}
		call.Event.Resources = nil // the function may run more than once
		call.Touch("AWS::IdentityStore::User", found.ID.ARN(), call.Account)
		if disabled {
			if err := store.TakeDisabled(tx, string(found.ID)); err != nil {
				return err
			}
		}
		if u = found; u.Disabled == disabled {
			return nil
		}
		u.Disabled, u.Updated, u.UpdatedBy = disabled, tx.Now(), call.ARN()
		return store.DirectoryUsers.Update(tx, u)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

func findNamed(ctx context.Context, tx *store.Tx, in directory.StoreID, who Named) (*directory.User, error) {
	if who.ID != "" {
		return readUser(ctx, tx, in, who.ID)
	}
	u, err := store.DirectoryUserByKey(ctx, tx, in, directory.NameKey(who.Name))
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) {
		return nil, noUser("")
	}
	return u, err
}
