package upstreams

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// value is a plain value of the file, as its text and its line. A number keeps the text that it has in the file.
type value struct {
	text  string
	line  int
	wrong string // what stands there instead of a plain value
}

// UnmarshalYAML reads a plain value. What is wrong with it is told when the value is used.
func (v *value) UnmarshalYAML(n ast.Node) error {
	v.line = lineOf(n)
	switch n := n.(type) {
	case *ast.StringNode:
		v.text = n.Value
	case *ast.LiteralNode:
		v.text = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		v.text = n.GetToken().Value
	default:
		v.wrong = strings.ToLower(n.Type().String())
	}
	return nil
}

// given reports whether the file has the value.
func (v value) given() bool { return v.line != 0 }

// values is a plain value or a list of them.
type values []value

// UnmarshalYAML reads a value or a list.
func (vs *values) UnmarshalYAML(n ast.Node) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		*vs = make(values, 1)
		return (*vs)[0].UnmarshalYAML(n)
	}
	*vs = make(values, len(list.Values))
	for i, item := range list.Values {
		if err := (*vs)[i].UnmarshalYAML(item); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is the line on which a node begins. The token of a mapping is its first colon, so the token before it counts.
func lineOf(n ast.Node) int {
	t := n.GetToken()
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		t = m.Values[0].Key.GetToken()
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		t = m.Key.GetToken()
	}
	if t == nil || t.Position == nil {
		return 1
	}
	return t.Position.Line
}

// lineError is something wrong in the file, and where.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return e.text }

// reader turns values into settings. It keeps the first thing that is wrong.
type reader struct {
	dir string // relative file names are relative to this folder
	err error
}

func (r *reader) fail(line int, format string, args ...any) {
	if r.err == nil {
		r.err = &lineError{line, fmt.Sprintf(format, args...)}
	}
}

// failBecause is fail for what a function of another package said.
func (r *reader) failBecause(v value, name string, err error) {
	r.fail(v.line, "%s %q: %s", name, v.text, err)
}

// plain returns the text of a value. It is otherwise if the file has no value.
func (r *reader) plain(v value, name, otherwise string) string {
	switch {
	case !v.given():
		return otherwise
	case v.wrong != "":
		r.fail(v.line, "%s must have a plain value, not a %s", name, v.wrong)
	case v.text == "":
		r.fail(v.line, "%s is empty", name)
	}
	return v.text
}

// oneOf returns the text of a value that must be one of some words.
func (r *reader) oneOf(v value, name, otherwise string, words ...string) string {
	text := r.plain(v, name, otherwise)
	for _, w := range words {
		if text == w {
			return text
		}
	}
	r.fail(v.line, "%s %q: it must be one of %s", name, text, strings.Join(words, ", "))
	return otherwise
}

func (r *reader) boolean(v value, name string, otherwise bool) bool {
	switch r.plain(v, name, strconv.FormatBool(otherwise)) {
	case "true":
		return true
	case "false":
		return false
	}
	r.fail(v.line, "%s %q: it must be true or false", name, v.text)
	return otherwise
}

// durations are the bounds of a duration.
type durations struct{ least, most time.Duration }

func (r *reader) duration(v value, name string, otherwise time.Duration, b durations) time.Duration {
	text := r.plain(v, name, otherwise.String())
	d, err := time.ParseDuration(text)
	if err != nil {
		r.fail(v.line, "%s %q: it must be a duration such as 30s or 5m", name, text)
	} else if d < b.least || d > b.most {
		r.fail(v.line, "%s %q: it must be from %v to %v", name, text, b.least, b.most)
	}
	return d
}

// number reads a whole number from least to most.
func (r *reader) number(v value, name string, otherwise, least, most int) int {
	text := r.plain(v, name, strconv.Itoa(otherwise))
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.fail(v.line, "%s %q: it must be a whole number from %d to %d", name, text, least, most)
	}
	return n
}

// located puts the file's name and the line before an error of the reader.
func located(path string, err error) error {
	if e, ok := errors.AsType[*lineError](err); ok {
		return fmt.Errorf("%s:%d: %w", path, max(e.line, 1), e)
	}
	return fmt.Errorf("%s: %w", path, err)
}
