package scim

import (
	"maps"
	"slices"

	"latchkey/internal/directory"
)

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
	if s, ok := value.(string); ok && a.subAttribute("value") != nil {
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
			for i, old := range list {
				if o, ok := old.(map[string]any); ok && boolOf(o, "primary") {
					o = maps.Clone(o)
					delete(o, "primary")
					list[i] = o
				}
			}
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
