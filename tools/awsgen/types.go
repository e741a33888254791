package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// typesFile writes a struct for every structure of the model.
func (g *generator) typesFile(b *bytes.Buffer) error {
	var body bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(g.model.Shapes)) {
		s := g.model.Shapes[name]
		if s.Type != "structure" {
			continue
		}
		fmt.Fprintf(&body, "\n// %s %s.\ntype %s struct {\n", exported(name), g.what(name, s), exported(name))
		for _, m := range s.Members {
			typ, err := g.fieldType(m)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", name, m.Name, err)
			}
			tag, err := g.tag(m)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", name, m.Name, err)
			}
			fmt.Fprintf(&body, "\t%s %s `%s`\n", exported(m.Name), typ, tag)
		}
		body.WriteString("}\n")
	}
	fmt.Fprintf(b, "package %s\n\n", packageName(g.model.Name))
	for _, imp := range []string{"io", "time"} {
		if bytes.Contains(body.Bytes(), []byte(" "+imp+".")) || bytes.Contains(body.Bytes(), []byte("*"+imp+".")) {
			fmt.Fprintf(b, "import %q\n", imp)
		}
	}
	b.Write(body.Bytes())
	return nil
}

// what completes the sentence that says what a structure is for.
func (g *generator) what(name string, s Shape) string {
	for _, op := range slices.Sorted(maps.Keys(g.model.Operations)) {
		switch o := g.model.Operations[op]; name {
		case o.Input:
			return "is what " + op + " takes"
		case o.Output:
			return "is what " + op + " answers"
		}
	}
	if s.Union {
		return "holds exactly one of its members"
	}
	return "is a part of larger structures"
}

var scalars = map[string]string{
	"string":    "string",
	"character": "string",
	"integer":   "int32",
	"long":      "int64",
	"float":     "float32",
	"double":    "float64",
	"boolean":   "bool",
	"timestamp": "time.Time",
}

// fieldType is the Go type of a member: optional scalars and structures are pointers.
func (g *generator) fieldType(m Member) (string, error) {
	if m.Stream {
		return "io.ReadCloser", nil
	}
	if m.JSON {
		return "any", nil
	}
	t, err := g.valueType(m.Shape)
	if err != nil {
		return "", err
	}
	s := g.model.Shapes[m.Shape]
	if _, scalar := scalars[s.Type]; scalar || (s.Type == "structure" && !s.Document) {
		return "*" + t, nil
	}
	return t, nil
}

func (g *generator) valueType(shape string) (string, error) {
	s, ok := g.model.Shapes[shape]
	if !ok {
		return "", fmt.Errorf("no shape %s", shape)
	}
	if t, ok := scalars[s.Type]; ok {
		return t, nil
	}
	switch s.Type {
	case "blob":
		return "[]byte", nil
	case "structure":
		if s.Document {
			return "any", nil
		}
		return exported(shape), nil
	case "list":
		t, err := g.valueType(s.Item.Shape)
		return "[]" + t, err
	case "map":
		t, err := g.valueType(s.Item.Shape)
		return "map[string]" + t, err
	}
	return "", fmt.Errorf("no Go type for %s, a %s", shape, s.Type)
}

// tag writes the struct tag with everything that awswire needs to know about a member.
func (g *generator) tag(m Member) (string, error) {
	name := m.As
	if name == "" {
		name = m.Name
	}
	var opts []string
	flag := func(on bool, text string) {
		if on {
			opts = append(opts, text)
		}
	}
	flag(m.In != "" && m.In != "header" && m.In != "headers" && m.In != "uri" && m.In != "query" && m.In != "status",
		"?"+m.In)
	flag(m.In != "", m.In)
	flag(m.Payload, "payload")
	flag(m.Stream, "stream")
	flag(m.Required, "required")
	flag(m.Attr, "attr")
	flag(m.JSON, "json")
	flag(m.Idempotent, "idempotent")
	flag(m.HostLabel, "host")
	s := g.model.Shapes[m.Shape]
	// A payload's root element: the member's own name for it, or else the structure's.
	flag(m.Payload && name == m.Name && s.Type == "structure", "root="+cmp.Or(s.Root, m.Shape))
	if len(opts) > 0 && strings.HasPrefix(opts[0], "?") {
		return "", fmt.Errorf("unknown location %q", m.In)
	}
	var tags []string
	if err := g.level(&tags, "", name, opts, m); err != nil {
		return "", err
	}
	return strings.Join(tags, " "), nil
}

// level adds the tags of one level: the member itself, its elements, its keys.
func (g *generator) level(tags *[]string, at, name string, opts []string, m Member) error {
	s, ok := g.model.Shapes[m.Shape]
	if !ok {
		return fmt.Errorf("no shape %s", m.Shape)
	}
	if m.Flat || s.Flat {
		opts = append(opts, "flat")
	}
	if s.Min != nil {
		opts = append(opts, "min="+strconv.FormatInt(*s.Min, 10))
	}
	if s.Max != nil {
		opts = append(opts, "max="+strconv.FormatInt(*s.Max, 10))
	}
	if t := m.Time + s.Time; s.Type == "timestamp" && t != "" {
		if m.Time != "" {
			t = m.Time
		}
		opts = append(opts, "ts="+t)
	}
	if m.Namespace != "" {
		opts = append(opts, "ns="+m.Namespace)
	}
	if m.Prefix != "" {
		opts = append(opts, "nsprefix="+m.Prefix)
	}
	if s.Sensitive {
		opts = append(opts, "sensitive")
	}
	if s.Document {
		opts = append(opts, "document")
	}
	key, prefix := "aws", ""
	if at != "" {
		key, prefix = at, at+"-"
	}
	if name != "" || len(opts) > 0 {
		*tags = append(*tags, key+":"+strconv.Quote(strings.Join(append([]string{name}, opts...), ",")))
	}
	if s.Pattern != "" {
		p, err := g.pattern(s.Pattern)
		if err != nil {
			return err
		}
		*tags = append(*tags, prefix+"pattern:"+strconv.Quote(p))
	}
	if len(s.Enum) > 0 {
		*tags = append(*tags, prefix+"enum:"+strconv.Quote(strings.Join(s.Enum, "|")))
	}
	if s.Key != nil {
		if err := g.level(tags, prefix+"key", s.Key.As, nil, *s.Key); err != nil {
			return err
		}
	}
	if s.Item != nil {
		return g.level(tags, prefix+"item", s.Item.As, nil, *s.Item)
	}
	return nil
}

var (
	surrogates = regexp.MustCompile(`\\u[dD]800\\u[dD][cC]00-\\u[dD][bB][fF]{2}\\u[dD][fF]{3}`)
	hexEscape  = regexp.MustCompile(`\\u(10[0-9A-Fa-f]{4}|10000|[0-9A-Fa-f]{4})`)
)

// pattern is one of AWS's patterns as Go writes it. AWS's patterns are Java's: \uXXXX, surrogate pairs, look-ahead.
// Patterns that cannot be rewritten by rule are in the additions, checked by hand.
func (g *generator) pattern(p string) (string, error) {
	if q, ok := g.add.Patterns[p]; ok {
		p = q
	}
	p = surrogates.ReplaceAllString(p, `\x{10000}-\x{10FFFF}`)
	p = hexEscape.ReplaceAllString(p, `\x{$1}`)
	if _, err := regexp.Compile(p); err != nil {
		return "", fmt.Errorf("pattern: %w", err)
	}
	return p, nil
}
