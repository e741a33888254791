package scim

import (
	"strings"
	"time"

	"latchkey/internal/directory"
)

// check refuses comparisons that mean nothing (RFC 7644, section 3.4.2.2).
func (c *compare) check() error {
	ordered := c.op != "eq" && c.op != "ne"
	switch c.value.(type) {
	case string:
	case nil:
		if ordered {
			return refuse(badFilter, "%s cannot be compared by %s with null", c.path, c.op)
		}
	default:
		if ordered {
			return refuse(badFilter, "%s can be compared by %s with a string only", c.path, c.op)
		}
	}
	if a := c.last(); a != nil && a.kind == boolean && ordered {
		return refuse(badFilter, "%s is true or false and cannot be compared by %s", c.path, c.op)
	}
	return nil
}

// last is the attribute whose values are compared; nil when there is none. Of an attribute with parts it is the value.
func (c *compare) last() *attribute {
	a := c.on.attr
	if c.on.part != nil {
		a = c.on.part
	}
	if a != nil && a.kind == complexly {
		if v := a.part("value"); v != nil {
			return v
		}
	}
	return a
}

// values are the values that a target has: each is what JSON makes of it.
type values func(target) []any

// match reports whether a resource passes.
func match(f filter, of values) bool {
	switch f := f.(type) {
	case both:
		return match(f.left, of) && match(f.right, of)
	case either:
		return match(f.left, of) || match(f.right, of)
	case not:
		return !match(f.of, of)
	case compare:
		return f.any(of(f.on))
	case within:
		for _, v := range of(f.on) {
			m, ok := v.(map[string]any)
			if !ok || !match(f.of, partValues(m)) {
				continue
			}
			if f.then == nil || f.then.any(partValues(m)(f.then.on)) {
				return true
			}
		}
	}
	return false
}

// partValues are the values of the parts of one value.
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

// any reports whether one of the values passes. Values that differ are those of which none is equal.
func (c *compare) any(all []any) bool {
	if c.op == "ne" {
		equal := *c
		equal.op = "eq"
		return !equal.any(all)
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
		if c.one(v) {
			return true
		}
	}
	return false
}

func (c *compare) one(v any) bool {
	switch v := v.(type) {
	case string:
		if c.op == "pr" {
			return v != ""
		}
		want, ok := c.value.(string)
		return ok && c.texts(v, want)
	case bool:
		if c.op == "pr" {
			return true
		}
		want, ok := asBool(c.value)
		return ok && c.op == "eq" && v == want
	}
	return false
}

func (c *compare) texts(v, want string) bool {
	a := c.last()
	if a != nil && a.kind == dateTime && c.op != "co" && c.op != "sw" && c.op != "ew" {
		x, err := time.Parse(time.RFC3339Nano, v)
		y, err2 := time.Parse(time.RFC3339Nano, want)
		return err == nil && err2 == nil && c.ordered(x.Compare(y))
	}
	if a == nil || !a.exact {
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

func (c *compare) ordered(sign int) bool {
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

// asBool takes a boolean, or a text that says one: Entra ID writes "True".
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
