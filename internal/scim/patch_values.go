package scim

import (
	"maps"
	"slices"

	"latchkey/internal/directory"
)

// setValues sets something in all values of a list that a path names. If there is none, it makes one: RFC 7644 would
// refuse a replace, and Entra ID expects that the value is created.
func (a *attribute) setValues(list []any, p path, value any) ([]any, error) {
	var next []any
	found, first := false, -1 // the value that becomes the primary one
	put := func(m map[string]any) error {
		m, err := a.changed(m, p, value)
		if err != nil {
			return err
		}
		if empty(m) {
			if value == nil || value == "" {
				return nil // the value is unassigned
			}
			return refuse(noTarget, "%s has no such value", a.name)
		}
		if boolOf(m, "primary") && p.sets("primary", value) {
			if first >= 0 {
				return refuse(invalidValue, "%s has more than one primary value", a.name)
			}
			first = len(next)
		}
		next = append(next, m)
		return nil
	}
	for _, v := range list {
		m, _ := v.(map[string]any)
		if p.of != nil && !match(p.of, partValues(m)) {
			next = append(next, m)
			continue
		}
		found = true
		if err := put(m); err != nil {
			return nil, err
		}
	}
	if !found {
		m := implied(p.of)
		if err := put(m); err != nil {
			return nil, err
		}
		if n := len(next) - 1; n >= 0 && boolOf(m, "primary") { // roles[primary eq true].value makes a primary one
			first = n
		}
	}
	if first >= 0 {
		onlyPrimary(next, first)
	}
	return next, a.checkCount(next)
}

// sets reports whether an operation on a path sets a sub-attribute.
func (p path) sets(part string, value any) bool {
	if p.subAttribute != nil {
		return p.subAttribute.name == part
	}
	m, _ := value.(map[string]any)
	_, ok := member(m, part)
	return ok
}

// onlyPrimary takes the primary flag from all values but one (RFC 7644, section 3.5.2).
func onlyPrimary(list []any, first int) {
	for i, v := range list {
		if m, ok := v.(map[string]any); ok && i != first && boolOf(m, "primary") {
			m = maps.Clone(m)
			delete(m, "primary")
			list[i] = m
		}
	}
}

// changed returns one of several values after an operation has set something in it.
func (a *attribute) changed(m map[string]any, p path, value any) (map[string]any, error) {
	next := maps.Clone(m)
	if next == nil {
		next = map[string]any{}
	}
	if p.subAttribute != nil {
		return next, fill(next, a.subAttributes, map[string]any{p.subAttribute.name: value}, a.name+".")
	}
	v, err := a.cleanOne(value, a.name)
	given, _ := v.(map[string]any)
	maps.Copy(next, given)
	return next, err
}

// implied returns the sub-attributes that a value must have to match a filter: those that the filter compares by eq.
func implied(f filter) map[string]any {
	switch f := f.(type) {
	case andFilter:
		m := implied(f.left)
		maps.Copy(m, implied(f.right))
		return m
	case attrExp:
		if f.op == "eq" && f.on.attr != nil && f.value != nil {
			if v, err := f.on.attr.cleanOne(f.value, ""); err == nil && v != nil {
				return map[string]any{f.on.attr.name: v}
			}
		}
	}
	return map[string]any{}
}

// setOne sets a single-valued attribute, or a sub-attribute of it. Sub-attributes that an object does not name stay
// unchanged.
func setOne(at map[string]any, a, part *attribute, op string, value any) error {
	if a.kind != complexKind || value == nil && part == nil {
		return fill(at, []*attribute{a}, map[string]any{a.name: value}, "")
	}
	old, _ := at[a.name].(map[string]any)
	next := maps.Clone(old)
	if next == nil {
		next = map[string]any{}
	}
	if part != nil {
		value = map[string]any{part.name: value}
	}
	if s, ok := plain(value).(string); ok && a.subAttribute("value") != nil {
		value = map[string]any{"value": s}
	}
	m, ok := value.(map[string]any)
	if !ok {
		return refuse(invalidValue, "%s must be an object", a.name)
	}
	if err := fill(next, a.subAttributes, m, a.name+"."); err != nil {
		return err
	}
	if at[a.name] = next; len(next) == 0 {
		delete(at, a.name)
	}
	return nil
}

// merge appends values to a list. It does not add a value that the list has already. A new primary value becomes the
// only primary one.
func merge(list, given []any) []any {
	for _, v := range given {
		m, _ := v.(map[string]any)
		if boolOf(m, "primary") {
			onlyPrimary(list, -1)
		}
		if !slices.ContainsFunc(list, func(old any) bool { o, _ := old.(map[string]any); return maps.Equal(o, m) }) {
			list = append(list, v)
		}
	}
	return list
}

// remove applies a remove. Values in an operation that has a path say which values to remove. Entra ID removes members
// that way.
func (d document) remove(p path, value any) error {
	at, a := d.place(p.target), p.attr
	if !a.multiValued {
		if p.subAttribute == nil {
			delete(at, a.name)
		} else if m, ok := at[a.name].(map[string]any); ok {
			m = maps.Clone(m)
			delete(m, p.subAttribute.name)
			at[a.name] = m
		}
		return nil
	}
	goes := func(m map[string]any) bool { return p.of == nil || match(p.of, partValues(m)) }
	if p.of == nil && p.subAttribute == nil && value != nil {
		given, err := a.clean(value, a.name)
		if err != nil {
			return err
		}
		all, _ := given.([]any)
		goes = func(m map[string]any) bool {
			return slices.ContainsFunc(all, func(v any) bool {
				g, _ := v.(map[string]any)
				return directory.Fold(textOf(g, "value")) == directory.Fold(textOf(m, "value"))
			})
		}
	}
	list, _ := at[a.name].([]any)
	var stay []any
	for _, v := range list {
		m, _ := v.(map[string]any)
		if goes(m) {
			if p.subAttribute == nil || p.subAttribute.name == "value" {
				continue
			}
			m = maps.Clone(m)
			delete(m, p.subAttribute.name)
		}
		stay = append(stay, m)
	}
	at[a.name] = stay
	return nil
}
