package scim

import (
	"strings"

	"latchkey/internal/fault"
)

// AWS's limits (IAM Identity Center SCIM developer guide, "Limitations").
const (
	maxStrictMembers = 100 // changes of members in one request
	maxStrictPage    = 100
)

func tooManyMembers() error {
	return refuse(invalidValue, "A request can change at most %d members.", maxStrictMembers)
}

// strictUser checks that a user has what AWS requires.
func strictUser(d document) error {
	name, _ := d["name"].(map[string]any)
	for _, a := range []struct {
		m    map[string]any
		name string
	}{{d, "userName"}, {name, "givenName"}, {name, "familyName"}, {d, "displayName"}} {
		if textOf(a.m, a.name) == "" {
			return refuse(invalidValue, "%s is a required attribute", a.name)
		}
	}
	for _, name := range []string{"emails", "addresses", "phoneNumbers", "roles"} {
		all := valuesOf(d, name)
		if len(all) > 1 {
			return refuse(invalidValue, "%s can have one value only", name)
		}
		if name == "emails" && len(all) == 1 && !boolOf(all[0], "primary") {
			return refuse(invalidValue, "The e-mail address must be the primary one")
		}
	}
	if valuesOf(d, "photos") != nil {
		return refuse(invalidValue, "photos is not supported")
	}
	return nil
}

// strictMembersOf refuses changes of members that AWS does not support: of all members at once, or of too many.
func strictMembersOf(ops []operation) error {
	n := 0
	for _, op := range ops {
		values := map[string]any{op.path: op.value}
		if m, ok := op.value.(map[string]any); ok && op.path == "" {
			values = m
		}
		for path, v := range values {
			if strings.HasPrefix(strings.ToLower(path), "members[") {
				n++
			}
			if !strings.EqualFold(path, "members") {
				continue
			}
			if op.op == "replace" || op.op == "remove" && v == nil {
				return refuse(invalidValue, "All members cannot be replaced or removed at once: name those to add or remove.")
			}
			if list, ok := v.([]any); ok {
				n += len(list)
			} else {
				n++
			}
		}
	}
	if n > maxStrictMembers {
		return tooManyMembers()
	}
	return nil
}

// strictFilter refuses filters that AWS does not support. AWS has only eq, joined by and.
func strictFilter(r *resource, f filter) error {
	switch f := f.(type) {
	case andFilter:
		if err := strictFilter(r, f.left); err != nil {
			return err
		}
		return strictFilter(r, f.right)
	case attrExp:
		_, text := f.value.(string)
		if f.op == "eq" && text && f.on.attr != nil && strictAttribute(r, f.on) {
			return nil
		}
	case valuePath: // Entra ID's way of asking for an e-mail address
		return fault.New(fault.Invalid, fault.Request, "A filter in brackets is not supported").With(scimType,
			string(invalidFilter))
	}
	return refuse(invalidFilter,
		"Only comparisons by eq of attributes that can be filtered by, joined by and, are supported")
}

func strictAttribute(r *resource, t target) bool {
	switch t.attr.name {
	case "id", "externalId":
		return true
	case "userName", "groups", "manager":
		return r.name == "User"
	case "displayName", "members":
		return r.name == "Group"
	}
	return false
}
