package identitystore

import (
	"cmp"
	"context"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Named identifies a user by its id or by its name. Exactly one of the two is set.
type Named struct {
	ID   directory.UserID
	Name string
}

// Status is what SetUserStatus sets.
type Status struct {
	Disabled bool
	// Source is whose block is taken back when Disabled is false. Empty means the administrator's own. An administrator
	// can take back the block of a source that does not exist any more, or that is wrong; the source may block the user
	// again.
	Source string
}

// SetUserStatus says for the administrator that a user of the caller's account is out, or takes a block back. It
// returns the user as it is afterwards. A user is enabled when no source has a block: a block of a provisioning client
// or of a synchronisation stays when the administrator takes back the own one. A disabled user gets no credentials,
// and loses the existing ones at the next request. AWS has no API for this: on AWS only SCIM disables a user. The
// action is latchkey:SetUserStatus on the identity store.
func (d *Directory) SetUserStatus(
	ctx context.Context, call *control.Call, who Named, s Status,
) (*directory.User, error) {
	in, err := own(call, "SetUserStatus")
	if err != nil {
		return nil, err
	}
	if err := who.check(); err != nil {
		return nil, err
	}
	if s.Disabled && s.Source != "" {
		return nil, fault.New(fault.Invalid, fault.Member, "An administrator disables a user for no other source")
	}
	var u *directory.User
	err = d.change(ctx, call, in, func(tx *store.Tx) error {
		found, err := findNamed(ctx, tx, in, who)
		if err != nil {
			return err
		}
		call.Event.Resources = nil // the function may run more than once
		call.Touch("AWS::IdentityStore::User", found.ID.ARN(), call.Account)
		u = found
		block := directory.Block{
			Source: cmp.Or(s.Source, directory.Administrator), By: call.ARN(), Since: tx.Now(),
		}
		if changed, _ := u.SetSay(directory.SayOf(s.Disabled), block); !changed {
			return nil
		}
		u.Updated, u.UpdatedBy = tx.Now(), call.ARN()
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
