package scim

import (
	"maps"
	"slices"
	"strings"

	"latchkey/internal/directory"
)

// maxRecorded is how many members or operations of a request its audit record has. The record also has their number.
const maxRecorded = 100

func (q *request) touchUser(id directory.UserID) {
	q.Call.Event.Resources = nil // the database may run a transaction again
	q.Call.Touch("AWS::IdentityStore::User", id.ARN(), q.token.Account)
}

func (q *request) touchGroup(id directory.GroupID) {
	q.Call.Event.Resources = nil
	q.Call.Touch("AWS::IdentityStore::Group", id.ARN(), q.token.Account)
}

// recordUser records whether a user is to be active. All other attributes of a person are personal data, so the record
// has only ids.
func (q *request) recordUser(d document) {
	if v, ok := d["active"]; ok {
		q.Call.Event.RequestParameters["active"] = v
	}
}

func (q *request) recordGroup(members []directory.UserID) {
	if len(members) > 0 {
		q.Call.Event.RequestParameters["members"] = some(members)
		q.Call.Event.RequestParameters["memberCount"] = len(members)
	}
}

// recordOperations records what a PATCH changes. Of the values it records only booleans, because the others may be
// personal data.
func (q *request) recordOperations(ops []operation) {
	var all []any
	for _, op := range ops[:min(len(ops), maxRecorded)] {
		o := map[string]any{"op": op.op}
		if op.path != "" {
			o["path"] = withoutValues(op.path)
		}
		if m, ok := op.value.(map[string]any); ok && op.path == "" {
			var paths []any
			for _, name := range slices.Sorted(maps.Keys(m)) {
				if len(paths) < maxRecorded {
					paths = append(paths, withoutValues(name))
				}
			}
			o["paths"] = paths
			if active, ok := member(m, "active"); ok {
				if b, ok := asBool(active); ok {
					o["active"] = b
				}
			}
		} else if b, ok := asBool(op.value); ok {
			o["value"] = b
		}
		all = append(all, o)
	}
	q.Call.Event.RequestParameters["operations"] = all
	if len(ops) > maxRecorded {
		q.Call.Event.RequestParameters["operationCount"] = len(ops)
	}
}

// withoutValues returns a path without its filter, such as emails[].value.
func withoutValues(path string) string {
	from, to := strings.Index(path, "["), strings.LastIndex(path, "]")
	if from >= 0 && to > from {
		path = path[:from+1] + path[to:]
	}
	return strings.ToValidUTF8(path[:min(len(path), 256)], "")
}

// recordMembers records which users were added to a group, and which were removed.
func (q *request) recordMembers(added, removed []directory.UserID) {
	q.Call.Event.ResponseElements = map[string]any{
		"membersAdded":        some(added),
		"membersAddedCount":   len(added),
		"membersRemoved":      some(removed),
		"membersRemovedCount": len(removed),
	}
}

func some(ids []directory.UserID) []directory.UserID { return ids[:min(len(ids), maxRecorded)] }
