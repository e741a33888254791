package scim

import (
	"strings"
)

// maxValues is how many values an attribute has at most on the way: each is compared with each. Of members there may
// be more, and they are no part of a document.
const maxValues = 100

// document is a resource as SCIM has it, under the names that the schema spells: texts, booleans, objects and lists.
// Attributes of the extension lie in an object under its schema. What is not there is unassigned.
type document map[string]any

// document makes a document of what a client sent. What the schema does not know, and what a client may not write,
// is passed over (RFC 7644, section 3.3).
func (r *resource) document(sent map[string]any) (document, error) {
	if err := r.checkSchemas(sent); err != nil {
		return nil, err
	}
	d := document{}
	for name, v := range sent {
		if _, schema := r.cutSchema(name); schema == enterpriseSchema && len(name) == len(schema) {
			inner, ok := v.(map[string]any)
			if !ok {
				return nil, refuse(badValue, "%s must be an object", name)
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

// checkSchemas refuses a body that says it is something else. One that says nothing is taken for what is expected.
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
	return refuse(badValue, "schemas must name %s", r.schema)
}

// inExtension is the part of the document that holds the extension's attributes.
func (d document) inExtension() map[string]any {
	m, ok := d[enterpriseSchema].(map[string]any)
	if !ok {
		m = map[string]any{}
		d[enterpriseSchema] = m
	}
	return m
}

// place is the object that holds a target's attribute.
func (d document) place(t target) map[string]any {
	if t.extension {
		return d.inExtension()
	}
	return d
}

// fill puts what an object says of these attributes into another.
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

// clean is a value as documents have it; nil when the attribute is to be unassigned (RFC 7643, section 2.5).
func (a *attribute) clean(v any, at string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.many {
		return a.cleanOne(v, at)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // a single value where a list should be: some clients save the brackets
	}
	if err := a.few(list); err != nil {
		return nil, err
	}
	all := []any{}
	for _, e := range list {
		one, err := a.cleanOne(e, at)
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

func (a *attribute) few(list []any) error {
	if len(list) > maxValues {
		return refuse(tooMany, "%s has more than %d values", a.name, maxValues)
	}
	return nil
}

func (a *attribute) cleanOne(v any, at string) (any, error) {
	switch a.kind {
	case boolean:
		b, ok := asBool(v)
		if !ok {
			return nil, refuse(badValue, "%s must be true or false", at)
		}
		return b, nil
	case complexly:
		return a.cleanParts(v, at)
	}
	s, ok := v.(string)
	if !ok {
		return nil, refuse(badValue, "%s must be a string", at)
	}
	if s == "" {
		return nil, nil
	}
	return s, nil
}

func (a *attribute) cleanParts(v any, at string) (any, error) {
	if s, ok := v.(string); ok && a.part("value") != nil { // Entra ID sends the manager's id alone
		v = map[string]any{"value": s}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(badValue, "%s must be an object", at)
	}
	one := map[string]any{}
	if err := fill(one, a.parts, m, at+"."); err != nil {
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
