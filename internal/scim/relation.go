package scim

import (
	"latchkey/internal/directory"
)

// relExp is a comparison of what other rows know: of the groups of a user, or the members of a group. It is resolved
// once, before any resource is looked at, so that no comparison goes through the memberships of everybody.
type relExp struct {
	attr    string
	matches func(id string) bool // whether the resource with an id matches
	related string               // of an eq: the id of the one row that a resource must be related to
	eq      bool
}

// relation is an attribute of a type of resource that other rows know.
type relation struct {
	attr   string
	byName func(q *request, name string) string // the id of the row with a display name; nil: such names are not unique
	has    func(q *request, id, related string) bool
	hasAny func(q *request, id string) bool
}

var groupsOfUser = relation{
	attr: "groups",
	byName: func(q *request, name string) string {
		if g := q.snap.GroupByKey(q.storeID, directory.NameKey(name)); g != nil {
			return string(g.ID)
		}
		return ""
	},
	has: func(q *request, user, group string) bool {
		return q.snap.InGroup(directory.UserID(user), directory.GroupID(group))
	},
	hasAny: func(q *request, user string) bool { return len(q.snap.GroupsOf(directory.UserID(user))) > 0 },
}

var membersOfGroup = relation{
	attr: "members",
	has: func(q *request, group, user string) bool {
		return q.snap.InGroup(directory.UserID(user), directory.GroupID(group))
	},
	hasAny: func(q *request, group string) bool { return q.snap.MemberCount(directory.GroupID(group)) > 0 },
}

// resolve replaces the comparisons of the relation in a filter. It refuses those that only a search through all
// memberships could answer.
func (r relation) resolve(q *request, f filter) (filter, error) {
	var err error
	switch f := f.(type) {
	case andFilter:
		if f.left, err = r.resolve(q, f.left); err == nil {
			f.right, err = r.resolve(q, f.right)
		}
		return f, err
	case orFilter:
		if f.left, err = r.resolve(q, f.left); err == nil {
			f.right, err = r.resolve(q, f.right)
		}
		return f, err
	case notFilter:
		f.of, err = r.resolve(q, f.of)
		return f, err
	case attrExp:
		if f.on.attr != nil && !f.on.extension && f.on.attr.name == r.attr {
			return r.compare(q, f, f.on.subAttribute)
		}
	case valuePath:
		if f.on.attr == nil || f.on.extension || f.on.attr.name != r.attr {
			return f, nil
		}
		if c, ok := f.of.(attrExp); ok && f.then == nil && c.op != "ne" { // a ne in brackets is about each value
			return r.compare(q, c, c.on.attr)
		}
		return nil, r.refuse()
	}
	return f, nil
}

// compare resolves one comparison of a part of the relation. If it names no part, the id of the other row counts.
func (r relation) compare(q *request, c attrExp, part *attribute) (filter, error) {
	if c.op == "pr" && (part == nil || part.name == "value") {
		return relExp{attr: r.attr, matches: func(id string) bool { return r.hasAny(q, id) }}, nil
	}
	related, ok := c.value.(string)
	if !ok || c.op != "eq" && c.op != "ne" {
		return nil, r.refuse()
	}
	switch {
	case part == nil || part.name == "value":
	case part.name == "display" && r.byName != nil:
		related = r.byName(q, related)
	default:
		return nil, r.refuse()
	}
	equal := c.op == "eq"
	return relExp{
		attr: r.attr, related: related, eq: equal,
		matches: func(id string) bool { return r.has(q, id, related) == equal },
	}, nil
}

func (r relation) refuse() error {
	parts := "value"
	if r.byName != nil {
		parts = "value and display"
	}
	return refuse(invalidFilter, "%s can be filtered by pr, and by eq and ne of %s", r.attr, parts)
}
