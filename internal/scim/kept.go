package scim

import (
	"reflect"

	"latchkey/internal/directory"
)

// kept refuses a document that a user cannot hold. A client that gets a success must read back what it sent: a value
// that was dropped is one that the client believes to be changed. The next holder of an e-mail address would be taken
// for the person whose old address was thought to be replaced.
func kept(d document, u *directory.User) error {
	r, stored := users(), (&view{}).user(u)
	for _, a := range r.attrs {
		if !a.readOnly && a.name != "active" && !same(d[a.name], stored[a.name]) {
			return refuse(invalidValue, "%s cannot be stored as it was sent", a.name)
		}
	}
	if !same(d[enterpriseSchema], stored[enterpriseSchema]) {
		return refuse(invalidValue, "%s cannot be stored as it was sent", enterpriseSchema)
	}
	return nil
}

// same reports whether two values of documents say the same. The order of several values does not count.
func same(a, b any) bool {
	a, b = essence(a), essence(b)
	x, several := a.([]any)
	y, ok := b.([]any)
	if !several || !ok || len(x) != len(y) {
		return reflect.DeepEqual(a, b)
	}
	used := make([]bool, len(y)) // a list has at most maxValues values
	for _, v := range x {
		found := false
		for i, w := range y {
			if !used[i] && reflect.DeepEqual(v, w) {
				used[i], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// essence removes what says nothing: empty objects and lists, and primary flags that are false.
func essence(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, part := range v {
			if part = essence(part); part != nil && !(name == "primary" && part == false) {
				m[name] = part
			}
		}
		if len(m) == 0 {
			return nil
		}
		return m
	case []any:
		var all []any
		for _, e := range v {
			if e = essence(e); e != nil {
				all = append(all, e)
			}
		}
		if len(all) == 0 {
			return nil
		}
		return all
	}
	return v
}
