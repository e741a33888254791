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

const pageMost = 100

// page returns one page of a list. read reads at most limit items behind a sequence number, and seq returns the number
// of an item. list names the list: the operation and what it lists.
func turn[T any](
	d *Directory, call *control.Call, ask Ask, list string, read func(after int64, limit int) ([]T, error),
	seq func(T) int64,
) (Page[T], error) {
	size, err := control.PageSize(ask.Max, pageMost, pageMost)
	if err != nil {
		return Page[T]{}, err
	}
	list = string(call.Account) + " " + list
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

// only returns the page of a filtered list. Names are unique, so it has at most one item.
func only[T any](
	d *Directory, call *control.Call, ask Ask, f Filter, path string, find func(directory.Key) *T,
) (Page[*T], error) {
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
	if err := enter(call, in, "identitystore:ListUsers", allUsers); err != nil {
		return Page[*directory.User]{}, err
	}
	if f != (Filter{}) {
		return only(d, call, ask, f, "UserName", func(k directory.Key) *directory.User {
			return call.Snapshot.PersonByKey(in, k)
		})
	}
	return turn(d, call, ask, "ListUsers "+string(in), func(after int64, limit int) ([]*directory.User, error) {
		return store.DirectoryUsers.Page(ctx, d.Control.DB, string(in), after, limit)
	}, func(u *directory.User) int64 { return u.Seq })
}

// ListGroups lists the groups of a store. A filter may name DisplayName.
func (d *Directory) ListGroups(
	ctx context.Context, call *control.Call, in directory.StoreID, f Filter, ask Ask,
) (Page[*directory.Group], error) {
	if err := enter(call, in, "identitystore:ListGroups", allGroups); err != nil {
		return Page[*directory.Group]{}, err
	}
	if f != (Filter{}) {
		return only(d, call, ask, f, "DisplayName", func(k directory.Key) *directory.Group {
			return call.Snapshot.GroupByKey(in, k)
		})
	}
	return turn(d, call, ask, "ListGroups "+string(in), func(after int64, limit int) ([]*directory.Group, error) {
		return store.DirectoryGroups.Page(ctx, d.Control.DB, string(in), after, limit)
	}, func(g *directory.Group) int64 { return g.Seq })
}

// ListMembers lists the memberships in a group.
func (d *Directory) ListMembers(
	ctx context.Context, call *control.Call, in directory.StoreID, g directory.GroupID, ask Ask,
) (Page[directory.Membership], error) {
	if err := enter(call, in, "identitystore:ListGroupMemberships", allMemberships, g.ARN()); err != nil {
		return Page[directory.Membership]{}, err
	}
	if _, err := seenGroup(call, in, g); err != nil {
		return Page[directory.Membership]{}, err
	}
	return turn(d, call, ask, "ListGroupMemberships "+string(g),
		func(after int64, limit int) ([]directory.Membership, error) {
			return store.MembershipsOfGroup(ctx, d.Control.DB, g, after, limit)
		}, func(m directory.Membership) int64 { return m.Seq })
}

// ListMemberships lists the memberships of a user.
func (d *Directory) ListMemberships(
	ctx context.Context, call *control.Call, in directory.StoreID, u directory.UserID, ask Ask,
) (Page[directory.Membership], error) {
	if err := enter(call, in, "identitystore:ListGroupMembershipsForMember", allMemberships, u.ARN()); err != nil {
		return Page[directory.Membership]{}, err
	}
	if _, err := seenUser(call, in, u); err != nil {
		return Page[directory.Membership]{}, err
	}
	return turn(d, call, ask, "ListGroupMembershipsForMember "+string(u),
		func(after int64, limit int) ([]directory.Membership, error) {
			return store.MembershipsOfUser(ctx, d.Control.DB, u, after, limit)
		}, func(m directory.Membership) int64 { return m.Seq })
}
