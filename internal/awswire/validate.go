package awswire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// violations counts the violations of the model's constraints, and has the first ones in AWS's words. It lists no more
// than maxViolations, because client, log and audit record get the text.
type violations struct {
	list  []string
	count int
}

const (
	maxViolations = 10
	maxShown      = 200 // bytes of a value, or of a name in a path, that a violation shows

	// maxMatched is how many bytes a text that is too long anyway may have for its pattern to be looked at.
	maxMatched = 4 << 10
)

// validate checks an input against the model: required members, enums, lengths, ranges and patterns.
func validate(p *plan, in reflect.Value) error {
	var vs violations
	vs.structure(p, in, "")
	return vs.fault()
}

// fault is the fault that tells of the violations, or nil if there are none.
func (vs *violations) fault() error {
	if vs.count == 0 {
		return nil
	}
	entity := "error"
	if vs.count > 1 {
		entity = "errors"
	}
	return fault.New(fault.Invalid, fault.Member, "%d validation %s detected: %s",
		vs.count, entity, strings.Join(vs.list, "; "))
}

// next counts a violation, and reports whether it is to be listed.
func (vs *violations) next() bool {
	vs.count++
	return vs.count <= maxViolations
}

func (vs *violations) add(v *value, at, shown, constraint string, args ...any) {
	if !vs.next() {
		return
	}
	if len(args) > 0 {
		constraint = fmt.Sprintf(constraint, args...)
	}
	if v.sensitive {
		vs.list = append(vs.list, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", at, constraint))
		return
	}
	vs.list = append(vs.list, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s",
		clipped(shown), at, constraint))
}

func clipped(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "..."
}

func (vs *violations) structure(p *plan, in reflect.Value, at string) {
	for i := range p.members {
		m := &p.members[i]
		f := in.Field(m.index)
		path := m.camel
		if at != "" {
			path = at + "." + m.camel
		}
		if empty(&m.value, f) {
			if m.required && m.kind != kindStream && vs.next() {
				vs.list = append(vs.list,
					fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
			}
			continue
		}
		vs.value(&m.value, f, path)
	}
}

// empty reports whether an optional value is absent.
func empty(v *value, f reflect.Value) bool {
	switch f.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return f.IsNil()
	}
	return false
}

func (vs *violations) value(v *value, f reflect.Value, at string) {
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			return
		}
		f = f.Elem()
	}
	switch v.kind {
	case kindString:
		vs.text(v, f.String(), at)
	case kindBlob:
		vs.size(v, int64(f.Len()), at, "", "length")
	case kindInt:
		n := f.Int()
		shown := strconv.FormatInt(n, 10)
		if v.hasMin && n < v.min {
			vs.add(v, at, shown, "Member must have value greater than or equal to %d", v.min)
		}
		if v.hasMax && n > v.max {
			vs.add(v, at, shown, "Member must have value less than or equal to %d", v.max)
		}
	case kindStruct:
		vs.structure(v.plan, f, at)
	case kindList:
		vs.size(v, int64(f.Len()), at, "", "length")
		for i := range f.Len() {
			vs.value(v.elem, f.Index(i), at+"."+strconv.Itoa(i+1)+".member")
		}
	case kindMap:
		vs.size(v, int64(f.Len()), at, "", "length")
		for it := f.MapRange(); it.Next(); {
			vs.text(v.key, it.Key().String(), at+".key")
			vs.value(v.elem, it.Value(), at+"."+clipped(it.Key().String()))
		}
	}
}

func (vs *violations) text(v *value, s, at string) {
	if v.enum != nil && !slices.Contains(v.enum, s) {
		vs.add(v, at, s, "Member must satisfy enum value set: [%s]", strings.Join(v.enum, ", "))
	}
	if v.hasMin || v.hasMax {
		n := int64(utf8.RuneCountInString(s))
		vs.size(v, n, at, s, "length")
		if v.hasMax && n > v.max && len(s) > maxMatched {
			return
		}
	}
	if v.pattern != nil && !v.pattern.MatchString(s) {
		vs.add(v, at, s, "Member must satisfy regular expression pattern: %s", original(v.pattern))
	}
}

func (vs *violations) size(v *value, n int64, at, shown, what string) {
	if v.hasMin && n < v.min {
		vs.add(v, at, shown, "Member must have %s greater than or equal to %d", what, v.min)
	}
	if v.hasMax && n > v.max {
		vs.add(v, at, shown, "Member must have %s less than or equal to %d", what, v.max)
	}
}
