package identitystore

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// CreateGroup makes a group and returns it with its id.
func (d *Directory) CreateGroup(ctx context.Context, call *control.Call, in directory.StoreID, g directory.Group) (*directory.Group, error) {
	if err := enter(call, in, "identitystore:CreateGroup"); err != nil {
		return nil, err
	}
	g.ID, g.Store, g.ExternalIDs = directory.GroupID(uuid.NewString()), in, nil
	if err := g.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if call.Snapshot.Groups(in) >= d.Control.Quotas.DirectoryGroups {
		return nil, control.DirectoryFull(fault.DirectoryGroup, "groups", d.Control.Quotas.DirectoryGroups)
	}
	call.Touch("AWS::IdentityStore::Group", g.ID.ARN(), call.Account)
	err := d.change(ctx, call, in, func(tx *store.Tx) error {
		g.Stamp = directory.Stamp{Created: tx.Now(), CreatedBy: call.ARN(), Updated: tx.Now(), UpdatedBy: call.ARN()}
		if err := store.DirectoryGroups.Insert(tx, &g); err != nil {
			return control.DirectoryFault(err)
		}
		call.Event.ResponseElements = map[string]any{"groupId": string(g.ID), "identityStoreId": string(in)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &g, nil
}

// DescribeGroup returns a group.
func (d *Directory) DescribeGroup(call *control.Call, in directory.StoreID, id directory.GroupID) (*directory.Group, error) {
	if err := enter(call, in, "identitystore:DescribeGroup", id.ARN()); err != nil {
		return nil, err
	}
	return seenGroup(call, in, id)
}

func seenGroup(call *control.Call, in directory.StoreID, id directory.GroupID) (*directory.Group, error) {
	g := call.Snapshot.Group(id)
	if g == nil || g.Store != in {
		return nil, noGroup(id)
	}
	return g, nil
}

// readGroup reads a group inside a transaction.
func readGroup(ctx context.Context, tx *store.Tx, in directory.StoreID, id directory.GroupID) (*directory.Group, error) {
	g, err := store.DirectoryGroups.Get(ctx, tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryGroup) || err == nil && g.Store != in {
		return nil, noGroup(id)
	}
	return g, err
}

// UpdateGroup changes attributes of a group, all of them or none.
func (d *Directory) UpdateGroup(ctx context.Context, call *control.Call, in directory.StoreID, id directory.GroupID, ops []directory.Operation) error {
	if err := enter(call, in, "identitystore:UpdateGroup", id.ARN()); err != nil {
		return err
	}
	call.Touch("AWS::IdentityStore::Group", id.ARN(), call.Account)
	return d.change(ctx, call, in, func(tx *store.Tx) error {
		g, err := readGroup(ctx, tx, in, id)
		if err != nil {
			return err
		}
		if g, err = g.With(ops); err != nil {
			return control.DirectoryFault(err)
		}
		g.Updated, g.UpdatedBy = tx.Now(), call.ARN()
		return control.DirectoryFault(store.DirectoryGroups.Update(tx, g))
	})
}

// DeleteGroup deletes a group with the memberships in it and its application assignments. To delete a group that does
// not exist is no failure.
func (d *Directory) DeleteGroup(ctx context.Context, call *control.Call, in directory.StoreID, id directory.GroupID) error {
	if err := enter(call, in, "identitystore:DeleteGroup", id.ARN()); err != nil {
		return err
	}
	call.Touch("AWS::IdentityStore::Group", id.ARN(), call.Account)
	return d.change(ctx, call, in, func(tx *store.Tx) error {
		if _, err := readGroup(ctx, tx, in, id); err != nil {
			return notFound(err, fault.DirectoryGroup)
		}
		return store.DirectoryGroups.Delete(tx, string(id))
	})
}
