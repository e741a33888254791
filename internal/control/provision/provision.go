// Package provision lets a source of the corporate directory write into an identity store. Such a source is a
// provisioning client that speaks SCIM, or a synchronisation with LDAP. The package also has the bearer tokens of
// provisioning clients.
//
// It asks no IAM policy for a source: a source's right to write is established before, by its token or by the server's
// own configuration. Otherwise the rules are those of the Identity Store API: what a valid user or group is (package
// directory), what is unique (package store), and how many there may be. What the package writes belongs to the
// caller's transaction, and so does the audit record.
package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"latchkey/internal/access"
	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Source says who writes, and where.
type Source struct {
	Account  access.AccountID
	By       string           // the name of the source in the stamps of what it writes
	Says     string           // the source as which it says who is in and who is out; empty: it never says
	Snapshot *engine.Snapshot // tells how many users and groups there are, for the quotas
	Quotas   control.Quotas
}

// Writer writes into the identity store of one account. It is valid inside one transaction only.
type Writer struct {
	Store directory.StoreID

	ctx           context.Context
	tx            *store.Tx
	source        Source
	users, groups int // how many more there are than in the snapshot
}

// Open returns a Writer. It fails with NotFound of fault.IdentityStore if the account has no identity store.
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

// newID returns a UUID. UUIDs that are made one after the other are neighbours in the store's indexes, so that an
// import of many rows writes few pages.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (w *Writer) newStamp() directory.Stamp {
	now := w.tx.Now()
	return directory.Stamp{Created: now, CreatedBy: w.source.By, Updated: now, UpdatedBy: w.source.By}
}

// User reads a user of the store. It fails with NotFound if the store has no such user.
func (w *Writer) User(id directory.UserID) (*directory.User, error) {
	u, err := store.DirectoryUsers.Get(w.ctx, w.tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryUser) || err == nil && u.Store != w.Store {
		return nil, control.DirectoryMissing(fault.DirectoryUser, "USER", string(id))
	}
	return u, err
}

// CreateUser creates a user with these attributes and returns it with its new id. Unlike a user of the API it may have
// external ids, and lack names. It is disabled if the source says so.
func (w *Writer) CreateUser(u directory.User, say directory.Say) (*directory.User, error) {
	u.ID, u.Store, u.Stamp = directory.UserID(newID()), w.Store, w.newStamp()
	u = u.WithStatusOf(&directory.User{})
	if err := w.say(&u, say); err != nil {
		return nil, err
	}
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

// ReplaceUser replaces the attributes of the user with u's id by those of u: all of them except its number, its store,
// its time of creation and its status. The status changes by what the source says. It returns the user as it is now.
func (w *Writer) ReplaceUser(u directory.User, say directory.Say) (*directory.User, error) {
	old, err := w.User(u.ID)
	if err != nil {
		return nil, err
	}
	u = u.WithStatusOf(old)
	if err := w.say(&u, say); err != nil {
		return nil, err
	}
	u.Seq, u.Store, u.Stamp = old.Seq, w.Store, w.updatedStamp(old.Stamp)
	if err := u.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := store.DirectoryUsers.Update(w.tx, &u); err != nil {
		return nil, control.DirectoryFault(err)
	}
	return &u, nil
}

func (w *Writer) updatedStamp(s directory.Stamp) directory.Stamp {
	s.Updated, s.UpdatedBy = w.tx.Now(), w.source.By
	return s
}

// say changes what the source says about a user. A source without a say changes no status.
func (w *Writer) say(u *directory.User, say directory.Say) error {
	if say == directory.SaysNothing {
		return nil
	}
	if w.source.Says == "" {
		return errors.New("provision: a source without a say sets a status")
	}
	u.SetSay(say, directory.Block{Source: w.source.Says, By: w.source.By, Since: w.tx.Now()})
	return nil
}

// DeleteUser deletes a user with its memberships and application assignments. It fails with NotFound if there is no
// such user.
func (w *Writer) DeleteUser(id directory.UserID) error {
	if _, err := w.User(id); err != nil {
		return err
	}
	w.users--
	return store.DirectoryUsers.Delete(w.tx, string(id))
}

// Group reads a group of the store. It fails with NotFound if the store has no such group.
func (w *Writer) Group(id directory.GroupID) (*directory.Group, error) {
	g, err := store.DirectoryGroups.Get(w.ctx, w.tx, string(id))
	if fault.Is(err, fault.NotFound, fault.DirectoryGroup) || err == nil && g.Store != w.Store {
		return nil, control.DirectoryMissing(fault.DirectoryGroup, "GROUP", string(id))
	}
	return g, err
}

// CreateGroup creates a group with these attributes and returns it with its new id.
func (w *Writer) CreateGroup(g directory.Group) (*directory.Group, error) {
	g.ID, g.Store, g.Stamp = directory.GroupID(newID()), w.Store, w.newStamp()
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

// ReplaceGroup replaces the attributes of the group with g's id by those of g, as ReplaceUser does. Its members stay.
func (w *Writer) ReplaceGroup(g directory.Group) (*directory.Group, error) {
	old, err := w.Group(g.ID)
	if err != nil {
		return nil, err
	}
	g.Seq, g.Store, g.Stamp = old.Seq, w.Store, w.updatedStamp(old.Stamp)
	if err := g.Check(); err != nil {
		return nil, control.DirectoryFault(err)
	}
	if err := store.DirectoryGroups.Update(w.tx, &g); err != nil {
		return nil, control.DirectoryFault(err)
	}
	return &g, nil
}

// DeleteGroup deletes a group with the memberships in it and its application assignments. It fails with NotFound if
// there is no such group.
func (w *Writer) DeleteGroup(id directory.GroupID) error {
	if _, err := w.Group(id); err != nil {
		return err
	}
	w.groups--
	return store.DirectoryGroups.Delete(w.tx, string(id))
}

// ExternalID returns the id by which a source knows a user or a group. It is empty if the source has no id for it.
func ExternalID(ids []directory.ExternalID, issuer string) string {
	for _, e := range ids {
		if e.Issuer == issuer {
			return e.ID
		}
	}
	return ""
}

// WithExternalID returns ids with the issuer's own id replaced, or removed if id is empty. It does not change ids.
func WithExternalID(ids []directory.ExternalID, issuer, id string) []directory.ExternalID {
	all := slices.DeleteFunc(slices.Clone(ids), func(e directory.ExternalID) bool { return e.Issuer == issuer })
	if id != "" {
		all = append(all, directory.ExternalID{Issuer: issuer, ID: id})
	}
	return all
}
