package awswire

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plan is what the codec knows about a struct: its members by place and by name.
type plan struct {
	typ     reflect.Type
	members []member
	body    map[string]*member // body members by wire name; for XML a flat list by its own name
	payload *member
	byPlace [inStatus + 1]bool // which places the struct uses
}

// plan reads a struct's tags. Structs may be recursive, so the plan is registered before its members are read.
func (p *planner) plan(t reflect.Type) (*plan, error) {
	if have := p.plans[t]; have != nil {
		return have, nil
	}
	pl := &plan{typ: t, members: make([]member, 0, t.NumField()), body: map[string]*member{}}
	p.plans[t] = pl
	for i := range t.NumField() {
		f := t.Field(i)
		v, options, err := p.value(f.Type, f.Tag, "")
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		m := member{value: v, index: i, camel: lowerFirst(f.Name)}
		if err := m.options(options); err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		if m.place == inHeader {
			m.header = http.CanonicalHeaderKey(m.name)
		}
		pl.members = append(pl.members, m)
	}
	for i := range pl.members {
		m := &pl.members[i]
		pl.byPlace[m.place] = true
		if m.payload {
			pl.payload = m
		}
		if m.place == inBody {
			pl.body[m.name] = m
		}
	}
	return pl, nil
}

func (m *member) options(list []string) error {
	for _, o := range list {
		name, arg, _ := strings.Cut(o, "=")
		switch name {
		case "uri":
			m.place = inURI
		case "query":
			m.place = inQuery
		case "header":
			m.place = inHeader
		case "headers":
			m.place = inHeaders
		case "status":
			m.place = inStatus
		case "payload":
			m.payload = true
		case "required":
			m.required = true
		case "attr":
			m.attr = true
		case "root":
			m.root = arg
		case "idempotent":
			m.idempotent = true
		case "stream", "host": // the type shows a stream; the operation's Host names the member
		default:
			return fmt.Errorf("unknown option %q", o)
		}
	}
	if m.place == inHeader && m.kind == kindString && strings.EqualFold(m.name, "content-length") {
		return fmt.Errorf("content length must be a number")
	}
	return nil
}

// hasBody reports whether the struct puts anything into a message's body.
func (p *plan) hasBody() bool { return p.byPlace[inBody] }

func (p *plan) streams() bool { return p.payload != nil && p.payload.kind == kindStream }

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
