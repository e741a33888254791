package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"latchkey/internal/budget"
	"latchkey/internal/directory"
)

// maxJSONDepth is the maximum nesting of a body. SCIM's own messages need seven levels.
const maxJSONDepth = 16

// decode decodes a body that must be one JSON object. Names that differ only in case are one name in SCIM (RFC 7643,
// section 2.1), so an object that has a name twice is refused: it would not be clear which of the two is meant.
func decode(b budget.Budget, body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, refuse(invalidSyntax, "The body is not UTF-8")
	}
	d := &decoder{Decoder: json.NewDecoder(bytes.NewReader(body)), meter: b.Meter()}
	d.UseNumber()
	v, err := d.element()
	if err != nil {
		return nil, refuse(invalidSyntax, "The body is not the JSON that was expected: %s", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, refuse(invalidSyntax, "Something stands behind the JSON object")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(invalidSyntax, "The body must be a JSON object")
	}
	return m, nil
}

// decoder counts the values that it reads.
type decoder struct {
	*json.Decoder
	meter *budget.Meter
}

func (d *decoder) element() (any, error) {
	if err := d.meter.Element(); err != nil {
		return nil, fmt.Errorf("it has %w", err)
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("it cannot be read at byte %d", d.InputOffset())
	}
	if t, ok := t.(json.Delim); ok {
		if err := d.meter.Enter(); err != nil {
			return nil, fmt.Errorf("it is %w", err)
		}
		defer d.meter.Leave()
		if t == '[' {
			return d.array()
		}
		return d.object()
	}
	return t, nil // a number stays a json.Number, see plain
}

func (d *decoder) array() (any, error) {
	all := []any{}
	for d.More() {
		v, err := d.element()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := d.Token()
	return all, err
}

func (d *decoder) object() (any, error) {
	m, seen := map[string]any{}, map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("it cannot be read at byte %d", d.InputOffset())
		}
		name := t.(string) // the decoder allows no other type for a name
		if folded := directory.Fold(name); seen[folded] {
			return nil, fmt.Errorf("an object has the same name twice at byte %d", d.InputOffset())
		} else {
			seen[folded] = true
		}
		v, err := d.element()
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	_, err := d.Token()
	return m, err
}

// plain returns a number as a text. Clients send numbers for texts, such as employee numbers. Any other value stays as
// it is.
func plain(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

// member finds a member of an object. It ignores the case of the name.
func member(m map[string]any, name string) (any, bool) {
	if v, ok := m[name]; ok {
		return v, true
	}
	for k, v := range m {
		if directory.Fold(k) == directory.Fold(name) {
			return v, true
		}
	}
	return nil, false
}
