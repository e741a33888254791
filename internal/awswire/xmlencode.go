package awswire

import (
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// xmlWriter appends XML to a buffer. It cannot fail, because names come from the model and text is escaped.
type xmlWriter struct{ b []byte }

func (w *xmlWriter) open(name string) {
	w.b = append(w.b, '<')
	w.b = append(w.b, name...)
	w.b = append(w.b, '>')
}

func (w *xmlWriter) close(name string) {
	w.b = append(w.b, '<', '/')
	w.b = append(w.b, name...)
	w.b = append(w.b, '>')
}

// start opens an element with its namespace and, for a struct, its attributes.
func (w *xmlWriter) start(name, ns, prefix string, p *plan, x reflect.Value) {
	w.b = append(w.b, '<')
	w.b = append(w.b, name...)
	if ns != "" {
		w.b = append(w.b, " xmlns"...)
		if prefix != "" {
			w.b = append(w.b, ':')
			w.b = append(w.b, prefix...)
		}
		w.b = append(w.b, '=', '"')
		w.escape(ns)
		w.b = append(w.b, '"')
	}
	if p != nil {
		for i := range p.members {
			m := &p.members[i]
			if f := x.Field(m.index); m.attr && !empty(&m.value, f) {
				w.b = append(w.b, ' ')
				w.b = append(w.b, m.name...)
				w.b = append(w.b, '=', '"')
				w.escape(string(m.text(nil, direct(f), timeISO)))
				w.b = append(w.b, '"')
			}
		}
	}
	w.b = append(w.b, '>')
}

func (w *xmlWriter) leaf(name, text string) {
	w.open(name)
	w.escape(text)
	w.close(name)
}

// members writes a struct's body members. full writes lists even when they are empty.
func (w *xmlWriter) members(p *plan, x reflect.Value, full bool) {
	for i := range p.members {
		m := &p.members[i]
		if m.place != inBody || m.attr || m.kind == kindStream {
			continue
		}
		f := x.Field(m.index)
		if empty(&m.value, f) {
			if full && m.kind == kindList && !m.flat {
				w.open(m.name)
				w.close(m.name)
			}
			continue
		}
		w.value(&m.value, m.name, direct(f))
	}
}

// direct follows a pointer.
func direct(f reflect.Value) reflect.Value {
	if f.Kind() == reflect.Pointer {
		return f.Elem()
	}
	return f
}

// value writes one value as the element name. x is no pointer.
func (w *xmlWriter) value(v *value, name string, x reflect.Value) {
	switch v.kind {
	case kindStruct:
		w.start(name, v.ns, v.nsPrefix, v.plan, x)
		w.members(v.plan, x, false)
		w.close(name)
	case kindList:
		item := itemName(v.elem, "member")
		if v.flat {
			item = name
		} else {
			w.start(name, v.ns, v.nsPrefix, nil, x)
		}
		for i := range x.Len() {
			e := x.Index(i)
			if empty(v.elem, e) && v.elem.ptr { // an absent element of a sparse list
				w.open(item)
				w.close(item)
				continue
			}
			w.value(v.elem, item, direct(e))
		}
		if !v.flat {
			w.close(name)
		}
	case kindMap:
		entry := "entry"
		if v.flat {
			entry = name
		} else {
			w.start(name, v.ns, v.nsPrefix, nil, x)
		}
		for _, k := range sortedKeys(x) {
			if v.flat {
				w.start(entry, v.ns, v.nsPrefix, nil, x)
			} else {
				w.open(entry)
			}
			key := itemName(v.key, "key")
			w.start(key, v.key.ns, v.key.nsPrefix, nil, x)
			w.escape(k)
			w.close(key)
			w.value(v.elem, itemName(v.elem, "value"), direct(x.MapIndex(reflect.ValueOf(k).Convert(x.Type().Key()))))
			w.close(entry)
		}
		if !v.flat {
			w.close(name)
		}
	default:
		w.start(name, v.ns, v.nsPrefix, nil, x)
		w.scalar(v, x)
		w.close(name)
	}
}

func (w *xmlWriter) scalar(v *value, x reflect.Value) {
	switch v.kind {
	case kindString:
		w.escape(x.String())
	case kindBlob:
		w.b = base64.StdEncoding.AppendEncode(w.b, x.Bytes())
	default:
		w.b = v.text(w.b, x, timeISO)
	}
}

func sortedKeys(m reflect.Value) []string {
	keys := make(map[string]struct{}, m.Len())
	for it := m.MapRange(); it.Next(); {
		keys[it.Key().String()] = struct{}{}
	}
	return slices.Sorted(maps.Keys(keys))
}

// escape writes text. Control characters become numeric references, as in S3's listings. encoding/xml would replace
// them by U+FFFD, and two different keys could then look equal. Only bytes that are not UTF-8, and the two code
// points that are not characters, become U+FFFD.
func (w *xmlWriter) escape(s string) {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		var esc string
		n := 1
		switch {
		case c == '&':
			esc = "&amp;"
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '"':
			esc = "&quot;"
		case c < 0x20 || c == 0x7f:
			esc = "&#x" + strconv.FormatUint(uint64(c), 16) + ";"
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1, r == 0xFFFE, r == 0xFFFF:
				esc = "\uFFFD"
			case r == 0x85 || r == 0x2028:
				esc = "&#x" + strconv.FormatUint(uint64(r), 16) + ";"
			}
		}
		if esc != "" {
			w.b = append(w.b, s[last:i]...)
			w.b = append(w.b, esc...)
			last = i + n
		}
		i += n
	}
	w.b = append(w.b, s[last:]...)
}
