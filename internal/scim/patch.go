package scim

import (
	"maps"
	"slices"
	"strings"
)

// maxOperations is the maximum number of operations in a PATCH.
const maxOperations = 1000

// operation is one operation of a PATCH (RFC 7644, section 3.5.2).
type operation struct {
	op    string // add, replace, remove
	path  string // as it was sent; empty: value is an object of paths
	value any
}

// operations reads the body of a PATCH. It ignores the case of the names of operations, because Entra ID capitalises
// them.
func operations(body map[string]any) ([]operation, error) {
	if err := (&resource{schema: patchMessage}).checkSchemas(body); err != nil {
		return nil, err
	}
	list, _ := member(body, "Operations")
	all, ok := list.([]any)
	if !ok || len(all) == 0 {
		return nil, refuse(invalidSyntax, "Operations must be a list with at least one operation")
	}
	if len(all) > maxOperations {
		return nil, refuse(tooMany, "There are more than %d operations", maxOperations)
	}
	out := make([]operation, len(all))
	for i, v := range all {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, refuse(invalidSyntax, "An operation must be an object")
		}
		op, _ := member(m, "op")
		name, _ := op.(string)
		out[i].op = strings.ToLower(name)
		if !slices.Contains([]string{"add", "replace", "remove"}, out[i].op) {
			return nil, refuse(invalidSyntax, "op must be add, replace or remove")
		}
		path, _ := member(m, "path")
		if out[i].path, ok = path.(string); !ok && path != nil {
			return nil, refuse(invalidPath, "path must be a string")
		}
		out[i].value, _ = member(m, "value")
		if out[i].path == "" && out[i].op == "remove" {
			return nil, refuse(noTarget, "remove needs a path")
		}
	}
	return out, nil
}

// setsActive reports whether an operation changes a user's status.
func (o operation) setsActive() bool {
	said := func(path string) bool {
		t, ok := users().resolve(strings.TrimSpace(path))
		return ok && t.attr != nil && t.attr.name == "active"
	}
	m, _ := o.value.(map[string]any)
	return said(o.path) || o.path == "" && slices.ContainsFunc(slices.Collect(maps.Keys(m)), said)
}

// path is the target of an operation: an attribute, its values that match a filter, or a sub-attribute of them.
type path struct {
	target
	of filter // nil: all values
}

// parsePath parses a path. ok is false when the path names an attribute that this server ignores.
func (r *resource) parsePath(s string) (p path, ok bool, err error) {
	if len(s) > maxFilter {
		return p, false, refuse(invalidPath, "A path is longer than %d bytes", maxFilter)
	}
	if r.foreign(s) {
		return p, false, nil
	}
	f := &filterParser{lexer: lexer{text: s}}
	f.blank()
	word := f.word()
	p.target, ok = r.resolve(word)
	if !ok { // also an attribute of the RFC's schemas that this server does not store
		return p, false, refuse(invalidPath, "There is no attribute %q", s)
	}
	if f.take('[') {
		if p.attr == nil || p.subAttribute != nil || p.attr.kind != complexKind || !p.attr.multiValued {
			return p, false, refuse(invalidPath, "Only an attribute with several values may have a filter: %q", s)
		}
		f.resolve = partsOf(p.attr)
		if p.of, err = f.parseOr(0); err != nil {
			return p, false, refuse(invalidPath, "The path %q cannot be read", s).Because(err)
		}
		if f.blank(); !f.take(']') {
			return p, false, refuse(invalidPath, "A bracket is not closed: %q", s)
		}
		if f.take('.') {
			name := f.word()
			if p.subAttribute = p.attr.subAttribute(name); p.subAttribute == nil {
				return p, false, refuse(invalidPath, "There is no attribute %q", s)
			}
		}
	}
	if f.blank(); !f.done() {
		return p, false, refuse(invalidPath, "The path %q cannot be read", s)
	}
	return p, true, nil
}

// apply applies one operation to a document.
func (r *resource) apply(d document, op operation) error {
	if op.path == "" {
		return r.applyObject(d, op.op, op.value)
	}
	p, ok, err := r.parsePath(op.path)
	if err != nil || !ok {
		return err
	}
	if p.attr == nil { // the extension as a whole
		if op.op == "remove" {
			delete(d, enterpriseSchema)
			return nil
		}
		return r.applyExtension(d, op.op, op.value)
	}
	if p.attr.readOnly || p.subAttribute != nil && p.subAttribute.readOnly {
		return refuse(mutability, "%s cannot be changed", p.attr.name)
	}
	if op.op == "remove" {
		return d.remove(p, op.value)
	}
	return d.set(p, op.op, op.value)
}

// applyObject applies an operation without a path. Every member of its value is a path.
func (r *resource) applyObject(d document, op string, value any) error {
	m, ok := value.(map[string]any)
	if !ok {
		return refuse(invalidValue, "value must be an object when there is no path")
	}
	for _, name := range slices.Sorted(maps.Keys(m)) { // in a fixed order
		if name == "" {
			return refuse(invalidPath, "A path is empty")
		}
		if t, ok := r.resolve(name); ok && t.attr != nil && !t.extension && (t.attr.name == "id" || t.attr.name == "meta") {
			continue // Okta sends the id of what it patches
		}
		err := r.apply(d, operation{op, name, m[name]})
		if isUnknownPath(err) { // unknown attributes in an object are ignored
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *resource) applyExtension(d document, op string, value any) error {
	m, ok := value.(map[string]any)
	if !ok {
		return refuse(invalidValue, "%s must be an object", enterpriseSchema)
	}
	qualified := make(map[string]any, len(m))
	for name, v := range m {
		qualified[enterpriseSchema+":"+name] = v
	}
	return r.applyObject(d, op, qualified)
}

// set applies an add or a replace. Both assign the value, except that an add to a multi-valued attribute appends it.
func (d document) set(p path, op string, value any) error {
	at := d.place(p.target)
	a := p.attr
	if !a.multiValued {
		return setOne(at, a, p.subAttribute, op, value)
	}
	list, _ := at[a.name].([]any)
	list = slices.Clone(list)
	if p.of == nil && p.subAttribute == nil {
		v, err := a.clean(value, a.name)
		if err != nil {
			return err
		}
		given, _ := v.([]any)
		if op == "add" {
			given = merge(list, given)
		}
		at[a.name] = given
		return a.checkCount(given)
	}
	if value == nil && p.subAttribute == nil {
		return d.remove(p, nil)
	}
	list, err := a.setValues(list, p, value)
	at[a.name] = list
	return err
}
