package scim

import (
	"maps"
	"slices"

	"latchkey/internal/directory"
)

// changed is one of several values with what an operation sets in it.
func (a *attribute) changed(m map[string]any, p path, value any) (map[string]any, error) {
	next := maps.Clone(m)
	if next == nil {
		next = map[string]any{}
	}
	if p.part != nil {
		return next, fill(next, a.parts, map[string]any{p.part.name: value}, a.name+".")
	}
	v, err := a.cleanOne(value, a.name)
	given, _ := v.(map[string]any)
	maps.Copy(next, given)
	return next, err
}

// implied are the parts that a value must have to pass a filter: those that the filter compares by eq.
func implied(f filter) map[string]any {
	switch f := f.(type) {
	case both:
		m := implied(f.left)
		maps.Copy(m, implied(f.right))
		return m
	case compare:
		if f.op == "eq" && f.on.attr != nil && f.value != nil {
			if v, err := f.on.attr.cleanOne(f.value, ""); err == nil && v != nil {
				return map[string]any{f.on.attr.name: v}
			}
		}
	}
	return map[string]any{}
}

// setOne sets an attribute that has one value, or a part of it. The parts that an object does not name stay.
func setOne(at map[string]any, a, part *attribute, op string, value any) error {
	if a.kind != complexly || value == nil && part == nil {
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
	if s, ok := value.(string); ok && a.part("value") != nil {
		value = map[string]any{"value": s}
	}
	m, ok := value.(map[string]any)
	if !ok {
		return refuse(badValue, "%s must be an object", a.name)
	}
	if err := fill(next, a.parts, m, a.name+"."); err != nil {
		return err
	}
	if at[a.name] = next; len(next) == 0 {
		delete(at, a.name)
	}
	return nil
}

// merge appends values to others. What is there already is not added twice, and a new primary value is the only one.
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

// remove does a remove. Values given with a path to several say which of them go: Entra ID's way for members.
func (d document) remove(p path, value any) error {
	at, a := d.place(p.target), p.attr
	if !a.many {
		if p.part == nil {
			delete(at, a.name)
		} else if m, ok := at[a.name].(map[string]any); ok {
			m = maps.Clone(m)
			delete(m, p.part.name)
			at[a.name] = m
		}
		return nil
	}
	goes := func(m map[string]any) bool { return p.of == nil || match(p.of, partValues(m)) }
	if p.of == nil && p.part == nil && value != nil {
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
			if p.part == nil || p.part.name == "value" {
				continue
			}
			m = maps.Clone(m)
			delete(m, p.part.name)
		}
		stay = append(stay, m)
	}
	at[a.name] = stay
	return nil
}
