package awswire

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// contentLength reports whether the member is the length of a streamed body, which net/http keeps outside of the
// headers.
func (m *member) contentLength() bool {
	return m.place == inHeader && m.kind == kindInt && strings.EqualFold(m.name, "Content-Length")
}

// requestHeaders writes the members that travel in headers.
func requestHeaders(op *Operation, x reflect.Value) (http.Header, error) {
	h := http.Header{}
	if s := op.Service; s.Protocol == JSON {
		h.Set("X-Amz-Target", s.TargetPrefix+"."+op.Name)
	}
	for i := range op.in.members {
		m := &op.in.members[i]
		f := x.Field(m.index)
		if m.place != inHeader || m.contentLength() || empty(&m.value, f) {
			continue
		}
		text, err := headerText(m, f)
		if err == nil {
			err = putHeader(h, m, m.name, text)
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range op.in.members {
		m := &op.in.members[i]
		f := x.Field(m.index)
		if m.place != inHeaders || empty(&m.value, f) {
			continue
		}
		if err := prefixHeaders(h, m, f); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// prefixHeaders writes a map as headers with a prefix, such as user metadata. It does not override the header of
// another member. It refuses two keys that give the same header.
func prefixHeaders(h http.Header, m *member, f reflect.Value) error {
	own := h.Clone()
	for _, k := range sortedKeys(f) {
		name := m.name + k
		if k == "" || strings.Trim(name, tokenBytes) != "" {
			return fmt.Errorf("the key %q of the member %s cannot be a part of a header's name", k, m.camel)
		}
		if len(own.Values(name)) > 0 {
			continue
		}
		if len(h.Values(name)) > 0 {
			return fmt.Errorf("two keys of the member %s are the header %s", m.camel, name)
		}
		v := direct(f.MapIndex(reflect.ValueOf(k).Convert(f.Type().Key())))
		if err := putHeader(h, m, name, string(m.elem.text(nil, v, timeHTTP))); err != nil {
			return err
		}
	}
	return nil
}

// tokenBytes are the bytes that a header's name may contain (RFC 9110, 5.6.2).
const tokenBytes = letters + digits + "!#$%&'*+-.^_`|~"

// putHeader sets a header. It refuses a text with a line feed, because the text after it would be another header.
func putHeader(h http.Header, m *member, name, text string) error {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("the member %s has a control character, which a header cannot carry", m.camel)
		}
	}
	h.Set(name, text)
	return nil
}
