package policy

import (
	"fmt"
	"strings"
)

// elemKind says what one piece of a pattern matches.
type elemKind uint8

const (
	elemText elemKind = iota // literal text
	elemStar                 // any characters, or none
	elemAny                  // one character
	elemVar                  // the value of a condition key, taken literally
)

type elem struct {
	kind     elemKind
	text     string // literal text, or the lower-case key of a variable
	fallback string // default text of a variable
	has      bool   // whether the variable has a default
}

// template is a text of a policy, cut into its pieces.
type template []elem

// cut splits s into pieces. variables is true for Version 2012-10-17, the only version with variables. wild says
// whether * and ? are wildcards, as they are in resources and for the Like and Arn operators.
func cut(s string, variables, wild bool) (template, error) {
	var t template
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			t = append(t, elem{kind: elemText, text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case variables && strings.HasPrefix(s[i:], "${"):
			v, n, err := cutVariable(s[i:])
			if err != nil {
				return nil, err
			}
			i += n - 1
			if v.kind == elemText {
				lit.WriteString(v.text)
				continue
			}
			flush()
			t = append(t, v)
		case wild && s[i] == '*':
			flush()
			if len(t) == 0 || t[len(t)-1].kind != elemStar {
				t = append(t, elem{kind: elemStar})
			}
		case wild && s[i] == '?':
			flush()
			t = append(t, elem{kind: elemAny})
		default:
			lit.WriteByte(s[i])
		}
	}
	flush()
	return t, nil
}

// cutVariable reads the variable that s begins with: ${key}, ${key, 'default'}, ${*}, ${?} or ${$}.
func cutVariable(s string) (e elem, length int, err error) {
	bad := fmt.Errorf("%q is not a valid policy variable", clip(s))
	body := s[2:]
	if len(body) >= 2 && body[1] == '}' && strings.IndexByte("*?$", body[0]) >= 0 {
		return elem{kind: elemText, text: body[:1]}, 4, nil
	}
	end := strings.IndexAny(body, "},")
	if end < 0 {
		return e, 0, bad
	}
	key := strings.TrimSpace(body[:end])
	if !strings.Contains(key, ":") || strings.ContainsAny(key, "${*?'\" ") {
		return e, 0, bad
	}
	e = elem{kind: elemVar, text: strings.ToLower(key)}
	if body[end] == '}' {
		return e, 2 + end + 1, nil
	}
	rest := strings.TrimLeft(body[end+1:], " ")
	if !strings.HasPrefix(rest, "'") {
		return e, 0, bad
	}
	text, rest, ok := strings.Cut(rest[1:], "'")
	if !ok {
		return e, 0, bad
	}
	rest = strings.TrimLeft(rest, " ")
	if !strings.HasPrefix(rest, "}") {
		return e, 0, bad
	}
	e.fallback, e.has = text, true
	return e, len(s) - len(rest) + 1, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "..."
	}
	return s
}

func (t template) hasVariables() bool {
	for i := range t {
		if t[i].kind == elemVar {
			return true
		}
	}
	return false
}

// bind replaces the variables by their values. A value becomes literal text: a user whose name is * does not become a
// wildcard. bind reports false when a variable has neither exactly one value nor a default.
func (t template) bind(e *evaluation) (template, bool) {
	out := make(template, len(t))
	copy(out, t)
	for i := range out {
		if out[i].kind != elemVar {
			continue
		}
		v, ok := e.single(out[i].text)
		if !ok {
			if !out[i].has {
				return nil, false
			}
			v = out[i].fallback
		}
		out[i] = elem{kind: elemText, text: v}
	}
	return out, true
}

// literal is the text of a template that has neither wildcards nor variables.
func (t template) literal() string {
	if len(t) == 1 {
		return t[0].text
	}
	var b strings.Builder
	for i := range t {
		b.WriteString(t[i].text)
	}
	return b.String()
}

// splitARN cuts a template into its six ARN parts at literal colons. ok is false when there are fewer than six.
func (t template) splitARN() (parts [6]template, ok bool) {
	n := 0
	for _, e := range t {
		for e.kind == elemText && n < 5 {
			before, after, found := strings.Cut(e.text, ":")
			if !found {
				break
			}
			if before != "" {
				parts[n] = append(parts[n], elem{kind: elemText, text: before})
			}
			n++
			e.text = after
		}
		if e.kind != elemText || e.text != "" {
			parts[n] = append(parts[n], e)
		}
	}
	return parts, n == 5
}

// matcher is a compiled pattern of one or six parts. Six parts are those of an ARN, of which only the last may match
// a colon. A wildcard or a variable's value in one part therefore never reaches into the next part.
type matcher struct {
	globs []glob
	open  []template // nil, or for each part with variables its pieces; they are bound at each evaluation
}

func newMatcher(parts ...template) matcher {
	m := matcher{globs: make([]glob, len(parts))}
	for i, p := range parts {
		if !p.hasVariables() {
			m.globs[i] = p.glob()
			continue
		}
		if m.open == nil {
			m.open = make([]template, len(parts))
		}
		m.open[i] = p
	}
	return m
}

// newARNMatcher compiles an ARN pattern. A pattern with fewer than six parts, such as "*", is matched as a whole.
func newARNMatcher(t template) matcher {
	if parts, ok := t.splitARN(); ok {
		return newMatcher(parts[:]...)
	}
	return newMatcher(t)
}

// match reports whether s matches. resolved is false when a variable of the pattern has no value. All parts are
// resolved before any is compared, so resolved does not depend on s.
func (m *matcher) match(s string, e *evaluation) (matched, resolved bool) {
	if m.open == nil {
		return matchGlobs(m.globs, s), true
	}
	var buffer [6]glob
	globs := append(buffer[:0], m.globs...)
	for i, t := range m.open {
		if t == nil {
			continue
		}
		bound, ok := t.bind(e)
		if !ok {
			return false, false
		}
		globs[i] = bound.glob()
	}
	return matchGlobs(globs, s), true
}

func matchGlobs(globs []glob, s string) bool {
	last := len(globs) - 1
	for i := range last {
		part, rest, ok := strings.Cut(s, ":")
		if !ok || !globs[i].match(part) {
			return false
		}
		s = rest
	}
	return globs[last].match(s)
}
