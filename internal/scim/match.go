package scim

import (
	"strings"
	"time"

	"latchkey/internal/directory"
)

// check refuses comparisons that have no meaning (RFC 7644, section 3.4.2.2).
func (c *attrExp) check() error {
	ordered := c.op != "eq" && c.op != "ne"
	switch c.value.(type) {
	case string:
	case nil:
		if ordered {
			return refuse(invalidFilter, "%s cannot be compared by %s with null", c.path, c.op)
		}
	default:
		if ordered {
			return refuse(invalidFilter, "%s can be compared by %s with a string only", c.path, c.op)
		}
	}
	if a := c.last(); a != nil && a.kind == booleanKind && ordered {
		return refuse(invalidFilter, "%s is true or false and cannot be compared by %s", c.path, c.op)
	}
	return nil
}

// last returns the attribute whose values are compared. For a complex attribute it is the sub-attribute value. It is
// nil when there is none.
func (c *attrExp) last() *attribute {
	a := c.on.attr
	if c.on.subAttribute != nil {
		a = c.on.subAttribute
	}
	if a != nil && a.kind == complexKind {
		if v := a.subAttribute("value"); v != nil {
			return v
		}
	}
	return a
}

// values returns the values of a target, in the types that encoding/json decodes to.
type values func(target) []any

// match reports whether a resource matches a filter.
func match(f filter, of values) bool {
	switch f := f.(type) {
	case andFilter:
		return match(f.left, of) && match(f.right, of)
	case orFilter:
		return match(f.left, of) || match(f.right, of)
	case notFilter:
		return !match(f.of, of)
	case attrExp:
		return f.matchesAny(of(f.on))
	case relExp:
		ids := of(target{attr: idAttribute})
		id, _ := ids[0].(string)
		return f.matches(id)
	case valuePath:
		for _, v := range of(f.on) {
			m, ok := v.(map[string]any)
			if !ok || !match(f.of, partValues(m)) {
				continue
			}
			if f.then == nil || f.then.matchesAny(partValues(m)(f.then.on)) {
				return true
			}
		}
	}
	return false
}

// partValues returns the values of the sub-attributes of one value.
func partValues(m map[string]any) values {
	return func(t target) []any {
		if t.attr == nil {
			return nil
		}
		if v, ok := m[t.attr.name]; ok {
			return []any{v}
		}
		return nil
	}
}

// matchesAny reports whether one of the values matches. "ne" matches when no value is equal.
func (c *attrExp) matchesAny(all []any) bool {
	if c.op == "ne" {
		equal := *c
		equal.op = "eq"
		return !equal.matchesAny(all)
	}
	if c.op == "eq" && c.value == nil {
		return len(all) == 0
	}
	for _, v := range all {
		if m, ok := v.(map[string]any); ok {
			if c.op == "pr" && len(m) > 0 {
				return true
			}
			v = m["value"]
		}
		if c.matches(v) {
			return true
		}
	}
	return false
}

func (c *attrExp) matches(v any) bool {
	switch v := v.(type) {
	case string:
		if c.op == "pr" {
			return v != ""
		}
		want, ok := c.value.(string)
		return ok && c.matchesText(v, want)
	case bool:
		if c.op == "pr" {
			return true
		}
		want, ok := asBool(c.value)
		return ok && c.op == "eq" && v == want
	}
	return false
}

func (c *attrExp) matchesText(v, want string) bool {
	a := c.last()
	if a != nil && a.kind == dateTimeKind && c.op != "co" && c.op != "sw" && c.op != "ew" {
		x, err := time.Parse(time.RFC3339Nano, v)
		y, err2 := time.Parse(time.RFC3339Nano, want)
		return err == nil && err2 == nil && c.ordered(x.Compare(y))
	}
	if a == nil || !a.caseExact {
		v, want = directory.Fold(v), directory.Fold(want)
	}
	switch c.op {
	case "co":
		return strings.Contains(v, want)
	case "sw":
		return strings.HasPrefix(v, want)
	case "ew":
		return strings.HasSuffix(v, want)
	}
	return c.ordered(strings.Compare(v, want))
}

func (c *attrExp) ordered(sign int) bool {
	switch c.op {
	case "eq":
		return sign == 0
	case "gt":
		return sign > 0
	case "ge":
		return sign >= 0
	case "lt":
		return sign < 0
	case "le":
		return sign <= 0
	}
	return false
}

// asBool accepts a boolean, or a text that has one: Entra ID writes "True".
func asBool(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}
