package provision

import (
	"slices"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// Members returns the users in a group in the order in which they were added.
func (w *Writer) Members(g directory.GroupID) ([]directory.UserID, error) {
	const page = 1000
	var all []directory.UserID
	for after := int64(0); ; {
		some, err := store.MembershipsOfGroup(w.ctx, w.tx, g, after, page)
		if err != nil {
			return nil, err
		}
		for _, m := range some {
			all, after = append(all, m.User), m.Seq
		}
		if len(some) < page {
			return all, nil
		}
	}
}

// AddMembers adds users to a group and returns those who were not in it. It fails with NotFound if the group or one of
// the users does not exist in the store. The transaction must then be rolled back.
func (w *Writer) AddMembers(g directory.GroupID, users []directory.UserID) (added []directory.UserID, err error) {
	if _, err := w.Group(g); err != nil {
		return nil, err
	}
	users = distinct(users)
	existing, err := store.UsersAmong(w.ctx, w.tx, w.Store, users)
	if err != nil {
		return nil, err
	}
	in, err := store.MembersAmong(w.ctx, w.tx, g, users)
	if err != nil {
		return nil, err
	}
	var rows []directory.Membership
	for _, u := range users {
		if !existing[u] {
			return nil, control.DirectoryMissing(fault.DirectoryUser, "USER", string(u))
		}
		if in[u] {
			continue
		}
		added = append(added, u)
		rows = append(rows, directory.Membership{
			ID: directory.MembershipID(newID()), Store: w.Store, Group: g, User: u, Created: w.tx.Now(), CreatedBy: w.source.By,
		})
	}
	return added, store.InsertMemberships(w.tx, rows)
}

// RemoveMembers removes users from a group and returns those who were in it. They lose what the group gave them at
// their next request. A user who is not in the group, or does not exist, is not an error. RemoveMembers fails with
// NotFound if the group does not exist in the store.
func (w *Writer) RemoveMembers(g directory.GroupID, users []directory.UserID) (removed []directory.UserID, err error) {
	if _, err := w.Group(g); err != nil {
		return nil, err
	}
	users = distinct(users)
	in, err := store.MembersAmong(w.ctx, w.tx, g, users)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if !in[u] {
			continue
		}
		if err := store.DeleteMembership(w.tx, g, u); err != nil {
			return nil, err
		}
		removed = append(removed, u)
	}
	return removed, nil
}

// SetMembers makes exactly these users the members of a group, and returns who was added and who was removed. It fails
// as AddMembers does.
func (w *Writer) SetMembers(
	g directory.GroupID, users []directory.UserID,
) (added, removed []directory.UserID, err error) {
	if _, err := w.Group(g); err != nil {
		return nil, nil, err
	}
	now, err := w.Members(g)
	if err != nil {
		return nil, nil, err
	}
	wanted := make(map[directory.UserID]bool, len(users))
	for _, u := range users {
		wanted[u] = true
	}
	if removed, err = w.RemoveMembers(g, slices.DeleteFunc(now, func(u directory.UserID) bool {
		return wanted[u]
	})); err != nil {
		return nil, nil, err
	}
	added, err = w.AddMembers(g, users)
	return added, removed, err
}

func distinct(users []directory.UserID) []directory.UserID {
	seen := make(map[directory.UserID]bool, len(users))
	var all []directory.UserID
	for _, u := range users {
		if !seen[u] {
			seen[u] = true
			all = append(all, u)
		}
	}
	return all
}
