package awswire

import (
	"reflect"
	"strconv"
)

// encodeForm writes an input as a form of the query protocol.
func encodeForm(op *Operation, x reflect.Value) []byte {
	w := &formWriter{q: queryWriter{given: map[string]bool{}}}
	w.q.add("Action", op.Name)
	w.q.add("Version", op.Service.APIVersion)
	w.structure(op.in, x, "")
	return w.q.b
}

// formWriter appends fields to a form. Names of parts are joined by dots: Tags.member.1.Key.
type formWriter struct{ q queryWriter }

func (w *formWriter) structure(p *plan, x reflect.Value, at string) {
	for i := range p.members {
		m := &p.members[i]
		if f := x.Field(m.index); m.place == inBody && m.kind != kindStream && !empty(&m.value, f) {
			w.value(&m.value, at+m.name, direct(f))
		}
	}
}

// value writes one value under its name. x is no pointer.
func (w *formWriter) value(v *value, name string, x reflect.Value) {
	switch v.kind {
	case kindStruct:
		w.structure(v.plan, x, name+".")
	case kindList:
		if x.Len() == 0 {
			w.q.add(name, "") // an empty field stands for an empty list
			return
		}
		at := name + "."
		if !v.flat {
			at += itemName(v.elem, "member") + "."
		}
		for i := range x.Len() {
			w.part(v.elem, at+strconv.Itoa(i+1), x.Index(i))
		}
	case kindMap:
		at := name + "."
		if !v.flat {
			at += "entry."
		}
		for i, k := range sortedKeys(x) {
			entry := at + strconv.Itoa(i+1) + "."
			w.q.add(entry+itemName(v.key, "key"), k)
			w.part(v.elem, entry+itemName(v.elem, "value"), x.MapIndex(reflect.ValueOf(k).Convert(x.Type().Key())))
		}
	default:
		w.q.add(name, string(v.text(nil, x, timeISO)))
	}
}

// part writes an element of a list or a map. An element without content becomes an empty field, which keeps the
// numbering.
func (w *formWriter) part(v *value, name string, x reflect.Value) {
	before := len(w.q.b)
	if !empty(v, x) {
		w.value(v, name, direct(x))
	}
	if len(w.q.b) == before {
		w.q.add(name, "")
	}
}
