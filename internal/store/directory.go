package store

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// The kinds of the directory's rows.
const (
	KindIdentityStore  Kind = "identity-store"
	KindDirectoryUser  Kind = "directory-user"
	KindDirectoryGroup Kind = "directory-group"
	KindMembership     Kind = "membership" // ID is PairID of group and user; only inserted and deleted
)

// IdentityStores: id is the d-... id. An account has one.
var IdentityStores = Table[directory.Store]{
	Kind: KindIdentityStore, Noun: fault.IdentityStore,
	Key: func(s *directory.Store) Key {
		return Key{ID: string(s.ID), Account: s.Account, Name: "identity store"}
	},
}

// EnsureIdentityStore returns the identity store of an account, and makes it if there is none, with the id that the
// account's Identity Center instance names (sso.Instance.IdentityStoreID).
func EnsureIdentityStore(tx *Tx, account access.AccountID) (*directory.Store, error) {
	have, err := IdentityStores.InAccount(tx.ctx, tx, string(account))
	if err != nil {
		return nil, err
	}
	if len(have) > 0 {
		return have[0], nil
	}
	id, err := IdentityStoreID(tx.ctx, tx, account)
	if err != nil {
		return nil, err
	}
	s := &directory.Store{ID: directory.StoreID(id), Account: string(account), Created: tx.Now()}
	return s, IdentityStores.Insert(tx, s)
}

// DirectoryUsers: id is the immutable user id; the identity store stands in the account's place. Deleting a user
// ends its memberships, of which the change list tells nothing more.
var DirectoryUsers = Table[directory.User]{
	Kind: KindDirectoryUser, Noun: fault.DirectoryUser,
	Key: func(u *directory.User) Key {
		return Key{ID: string(u.ID), Account: string(u.Store), Name: string(directory.NameKey(u.UserName))}
	},
	Also: func(u *directory.User) []string { return further(u.Keys()) },
	Seq:  func(u *directory.User, seq int64) { u.Seq = seq },
	Drop: func(tx *Tx, id string) error {
		_, err := tx.exec(`DELETE FROM memberships WHERE user_id = $1`, id)
		return err
	},
}

// DirectoryGroups: id is the immutable group id; the identity store stands in the account's place. Deleting a group
// ends the memberships in it, of which the change list tells nothing more.
var DirectoryGroups = Table[directory.Group]{
	Kind: KindDirectoryGroup, Noun: fault.DirectoryGroup,
	Key: func(g *directory.Group) Key {
		return Key{ID: string(g.ID), Account: string(g.Store), Name: string(directory.NameKey(g.DisplayName))}
	},
	Also: func(g *directory.Group) []string { return further(g.Keys()) },
	Seq:  func(g *directory.Group, seq int64) { g.Seq = seq },
	Drop: func(tx *Tx, id string) error {
		_, err := tx.exec(`DELETE FROM memberships WHERE group_id = $1`, id)
		return err
	},
}

// further are the keys behind the first, the name, as texts.
func further(keys []directory.Key) []string {
	all := make([]string, 0, len(keys)-1)
	for _, k := range keys[1:] {
		all = append(all, string(k))
	}
	return all
}

// DirectoryUserByKey finds the user of an identity store that has a key. It fails with NotFound when there is none.
func DirectoryUserByKey(ctx context.Context, q Querier, s directory.StoreID, k directory.Key) (*directory.User, error) {
	return byKey(ctx, q, &DirectoryUsers, s, k)
}

// DirectoryGroupByKey finds the group of an identity store that has a key. It fails with NotFound when there is none.
func DirectoryGroupByKey(ctx context.Context, q Querier, s directory.StoreID, k directory.Key) (*directory.Group, error) {
	return byKey(ctx, q, &DirectoryGroups, s, k)
}

func byKey[T any](ctx context.Context, q Querier, b *Table[T], s directory.StoreID, k directory.Key) (*T, error) {
	v, err := b.ByName(ctx, q, string(s), string(k))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return b.ByKey(ctx, q, string(s), string(k))
	}
	return v, err
}
