package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"latchkey/internal/directory"
)

const (
	deepestJSON = 16 // levels that a body is nested at most; SCIM's own messages need seven
	// values that it has at most, for an empty one takes more memory than bytes: room for 200,000 members
	maxJSON = 1_000_000
)

// decode reads a body that must be one JSON object. Names that differ only in case are one name in SCIM (RFC 7643,
// section 2.1), so an object that has one twice is refused: nobody could say which of the two is meant.
func decode(body []byte) (map[string]any, error) {
	if !utf8.Valid(body) {
		return nil, refuse(badSyntax, "The body is not UTF-8")
	}
	d := &decoder{Decoder: json.NewDecoder(bytes.NewReader(body))}
	d.UseNumber()
	v, err := d.element(0)
	if err != nil {
		return nil, refuse(badSyntax, "The body is not the JSON that was expected: %s", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, refuse(badSyntax, "Something stands behind the JSON object")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(badSyntax, "The body must be a JSON object")
	}
	return m, nil
}

// decoder counts what it reads.
type decoder struct {
	*json.Decoder
	read int
}

func (d *decoder) element(depth int) (any, error) {
	if d.read++; d.read > maxJSON {
		return nil, fmt.Errorf("it has more than %d values", maxJSON)
	}
	if depth > deepestJSON {
		return nil, fmt.Errorf("it is nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("it cannot be read at byte %d", d.InputOffset())
	}
	switch t := t.(type) {
	case json.Number:
		return t.String(), nil // the numbers that clients send are texts to us: employee numbers
	case json.Delim:
		if t == '[' {
			return d.array(depth)
		}
		return d.object(depth)
	}
	return t, nil
}

func (d *decoder) array(depth int) (any, error) {
	all := []any{}
	for d.More() {
		v, err := d.element(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := d.Token()
	return all, err
}

func (d *decoder) object(depth int) (any, error) {
	m, seen := map[string]any{}, map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("it cannot be read at byte %d", d.InputOffset())
		}
		name := t.(string) // the decoder lets nothing else be a name
		if folded := directory.Fold(name); seen[folded] {
			return nil, fmt.Errorf("an object has the same name twice at byte %d", d.InputOffset())
		} else {
			seen[folded] = true
		}
		v, err := d.element(depth + 1)
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	_, err := d.Token()
	return m, err
}

// member finds a member of an object, whatever the case of its name.
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
