package awswire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tree is an XML element as a client reads it: children by name, in order within a name, entries of maps by key.
type tree struct {
	Text     string
	Attrs    map[string]string
	Children map[string][]tree
}

// canonical reads a body as JSON or XML. The names of XML roots are left out: the cases' models do not carry
// them, and clients do not look.
func canonical(body []byte) any {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		return withoutNulls(v)
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		tok, err := d.Token()
		if err != nil {
			return fmt.Sprintf("unreadable: %v: %s", err, body)
		}
		if start, ok := tok.(xml.StartElement); ok {
			t := readTree(d, start)
			delete(t.Children, "ResponseMetadata")
			return t
		}
	}
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil {
				delete(v, k)
			} else {
				v[k] = withoutNulls(x)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

func readTree(d *xml.Decoder, start xml.StartElement) tree {
	t := tree{Children: map[string][]tree{}, Attrs: map[string]string{}}
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			t.Attrs[a.Name.Local] = a.Value
		}
	}
	for {
		tok, err := d.Token()
		if err != nil {
			t.Text += "unreadable: " + err.Error()
			return t
		}
		switch x := tok.(type) {
		case xml.CharData:
			t.Text += string(x)
		case xml.StartElement:
			t.Children[x.Name.Local] = append(t.Children[x.Name.Local], readTree(d, x))
		case xml.EndElement:
			if len(t.Children) > 0 || strings.TrimSpace(t.Text) == "" && strings.Contains(t.Text, "\n") {
				t.Text = "" // white space between elements
			}
			for _, list := range t.Children {
				slices.SortStableFunc(list, func(a, b tree) int { return strings.Compare(a.mapKey(), b.mapKey()) })
			}
			return t
		}
	}
}

// mapKey orders the entries of a map, which has no order of its own.
func (t tree) mapKey() string {
	if len(t.Children) != 2 {
		return ""
	}
	for _, name := range []string{"key", "K", "Attribute", "OuterKey", "InnerKey"} {
		if k := t.Children[name]; len(k) == 1 {
			return k[0].Text
		}
	}
	return ""
}

func blankTree(v any) bool {
	switch v := v.(type) {
	case tree:
		for _, list := range v.Children { // the wrapper of an empty result
			if len(list) != 1 || !blankTree(list[0]) {
				return false
			}
		}
		return strings.TrimSpace(v.Text) == "" && len(v.Attrs) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// sameText compares two texts: as numbers or times, where they are such.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	if x, err := strconv.ParseFloat(a, 64); err == nil {
		y, err := strconv.ParseFloat(b, 64)
		return err == nil && x == y
	}
	x, errX := time.Parse(time.RFC3339Nano, a)
	y, errY := time.Parse(time.RFC3339Nano, b)
	if errX == nil && errY == nil {
		return x.Equal(y)
	}
	x, errX = parseTime(a, timeHTTP)
	y, errY = parseTime(b, timeHTTP)
	return errX == nil && errY == nil && x.Truncate(time.Second).Equal(y.Truncate(time.Second))
}
