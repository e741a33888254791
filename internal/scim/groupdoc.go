package scim

import (
	"slices"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
)

// group renders a group as a document, without its members.
func (v *view) group(g *directory.Group) document {
	d := document{
		"schemas": []any{groupSchema}, "id": string(g.ID), "displayName": g.DisplayName,
		"meta": v.meta("Group", "Groups/"+string(g.ID), g.Stamp),
	}
	d.put("externalId", provision.ExternalID(g.ExternalIDs, Issuer))
	return d
}

// membersOf renders the members of a group, ordered by their ids. The snapshot knows no other order.
func (v *view) membersOf(id directory.GroupID) []any {
	ids := slices.Sorted(v.snap.MembersOf(id))
	all := make([]any, 0, len(ids))
	for _, u := range ids {
		m := map[string]any{"value": string(u), "$ref": v.base + "/Users/" + string(u), "type": "User"}
		if row := v.snap.Person(u); row != nil && row.DisplayName != "" {
			m["display"] = row.DisplayName
		}
		all = append(all, m)
	}
	return all
}

// parseGroup makes a group from a document, without its members.
func parseGroup(d document, base directory.Group) directory.Group {
	g := base
	g.DisplayName = textOf(d, "displayName")
	g.ExternalIDs = provision.WithExternalID(base.ExternalIDs, Issuer, textOf(d, "externalId"))
	return g
}

// memberIDs returns the users in a list of members. It refuses groups, because an identity store has no groups in
// groups.
func memberIDs(value any) ([]directory.UserID, error) {
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	ids := make([]directory.UserID, 0, len(list))
	for _, v := range list {
		id, isText := v.(string)
		if m, ok := v.(map[string]any); ok {
			said, _ := member(m, "value")
			id, isText = said.(string)
			if kind, _ := member(m, "type"); directory.Fold(asText(kind)) == "group" {
				return nil, refuse(invalidValue,
					"%s is a group. Groups cannot be members of groups: make the people in it members instead.", id)
			}
		}
		if !isText || id == "" {
			return nil, refuse(invalidValue, "Every member must have the id of a user as its value")
		}
		if !isID(id) {
			return nil, refuse(invalidValue, "There is no user %q to be a member.", id)
		}
		ids = append(ids, directory.UserID(id))
	}
	return ids, nil
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}
