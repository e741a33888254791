package identitystore

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// CreateGroup creates a group and returns it with its id.
func (d *Directory) CreateGroup(
	ctx context.Context, call *control.Call, in directory.StoreID, g directory.Group,
) (*directory.Group, error) {
	if err := authorize(call, in, "identitystore:CreateGroup"); err != nil {
		return nil, err
	}
	g.ID, g.Store, g.ExternalIDs = directory.GroupID(uuid.NewString()), in, nil
	if err := g.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if call.Snapshot.Groups(in) >= d.Control.Quotas.DirectoryGroups {
		return nil, control.DirectoryFull(fault.DirectoryGroup, "groups", d.Control.Quotas.DirectoryGroups)
	}
	if err := groups.insert(ctx, d, call, groupEntry(in, g.ID), &g); err != nil {
		return nil, err
	}
	return &g, nil
}

// DescribeGroup returns a group.
func (d *Directory) DescribeGroup(
	call *control.Call, in directory.StoreID, id directory.GroupID,
) (*directory.Group, error) {
	if err := authorize(call, in, "identitystore:DescribeGroup", id.ARN()); err != nil {
		return nil, err
	}
	return groupFromSnapshot(call, in, id)
}

func groupFromSnapshot(call *control.Call, in directory.StoreID, id directory.GroupID) (*directory.Group, error) {
	return groups.fromSnapshot(groupEntry(in, id), call.Snapshot.Group(id))
}

// readGroup reads a group inside a transaction.
func readGroup(
	ctx context.Context, tx *store.Tx, in directory.StoreID, id directory.GroupID,
) (*directory.Group, error) {
	return groups.read(ctx, tx, groupEntry(in, id))
}

// UpdateGroup changes attributes of a group, all of them or none.
func (d *Directory) UpdateGroup(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.GroupID, ops []directory.Operation,
) error {
	return groups.update(ctx, d, call, groupEntry(in, id), ops)
}

// DeleteGroup deletes a group with the memberships in it and its application assignments. Deleting a group that does
// not exist is not an error.
func (d *Directory) DeleteGroup(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.GroupID,
) error {
	return groups.delete(ctx, d, call, groupEntry(in, id))
}
