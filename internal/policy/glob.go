package policy

import (
	"strings"
	"unicode/utf8"
)

// glob is a compiled pattern: segments with a star between each two of them. Matching puts every segment at the first
// possible position and never goes back. Its cost is bounded by the length of the text times the length of the
// longest segment. The meter counts it, and a meter that says stop ends it without a match.
type glob struct{ segments []segment }

// segment is a list of literals with one arbitrary character between each two of them.
type segment struct{ lits []string }

func (t template) glob() glob {
	g := glob{segments: []segment{{lits: []string{""}}}}
	for i := 0; i < len(t); i++ {
		last := &g.segments[len(g.segments)-1]
		switch t[i].kind {
		case elemStar:
			g.segments = append(g.segments, segment{lits: []string{""}})
		case elemAny:
			last.lits = append(last.lits, "")
		default:
			from := i
			for i+1 < len(t) && t[i+1].kind != elemStar && t[i+1].kind != elemAny {
				i++
			}
			last.lits[len(last.lits)-1] = t[from : i+1].literal()
		}
	}
	return g
}

func (g *glob) match(s string, m *Meter) bool {
	first := &g.segments[0]
	n, ok := first.prefix(s, m)
	if !ok {
		return false
	}
	s = s[n:]
	if len(g.segments) == 1 {
		return s == ""
	}
	last := len(g.segments) - 1
	for i := 1; i < last; i++ {
		if s, ok = g.segments[i].after(s, m); !ok {
			return false
		}
	}
	return g.segments[last].suffix(s, m)
}

// prefix reports whether s begins with the segment, and the number of bytes that the segment matches.
func (g *segment) prefix(s string, m *Meter) (int, bool) {
	at := 0
	for i, lit := range g.lits {
		if i > 0 {
			if at == len(s) {
				return 0, false
			}
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
		if !m.compared(min(len(lit), len(s)-at)) || !strings.HasPrefix(s[at:], lit) {
			return 0, false
		}
		at += len(lit)
	}
	return at, true
}

// after finds the segment's first position in s and returns what follows the segment.
func (g *segment) after(s string, m *Meter) (string, bool) {
	if len(g.lits) == 1 {
		i := -1
		if m.compared(len(s)) {
			i = strings.Index(s, g.lits[0])
		}
		if i < 0 {
			return "", false
		}
		return s[i+len(g.lits[0]):], true
	}
	for {
		if n, ok := g.prefix(s, m); ok {
			return s[n:], true
		}
		if len(s) < len(g.lits)-1 || s == "" || m.stop != NotStopped {
			return "", false
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
}

// suffix reports whether s ends with the segment.
func (g *segment) suffix(s string, m *Meter) bool {
	for i := len(g.lits) - 1; i >= 0; i-- {
		if !m.compared(min(len(g.lits[i]), len(s))) || !strings.HasSuffix(s, g.lits[i]) {
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
