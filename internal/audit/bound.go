package audit

import (
	"encoding/json"
	"fmt"
	"reflect"

	"latchkey/internal/fault"
)

// The largest parts of a record, in bytes. The values are CloudTrail's (CloudTrail user guide, "CloudTrail record
// contents": maximum sizes of userAgent, errorCode, errorMessage, requestParameters, responseElements and
// additionalEventData; 256 KB for an event).
const (
	MaxRecord     = 256 << 10
	maxText       = 1 << 10
	maxParameters = 100 << 10
	maxElements   = 100 << 10
	maxAdditional = 28 << 10
	maxResources  = 20
)

// Text is a text of a record that the sender of the request can choose, or make long. It clips itself when the record
// is written: it has at most 1 KB there.
type Text string

// MarshalText returns what the record has.
func (t Text) MarshalText() ([]byte, error) { return []byte(fault.Clip(string(t), maxText)), nil }

// MarshalJSON writes the record with at most MaxRecord bytes. It clips what is too long.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	if len(e.Resources) > maxResources {
		e.Resources = e.Resources[:maxResources]
	}
	// A record that is shorter than each of its parts may be needs no second look.
	text, err := json.Marshal(plain(e))
	if err != nil || len(text) <= min(maxParameters, maxElements, maxAdditional) {
		return text, err
	}
	for _, part := range []struct {
		of   *map[string]any
		max  int
		name string
	}{
		{&e.RequestParameters, maxParameters, "requestParameters"},
		{&e.ResponseElements, maxElements, "responseElements"},
		{&e.AdditionalEventData, maxAdditional, "additionalEventData"},
	} {
		if *part.of, err = bounded(*part.of, part.max, part.name); err != nil {
			return nil, err
		}
	}
	if text, err = json.Marshal(plain(e)); err != nil || len(text) <= MaxRecord {
		return text, err
	}
	// All other fields are short in every record that this program makes. If one is not, the maps go first, because the
	// other fields say who it was.
	e.RequestParameters = omitted(len(text), "the record")
	e.ResponseElements, e.AdditionalEventData, e.Resources = nil, nil, nil
	if text, err = json.Marshal(plain(e)); err != nil || len(text) <= MaxRecord {
		return text, err
	}
	var written map[string]any
	if err = json.Unmarshal(text, &written); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(shorter{text: maxText, list: 50}.value(reflect.ValueOf(written), 0)); err == nil &&
		len(text) > MaxRecord {
		err = fmt.Errorf("a record of %d bytes cannot be made shorter", len(text))
	}
	return text, err
}

// omitted stands for what a record has no room for, in CloudTrail's words.
func omitted(size int, what string) map[string]any {
	return map[string]any{"omitted": true, "originalSize": size, "reason": what + " too large"}
}

// bounded returns a part of a record that is written with at most max bytes. A part that is too large is shortened
// first, so that a long member does not hide the others: long texts are clipped, and long lists end early. If that does
// not suffice, the part is left out.
func bounded(m map[string]any, max int, name string) (map[string]any, error) {
	if isShort(m, max) {
		return m, nil
	}
	text, err := json.Marshal(m)
	if err != nil || len(text) <= max {
		return m, err
	}
	for _, keep := range []shorter{{text: maxText, list: 50}, {text: 128, list: 10}} {
		some, ok := keep.value(reflect.ValueOf(m), 0).(map[string]any)
		if !ok {
			break
		}
		some["omitted"], some["originalSize"] = true, len(text)
		if short, err := json.Marshal(some); err == nil && len(short) <= max {
			return some, nil
		}
	}
	return omitted(len(text), name), nil
}

// isShort reports that a part is certainly not too large, without writing it: it has texts and numbers only, and would
// have room if each byte of them were escaped. The parts of most records are like that.
func isShort(m map[string]any, max int) bool {
	const escaped, number = 6, 32 // bytes of a byte that JSON escapes, and of a number at most
	size := 2
	for k, v := range m {
		size += escaped*len(k) + number
		switch v := v.(type) {
		case string:
			size += escaped * len(v)
		case int, int64, bool, nil:
		default:
			return false
		}
	}
	return size <= max
}

// shorter says how long texts and lists may be in a part that is too large.
type shorter struct{ text, list int }

// value is a shortened copy of a value.
func (s shorter) value(v reflect.Value, depth int) any {
	const maxDepth = 8
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.String:
		return fault.Clip(v.String(), s.text)
	case reflect.Map:
		m := map[string]any{}
		for it := v.MapRange(); it.Next() && len(m) < s.list && depth < maxDepth; {
			m[fault.Clip(fmt.Sprint(it.Key()), s.text)] = s.value(it.Value(), depth+1)
		}
		return m
	case reflect.Slice, reflect.Array:
		list := []any{}
		for i := 0; i < v.Len() && i < s.list && depth < maxDepth; i++ {
			list = append(list, s.value(v.Index(i), depth+1))
		}
		return list
	case reflect.Struct:
		return s.structure(v, depth)
	}
	return v.Interface()
}

// structure shortens a struct in the form in which it would be written.
func (s shorter) structure(v reflect.Value, depth int) any {
	text, err := json.Marshal(v.Interface())
	if err != nil || len(text) <= s.text {
		return v.Interface()
	}
	var written any
	if json.Unmarshal(text, &written) != nil {
		return nil
	}
	return s.value(reflect.ValueOf(written), depth)
}
