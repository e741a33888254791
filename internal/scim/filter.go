package scim

import (
	"strings"
)

// filter is a parsed filter: an and, an or, a not, a comparison, or a filter on the values of one attribute.
type filter interface{}

type (
	both    struct{ left, right filter } // and
	either  struct{ left, right filter } // or
	not     struct{ of filter }
	compare struct {
		on    target
		path  string // as it was written
		op    string // eq ne co sw ew pr gt ge lt le
		value any    // string, float64, bool, nil
	}
	within struct { // emails[type eq "work"], perhaps emails[type eq "work"].value eq "x"
		on   target
		of   filter   // of the attribute's parts
		then *compare // of the values that pass; nil: that there is one
	}
)

// parseFilter reads a filter on resources of a kind.
func parseFilter(r *resource, s string) (filter, error) {
	if len(s) > maxFilter {
		return nil, refuse(badFilter, "The filter is longer than %d bytes", maxFilter)
	}
	p := &filterParser{lexer: lexer{text: s}, resolve: r.resolve}
	f, err := p.either(0)
	if err != nil {
		return nil, err
	}
	if p.blank(); !p.done() {
		return nil, p.bad("something stands behind its end")
	}
	return f, nil
}

// filterParser is a parser by recursive descent: not binds stronger than and, and that stronger than or.
type filterParser struct {
	lexer
	resolve func(path string) (target, bool)
}

func (p *filterParser) either(depth int) (filter, error) {
	if depth > deepestFilter {
		return nil, p.bad("it is nested too deeply")
	}
	f, err := p.both(depth)
	for err == nil {
		if p.blank(); !p.keyword("or") {
			return f, nil
		}
		var right filter
		right, err = p.both(depth)
		f = either{f, right}
	}
	return nil, err
}

func (p *filterParser) both(depth int) (filter, error) {
	f, err := p.term(depth)
	for err == nil {
		if p.blank(); !p.keyword("and") {
			return f, nil
		}
		var right filter
		right, err = p.term(depth)
		f = both{f, right}
	}
	return nil, err
}

func (p *filterParser) term(depth int) (filter, error) {
	p.blank()
	if p.take('(') {
		return p.group(depth)
	}
	from := p.at
	word := p.word()
	if strings.EqualFold(word, "not") {
		if p.blank(); p.take('(') {
			f, err := p.group(depth)
			return not{f}, err
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
		on = target{} // of no resource: it has no value (RFC 7644, section 3.4.2.2)
	}
	if p.take('[') {
		return p.within(depth, word, on)
	}
	return p.comparison(word, on)
}

func (p *filterParser) group(depth int) (filter, error) {
	f, err := p.either(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.blank(); !p.take(')') {
		return nil, p.bad("a parenthesis is not closed")
	}
	return f, nil
}

// within reads what stands behind emails[.
func (p *filterParser) within(depth int, word string, on target) (filter, error) {
	if on.part != nil || on.attr != nil && on.attr.kind != complexly {
		return nil, p.bad("only an attribute with parts may have a filter in brackets")
	}
	inner := &filterParser{lexer: p.lexer, resolve: partsOf(on.attr)}
	f, err := inner.either(depth + 1)
	if err != nil {
		return nil, err
	}
	p.lexer = inner.lexer
	if p.blank(); !p.take(']') {
		return nil, p.bad("a bracket is not closed")
	}
	w := within{on: on, of: f}
	if p.take('.') {
		name := p.word()
		t, known := partsOf(on.attr)(name)
		if on.attr != nil && !known {
			return nil, p.bad("there is no such part")
		}
		c, err := p.comparison(word+"[]."+name, t)
		if err != nil {
			return nil, err
		}
		then := c.(compare)
		w.then = &then
	}
	return w, nil
}

// partsOf resolves the parts of an attribute, for a filter on its values.
func partsOf(a *attribute) func(string) (target, bool) {
	return func(name string) (target, bool) {
		if a == nil {
			return target{}, false
		}
		part := a.part(name)
		return target{attr: part}, part != nil
	}
}

var operators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// comparison reads the operator and the value behind an attribute.
func (p *filterParser) comparison(path string, on target) (filter, error) {
	p.blank()
	if p.keyword("pr") {
		return compare{on: on, path: path, op: "pr"}, nil
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
		c := compare{on: on, path: path, op: op, value: v}
		return c, c.check()
	}
	return nil, p.bad("an operator was expected: eq, ne, co, sw, ew, pr, gt, ge, lt or le")
}
