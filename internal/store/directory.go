package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// The kinds of the directory's rows.
const (
	KindDirectoryUser  Kind = "directory-user"
	KindDirectoryGroup Kind = "directory-group"
	KindMembership     Kind = "membership" // ID is PairID of group and user; only inserted and deleted
)

// DirectoryUsers: id is the immutable user id. The account column holds the identity store's id. Deleting a user
// deletes the user's application assignments and memberships too. The change list does not mention these memberships.
var DirectoryUsers = Table[directory.User]{
	Kind: KindDirectoryUser, Entity: fault.DirectoryUser,
	Key: func(u *directory.User) Key {
		return Key{ID: string(u.ID), Account: string(u.Store), Name: string(directory.NameKey(u.UserName))}
	},
	UniqueKeys: func(u *directory.User) []string { return further(u.Keys()) },
	Seq:        func(u *directory.User, seq int64) { u.Seq = seq },
	Decode: func(body []byte, u *directory.User) error {
		err := json.Unmarshal(body, u)
		u.Settle()
		return err
	},
	OnDelete: func(tx *Tx, id string) error {
		if err := endMemberships(tx, `user_id = $3`, id); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM memberships WHERE user_id = $1`, id)
		return errors.Join(err, DeleteAssignmentsOf(tx.ctx, tx, id))
	},
	Cuts: cutsOfPerson,
}

// cutsOfPerson: a person who is disabled, and the keys that a person no longer has.
func cutsOfPerson(old, now *directory.User) (cut []credential.Ground) {
	if now == nil {
		return nil
	}
	if now.Disabled && !old.Disabled {
		cut = append(cut, credential.Ground{Kind: credential.OnPerson, ID: string(now.ID)})
	}
	keys := now.Keys()
	for _, k := range old.Keys() {
		if !slices.Contains(keys, k) {
			cut = append(cut, credential.Ground{
				Kind: credential.OnPersonKey, ID: credential.Joined(string(now.ID), string(k)),
			})
		}
	}
	return cut
}

// DirectoryGroups: id is the immutable group id. The account column holds the identity store's id. Deleting a group
// deletes its application assignments and the memberships in it too. The change list does not mention these
// memberships.
var DirectoryGroups = Table[directory.Group]{
	Kind: KindDirectoryGroup, Entity: fault.DirectoryGroup,
	Key: func(g *directory.Group) Key {
		return Key{ID: string(g.ID), Account: string(g.Store), Name: string(directory.NameKey(g.DisplayName))}
	},
	UniqueKeys: func(g *directory.Group) []string { return further(g.Keys()) },
	Seq:        func(g *directory.Group, seq int64) { g.Seq = seq },
	OnDelete: func(tx *Tx, id string) error {
		if err := endMemberships(tx, `group_id = $3`, id); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM memberships WHERE group_id = $1`, id)
		return errors.Join(err, DeleteAssignmentsOf(tx.ctx, tx, id))
	},
}

// DeleteDirectory deletes every user, group and membership of an identity store. An identity store ends when its
// Identity Center instance is deleted.
func DeleteDirectory(tx *Tx, s directory.StoreID) error {
	return errors.Join(deleteAll(tx, &DirectoryUsers, s), deleteAll(tx, &DirectoryGroups, s))
}

func deleteAll[T any](tx *Tx, b *Table[T], s directory.StoreID) error {
	all, err := b.InAccount(tx.ctx, tx, string(s))
	if err != nil {
		return err
	}
	for _, v := range all {
		if err := b.Delete(tx, b.Key(v).ID); err != nil {
			return err
		}
	}
	return nil
}

// further returns the keys after the first one, which is the name, as texts.
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
func DirectoryGroupByKey(
	ctx context.Context, q Querier, s directory.StoreID, k directory.Key,
) (*directory.Group, error) {
	return byKey(ctx, q, &DirectoryGroups, s, k)
}

func byKey[T any](ctx context.Context, q Querier, b *Table[T], s directory.StoreID, k directory.Key) (*T, error) {
	v, err := b.ByName(ctx, q, string(s), string(k))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return b.ByKey(ctx, q, string(s), string(k))
	}
	return v, err
}
