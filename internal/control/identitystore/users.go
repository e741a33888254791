package identitystore

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// CreateUser makes a user of these attributes and returns it with its id. The user is enabled and has no external ids:
// only the source of a directory gives those.
func (d *Directory) CreateUser(ctx context.Context, call *control.Call, in directory.StoreID, u directory.User) (*directory.User, error) {
	if err := enter(call, in, "identitystore:CreateUser"); err != nil {
		return nil, err
	}
	u.ID, u.Store, u.ExternalIDs, u.Disabled = directory.UserID(uuid.NewString()), in, nil, false
	if err := u.CheckComplete(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := u.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if call.Snapshot.People(in) >= d.Control.Quotas.DirectoryUsers {
		return nil, control.DirectoryFull(fault.DirectoryUser, "users", d.Control.Quotas.DirectoryUsers)
	}
	call.Touch("AWS::IdentityStore::User", u.ID.ARN(), call.Account)
	err := d.change(ctx, call, in, func(tx *store.Tx) error {
		u.Stamp = directory.Stamp{Created: tx.Now(), CreatedBy: call.ARN(), Updated: tx.Now(), UpdatedBy: call.ARN()}
		if err := store.DirectoryUsers.Insert(tx, &u); err != nil {
			return control.DirectoryFault(err)
		}
		call.Event.ResponseElements = map[string]any{"userId": string(u.ID), "identityStoreId": string(in)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// DescribeUser returns a user.
func (d *Directory) DescribeUser(call *control.Call, in directory.StoreID, id directory.UserID) (*directory.User, error) {
	if err := enter(call, in, "identitystore:DescribeUser", id.ARN()); err != nil {
		return nil, err
	}
	return seenUser(call, in, id)
}

func seenUser(call *control.Call, in directory.StoreID, id directory.UserID) (*directory.User, error) {
	u := call.Snapshot.Person(id)
	if u == nil || u.Store != in {
		return nil, noUser(id)
	}
	return u, nil
}

// readUser reads a user inside a transaction.
func readUser(ctx context.Context, tx *store.Tx, in directory.StoreID, id directory.UserID) (*directory.User, error) {
	u, err := store.DirectoryUsers.Get(ctx, tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) || err == nil && u.Store != in {
		return nil, noUser(id)
	}
	return u, err
}

// UpdateUser changes attributes of a user, all of them or none. The user keeps its id, and with it memberships and
// grants.
func (d *Directory) UpdateUser(ctx context.Context, call *control.Call, in directory.StoreID, id directory.UserID, ops []directory.Operation) error {
	if err := enter(call, in, "identitystore:UpdateUser", id.ARN()); err != nil {
		return err
	}
	call.Touch("AWS::IdentityStore::User", id.ARN(), call.Account)
	return d.change(ctx, call, in, func(tx *store.Tx) error {
		u, err := readUser(ctx, tx, in, id)
		if err != nil {
			return err
		}
		if u, err = u.With(ops); err != nil {
			return control.DirectoryFault(err)
		}
		u.Updated, u.UpdatedBy = tx.Now(), call.ARN()
		return control.DirectoryFault(store.DirectoryUsers.Update(tx, u))
	})
}

// DeleteUser deletes a user with its memberships and application assignments. To delete a user who does not exist is no
// failure.
func (d *Directory) DeleteUser(ctx context.Context, call *control.Call, in directory.StoreID, id directory.UserID) error {
	if err := enter(call, in, "identitystore:DeleteUser", id.ARN()); err != nil {
		return err
	}
	call.Touch("AWS::IdentityStore::User", id.ARN(), call.Account)
	return d.change(ctx, call, in, func(tx *store.Tx) error {
		if _, err := readUser(ctx, tx, in, id); err != nil {
			return notFound(err, fault.DirectoryUser)
		}
		return store.DirectoryUsers.Delete(tx, string(id))
	})
}

// notFound forgives that there is nothing to delete.
func notFound(err error, entity fault.Entity) error {
	if fault.Is(err, fault.NotFound, entity) {
		return nil
	}
	return err
}
