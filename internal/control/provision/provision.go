// Package provision is how a source of the corporate directory writes into an identity store: a provisioning client
// that speaks SCIM, a synchronisation with LDAP. It also keeps the bearer tokens of provisioning clients.
//
// It asks no IAM policy: by what right a source writes is decided before anybody comes here, by its token or by the
// server's own configuration. It holds the same rules as the Identity Store API otherwise: what a valid user or group
// is (package directory), what is unique (package store), how many there may be. What it writes belongs to the
// caller's transaction, and so does the audit record.
package provision

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Source is who writes, and where.
type Source struct {
	Account  access.AccountID
	By       string           // stands in the stamps of what it writes
	Snapshot *engine.Snapshot // tells how many users and groups there are, for the quotas
	Quotas   control.Quotas
}

// Writer writes into the identity store of one account, inside one transaction and for no longer.
type Writer struct {
	Store directory.StoreID

	ctx           context.Context
	tx            *store.Tx
	source        Source
	users, groups int // how many more there are than in the snapshot
}

// Open begins to write. It fails with NotFound of fault.IdentityStore when the account has no identity store.
func Open(ctx context.Context, tx *store.Tx, s Source) (*Writer, error) {
	id, err := store.IdentityStoreID(ctx, tx, s.Account)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, control.DirectoryMissing(fault.IdentityStore, "IDENTITY_STORE", "")
		}
		return nil, err
	}
	return &Writer{Store: directory.StoreID(id), ctx: ctx, tx: tx, source: s}, nil
}

// newID is a uuid. Those that are made one after the other stand next to each other in the store's indexes: to bring
// many in writes few pages.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (w *Writer) stamp() directory.Stamp {
	now := w.tx.Now()
	return directory.Stamp{Created: now, CreatedBy: w.source.By, Updated: now, UpdatedBy: w.source.By}
}

// User reads a user of the store. It fails with NotFound when there is none, or only in another store.
func (w *Writer) User(id directory.UserID) (*directory.User, error) {
	u, err := store.DirectoryUsers.Get(w.ctx, w.tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) || err == nil && u.Store != w.Store {
		return nil, control.DirectoryMissing(fault.DirectoryUser, "USER", string(id))
	}
	return u, err
}

// CreateUser makes a user of these attributes and returns it with its new id. Unlike a user of the API it may be
// disabled, have external ids, and lack names.
func (w *Writer) CreateUser(u directory.User) (*directory.User, error) {
	u.ID, u.Store, u.Stamp = directory.UserID(newID()), w.Store, w.stamp()
	if err := u.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if limit := w.source.Quotas.DirectoryUsers; w.source.Snapshot.People(w.Store)+w.users >= limit {
		return nil, control.DirectoryFull(fault.DirectoryUser, "users", limit)
	}
	if err := store.DirectoryUsers.Insert(w.tx, &u); err != nil {
		return nil, control.DirectoryFault(err)
	}
	w.users++
	return &u, nil
}

// ReplaceUser gives the user with u's id the attributes of u: all of them, but for its number, its store and when it
// was made. It returns the user as it is now.
func (w *Writer) ReplaceUser(u directory.User) (*directory.User, error) {
	old, err := w.User(u.ID)
	if err != nil {
		return nil, err
	}
	u.Seq, u.Store, u.Stamp = old.Seq, w.Store, w.restamp(old.Stamp)
	if err := u.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := store.DirectoryUsers.Update(w.tx, &u); err != nil {
		return nil, control.DirectoryFault(err)
	}
	return &u, nil
}

func (w *Writer) restamp(s directory.Stamp) directory.Stamp {
	s.Updated, s.UpdatedBy = w.tx.Now(), w.source.By
	return s
}

// TakeDisabled says that a user is disabled by the writer's word: no synchronisation that disabled the user before
// ends it.
func (w *Writer) TakeDisabled(id directory.UserID) error { return store.TakeDisabled(w.tx, string(id)) }

// DeleteUser deletes a user with its memberships and application assignments. It fails with NotFound when there is
// none.
func (w *Writer) DeleteUser(id directory.UserID) error {
	if _, err := w.User(id); err != nil {
		return err
	}
	w.users--
	return store.DirectoryUsers.Delete(w.tx, string(id))
}

// Group reads a group of the store. It fails with NotFound when there is none, or only in another store.
func (w *Writer) Group(id directory.GroupID) (*directory.Group, error) {
	g, err := store.DirectoryGroups.Get(w.ctx, w.tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryGroup) || err == nil && g.Store != w.Store {
		return nil, control.DirectoryMissing(fault.DirectoryGroup, "GROUP", string(id))
	}
	return g, err
}

// CreateGroup makes a group of these attributes and returns it with its new id.
func (w *Writer) CreateGroup(g directory.Group) (*directory.Group, error) {
	g.ID, g.Store, g.Stamp = directory.GroupID(newID()), w.Store, w.stamp()
	if err := g.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if limit := w.source.Quotas.DirectoryGroups; w.source.Snapshot.Groups(w.Store)+w.groups >= limit {
		return nil, control.DirectoryFull(fault.DirectoryGroup, "groups", limit)
	}
	if err := store.DirectoryGroups.Insert(w.tx, &g); err != nil {
		return nil, control.DirectoryFault(err)
	}
	w.groups++
	return &g, nil
}

// ReplaceGroup gives the group with g's id the attributes of g, as ReplaceUser does. Its members stay.
func (w *Writer) ReplaceGroup(g directory.Group) (*directory.Group, error) {
	old, err := w.Group(g.ID)
	if err != nil {
		return nil, err
	}
	g.Seq, g.Store, g.Stamp = old.Seq, w.Store, w.restamp(old.Stamp)
	if err := g.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := store.DirectoryGroups.Update(w.tx, &g); err != nil {
		return nil, control.DirectoryFault(err)
	}
	return &g, nil
}

// DeleteGroup deletes a group with the memberships in it and its application assignments. It fails with NotFound when
// there is none.
func (w *Writer) DeleteGroup(id directory.GroupID) error {
	if _, err := w.Group(id); err != nil {
		return err
	}
	w.groups--
	return store.DirectoryGroups.Delete(w.tx, string(id))
}

// ExternalID is the id that a source knows a user or a group by; empty when it knows it by none.
func ExternalID(ids []directory.ExternalID, issuer string) string {
	for _, e := range ids {
		if e.Issuer == issuer {
			return e.ID
		}
	}
	return ""
}

// WithExternalID is ids with the source's own one replaced, or removed when id is empty. ids stays as it is.
func WithExternalID(ids []directory.ExternalID, issuer, id string) []directory.ExternalID {
	all := slices.DeleteFunc(slices.Clone(ids), func(e directory.ExternalID) bool { return e.Issuer == issuer })
	if id != "" {
		all = append(all, directory.ExternalID{Issuer: issuer, ID: id})
	}
	return all
}
