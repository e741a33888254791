package awswire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// jsonReader reads JSON more strictly than encoding/json does. It refuses repeated keys, unknown members, invalid
// UTF-8, deep nesting, and anything after the value.
//
// A lenient reader reads answers. It ignores members that the model does not know.
type jsonReader struct {
	d       *json.Decoder
	meter   *budget.Meter
	lenient bool
}

// decodeJSON reads a body into the body members of a struct. An empty body is an empty object.
func decodeJSON(p *plan, dst reflect.Value, body document) error {
	if len(bytes.TrimSpace(body.text)) == 0 {
		return nil
	}
	v := value{kind: kindStruct, plan: p}
	return decodeJSONValue(&v, dst, body)
}

func decodeJSONValue(v *value, dst reflect.Value, body document) error {
	err := readJSON(v, dst, body, false)
	if told, ok := errors.AsType[*fault.Error](err); ok {
		return told
	}
	if bad, ok := errors.AsType[*valueError](err); ok {
		return memberError(&member{camel: bad.at}, bad.err)
	}
	if err != nil {
		return fault.New(fault.Malformed, fault.JSON, "").Because(err)
	}
	return nil
}

func readJSON(v *value, dst reflect.Value, body document, lenient bool) error {
	if !utf8.Valid(body.text) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body.text))
	d.UseNumber()
	r := &jsonReader{d: d, meter: body.meter, lenient: lenient}
	if err := r.value(v, dst, ""); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

// token reads the first token of a value.
func (r *jsonReader) token() (json.Token, error) {
	if err := r.meter.Element(); err != nil {
		return nil, err
	}
	return r.d.Token()
}

func (r *jsonReader) value(v *value, dst reflect.Value, at string) error {
	if v.kind == kindDocument {
		x, err := r.document()
		if err == nil && x != nil {
			dst.Set(reflect.ValueOf(x))
		}
		return err
	}
	t, err := r.token()
	if err != nil {
		return err
	}
	if t == nil { // null: absent
		if v.scalar() && !v.ptr && at != "" && dst.Kind() != reflect.Slice {
			return fmt.Errorf("null at %s", at)
		}
		return nil
	}
	delim, _ := t.(json.Delim)
	switch {
	case v.kind == kindStruct && delim == '{':
		if v.ptr {
			dst.Set(reflect.New(dst.Type().Elem()))
			dst = dst.Elem()
		}
		return r.structure(v.plan, dst, at)
	case v.kind == kindList && delim == '[':
		return r.list(v, dst, at)
	case v.kind == kindMap && delim == '{':
		return r.mapping(v, dst, at)
	case v.scalar() && delim == 0:
		return v.parseJSON(dst, t, at)
	}
	return fmt.Errorf("a wrong kind of value at %s", at)
}

func (r *jsonReader) structure(p *plan, dst reflect.Value, at string) error {
	seen := make([]bool, len(p.members))
	return r.object(func(key string) error {
		m := p.body[key]
		if m == nil && (r.lenient || key == "__type") { // SDKs return it with unions that they were sent
			_, err := r.document()
			return err
		}
		if m == nil {
			return fmt.Errorf("unknown member %s", key)
		}
		if seen[m.index] {
			return fmt.Errorf("member %s twice", key)
		}
		seen[m.index] = true
		path := m.camel
		if at != "" {
			path = at + "." + m.camel
		}
		if m.json { // JSON inside a string
			t, err := r.d.Token()
			if err != nil || t == nil {
				return err
			}
			s, ok := t.(string)
			if !ok {
				return fmt.Errorf("no string at %s", path)
			}
			return readJSON(&m.value, dst.Field(m.index), document{[]byte(s), r.meter}, r.lenient)
		}
		return r.value(&m.value, dst.Field(m.index), path)
	})
}

// object calls f for every key of an object whose opening brace was read. The decoder is then before the value.
func (r *jsonReader) object(f func(key string) error) error {
	if err := r.meter.Enter(); err != nil {
		return err
	}
	for r.d.More() {
		t, err := r.d.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return errors.New("a key that is no string")
		}
		if err := f(key); err != nil {
			return err
		}
	}
	r.meter.Leave()
	_, err := r.d.Token()
	return err
}

func (r *jsonReader) list(v *value, dst reflect.Value, at string) error {
	if err := r.meter.Enter(); err != nil {
		return err
	}
	out := reflect.MakeSlice(dst.Type(), 0, 0)
	for r.d.More() {
		if !r.lenient && v.full(out.Len()) {
			return v.overlong(at)
		}
		item := reflect.New(dst.Type().Elem()).Elem()
		if err := r.value(v.elem, item, at+".member"); err != nil {
			return err
		}
		out = reflect.Append(out, item)
	}
	dst.Set(out)
	r.meter.Leave()
	_, err := r.d.Token()
	return err
}

func (r *jsonReader) mapping(v *value, dst reflect.Value, at string) error {
	out := reflect.MakeMap(dst.Type())
	dst.Set(out)
	return r.object(func(key string) error {
		k := reflect.ValueOf(key)
		if !r.lenient && v.full(out.Len()) {
			return v.overlong(at)
		}
		if out.MapIndex(k).IsValid() {
			return fmt.Errorf("key %s twice at %s", key, at)
		}
		item := reflect.New(dst.Type().Elem()).Elem()
		if err := r.value(v.elem, item, at+".value"); err != nil {
			return err
		}
		out.SetMapIndex(k, item)
		return nil
	})
}

// document reads any value, as strictly as the other methods.
func (r *jsonReader) document() (any, error) {
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		m := map[string]any{}
		err := r.object(func(key string) error {
			if _, twice := m[key]; twice {
				return fmt.Errorf("key %s twice", key)
			}
			x, err := r.document()
			m[key] = x
			return err
		})
		return m, err
	case json.Delim('['):
		if err := r.meter.Enter(); err != nil {
			return nil, err
		}
		list := []any{}
		for r.d.More() {
			x, err := r.document()
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		r.meter.Leave()
		_, err := r.d.Token()
		return list, err
	}
	if n, ok := t.(json.Number); ok {
		f, err := n.Float64()
		return f, err
	}
	return t, nil
}

// parseJSON reads a scalar token. A number must be a JSON number and a string a JSON string. Times, NaN and Infinity
// may be either.
func (v *value) parseJSON(dst reflect.Value, t json.Token, at string) error {
	var text string
	switch t := t.(type) {
	case string:
		text = t
		switch v.kind {
		case kindString, kindBlob:
		case kindTime:
			if v.timeAs(timeUnix) == timeUnix {
				return fmt.Errorf("a string for a time in seconds at %s", at)
			}
		case kindFloat:
			if text != "NaN" && text != "Infinity" && text != "-Infinity" {
				return fmt.Errorf("a string for a number at %s", at)
			}
		default:
			return fmt.Errorf("a string at %s", at)
		}
	case json.Number:
		text = t.String()
		if v.kind != kindInt && v.kind != kindFloat && (v.kind != kindTime || v.timeAs(timeUnix) != timeUnix) {
			return fmt.Errorf("a number at %s", at)
		}
	case bool:
		if v.kind != kindBool {
			return fmt.Errorf("a boolean at %s", at)
		}
		if text = "false"; t {
			text = "true"
		}
	}
	if v.kind == kindBlob {
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return &valueError{at, errors.New("is not base64")}
		}
		dst.SetBytes(b)
		return nil
	}
	if err := v.parse(dst, text, timeUnix); err != nil {
		return &valueError{at, err}
	}
	return nil
}
