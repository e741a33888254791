package awswire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// xmlRoot is the element that a document must begin with. An empty namespace is any.
type xmlRoot struct{ name, namespace string }

func decodeXML(op *Operation, p *plan, dst reflect.Value, body document, root xmlRoot) error {
	if err := budget.CheckTags(body.text); err != nil {
		return malformed(op, err.Error())
	}
	r := &xmlReader{d: xml.NewDecoder(bytes.NewReader(body.text)), meter: body.meter, op: op}
	err := r.document(p, dst, root.name, root.namespace)
	if told, ok := errors.AsType[*fault.Error](err); ok {
		return told
	}
	if err != nil {
		return malformed(op, err.Error())
	}
	return nil
}

func (r *xmlReader) document(p *plan, dst reflect.Value, root, namespace string) error {
	start, _, err := r.next()
	if err != nil {
		return err
	}
	if start == nil || start.Name.Local != root {
		return fmt.Errorf("the root element is not %s", root)
	}
	space := r.top().space
	if namespace != "" && space != "" && space != namespace && space != r.op.Service.Namespace {
		return fmt.Errorf("the root element is in the namespace %q", space)
	}
	if err := r.structure(p, dst, start); err != nil {
		return err
	}
	return r.end()
}

// end checks that nothing follows the root element.
func (r *xmlReader) end() error {
	switch start, text, err := r.next(); {
	case errors.Is(err, io.EOF) && start == nil && blank(text):
		return nil
	case err != nil:
		return err
	}
	return errors.New("something follows the root element")
}

// structure reads the content of an element that was just entered, up to its end.
func (r *xmlReader) structure(p *plan, dst reflect.Value, start *xml.StartElement) error {
	if err := r.attributes(p, dst, start); err != nil {
		return err
	}
	seen := make([]bool, len(p.members))
	for {
		start, text, err := r.next()
		if err != nil {
			return err
		}
		if start == nil {
			if !r.lenient && !blank(text) {
				return errors.New("text where elements belong")
			}
			return nil
		}
		m := p.body[start.Name.Local]
		if m == nil || m.attr || m.kind == kindStream {
			if r.lenient {
				if err := r.skip(); err != nil {
					return err
				}
				continue
			}
			return fmt.Errorf("unknown element %s", start.Name.Local)
		}
		if err := r.inSpace(&m.value); err != nil {
			return err
		}
		f := dst.Field(m.index)
		many := m.flat && (m.kind == kindList || m.kind == kindMap)
		if seen[m.index] && !many {
			return fmt.Errorf("element %s twice", start.Name.Local)
		}
		seen[m.index] = true
		switch {
		case many && m.kind == kindList:
			err = r.appendItem(&m.value, m.camel, f, start)
		case many:
			err = r.mapEntry(&m.value, f, start)
		default:
			err = r.value(&m.value, f, start)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", start.Name.Local, err)
		}
	}
}

// attributes reads the members that travel in attributes. Other attributes are unknown, except for namespace
// bindings.
func (r *xmlReader) attributes(p *plan, dst reflect.Value, start *xml.StartElement) error {
next:
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name := a.Name.Local
		if a.Name.Space != "" {
			name = a.Name.Space + ":" + name
		}
		if p != nil {
			for i := range p.members {
				if m := &p.members[i]; m.attr && m.name == name {
					if err := m.parse(dst.Field(m.index), a.Value, timeISO); err != nil {
						return err
					}
					continue next
				}
			}
		}
		if !r.lenient {
			return fmt.Errorf("unknown attribute %s", name)
		}
	}
	return nil
}

// value reads an element into one value.
func (r *xmlReader) value(v *value, dst reflect.Value, start *xml.StartElement) error {
	if v.kind == kindStruct {
		if v.ptr {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		return r.structure(v.plan, dst, start)
	}
	if err := r.attributes(nil, dst, start); err != nil {
		return err
	}
	switch v.kind {
	case kindList:
		at := lowerFirst(start.Name.Local)
		dst.Set(reflect.MakeSlice(dst.Type(), 0, 0))
		return r.each(itemName(v.elem, "member"), v.elem,
			func(start *xml.StartElement) error { return r.appendItem(v, at, dst, start) })
	case kindMap:
		dst.Set(reflect.MakeMap(dst.Type()))
		return r.each("entry", nil, func(start *xml.StartElement) error { return r.mapEntry(v, dst, start) })
	}
	text, err := r.leaf()
	if err != nil {
		return err
	}
	return v.parse(dst, text, timeISO)
}

// leaf reads the text of an element that contains nothing else.
func (r *xmlReader) leaf() (string, error) {
	start, text, err := r.next()
	if err == nil && start != nil {
		err = fmt.Errorf("element %s where text belongs", start.Name.Local)
	}
	return text, err
}

// each calls f for every child element, all of which must have the name.
func (r *xmlReader) each(name string, v *value, f func(*xml.StartElement) error) error {
	for {
		start, text, err := r.next()
		switch {
		case err != nil:
			return err
		case start == nil && !r.lenient && !blank(text):
			return errors.New("text where elements belong")
		case start == nil:
			return nil
		case start.Name.Local != name && r.lenient:
			if err := r.skip(); err != nil {
				return err
			}
			continue
		case start.Name.Local != name:
			return fmt.Errorf("unknown element %s", start.Name.Local)
		}
		if v == nil {
			v = &value{}
		}
		if err := r.inSpace(v); err != nil {
			return err
		}
		if err := f(start); err != nil {
			return err
		}
	}
}

// appendItem reads one element of a list, unless the model allows no further one.
func (r *xmlReader) appendItem(v *value, at string, list reflect.Value, start *xml.StartElement) error {
	if !r.lenient && v.full(list.Len()) {
		return v.overlong(at)
	}
	item := reflect.New(list.Type().Elem()).Elem()
	if err := r.value(v.elem, item, start); err != nil {
		return err
	}
	list.Set(reflect.Append(list, item))
	return nil
}

// mapEntry reads <key/> and <value/>, each exactly once.
func (r *xmlReader) mapEntry(v *value, dst reflect.Value, start *xml.StartElement) error {
	if err := r.attributes(nil, dst, start); err != nil {
		return err
	}
	if dst.IsNil() {
		dst.Set(reflect.MakeMap(dst.Type()))
	}
	key, val := reflect.New(dst.Type().Key()).Elem(), reflect.New(dst.Type().Elem()).Elem()
	var haveKey, haveVal bool
	for {
		start, text, err := r.next()
		if err != nil {
			return err
		}
		if start == nil {
			if !r.lenient && !blank(text) || !haveKey || !haveVal || dst.MapIndex(key).IsValid() {
				return errors.New("a map's entry is not one new key and one value")
			}
			dst.SetMapIndex(key, val)
			return nil
		}
		part, into := v.key, key
		switch name := start.Name.Local; {
		case name == itemName(v.key, "key") && !haveKey:
			haveKey = true
		case name == itemName(v.elem, "value") && !haveVal:
			haveVal, part, into = true, v.elem, val
		case r.lenient && name != itemName(v.key, "key") && name != itemName(v.elem, "value"):
			if err := r.skip(); err != nil {
				return err
			}
			continue
		default:
			return fmt.Errorf("unknown element %s", name)
		}
		if err := r.inSpace(part); err != nil {
			return err
		}
		if err := r.value(part, into, start); err != nil {
			return err
		}
	}
}

// itemName is the name that a list's or a map's parts have on the wire.
func itemName(v *value, def string) string {
	if v.name != "" {
		return v.name
	}
	return def
}
