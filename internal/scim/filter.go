package scim

import (
	"strings"
)

// filter is a parsed filter: an andFilter, an orFilter, a notFilter, an attrExp or a valuePath (the names are those of
// RFC 7644, figure 1, where it has one).
type filter interface{}

type (
	andFilter struct{ left, right filter } // and
	orFilter  struct{ left, right filter } // or
	notFilter struct{ of filter }
	attrExp   struct {
		on    target
		path  string // as it was written
		op    string // eq ne co sw ew pr gt ge lt le
		value any    // string, float64, bool, nil
	}
	valuePath struct { // emails[type eq "work"], perhaps emails[type eq "work"].value eq "x"
		on   target
		of   filter   // on the attribute's sub-attributes
		then *attrExp // applied to the values that match; nil: one match is enough
	}
)

// parseFilter parses a filter for a type of resource.
func parseFilter(r *resource, s string) (filter, error) {
	if len(s) > maxFilter {
		return nil, refuse(invalidFilter, "The filter is longer than %d bytes", maxFilter)
	}
	p := &filterParser{lexer: lexer{text: s}, resolve: r.resolve}
	f, err := p.parseOr(0)
	if err != nil {
		return nil, err
	}
	if p.blank(); !p.done() {
		return nil, p.bad("something stands behind its end")
	}
	return f, nil
}

// filterParser is a parser by recursive descent. not binds more strongly than and, and and binds more strongly than or.
type filterParser struct {
	lexer
	resolve func(path string) (target, bool)
}

func (p *filterParser) parseOr(depth int) (filter, error) {
	if depth > maxFilterDepth {
		return nil, p.bad("it is nested too deeply")
	}
	f, err := p.parseAnd(depth)
	for err == nil {
		if p.blank(); !p.keyword("or") {
			return f, nil
		}
		var right filter
		right, err = p.parseAnd(depth)
		f = orFilter{f, right}
	}
	return nil, err
}

func (p *filterParser) parseAnd(depth int) (filter, error) {
	f, err := p.parseTerm(depth)
	for err == nil {
		if p.blank(); !p.keyword("and") {
			return f, nil
		}
		var right filter
		right, err = p.parseTerm(depth)
		f = andFilter{f, right}
	}
	return nil, err
}

func (p *filterParser) parseTerm(depth int) (filter, error) {
	p.blank()
	if p.take('(') {
		return p.parseParentheses(depth)
	}
	from := p.at
	word := p.word()
	if strings.EqualFold(word, "not") {
		if p.blank(); p.take('(') {
			f, err := p.parseParentheses(depth)
			return notFilter{f}, err
		}
		p.at = from + len(word)
	}
	if word == "" {
		return nil, p.bad("an attribute was expected")
	}
	if p.terms++; p.terms > maxTerms {
		return nil, p.bad("it has too many comparisons")
	}
	on, known := p.resolve(word)
	if !known {
		on = target{} // an attribute that no resource has never has a value (RFC 7644, section 3.4.2.2)
	}
	if p.take('[') {
		return p.parseValuePath(depth, word, on)
	}
	return p.parseAttrExp(word, on)
}

func (p *filterParser) parseParentheses(depth int) (filter, error) {
	f, err := p.parseOr(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.blank(); !p.take(')') {
		return nil, p.bad("a parenthesis is not closed")
	}
	return f, nil
}

// parseValuePath parses what follows "emails[".
func (p *filterParser) parseValuePath(depth int, word string, on target) (filter, error) {
	if on.subAttribute != nil || on.attr != nil && on.attr.kind != complexKind {
		return nil, p.bad("only an attribute with parts may have a filter in brackets")
	}
	inner := &filterParser{lexer: p.lexer, resolve: partsOf(on.attr)}
	f, err := inner.parseOr(depth + 1)
	if err != nil {
		return nil, err
	}
	p.lexer = inner.lexer
	if p.blank(); !p.take(']') {
		return nil, p.bad("a bracket is not closed")
	}
	w := valuePath{on: on, of: f}
	if p.take('.') {
		name := p.word()
		t, known := partsOf(on.attr)(name)
		if on.attr != nil && !known {
			return nil, p.bad("there is no such part")
		}
		c, err := p.parseAttrExp(word+"[]."+name, t)
		if err != nil {
			return nil, err
		}
		then := c.(attrExp)
		w.then = &then
	}
	return w, nil
}

// partsOf returns a function that resolves the sub-attributes of an attribute, for a filter on its values.
func partsOf(a *attribute) func(string) (target, bool) {
	return func(name string) (target, bool) {
		if a == nil {
			return target{}, false
		}
		part := a.subAttribute(name)
		return target{attr: part}, part != nil
	}
}

var operators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// parseAttrExp parses the operator and the value that follow an attribute.
func (p *filterParser) parseAttrExp(path string, on target) (filter, error) {
	p.blank()
	if p.keyword("pr") {
		return attrExp{on: on, path: path, op: "pr"}, nil
	}
	for _, op := range operators {
		if !p.keyword(op) {
			continue
		}
		if !p.take(' ') {
			return nil, p.bad("a blank and a value must follow the operator")
		}
		p.blank()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		c := attrExp{on: on, path: path, op: op, value: v}
		return c, c.check()
	}
	return nil, p.bad("an operator was expected: eq, ne, co, sw, ew, pr, gt, ge, lt or le")
}
