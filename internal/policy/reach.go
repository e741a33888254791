package policy

import "strings"

// Reach is a set of requests: one action on every resource that begins with a text, or on one resource. It is what a
// session may do whose uses nobody here will see, so that conditions cannot be evaluated.
type Reach struct {
	Action   string
	Resource string // an ARN, or the beginning of ARNs
	Prefix   bool   // every resource that begins with Resource
}

// AllowsAll reports whether one Allow statement allows the whole reach, whatever a request's condition keys are. It
// errs on the side of no: two statements that allow it together are not seen, and neither are wildcards in the middle
// of a resource.
func (d *Document) AllowsAll(r Reach) bool { return d.all(r, false) }

// DeniesAll reports whether one Deny statement denies the whole reach. It errs on the side of no.
func (d *Document) DeniesAll(r Reach) bool { return d.all(r, true) }

// MayAllow reports whether an Allow statement could allow a request in the reach, for some values of its condition
// keys. It errs on the side of yes.
func (d *Document) MayAllow(r Reach) bool { return d.some(r, false) }

// MayDeny is MayAllow for Deny statements.
func (d *Document) MayDeny(r Reach) bool { return d.some(r, true) }

func (d *Document) all(r Reach, deny bool) bool {
	for i := range d.statements {
		s := &d.statements[i]
		if s.deny != deny || s.notAction || s.notResource || len(s.conditions) > 0 || !s.hasAction(r.Action) {
			continue
		}
		if everybody := len(s.principals) == 0 || s.anybody(); everybody && d.anyContains(s.resources, r) {
			return true
		}
	}
	return false
}

// anybody reports whether the statement of a resource policy is about every caller.
func (s *statement) anybody() bool {
	return !s.notPrincipal && len(s.principals) == 1 && s.principals[0].text == everyone
}

func (d *Document) some(r Reach, deny bool) bool {
	for i := range d.statements {
		s := &d.statements[i]
		if s.deny != deny || s.hasAction(r.Action) == s.notAction {
			continue
		}
		if len(s.resources) == 0 {
			return true
		}
		if s.notResource {
			if !d.anyContains(s.resources, r) {
				return true
			}
			continue
		}
		for j := range s.resources {
			if d.overlaps(s.resources[j].text, r) {
				return true
			}
		}
	}
	return false
}

// arnColons is how many colons stand before the last part of an ARN.
const arnColons = 5

// hasAction reports whether one of the statement's action patterns matches an action.
func (s *statement) hasAction(action string) bool {
	m, lower := new(Meter), strings.ToLower(action)
	for i := range s.actions {
		if matchGlobs(s.actions[i].matcher.globs, lower, m) {
			return true
		}
	}
	return false
}

func (d *Document) anyContains(resources []pattern, r Reach) bool {
	for i := range resources {
		if d.contains(resources[i].text, r) {
			return true
		}
	}
	return false
}

// head is the literal beginning of a resource pattern, up to its first wildcard or variable, and the pieces behind it.
func (d *Document) head(text string) (literal string, rest template, ok bool) {
	t, err := cut(text, d.version == Version2012, true)
	if err != nil {
		return "", nil, false
	}
	if len(t) > 0 && t[0].kind == elemText {
		return t[0].text, t[1:], true
	}
	return "", t, true
}

// contains reports whether a resource pattern matches every resource of a reach.
func (d *Document) contains(text string, r Reach) bool {
	literal, rest, ok := d.head(text)
	switch {
	case !ok:
		return false
	case len(rest) == 0:
		return !r.Prefix && literal == r.Resource
	}
	whole := literal == "" || strings.Count(literal, ":") >= arnColons // a wildcard elsewhere ends at the next colon
	return whole && len(rest) == 1 && rest[0].kind == elemStar && strings.HasPrefix(r.Resource, literal)
}

// overlaps reports whether a resource pattern could match a resource of a reach.
func (d *Document) overlaps(text string, r Reach) bool {
	literal, rest, ok := d.head(text)
	switch {
	case !ok:
		return true
	case len(rest) == 0 && !r.Prefix:
		return literal == r.Resource
	case len(rest) == 0:
		return strings.HasPrefix(literal, r.Resource)
	}
	return strings.HasPrefix(r.Resource, literal) || r.Prefix && strings.HasPrefix(literal, r.Resource)
}
