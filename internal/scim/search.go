package scim

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// params are the parameters of a request: those of its URL, or those in the body of a search.
func (q *request) params() url.Values {
	if q.search != nil {
		return q.search
	}
	return q.URL.Query()
}

// searching returns a function that runs a list with the parameters in the body (RFC 7644, section 3.4.3).
func searching(list func(*request) (reply, error)) func(*request) (reply, error) {
	return func(q *request) (reply, error) {
		if err := (&resource{schema: searchMessage}).checkSchemas(q.body); err != nil {
			return reply{}, err
		}
		q.search = url.Values{}
		for name, v := range q.body {
			known := canonicalName(name)
			if known == "" || v == nil {
				continue
			}
			text, ok := plain(v).(string)
			if all, isList := v.([]any); isList && strings.HasSuffix(known, "ttributes") {
				text, ok = joined(all)
			}
			if !ok {
				return reply{}, refuse(invalidValue, "%s has a value of a wrong type", known)
			}
			q.search.Set(known, text)
		}
		return list(q)
	}
}

// canonicalName is the name of a search's parameter as URLs have it; empty: the server ignores it, as it ignores
// sortBy.
func canonicalName(name string) string {
	for _, known := range []string{"attributes", "excludedAttributes", "filter", "startIndex", "count", "cursor"} {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return ""
}

func joined(all []any) (string, bool) {
	var names []string
	for _, v := range all {
		s, ok := v.(string)
		if !ok || strings.Contains(s, ",") {
			return "", false
		}
		names = append(names, s)
	}
	return strings.Join(names, ","), true
}

// listAll lists users and then groups, for a search at the root. A filter finds what has its attributes. Both have
// pages by index only: a cursor names the place in one list.
func listAll(q *request) (reply, error) {
	if q.params().Has("cursor") {
		return reply{}, refuse(invalidCursor, "Users and groups together have no cursors: search at /Users or at /Groups")
	}
	people, text, err := q.requestFilter(users())
	if err != nil {
		return reply{}, err
	}
	teams, _, err := q.requestFilter(groups())
	if err != nil {
		return reply{}, err
	}
	p, err := q.page(text)
	if err != nil {
		return reply{}, err
	}
	ofUsers, err := q.projection(users())
	if err != nil {
		return reply{}, err
	}
	ofGroups, err := q.projection(groups())
	if err != nil {
		return reply{}, err
	}
	us, err := q.findUsers(people)
	if err != nil {
		return reply{}, err
	}
	gs, err := q.findGroups(teams)
	if err != nil {
		return reply{}, err
	}
	from := min(p.start-1, len(us)+len(gs))
	to := min(from+p.count, len(us)+len(gs))
	selected := make([]any, 0, to-from)
	show := q.groupShower()
	for i := from; i < to; i++ {
		if i < len(us) {
			selected = append(selected, q.renderUser(us[i], ofUsers))
			continue
		}
		d, err := show(gs[i-len(us)], ofGroups)
		if err != nil {
			return reply{}, err
		}
		selected = append(selected, d)
	}
	return q.listReply(p, len(us)+len(gs), selected, ""), nil
}

// groupShower returns a function that renders groups for one page, and refuses more members than one page may have.
func (q *request) groupShower() func(*directory.Group, projection) (any, error) {
	members := 0
	return func(g *directory.Group, shape projection) (any, error) {
		if members += q.snap.MemberCount(g.ID); !q.h.Strict && shape.wants("members") && members > maxMembersListed {
			return nil, refuse(tooMany,
				"These groups have too many members for one page: ask for fewer by count, or add excludedAttributes=members")
		}
		return q.renderGroup(g, shape), nil
	}
}

// searchRoute finds the search that a path asks for.
func (q *request) searchRoute(endpoint string) (func(*request) (reply, error), error) {
	if q.h.Strict {
		return nil, fault.New(fault.Unsupported, fault.Operation, "/.search is not served.")
	}
	a := action{"Search", searching(listAll)}
	switch {
	case strings.EqualFold(endpoint, "Users"):
		a = action{"SearchUsers", searching(listUsers)}
	case strings.EqualFold(endpoint, "Groups"):
		a = action{"SearchGroups", searching(listGroups)}
	}
	return q.methodAction(map[string]action{http.MethodPost: a})
}
