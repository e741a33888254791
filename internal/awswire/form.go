package awswire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// formNode is a form as a tree: Tags.member.1.Key is four levels deep.
type formNode struct {
	has      bool // the form has a field with this name
	text     string
	children map[string]*formNode
}

// decodeForm reads a query-protocol request: the body of a POST, or the query of a GET.
func decodeForm(op *Operation, in reflect.Value, r *http.Request, body document) error {
	raw := string(body.text)
	if r.Method == http.MethodGet {
		raw = r.URL.RawQuery
	}
	root, err := formTree(raw, r.Method == http.MethodGet, body.meter)
	if err != nil {
		return malformed(op, err.Error())
	}
	err = root.structure(op.in, in)
	if told, ok := errors.AsType[*fault.Error](err); ok {
		return told
	}
	if bad, ok := errors.AsType[*valueError](err); ok {
		return memberError(&member{camel: bad.at}, bad.err)
	}
	if err != nil {
		return malformed(op, err.Error())
	}
	return nil
}

// formTree reads a form. Each node of the tree is an element of the budget: the name of one field can be many nodes.
func formTree(raw string, signed bool, meter *budget.Meter) (*formNode, error) {
	values, err := parsePairs(raw, meter)
	if err != nil {
		return nil, err
	}
	root := &formNode{}
	for name, list := range values {
		if name == "Action" || name == "Version" || signed && signatureParameters[name] {
			continue
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("field %s twice", name)
		}
		if strings.Count(name, ".") >= maxDepth {
			return nil, budget.ErrDepth
		}
		n := root
		for part := range strings.SplitSeq(name, ".") {
			child := n.children[part]
			if child == nil {
				if err := meter.Element(); err != nil {
					return nil, err
				}
				child = &formNode{}
				if n.children == nil {
					n.children = map[string]*formNode{}
				}
				n.children[part] = child
			}
			n = child
		}
		n.has, n.text = true, list[0]
	}
	return root, nil
}

// valueError is the error of a field whose text is not a value of its type.
type valueError struct {
	at  string
	err error
}

func (e *valueError) Error() string { return e.at + " " + e.err.Error() }

func (n *formNode) structure(p *plan, dst reflect.Value) error {
	if n.has && n.text != "" {
		return errors.New("text where a structure belongs")
	}
	for name, child := range n.children {
		m := p.body[name]
		if m == nil {
			return fmt.Errorf("unknown field %s", name)
		}
		if err := child.value(&m.value, dst.Field(m.index), m.camel); err != nil {
			return err
		}
	}
	return nil
}

func (n *formNode) value(v *value, dst reflect.Value, at string) error {
	switch v.kind {
	case kindStruct:
		if v.ptr {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		return n.structure(v.plan, dst)
	case kindList:
		items, err := n.items(v.flat, itemName(v.elem, "member"))
		if err != nil {
			return err
		}
		if v.full(len(items) - 1) {
			return v.overlong(at)
		}
		out := reflect.MakeSlice(dst.Type(), len(items), len(items))
		for i, item := range items {
			if err := item.value(v.elem, out.Index(i), at+"."+strconv.Itoa(i+1)+".member"); err != nil {
				return err
			}
		}
		dst.Set(out)
		return nil
	case kindMap:
		return n.mapping(v, dst, at)
	}
	if !n.has || len(n.children) > 0 {
		return fmt.Errorf("%s is not a single value", at)
	}
	if err := v.parse(dst, n.text, timeISO); err != nil {
		return &valueError{at, err}
	}
	return nil
}

// items returns the children 1, 2, 3... in order. An empty text stands for an empty list, because SDKs send it so.
func (n *formNode) items(flat bool, name string) ([]*formNode, error) {
	if n.has {
		if n.text != "" || len(n.children) > 0 {
			return nil, errors.New("text where a list belongs")
		}
		return nil, nil
	}
	if !flat {
		if len(n.children) != 1 || n.children[name] == nil {
			return nil, fmt.Errorf("a list without %s", name)
		}
		n = n.children[name]
		if n.has {
			return nil, errors.New("text where a list belongs")
		}
	}
	items := make([]*formNode, len(n.children))
	for number, child := range n.children {
		i, err := strconv.Atoi(number)
		if err != nil || i < 1 || i > len(items) || strconv.Itoa(i) != number {
			return nil, fmt.Errorf("the list's number %q is not one of 1 to %d", number, len(items))
		}
		items[i-1] = child
	}
	return items, nil
}

func (n *formNode) mapping(v *value, dst reflect.Value, at string) error {
	entries, err := n.items(v.flat, "entry")
	if err != nil {
		return err
	}
	if v.full(len(entries) - 1) {
		return v.overlong(at)
	}
	out := reflect.MakeMap(dst.Type())
	keyName, valueName := itemName(v.key, "key"), itemName(v.elem, "value")
	for _, e := range entries {
		k, val := e.children[keyName], e.children[valueName]
		if e.has || len(e.children) != 2 || k == nil || val == nil {
			return errors.New("a map's entry is not one key and one value")
		}
		key, item := reflect.New(dst.Type().Key()).Elem(), reflect.New(dst.Type().Elem()).Elem()
		if err := k.value(v.key, key, at+".key"); err != nil {
			return err
		}
		if err := val.value(v.elem, item, at+".value"); err != nil {
			return err
		}
		if out.MapIndex(key).IsValid() {
			return errors.New("a map's key twice")
		}
		out.SetMapIndex(key, item)
	}
	dst.Set(out)
	return nil
}
