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

// own asks the caller's policies for one of Latchkey's own actions on the identity store of the caller's account, and
// returns the store.
func own(call *control.Call, action string) (directory.StoreID, error) {
	i := call.Snapshot.IdentityCenter(call.Account)
	in := "*"
	if i != nil {
		in = i.IdentityStoreID
	}
	if err := call.May("latchkey:"+action, sso.IdentityStoreARN(call.Account, in), policy.Values{}, nil,
		call.Account); err != nil {
		return "", err
	}
	if i == nil {
		return "", noStore("")
	}
	return directory.StoreID(in), nil
}

// check refuses a Named that names nobody, or two.
func (n Named) check() error {
	if (n.ID == "") == (n.Name == "") {
		return fault.New(fault.Invalid, fault.Member, "Give one of UserId and UserName")
	}
	return nil
}

// UserIdentity returns a user with what Latchkey knows of it beyond AWS: which sources say that it is out, and who it
// is at OpenID providers. The action is latchkey:GetUserIdentity on the identity store.
func (d *Directory) UserIdentity(call *control.Call, who Named) (*directory.User, error) {
	in, err := own(call, "GetUserIdentity")
	if err != nil {
		return nil, err
	}
	if err := who.check(); err != nil {
		return nil, err
	}
	if who.ID != "" {
		return userFromSnapshot(call, in, who.ID)
	}
	if u := call.Snapshot.PersonByKey(in, directory.NameKey(who.Name)); u != nil {
		return u, nil
	}
	return nil, noUser("")
}

// DeleteUserBinding takes back who a user is at an issuer, or at every issuer if it is empty. The next token that names
// the user binds its subject. An administrator does that when the provider made a new account for the same person. It
// returns the user and the bindings that are gone; it is no error if there are none. The action is
// latchkey:DeleteUserBinding on the identity store.
func (d *Directory) DeleteUserBinding(
	ctx context.Context, call *control.Call, who Named, issuer string,
) (u *directory.User, gone []directory.Binding, err error) {
	in, err := own(call, "DeleteUserBinding")
	if err != nil {
		return nil, nil, err
	}
	if err := who.check(); err != nil {
		return nil, nil, err
	}
	err = d.change(ctx, call, in, func(tx *store.Tx) error {
		if u, err = findNamed(ctx, tx, in, who); err != nil {
			return err
		}
		call.Event.Resources = nil // the function may run more than once
		call.Touch("AWS::IdentityStore::User", u.ID.ARN(), call.Account)
		if gone = u.Unbind(issuer); len(gone) == 0 {
			return nil
		}
		var all []any
		for _, b := range gone {
			all = append(all, map[string]any{"issuer": b.Issuer, "subject": b.Subject})
		}
		call.Event.ResponseElements = map[string]any{"userId": string(u.ID), "bindings": all}
		return store.DirectoryUsers.Update(tx, u)
	})
	return u, gone, err
}
