package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// nodeKind is the JSON type of a node.
type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeString
	nodeNumber
	nodeBool
	nodeArray
	nodeObject
)

// node is a JSON value that keeps the order of its members and the line where it begins.
type node struct {
	kind nodeKind
	text string   // of a string; a number or bool as written
	keys []string // of an object; each belongs to the value with the same index
	vals []*node  // of an object or array
	line int
}

// maxDepth bounds the nesting of a document. A policy nests at most six levels deep: document, statements, statement,
// condition, operator, values.
const maxDepth = 8

// scan reads text as one JSON value. It refuses what encoding/json accepts: duplicate members, invalid UTF-8,
// characters outside U+0009, U+000A, U+000D, U+0020-U+00FF, and anything after the value.
func scan(text string) (*node, error) {
	// Invalid UTF-8 appears as U+FFFD here.
	if i := badRune(text); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return nil, fmt.Errorf("line %d: character %U is not allowed", lineAt(text, i), r)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	s := &scanner{text: text, dec: dec, line: 1}
	n, err := s.value(0)
	if err != nil {
		return nil, s.explain(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: there is text after the end of the policy", lineAt(text, int(dec.InputOffset())))
	}
	return n, nil
}

type scanner struct {
	text   string
	dec    *json.Decoder
	offset int // the lines before this offset are counted
	line   int
}

// lineError is an error whose text names the line.
type lineError struct{ text string }

func (p lineError) Error() string { return p.text }

func (s *scanner) next() (json.Token, error) {
	t, err := s.dec.Token()
	if err != nil {
		return nil, err
	}
	o := int(s.dec.InputOffset())
	s.line += strings.Count(s.text[s.offset:o], "\n")
	s.offset = o
	return t, nil
}

func (s *scanner) value(depth int) (*node, error) {
	t, err := s.next()
	if err != nil {
		return nil, err
	}
	n := &node{line: s.line}
	switch t := t.(type) {
	case string:
		n.kind, n.text = nodeString, t
		if badRune(t) >= 0 {
			return nil, lineError{fmt.Sprintf("line %d: a string has a character that is not allowed", s.line)}
		}
	case json.Number:
		n.kind, n.text = nodeNumber, t.String()
	case bool:
		n.kind, n.text = nodeBool, fmt.Sprint(t)
	case json.Delim:
		if depth >= maxDepth {
			return nil, lineError{fmt.Sprintf("line %d: the policy is nested too deeply", s.line)}
		}
		if t == '[' {
			n.kind = nodeArray
			return n, s.array(n, depth)
		}
		n.kind = nodeObject
		return n, s.object(n, depth)
	}
	return n, nil
}

func (s *scanner) array(n *node, depth int) error {
	for s.dec.More() {
		v, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		n.vals = append(n.vals, v)
	}
	_, err := s.next()
	return err
}

func (s *scanner) object(n *node, depth int) error {
	seen := map[string]bool{}
	for s.dec.More() {
		t, err := s.next()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok || badRune(key) >= 0 {
			return lineError{fmt.Sprintf("line %d: invalid member name", s.line)}
		}
		if seen[key] {
			return lineError{fmt.Sprintf("line %d: %q is given twice", s.line, key)}
		}
		seen[key] = true
		v, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		n.keys, n.vals = append(n.keys, key), append(n.vals, v)
	}
	_, err := s.next()
	return err
}

// explain adds the line to a JSON error and, for the two most common mistakes, the reason.
func (s *scanner) explain(err error) error {
	if p, ok := errors.AsType[lineError](err); ok {
		return p
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the policy ends too early")
	}
	at := int(s.dec.InputOffset())
	if se, ok := errors.AsType[*json.SyntaxError](err); ok && se.Offset > 0 {
		at = max(at, int(se.Offset)-1)
	}
	at = min(at, len(s.text))
	rest := strings.TrimLeft(s.text[at:], " \t\r\n,")
	at = len(s.text) - len(rest)
	line := lineAt(s.text, at)
	switch {
	case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "/*"):
		return fmt.Errorf("line %d: JSON has no comments", line)
	case strings.HasPrefix(rest, "}"), strings.HasPrefix(rest, "]"):
		return fmt.Errorf("line %d: a comma before %q, or something is missing there", line, rest[:1])
	}
	return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}

func lineAt(text string, offset int) int {
	return 1 + strings.Count(text[:min(offset, len(text))], "\n")
}

// badRune is the offset of the first character that a policy may not contain, or -1.
func badRune(s string) int {
	return strings.IndexFunc(s, func(r rune) bool {
		return r > 0xFF || r < 0x20 && r != '\t' && r != '\n' && r != '\r'
	})
}
