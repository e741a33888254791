package policy

// What an undocumented condition key does. See the function undocumented for what such a key is.
//
// In a condition, it fails an Allow and is fulfilled in a Deny: condition.fulfilled. As a policy variable in a value of
// a condition, it does the same. As a policy variable in a Resource, it leaves an Allow without a match, because it has
// no value, and stands for any characters in a Deny. In a NotResource, it exempts nothing.

// undocumented is the first variable of the template whose key AWS does not document, or empty.
func (t template) undocumented() string {
	for _, key := range t.variables() {
		if undocumented(key) {
			return key
		}
	}
	return ""
}

// dropUndocumented recompiles a resource pattern with an undocumented variable. In the Resource of a Deny the variable
// becomes a star: it matches whatever it could have stood for. Elsewhere it loses its default text, so that it has no
// value and the pattern matches nothing.
func (p *pattern) dropUndocumented(variables, star bool) {
	t, err := cut(p.text, variables, true)
	if err != nil {
		return // newResource has cut the same text
	}
	for i := range t {
		if t[i].kind != elemVar || !undocumented(t[i].text) {
			continue
		}
		t[i].has = false
		if star {
			t[i] = elem{kind: elemStar}
		}
	}
	p.matcher = newARNMatcher(t)
}

// undocumented is the first undocumented key of a statement, as written in a condition or in lower case of a variable.
// It is empty for almost every statement.
func (s *statement) undocumented() string {
	for i := range s.conditions {
		if s.conditions[i].unknown != "" {
			return s.conditions[i].unknown
		}
	}
	for i := range s.resources {
		if s.resources[i].unknown != "" {
			return s.resources[i].unknown
		}
	}
	return ""
}
