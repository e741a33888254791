package directory

import (
	"fmt"
	"strconv"
	"strings"
)

// Operation sets one attribute, or removes it if Value is nil (Identity Store API reference, AttributeOperation).
// Value is a JSON document: string, bool, float64, map[string]any or []any.
type Operation struct {
	// Path is an attribute path, such as displayName, name.givenName, emails or aws:identitystore:enterprise.department.
	// It is compared regardless of case.
	Path  string
	Value any
}

// MaxOperations bounds the number of operations in an update.
const MaxOperations = 100

// With is the user after the operations. The result is checked, and the receiver does not change. Attributes that a
// user must have cannot be removed.
func (u *User) With(ops []Operation) (*User, error) {
	next := *u
	next.Enterprise = new(Enterprise)
	if u.Enterprise != nil {
		*next.Enterprise = *u.Enterprise
	}
	if err := applyAll(&next, ops, "userName", "displayName", "name", "name.givenName", "name.familyName"); err != nil {
		return nil, err
	}
	if *next.Enterprise == (Enterprise{}) {
		next.Enterprise = nil
	}
	if u.CheckComplete() == nil {
		if err := next.CheckComplete(); err != nil { // the new name may lack a required part
			return nil, err
		}
	}
	return &next, next.Check()
}

// With is the group after the operations. The result is checked, and the receiver does not change.
func (g *Group) With(ops []Operation) (*Group, error) {
	next := *g
	if err := applyAll(&next, ops, "displayName"); err != nil {
		return nil, err
	}
	return &next, next.Check()
}

func applyAll(p parts, ops []Operation, required ...string) error {
	if len(ops) == 0 || len(ops) > MaxOperations {
		return broken("operations", "Member must have length between 1 and %d", MaxOperations)
	}
	for _, op := range ops {
		name, at, err := find(p, op.Path)
		if err != nil {
			return err
		}
		if op.Value == nil {
			for _, r := range required {
				if name == r {
					return broken(name, "%s is a required attribute", name)
				}
			}
			clearValue(at)
			continue
		}
		if err := set(at, op.Value, name); err != nil {
			return err
		}
	}
	return nil
}

// find follows an attribute path. An element of a list has no path: an operation sets the whole list.
func find(p parts, path string) (name string, at any, err error) {
	at = p
	for step := range strings.SplitSeq(path, ".") {
		in, ok := at.(parts)
		if !ok {
			return "", nil, unknownPath()
		}
		at = nil
		for _, a := range in.attributes() {
			if strings.EqualFold(a.name, step) {
				at = a.at
				name = strings.TrimPrefix(name+"."+a.name, ".")
			}
		}
		if at == nil {
			return "", nil, unknownPath()
		}
	}
	return name, at, nil
}

func unknownPath() error {
	return broken("operations.attributePath", "Member must be the path of an attribute that can be updated")
}

// set stores a document where at points to.
func set(at, doc any, name string) error {
	switch p := at.(type) {
	case *string:
		s, ok := doc.(string)
		if !ok || s == "" {
			return broken(name, "Member must be a string with length greater than or equal to 1")
		}
		*p = s
	case *bool:
		b, ok := doc.(bool)
		if !ok {
			return broken(name, "Member must be a boolean")
		}
		*p = b
	case *[]Email:
		return setList(p, doc, name)
	case *[]PhoneNumber:
		return setList(p, doc, name)
	case *[]Role:
		return setList(p, doc, name)
	case *[]Photo:
		return setList(p, doc, name)
	case *[]Address:
		return setList(p, doc, name)
	case parts:
		clearValue(at)
		return setParts(p, doc, name)
	default:
		return fmt.Errorf("directory: no way to set a %T", at)
	}
	return nil
}

func setList[T any, P interface {
	*T
	parts
}](list *[]T, doc any, name string) error {
	docs, ok := doc.([]any)
	if !ok || len(docs) == 0 {
		return broken(name, "Member must be a list with length greater than or equal to 1")
	}
	limit := maxOtherList
	if name == "photos" {
		limit = maxPhotos
	}
	if len(docs) > limit {
		return broken(name, "Member must have length less than or equal to %d", limit)
	}
	all := make([]T, len(docs))
	for i := range docs {
		if err := setParts(P(&all[i]), docs[i], name+"."+strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	*list = all
	return nil
}

func setParts(p parts, doc any, name string) error {
	m, ok := doc.(map[string]any)
	if !ok {
		return broken(name, "Member must be an object")
	}
	seen := map[string]bool{}
	for k, v := range m {
		full, at, err := find(p, k)
		if err != nil || strings.Contains(k, ".") {
			return broken(name, "Member must have no unknown attributes")
		}
		if seen[full] {
			return broken(name+"."+full, "Member must be given once")
		}
		seen[full] = true
		if v == nil {
			continue
		}
		if err := set(at, v, name+"."+full); err != nil {
			return err
		}
	}
	return nil
}

func clearValue(at any) {
	switch p := at.(type) {
	case *string:
		*p = ""
	case *bool:
		*p = false
	case *[]Email:
		*p = nil
	case *[]PhoneNumber:
		*p = nil
	case *[]Role:
		*p = nil
	case *[]Photo:
		*p = nil
	case *[]Address:
		*p = nil
	case parts:
		for _, a := range p.attributes() {
			clearValue(a.at)
		}
	}
}

// ParseEnterprise reads the enterprise extension as the API carries it, a JSON document.
func ParseEnterprise(doc any) (*Enterprise, error) {
	e := new(Enterprise)
	if err := setParts(e, doc, EnterpriseKey); err != nil {
		return nil, err
	}
	if *e == (Enterprise{}) {
		return nil, nil
	}
	return e, nil
}

// Document is the enterprise extension as the API carries it.
func (e *Enterprise) Document() map[string]any {
	return document(e)
}

func document(p parts) map[string]any {
	m := map[string]any{}
	for _, a := range p.attributes() {
		switch v := a.at.(type) {
		case *string:
			if *v != "" {
				m[a.name] = *v
			}
		case parts:
			if inner := document(v); len(inner) > 0 {
				m[a.name] = inner
			}
		}
	}
	return m
}
