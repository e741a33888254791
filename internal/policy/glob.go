package policy

import (
	"strings"
	"unicode/utf8"
)

// glob is a compiled pattern: segments with a star between each two of them. Matching puts every segment at the first
// possible position and never goes back. Its cost is bounded by the length of the text times the length of the
// longest segment.
type glob struct{ segments []segment }

// segment is a list of literals with one arbitrary character between each two of them.
type segment struct{ lits []string }

func (t template) glob() glob {
	g := glob{segments: []segment{{lits: []string{""}}}}
	for i := range t {
		last := &g.segments[len(g.segments)-1]
		switch t[i].kind {
		case elemStar:
			g.segments = append(g.segments, segment{lits: []string{""}})
		case elemAny:
			last.lits = append(last.lits, "")
		default:
			last.lits[len(last.lits)-1] += t[i].text
		}
	}
	return g
}

func (g *glob) match(s string) bool {
	first := &g.segments[0]
	n, ok := first.prefix(s)
	if !ok {
		return false
	}
	s = s[n:]
	if len(g.segments) == 1 {
		return s == ""
	}
	last := len(g.segments) - 1
	for i := 1; i < last; i++ {
		if s, ok = g.segments[i].after(s); !ok {
			return false
		}
	}
	return g.segments[last].suffix(s)
}

// prefix reports whether s begins with the segment, and the number of bytes that the segment matches.
func (g *segment) prefix(s string) (int, bool) {
	at := 0
	for i, lit := range g.lits {
		if i > 0 {
			if at == len(s) {
				return 0, false
			}
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
		if !strings.HasPrefix(s[at:], lit) {
			return 0, false
		}
		at += len(lit)
	}
	return at, true
}

// after finds the segment's first position in s and returns what follows the segment.
func (g *segment) after(s string) (string, bool) {
	if len(g.lits) == 1 {
		i := strings.Index(s, g.lits[0])
		if i < 0 {
			return "", false
		}
		return s[i+len(g.lits[0]):], true
	}
	for {
		if n, ok := g.prefix(s); ok {
			return s[n:], true
		}
		if len(s) < len(g.lits)-1 || s == "" {
			return "", false
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
}

// suffix reports whether s ends with the segment.
func (g *segment) suffix(s string) bool {
	for i := len(g.lits) - 1; i >= 0; i-- {
		if !strings.HasSuffix(s, g.lits[i]) {
			return false
		}
		s = s[:len(s)-len(g.lits[i])]
		if i > 0 {
			if s == "" {
				return false
			}
			_, size := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-size]
		}
	}
	return true
}
