package identitystore

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// kind has what the operations on users and those on groups share.
type kind[T any] struct {
	name   string // the name of the resource type, such as User
	member string // the member of an answer that has the id, such as userId
	entity fault.Entity
	table  *store.Table[T]

	in      func(*T) directory.StoreID
	stamp   func(*T) *directory.Stamp
	apply   func(*T, []directory.Operation) (*T, error)
	missing func(id string) error
}

var users = kind[directory.User]{
	name: "User", member: "userId", entity: fault.DirectoryUser, table: &store.DirectoryUsers,
	in:      func(u *directory.User) directory.StoreID { return u.Store },
	stamp:   func(u *directory.User) *directory.Stamp { return &u.Stamp },
	apply:   (*directory.User).With,
	missing: func(id string) error { return noUser(directory.UserID(id)) },
}

var groups = kind[directory.Group]{
	name: "Group", member: "groupId", entity: fault.DirectoryGroup, table: &store.DirectoryGroups,
	in:      func(g *directory.Group) directory.StoreID { return g.Store },
	stamp:   func(g *directory.Group) *directory.Stamp { return &g.Stamp },
	apply:   (*directory.Group).With,
	missing: func(id string) error { return noGroup(directory.GroupID(id)) },
}

// entry identifies one user or group of a store.
type entry struct {
	in      directory.StoreID
	id, arn string
}

func userEntry(in directory.StoreID, id directory.UserID) entry {
	return entry{in: in, id: string(id), arn: id.ARN()}
}

func groupEntry(in directory.StoreID, id directory.GroupID) entry {
	return entry{in: in, id: string(id), arn: id.ARN()}
}

// change commits a change of an entry, and adds the entry to the call's record.
func (k *kind[T]) change(
	ctx context.Context, d *Directory, call *control.Call, e entry, fn func(*store.Tx) error,
) error {
	call.Touch("AWS::IdentityStore::"+k.name, e.arn, call.Account)
	return d.change(ctx, call, e.in, fn)
}

// insert adds v, which must be valid and fit into the quota.
func (k *kind[T]) insert(ctx context.Context, d *Directory, call *control.Call, e entry, v *T) error {
	return k.change(ctx, d, call, e, func(tx *store.Tx) error {
		*k.stamp(v) = directory.Stamp{Created: tx.Now(), CreatedBy: call.ARN(), Updated: tx.Now(), UpdatedBy: call.ARN()}
		if err := k.table.Insert(tx, v); err != nil {
			return control.DirectoryFault(err)
		}
		call.Event.ResponseElements = map[string]any{k.member: e.id, "identityStoreId": string(e.in)}
		return nil
	})
}

// fromSnapshot checks an entry of the call's snapshot: v is what the snapshot has under the entry's id, nil if nothing.
func (k *kind[T]) fromSnapshot(e entry, v *T) (*T, error) {
	if v == nil || k.in(v) != e.in {
		return nil, k.missing(e.id)
	}
	return v, nil
}

// read reads an entry inside a transaction.
func (k *kind[T]) read(ctx context.Context, tx *store.Tx, e entry) (*T, error) {
	v, err := k.table.Get(ctx, tx, e.id)
	if fault.Is(err, fault.NotFound, k.entity) || err == nil && k.in(v) != e.in {
		return nil, k.missing(e.id)
	}
	return v, err
}

// update changes attributes of an entry, all of them or none. The entry keeps its id.
func (k *kind[T]) update(
	ctx context.Context, d *Directory, call *control.Call, e entry, ops []directory.Operation,
) error {
	if err := authorize(call, e.in, "identitystore:Update"+k.name, e.arn); err != nil {
		return err
	}
	return k.change(ctx, d, call, e, func(tx *store.Tx) error {
		v, err := k.read(ctx, tx, e)
		if err != nil {
			return err
		}
		if v, err = k.apply(v, ops); err != nil {
			return control.DirectoryFault(err)
		}
		s := k.stamp(v)
		s.Updated, s.UpdatedBy = tx.Now(), call.ARN()
		return control.DirectoryFault(k.table.Update(tx, v))
	})
}

// delete deletes an entry with what belongs to it. Deleting an entry that does not exist is not an error.
func (k *kind[T]) delete(ctx context.Context, d *Directory, call *control.Call, e entry) error {
	if err := authorize(call, e.in, "identitystore:Delete"+k.name, e.arn); err != nil {
		return err
	}
	return k.change(ctx, d, call, e, func(tx *store.Tx) error {
		if _, err := k.read(ctx, tx, e); err != nil {
			return ignoreMissing(err, k.entity)
		}
		return k.table.Delete(tx, e.id)
	})
}

// ignoreMissing returns nil for the fault that there is nothing to delete, and any other error as it is.
func ignoreMissing(err error, entity fault.Entity) error {
	if fault.Is(err, fault.NotFound, entity) {
		return nil
	}
	return err
}
