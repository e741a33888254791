package scim

import (
	"cmp"
	"slices"
	"sync"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// findUsers returns the users of the store that match a filter, oldest first. If the filter names users by a key, only
// those are looked up. Any other filter is evaluated for every user of the snapshot.
func (q *request) findUsers(f filter) ([]*directory.User, error) {
	if f == nil {
		return q.h.lists.usersOf(q.snap, q.storeID), nil
	}
	if q.h.Strict {
		if err := q.refuseUnknown(f, "groups", func(id string) bool { return q.ourGroup(id) != nil }, "Group"); err != nil {
			return nil, err
		}
	}
	f, err := groupsOfUser.resolve(q, f)
	if err != nil {
		return nil, err
	}
	ids, ok := candidates(f, q.usersNamed)
	all := q.h.lists.usersOf
	if !ok {
		return filtered(q, all(q.snap, q.storeID), func(u *directory.User) bool { return match(f, q.userValues(u)) })
	}
	var found []*directory.User
	for id := range ids {
		if u := q.snap.Person(id); u != nil && u.Store == q.storeID && match(f, q.userValues(u)) {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b *directory.User) int { return cmp.Compare(a.Seq, b.Seq) })
	return found, nil
}

func (q *request) findGroups(f filter) ([]*directory.Group, error) {
	if f == nil {
		return q.h.lists.groupsOf(q.snap, q.storeID), nil
	}
	if q.h.Strict {
		if err := q.refuseUnknown(f, "members", func(id string) bool { return q.ourUser(id) != nil }, "User"); err != nil {
			return nil, err
		}
	}
	f, err := membersOfGroup.resolve(q, f)
	if err != nil {
		return nil, err
	}
	ids, ok := candidates(f, q.groupsNamed)
	if !ok {
		return filtered(q, q.h.lists.groupsOf(q.snap, q.storeID), func(g *directory.Group) bool {
			return match(f, q.groupValues(g))
		})
	}
	var found []*directory.Group
	for id := range ids {
		if g := q.snap.Group(id); g != nil && g.Store == q.storeID && match(f, q.groupValues(g)) {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b *directory.Group) int { return cmp.Compare(a.Seq, b.Seq) })
	return found, nil
}

// filtered ends when the client has gone: there may be 200,000 users to compare.
func filtered[T any](q *request, all []T, keep func(T) bool) ([]T, error) {
	var some []T
	for i, v := range all {
		if i%256 == 0 && q.Context().Err() != nil {
			return nil, fault.New(fault.Incomplete, fault.Request, "The client went away.").For(fault.ClientGone)
		}
		if keep(v) {
			some = append(some, v)
		}
	}
	return some, nil
}

func (q *request) ourUser(id string) *directory.User {
	if u := q.snap.Person(directory.UserID(id)); u != nil && u.Store == q.storeID {
		return u
	}
	return nil
}

func (q *request) ourGroup(id string) *directory.Group {
	if g := q.snap.Group(directory.GroupID(id)); g != nil && g.Store == q.storeID {
		return g
	}
	return nil
}

// candidates returns all resources that can match a filter, if the filter names them by a key. ok is false when every
// resource has to be examined. named returns the resources for which one comparison can be true.
func candidates[ID comparable](
	f filter, named func(name string, value string) (map[ID]bool, bool),
) (ids map[ID]bool, ok bool) {
	switch f := f.(type) {
	case andFilter:
		left, ok := candidates(f.left, named)
		if right, alsoOK := candidates(f.right, named); alsoOK && (!ok || len(right) < len(left)) {
			return right, true
		}
		return left, ok
	case orFilter:
		left, ok := candidates(f.left, named)
		right, alsoOK := candidates(f.right, named)
		if !ok || !alsoOK {
			return nil, false
		}
		all := make(map[ID]bool, len(left)+len(right))
		for _, some := range []map[ID]bool{left, right} {
			for id := range some {
				all[id] = true
			}
		}
		return all, true
	case relExp:
		if !f.eq {
			return nil, false
		}
		return named(f.attr, f.related)
	case attrExp:
		value, text := f.value.(string)
		if f.op != "eq" || !text || f.on.attr == nil || f.on.extension ||
			f.on.subAttribute != nil && f.on.subAttribute.name != "value" {
			return nil, false
		}
		return named(f.on.attr.name, value)
	case valuePath:
		if f.on.attr == nil || f.on.extension {
			return nil, false
		}
		if f.then != nil && f.then.op == "eq" && f.then.on.attr != nil && f.then.on.attr.name == "value" {
			if value, text := f.then.value.(string); text {
				return named(f.on.attr.name, value)
			}
		}
		if value, text := implied(f.of)["value"].(string); text {
			return named(f.on.attr.name, value)
		}
	}
	return nil, false
}

func (q *request) usersNamed(name, value string) (map[directory.UserID]bool, bool) {
	ids := map[directory.UserID]bool{}
	key := directory.Key("")
	switch name {
	case "id":
		ids[directory.UserID(value)] = true
		return ids, true
	case "groups":
		if q.ourGroup(value) != nil {
			for u := range q.snap.MembersOf(directory.GroupID(value)) {
				ids[u] = true
			}
		}
		return ids, true
	case "userName":
		key = directory.NameKey(value)
	case "emails":
		key = directory.EmailKey(value)
	case "externalId":
		key = directory.ExternalKey(directory.ExternalID{Issuer: Issuer, ID: value})
	default:
		return nil, false
	}
	if u := q.snap.PersonByKey(q.storeID, key); u != nil {
		ids[u.ID] = true
	}
	return ids, true
}

func (q *request) groupsNamed(name, value string) (map[directory.GroupID]bool, bool) {
	ids := map[directory.GroupID]bool{}
	key := directory.Key("")
	switch name {
	case "id":
		ids[directory.GroupID(value)] = true
		return ids, true
	case "members":
		for _, g := range q.snap.GroupsOf(directory.UserID(value)) {
			ids[g] = true
		}
		return ids, true
	case "displayName":
		key = directory.NameKey(value)
	case "externalId":
		key = directory.ExternalKey(directory.ExternalID{Issuer: Issuer, ID: value})
	default:
		return nil, false
	}
	if g := q.snap.GroupByKey(q.storeID, key); g != nil {
		ids[g.ID] = true
	}
	return ids, true
}

// refuseUnknown refuses a filter by a member or a group that does not exist, as AWS does.
func (q *request) refuseUnknown(f filter, attr string, known func(id string) bool, kind string) error {
	switch f := f.(type) {
	case andFilter:
		if err := q.refuseUnknown(f.left, attr, known, kind); err != nil {
			return err
		}
		return q.refuseUnknown(f.right, attr, known, kind)
	case attrExp:
		if id, text := f.value.(string); text && f.on.attr != nil && f.on.attr.name == attr && !known(id) {
			return resourceNotFound(kind, id)
		}
	}
	return nil
}

// userValues returns the values of a user's attributes. Comparisons of the user's groups are resolved before.
func (q *request) userValues(u *directory.User) values {
	d := sync.OnceValue(func() document { return q.view.user(u) })
	return func(t target) []any {
		if t.attr == nil {
			return nil
		}
		switch t.attr.name {
		case "id":
			return []any{string(u.ID)}
		case "userName":
			return []any{u.UserName}
		case "active":
			return []any{!u.Blocked(Issuer)}
		}
		return d().values(t)
	}
}

// groupValues returns the values of a group's attributes. Comparisons of the group's members are resolved before.
func (q *request) groupValues(g *directory.Group) values {
	d := sync.OnceValue(func() document { return q.view.group(g) })
	return func(t target) []any {
		if t.attr == nil {
			return nil
		}
		if t.attr.name == "id" {
			return []any{string(g.ID)}
		}
		return d().values(t)
	}
}

// values returns a document's values for a target, one by one.
func (d document) values(t target) []any {
	at := map[string]any(d)
	if t.extension {
		at, _ = d[enterpriseSchema].(map[string]any)
	}
	v, ok := at[t.attr.name]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	return parts(list, t.subAttribute)
}

func parts(list []any, part *attribute) []any {
	if part == nil {
		return list
	}
	var all []any
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && m[part.name] != nil {
			all = append(all, m[part.name])
		}
	}
	return all
}
