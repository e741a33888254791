package awswire

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"latchkey/internal/budget"
)

// xmlReader reads XML more strictly than encoding/xml does. It refuses document types, comments, processing
// instructions except the declaration, unknown elements and attributes, and anything after the root. All elements
// must have one namespace, except those for which the model names another.
//
// A lenient reader reads answers. A server may be newer than the model, so the reader ignores elements, attributes
// and namespaces that the model does not know, comments, and text next to elements. It still refuses document types
// and repeated elements.
type xmlReader struct {
	d       *xml.Decoder
	op      *Operation
	lenient bool
	meter   *budget.Meter
	spaces  []binding // namespace bindings in force, innermost last
	open    []element
	started bool
}

type binding struct {
	prefix, uri string
	depth       int
}

type element struct {
	name  xml.Name // as written: Space is the prefix
	space string   // the namespace
}

func (r *xmlReader) top() element { return r.open[len(r.open)-1] }

// next returns the next start element, or the text before the end of the innermost element, or io.EOF after the root.
// Text before a start element must be white space, because AWS's bodies have no mixed content.
func (r *xmlReader) next() (*xml.StartElement, string, error) {
	var text []byte
	for {
		t, err := r.d.RawToken()
		if err == io.EOF && len(r.open) > 0 {
			return nil, "", io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, string(text), err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if !r.lenient && !blank(string(text)) {
				return nil, "", errors.New("text beside elements")
			}
			return &t, "", r.push(&t)
		case xml.EndElement:
			if len(r.open) == 0 || r.top().name != t.Name {
				return nil, "", fmt.Errorf("unexpected end of %s", t.Name.Local)
			}
			r.pop()
			return nil, string(text), nil
		case xml.CharData:
			text = append(text, t...)
		case xml.ProcInst:
			if !r.lenient && (t.Target != "xml" || r.started) {
				return nil, "", errors.New("a processing instruction")
			}
		default:
			if _, comment := t.(xml.Comment); comment && r.lenient {
				break
			}
			return nil, "", fmt.Errorf("a %T", t)
		}
		r.started = true
	}
}

func blank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

// push enters an element. It reads the element's namespace bindings and its namespace.
func (r *xmlReader) push(t *xml.StartElement) error {
	r.started = true
	if err := r.meter.Enter(); err != nil {
		return err
	}
	if err := r.meter.Element(); err != nil {
		return err
	}
	const maxAttributes = 16
	if len(t.Attr) > maxAttributes {
		return errors.New("too many attributes")
	}
	for i, a := range t.Attr {
		if slices.ContainsFunc(t.Attr[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return fmt.Errorf("attribute %s twice", a.Name.Local)
		}
		switch {
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			r.spaces = append(r.spaces, binding{"", a.Value, len(r.open)})
		case a.Name.Space == "xmlns":
			r.spaces = append(r.spaces, binding{a.Name.Local, a.Value, len(r.open)})
		}
	}
	space, ok := r.resolve(t.Name.Space)
	if !ok && !r.lenient {
		return fmt.Errorf("unknown namespace prefix %s", t.Name.Space)
	}
	r.open = append(r.open, element{t.Name, space})
	return nil
}

func (r *xmlReader) pop() {
	r.open = r.open[:len(r.open)-1]
	r.meter.Leave()
	for len(r.spaces) > 0 && r.spaces[len(r.spaces)-1].depth >= len(r.open) {
		r.spaces = r.spaces[:len(r.spaces)-1]
	}
}

func (r *xmlReader) resolve(prefix string) (string, bool) {
	for i := len(r.spaces) - 1; i >= 0; i-- {
		if r.spaces[i].prefix == prefix {
			return r.spaces[i].uri, true
		}
	}
	return "", prefix == ""
}

// inSpace checks that the element just entered is in its parent's namespace or in the one that the model names.
func (r *xmlReader) inSpace(v *value) error {
	if r.lenient {
		return nil
	}
	if n := len(r.open); n > 1 && r.open[n-1].space != r.open[n-2].space && r.open[n-1].space != v.ns {
		return fmt.Errorf("%s is in another namespace", r.open[n-1].name.Local)
	}
	return nil
}

// skip reads an element that was just entered to its end.
func (r *xmlReader) skip() error {
	for n := len(r.open); len(r.open) >= n; {
		if _, _, err := r.next(); err != nil {
			return err
		}
	}
	return nil
}
