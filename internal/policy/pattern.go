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

// binding says what became of the variables of a pattern.
type binding uint8

const (
	bound      binding = iota
	unresolved         // a variable has neither exactly one value nor a default
	unsure             // the value of a variable is longer than policies are compared with
	tooLong            // the text of the pattern became longer than what it is compared with: it matches nothing
)

// bind replaces the variables by their values. A value becomes literal text: a user whose name is * does not become a
// wildcard. length is the length of the text that the pattern is compared with.
func (t template) bind(e *evaluation, length int) (template, binding) {
	total, state := 0, bound
	for i := range t {
		v, b := t[i].value(e)
		if total += len(v); b > state {
			state = b
		}
		if b == unresolved || !e.meter.spend(1) {
			return nil, unresolved
		}
	}
	switch {
	case state != bound:
		return nil, state
	case total > length:
		return nil, tooLong
	}
	out := make(template, len(t))
	copy(out, t)
	for i := range out {
		if out[i].kind == elemVar {
			v, _ := out[i].value(e)
			out[i] = elem{kind: elemText, text: v}
		}
	}
	return out, bound
}

// value is the text that a piece stands for. It is empty for a wildcard.
func (p *elem) value(e *evaluation) (string, binding) {
	if p.kind != elemVar {
		return p.text, bound
	}
	v, ok := e.single(p.text)
	switch {
	case !ok && p.has:
		return p.fallback, bound
	case !ok:
		return "", unresolved
	case len(v) > maxValue:
		return "", unsure
	}
	return v, bound
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

// match reports whether s matches, and what became of the pattern's variables: bound, unresolved or unsure. All parts
// are resolved before any is compared, so that does not depend on s.
func (m *matcher) match(s string, e *evaluation) (matched bool, variables binding) {
	if m.open == nil {
		return matchGlobs(m.globs, s, e.meter), bound
	}
	var buffer [6]glob
	globs := append(buffer[:0], m.globs...)
	for i, t := range m.open {
		if t == nil {
			continue
		}
		text, b := t.bind(e, len(s))
		if b == unresolved {
			return false, unresolved
		}
		if variables = max(variables, b); variables == bound {
			globs[i] = text.glob()
		}
	}
	switch variables {
	case unsure:
		return false, unsure
	case tooLong:
		return false, bound
	}
	return matchGlobs(globs, s, e.meter), bound
}

func matchGlobs(globs []glob, s string, m *Meter) bool {
	last := len(globs) - 1
	for i := range last {
		part, rest, ok := strings.Cut(s, ":")
		if !ok || !globs[i].match(part, m) {
			return false
		}
		s = rest
	}
	return globs[last].match(s, m)
}
