package identitystore

import (
	"context"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Ask says which page of a list a client wants. A nil Max means 100, which is also the maximum.
type Ask struct {
	Token string
	Max   *int32
}

// Filter selects the items with one value of one attribute. The zero Filter selects all.
type Filter struct{ Path, Value string }

// Page is one page of a list, oldest first. It is the last one if Token is empty.
type Page[T any] struct {
	Items []T
	Token string
}

const maxPage = 100

// listName identifies a list, so that a page token fits one list only: the caller's account, the operation, and the
// store, user or group that is listed.
func listName(call *control.Call, operation, of string) string {
	return string(call.Account) + " " + operation + " " + of
}

// listPage returns one page of a list. read reads at most limit items behind a sequence number, and seq returns the
// number of an item. list is the list's name.
func listPage[T any](
	d *Directory, ask Ask, list string, read func(after int64, limit int) ([]T, error), seq func(T) int64,
) (Page[T], error) {
	size, err := control.PageSize(ask.Max, maxPage, maxPage)
	if err != nil {
		return Page[T]{}, err
	}
	after, err := d.Control.After(list, ask.Token)
	if err != nil {
		return Page[T]{}, err
	}
	items, err := read(after, size+1)
	if err != nil {
		return Page[T]{}, err
	}
	if len(items) <= size {
		return Page[T]{Items: items}, nil
	}
	items = items[:size]
	return Page[T]{Items: items, Token: d.Control.NextToken(list, seq(items[size-1]))}, nil
}

// filteredPage returns the page of a filtered list. Names are unique, so it has at most one item.
func filteredPage[T any](ask Ask, f Filter, path string, find func(directory.Key) *T) (Page[*T], error) {
	if !strings.EqualFold(f.Path, path) {
		return Page[*T]{}, fault.New(fault.Invalid, fault.Member, "The attribute %s cannot be filtered by", f.Path)
	}
	if ask.Token != "" { // no such list has a second page
		return Page[*T]{}, fault.New(fault.Invalid, fault.NextToken, "The provided NextToken is not valid.")
	}
	if v := find(directory.NameKey(f.Value)); v != nil {
		return Page[*T]{Items: []*T{v}}, nil
	}
	return Page[*T]{}, nil
}

// ListUsers lists the users of a store. A filter may name UserName.
func (d *Directory) ListUsers(
	ctx context.Context, call *control.Call, in directory.StoreID, f Filter, ask Ask,
) (Page[*directory.User], error) {
	if err := authorize(call, in, "identitystore:ListUsers", allUsers); err != nil {
		return Page[*directory.User]{}, err
	}
	if f != (Filter{}) {
		return filteredPage(ask, f, "UserName", func(k directory.Key) *directory.User {
			return call.Snapshot.PersonByKey(in, k)
		})
	}
	return listPage(d, ask, listName(call, "ListUsers", string(in)),
		func(after int64, limit int) ([]*directory.User, error) {
			return store.DirectoryUsers.Page(ctx, d.Control.DB, string(in), after, limit)
		}, func(u *directory.User) int64 { return u.Seq })
}

// ListGroups lists the groups of a store. A filter may name DisplayName.
func (d *Directory) ListGroups(
	ctx context.Context, call *control.Call, in directory.StoreID, f Filter, ask Ask,
) (Page[*directory.Group], error) {
	if err := authorize(call, in, "identitystore:ListGroups", allGroups); err != nil {
		return Page[*directory.Group]{}, err
	}
	if f != (Filter{}) {
		return filteredPage(ask, f, "DisplayName", func(k directory.Key) *directory.Group {
			return call.Snapshot.GroupByKey(in, k)
		})
	}
	return listPage(d, ask, listName(call, "ListGroups", string(in)),
		func(after int64, limit int) ([]*directory.Group, error) {
			return store.DirectoryGroups.Page(ctx, d.Control.DB, string(in), after, limit)
		}, func(g *directory.Group) int64 { return g.Seq })
}

// ListMembers lists the memberships in a group.
func (d *Directory) ListMembers(
	ctx context.Context, call *control.Call, in directory.StoreID, g directory.GroupID, ask Ask,
) (Page[directory.Membership], error) {
	if err := authorize(call, in, "identitystore:ListGroupMemberships", allMemberships, g.ARN()); err != nil {
		return Page[directory.Membership]{}, err
	}
	if _, err := groupFromSnapshot(call, in, g); err != nil {
		return Page[directory.Membership]{}, err
	}
	return listPage(d, ask, listName(call, "ListGroupMemberships", string(g)),
		func(after int64, limit int) ([]directory.Membership, error) {
			return store.MembershipsOfGroup(ctx, d.Control.DB, g, after, limit)
		}, func(m directory.Membership) int64 { return m.Seq })
}

// ListMemberships lists the memberships of a user.
func (d *Directory) ListMemberships(
	ctx context.Context, call *control.Call, in directory.StoreID, u directory.UserID, ask Ask,
) (Page[directory.Membership], error) {
	if err := authorize(call, in, "identitystore:ListGroupMembershipsForMember", allMemberships, u.ARN()); err != nil {
		return Page[directory.Membership]{}, err
	}
	if _, err := userFromSnapshot(call, in, u); err != nil {
		return Page[directory.Membership]{}, err
	}
	return listPage(d, ask, listName(call, "ListGroupMembershipsForMember", string(u)),
		func(after int64, limit int) ([]directory.Membership, error) {
			return store.MembershipsOfUser(ctx, d.Control.DB, u, after, limit)
		}, func(m directory.Membership) int64 { return m.Seq })
}
