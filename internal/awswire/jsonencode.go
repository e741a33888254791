package awswire

import (
	"encoding/json"
	"math"
	"reflect"
	"unicode/utf8"
)

// jsonWriter appends JSON to a buffer. It keeps the first error, which comes from a document that is not JSON.
type jsonWriter struct {
	b   []byte
	err error
}

// structure writes a struct's body members. full writes lists even when they are empty.
func (w *jsonWriter) structure(p *plan, x reflect.Value, full bool) {
	w.b = append(w.b, '{')
	first := true
	for i := range p.members {
		m := &p.members[i]
		if m.place != inBody || m.kind == kindStream {
			continue
		}
		f := x.Field(m.index)
		absent := empty(&m.value, f)
		if absent && !(full && m.kind == kindList) {
			continue
		}
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		w.str(m.name)
		w.b = append(w.b, ':')
		switch {
		case absent:
			w.b = append(w.b, "[]"...)
		case m.json: // JSON inside a string
			text, err := json.Marshal(f.Interface())
			w.fail(err)
			w.str(string(text))
		default:
			w.value(&m.value, f)
		}
	}
	w.b = append(w.b, '}')
}

func (w *jsonWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *jsonWriter) value(v *value, x reflect.Value) {
	if empty(v, x) {
		w.b = append(w.b, "null"...)
		return
	}
	x = direct(x)
	switch v.kind {
	case kindStruct:
		w.structure(v.plan, x, false)
	case kindDocument:
		text, err := json.Marshal(x.Interface())
		w.fail(err)
		w.b = append(w.b, text...)
	case kindList:
		w.b = append(w.b, '[')
		for i := range x.Len() {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.value(v.elem, x.Index(i))
		}
		w.b = append(w.b, ']')
	case kindMap:
		w.b = append(w.b, '{')
		for i, k := range sortedKeys(x) {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.str(k)
			w.b = append(w.b, ':')
			w.value(v.elem, x.MapIndex(reflect.ValueOf(k).Convert(x.Type().Key())))
		}
		w.b = append(w.b, '}')
	case kindString, kindBlob:
		w.str(string(v.text(nil, x, timeUnix)))
	case kindTime:
		if v.timeAs(timeUnix) != timeUnix {
			w.str(string(v.text(nil, x, timeUnix)))
			return
		}
		w.b = v.text(w.b, x, timeUnix)
	case kindFloat:
		if f := x.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.str(string(appendFloat(nil, f, v.bits)))
			return
		}
		w.b = v.text(w.b, x, timeUnix)
	default:
		w.b = v.text(w.b, x, timeUnix)
	}
}

const hexDigits = "0123456789abcdef"

// str writes a string with the escapes that JSON needs.
func (w *jsonWriter) str(s string) {
	w.b = append(w.b, '"')
	last := 0
	for i := 0; i < len(s); {
		c, n := s[i], 1
		var esc string
		switch {
		case c == '"':
			esc = `\"`
		case c == '\\':
			esc = `\\`
		case c < 0x20 || c == '<' || c == '>' || c == '&':
			esc = `\u00` + string(hexDigits[c>>4]) + string(hexDigits[c&15])
		case c >= utf8.RuneSelf:
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
				esc = `\ufffd`
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
	w.b = append(w.b, '"')
}
