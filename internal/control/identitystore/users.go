package identitystore

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// CreateUser creates a user with these attributes and returns it with its id. The user is enabled and has no external
// ids: only the source of a directory sets those.
func (d *Directory) CreateUser(
	ctx context.Context, call *control.Call, in directory.StoreID, u directory.User,
) (*directory.User, error) {
	if err := authorize(call, in, "identitystore:CreateUser"); err != nil {
		return nil, err
	}
	u.ID, u.Store, u.ExternalIDs, u.Bindings = directory.UserID(uuid.NewString()), in, nil, nil
	u = u.WithStatusOf(&directory.User{})
	if err := u.CheckComplete(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := u.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if call.Snapshot.People(in) >= d.Control.Quotas.DirectoryUsers {
		return nil, control.DirectoryFull(fault.DirectoryUser, "users", d.Control.Quotas.DirectoryUsers)
	}
	if err := users.insert(ctx, d, call, userEntry(in, u.ID), &u); err != nil {
		return nil, err
	}
	return &u, nil
}

// DescribeUser returns a user.
func (d *Directory) DescribeUser(
	call *control.Call, in directory.StoreID, id directory.UserID,
) (*directory.User, error) {
	if err := authorize(call, in, "identitystore:DescribeUser", id.ARN()); err != nil {
		return nil, err
	}
	return userFromSnapshot(call, in, id)
}

func userFromSnapshot(call *control.Call, in directory.StoreID, id directory.UserID) (*directory.User, error) {
	return users.fromSnapshot(userEntry(in, id), call.Snapshot.Person(id))
}

// readUser reads a user inside a transaction.
func readUser(ctx context.Context, tx *store.Tx, in directory.StoreID, id directory.UserID) (*directory.User, error) {
	return users.read(ctx, tx, userEntry(in, id))
}

// UpdateUser changes attributes of a user, all of them or none. The user keeps its id, and with it memberships and
// grants.
func (d *Directory) UpdateUser(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.UserID, ops []directory.Operation,
) error {
	return users.update(ctx, d, call, userEntry(in, id), ops)
}

// DeleteUser deletes a user with its memberships and application assignments. Deleting a user who does not exist is not
// an error.
func (d *Directory) DeleteUser(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.UserID,
) error {
	return users.delete(ctx, d, call, userEntry(in, id))
}
