package scim

import (
	"latchkey/internal/directory"
)

// mostRecorded is how many of a request's members or operations its record names; of the rest it tells the number.
const mostRecorded = 100

func (q *request) touchUser(id directory.UserID) {
	q.call.Event.Resources = nil // a transaction may be run again
	q.call.Touch("AWS::IdentityStore::User", id.ARN(), q.token.Account)
}

func (q *request) touchGroup(id directory.GroupID) {
	q.call.Event.Resources = nil
	q.call.Touch("AWS::IdentityStore::Group", id.ARN(), q.token.Account)
}

// recordUser names a user in the record: what finds it and whether it is active. The rest is personal.
func (q *request) recordUser(d document) {
	for _, name := range []string{"userName", "externalId", "active"} {
		if v, ok := d[name]; ok {
			q.call.Event.RequestParameters[name] = v
		}
	}
}

func (q *request) recordGroup(d document, members []directory.UserID) {
	for _, name := range []string{"displayName", "externalId"} {
		if v, ok := d[name]; ok {
			q.call.Event.RequestParameters[name] = v
		}
	}
	if len(members) > 0 {
		q.call.Event.RequestParameters["members"] = some(members)
		q.call.Event.RequestParameters["memberCount"] = len(members)
	}
}

// recordOperations names what a PATCH changes. Of the values only that of active is no personal data.
func (q *request) recordOperations(ops []operation) {
	var all []any
	for _, op := range ops[:min(len(ops), mostRecorded)] {
		o := map[string]any{"op": op.op}
		if op.path != "" {
			o["path"] = op.path
		}
		if m, ok := op.value.(map[string]any); ok && op.path == "" {
			var paths []any
			for name := range m {
				if len(paths) < mostRecorded {
					paths = append(paths, name)
				}
			}
			o["paths"] = paths
			if active, ok := member(m, "active"); ok {
				o["active"] = active
			}
		} else if b, ok := asBool(op.value); ok {
			o["value"] = b
		}
		all = append(all, o)
	}
	q.call.Event.RequestParameters["operations"] = all
	if len(ops) > mostRecorded {
		q.call.Event.RequestParameters["operationCount"] = len(ops)
	}
}

// recordMembers tells who came into a group and who went.
func (q *request) recordMembers(added, removed []directory.UserID) {
	q.call.Event.ResponseElements = map[string]any{
		"membersAdded": some(added), "membersAddedCount": len(added), "membersRemoved": some(removed), "membersRemovedCount": len(removed),
	}
}

func some(ids []directory.UserID) []directory.UserID { return ids[:min(len(ids), mostRecorded)] }
