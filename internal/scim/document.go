package scim

import (
	"strings"
)

// maxValues is the maximum number of values of an attribute, because each value is compared with each other. Members
// are not limited by it. They are not part of a document.
const maxValues = 100

// document is a resource in SCIM's form, with the attribute names as the schema spells them. Values are texts,
// booleans, objects and lists. Attributes of the extension are in an object under the extension's schema. An attribute
// that is missing is unassigned.
type document map[string]any

// document makes a document from what a client sent. It ignores attributes that the schema does not have, or that a
// client may not write (RFC 7644, section 3.3).
func (r *resource) document(sent map[string]any) (document, error) {
	if err := r.checkSchemas(sent); err != nil {
		return nil, err
	}
	d := document{}
	for name, v := range sent {
		if _, schema := r.cutSchema(name); schema == enterpriseSchema && len(name) == len(schema) {
			inner, ok := v.(map[string]any)
			if !ok {
				return nil, refuse(invalidValue, "%s must be an object", name)
			}
			if err := fill(d.inExtension(), r.extension, inner, ""); err != nil {
				return nil, err
			}
			continue
		}
		if err := fill(d, r.attrs, map[string]any{name: v}, ""); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// checkSchemas refuses a body that names only other schemas. A body that names no schemas is accepted.
func (r *resource) checkSchemas(sent map[string]any) error {
	said, ok := member(sent, "schemas")
	if !ok {
		return nil
	}
	all, _ := said.([]any)
	for _, s := range all {
		if s, ok := s.(string); ok && strings.EqualFold(s, r.schema) {
			return nil
		}
	}
	return refuse(invalidValue, "schemas must name %s", r.schema)
}

// inExtension returns the object with the extension's attributes, and creates it if it is missing.
func (d document) inExtension() map[string]any {
	m, ok := d[enterpriseSchema].(map[string]any)
	if !ok {
		m = map[string]any{}
		d[enterpriseSchema] = m
	}
	return m
}

// place returns the object that has a target's attribute.
func (d document) place(t target) map[string]any {
	if t.extension {
		return d.inExtension()
	}
	return d
}

// fill sets the given attributes in one object from another.
func fill(to map[string]any, attrs []*attribute, from map[string]any, at string) error {
	for name, v := range from {
		a := named(attrs, name)
		if a == nil || a.readOnly {
			continue
		}
		clean, err := a.clean(v, at+a.name)
		if err != nil {
			return err
		}
		if clean == nil {
			delete(to, a.name)
		} else {
			to[a.name] = clean
		}
	}
	return nil
}

// clean returns a value in the form of documents, or nil when the attribute is to be unassigned (RFC 7643, section
// 2.5).
func (a *attribute) clean(v any, at string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.multiValued {
		return a.cleanOne(v, at)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // some clients send a single value without the brackets of a list
	}
	if err := a.checkCount(list); err != nil {
		return nil, err
	}
	first := false
	all := []any{}
	for _, e := range list {
		one, err := a.cleanOne(e, at)
		if err != nil {
			return nil, err
		}
		if one == nil || a.kind == complexKind && empty(one.(map[string]any)) {
			continue
		}
		if m, ok := one.(map[string]any); ok && boolOf(m, "primary") {
			if first {
				return nil, refuse(invalidValue, "%s has more than one primary value", at)
			}
			first = true
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// empty reports whether one of several values has no more than a type, a display text and a primary flag. Clients send
// such values for attributes that are unassigned.
func empty(m map[string]any) bool {
	for part := range m {
		if part != "type" && part != "primary" && part != "display" {
			return false
		}
	}
	return true
}

func (a *attribute) checkCount(list []any) error {
	if len(list) > maxValues {
		return refuse(tooMany, "%s has more than %d values", a.name, maxValues)
	}
	return nil
}

func (a *attribute) cleanOne(v any, at string) (any, error) {
	switch a.kind {
	case booleanKind:
		b, ok := asBool(v)
		if !ok {
			return nil, refuse(invalidValue, "%s must be true or false", at)
		}
		return b, nil
	case complexKind:
		return a.cleanParts(v, at)
	}
	if !a.exact {
		v = plain(v)
	}
	s, ok := v.(string)
	if !ok {
		return nil, refuse(invalidValue, "%s must be a string", at)
	}
	if s == "" {
		return nil, nil
	}
	return s, nil
}

func (a *attribute) cleanParts(v any, at string) (any, error) {
	if s, ok := plain(v).(string); ok && a.subAttribute("value") != nil { // Entra ID sends the manager's id alone
		v = map[string]any{"value": s}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(invalidValue, "%s must be an object", at)
	}
	one := map[string]any{}
	if err := fill(one, a.subAttributes, m, at+"."); err != nil {
		return nil, err
	}
	if len(one) == 0 {
		return nil, nil
	}
	return one, nil
}

func textOf(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func boolOf(m map[string]any, name string) bool {
	b, _ := m[name].(bool)
	return b
}
