package scim

import (
	"encoding/json"
	"strings"
)

// Bounds of a filter. They limit what a filter of a client can cost.
const (
	maxFilter      = 4096
	maxFilterDepth = 20
	maxTerms       = 100
)

// lexer splits a filter or a path into tokens (RFC 7644, section 3.4.2.2).
type lexer struct {
	text  string
	at    int
	terms int // comparisons read so far
}

func (l *lexer) blank() {
	for l.at < len(l.text) && l.text[l.at] == ' ' {
		l.at++
	}
}

func (l *lexer) done() bool { return l.at == len(l.text) }

// take consumes one character if it is next.
func (l *lexer) take(sign byte) bool {
	if l.at < len(l.text) && l.text[l.at] == sign {
		l.at++
		return true
	}
	return false
}

// isPathByte reports whether a byte may be part of an attribute path: of a name, a dot, or the colons of a schema.
func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == ':' || c == '_' ||
		c == '-' || c == '$'
}

// word consumes the next run of path characters. It is empty when something else is next.
func (l *lexer) word() string {
	from := l.at
	for l.at < len(l.text) && isPathByte(l.text[l.at]) {
		l.at++
	}
	return l.text[from:l.at]
}

// keyword consumes a word if it is next. It ignores case.
func (l *lexer) keyword(word string) bool {
	from := l.at
	if strings.EqualFold(l.word(), word) {
		return true
	}
	l.at = from
	return false
}

// value consumes the next comparison value: a JSON string, number, true, false or null.
func (l *lexer) value() (any, error) {
	from := l.at
	if l.take('"') {
		for l.at < len(l.text) && l.text[l.at] != '"' {
			if l.text[l.at] == '\\' {
				l.at++
			}
			l.at++
		}
		if l.at >= len(l.text) {
			return nil, l.bad("a string is not closed")
		}
		l.at++
	} else {
		for l.at < len(l.text) && (isPathByte(l.text[l.at]) || l.text[l.at] == '+') {
			l.at++
		}
	}
	var v any
	if err := json.Unmarshal([]byte(l.text[from:l.at]), &v); err != nil {
		return nil, l.bad("a value must be a JSON string, number, true, false or null")
	}
	return v, nil
}

func (l *lexer) bad(text string) error {
	return refuse(invalidFilter, "The filter cannot be read at position %d: %s", l.at+1, text)
}
