package scim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"latchkey/internal/directory"
	"latchkey/internal/engine"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// page is the page of a list that a client asks for.
type page struct {
	start  int // from 1 on
	count  int
	cursor bool
	after  int64 // with a cursor: the Seq after which the page begins
	list   string
}

// page reads startIndex and count, or cursor and count. A cursor is only valid with the filter that it was issued for.
func (q *request) page(filter string) (p page, err error) {
	query := q.params()
	limit := maxPage
	if q.h.Strict {
		limit = maxStrictPage
	}
	p = page{
		start:  1,
		count:  defaultPage,
		cursor: query.Has("cursor"),
		list:   string(q.token.Account) + " scim " + q.Operation + " " + string(q.storeID) + " " + filter,
	}
	if s := query.Get("count"); s != "" {
		if p.count, err = strconv.Atoi(s); err != nil || p.cursor && p.count < 1 {
			return p, refuse(invalidCount, "count must be a number from 1 to %d", limit)
		}
		p.count = max(0, min(p.count, limit))
	}
	if p.cursor {
		if query.Has("startIndex") && !q.h.Strict {
			return p, refuse(invalidCursor, "cursor and startIndex exclude each other")
		}
		if p.after, err = q.h.Control.After(p.list, query.Get("cursor")); err != nil {
			return p, refuse(invalidCursor, "The cursor is not valid for this request.").Because(err)
		}
		return p, nil
	}
	if s := query.Get("startIndex"); s != "" && !q.h.Strict {
		if p.start, err = strconv.Atoi(s); err != nil {
			return p, refuse(invalidValue, "startIndex must be a number")
		}
		p.start = max(1, p.start)
	}
	return p, nil
}

// cut returns the part of a list, ordered by creation, that belongs to a page, and the cursor of the next page.
func cut[T any](q *request, p page, all []T, seq func(T) int64) (selected []T, next string) {
	from := min(p.start-1, len(all))
	if p.cursor {
		from, _ = slices.BinarySearchFunc(all, p.after+1, func(v T, n int64) int { return cmp.Compare(seq(v), n) })
	}
	to := min(from+p.count, len(all))
	if p.cursor && to < len(all) {
		next = q.h.Control.NextToken(p.list, seq(all[to-1]))
	}
	return all[from:to], next
}

// listReply is the reply with a page of a list.
func (q *request) listReply(p page, total int, selected []any, next string) reply {
	body := map[string]any{"schemas": []any{listMessage}, "itemsPerPage": len(selected), "Resources": selected}
	if !p.cursor || !q.h.Strict {
		body["totalResults"] = total
	}
	if !p.cursor {
		body["startIndex"] = p.start
	}
	if next != "" {
		body["nextCursor"] = next
	}
	return reply{status: http.StatusOK, body: body}
}

// requestFilter parses the filter of a request. It is nil if there is none.
func (q *request) requestFilter(r *resource) (filter, string, error) {
	s := q.params().Get("filter")
	if s == "" {
		return nil, "", nil
	}
	f, err := parseFilter(r, s)
	if err == nil && q.h.Strict {
		err = strictFilter(r, f)
	}
	return f, s, err
}

func listUsers(q *request) (reply, error) {
	return list(q, users(), q.findUsers, func(u *directory.User) int64 { return u.Seq },
		func(u *directory.User, shape projection) (any, error) { return q.renderUser(u, shape), nil })
}

func listGroups(q *request) (reply, error) {
	return list(q, groups(), q.findGroups, func(g *directory.Group) int64 { return g.Seq }, q.groupShower())
}

// list answers a request for a page of the resources that match its filter.
func list[T any](
	q *request, r *resource, find func(filter) ([]T, error), seq func(T) int64, show func(T, projection) (any, error),
) (reply, error) {
	f, text, err := q.requestFilter(r)
	if err != nil {
		return reply{}, err
	}
	p, err := q.page(text)
	if err != nil {
		return reply{}, err
	}
	shape, err := q.projection(r)
	if err != nil {
		return reply{}, err
	}
	found, err := find(f)
	if err != nil {
		return reply{}, err
	}
	some, next := cut(q, p, found, seq)
	selected := make([]any, len(some))
	for i, v := range some {
		if selected[i], err = show(v, shape); err != nil {
			return reply{}, err
		}
	}
	return q.listReply(p, len(found), selected, next), nil
}

// maxMembersListed is the maximum number of members on a page of several groups.
const maxMembersListed = 250_000

// lists caches the users and the groups of the store that was listed last, ordered by creation, until the snapshot
// changes. So a client that pages through 100,000 users does not cause a sort for each page.
type lists struct {
	mu      sync.Mutex
	snap    *engine.Snapshot
	storeID directory.StoreID
	users   []*directory.User
	groups  []*directory.Group
}

func (l *lists) at(s *engine.Snapshot, in directory.StoreID) {
	if l.snap != s || l.storeID != in {
		l.snap, l.storeID, l.users, l.groups = s, in, nil, nil
	}
}

func (l *lists) usersOf(s *engine.Snapshot, in directory.StoreID) []*directory.User {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at(s, in); l.users == nil {
		l.users = slices.SortedFunc(s.PeopleOf(in), func(a, b *directory.User) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return l.users
}

func (l *lists) groupsOf(s *engine.Snapshot, in directory.StoreID) []*directory.Group {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at(s, in); l.groups == nil {
		l.groups = slices.SortedFunc(s.GroupsIn(in), func(a, b *directory.Group) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return l.groups
}
