package awswire

import (
	"encoding/base64"
	"reflect"
	"time"
)

// Parameters returns an input as CloudTrail shows requestParameters. The names of the members begin with a lower-case
// letter, and absent members are left out. Sensitive members, streams and the raw bytes of a payload are left out at
// every depth. The result shares no memory with the input, and can be written as JSON.
func Parameters(op *Operation, in any) map[string]any {
	op.plans()
	x := reflect.Indirect(reflect.ValueOf(in))
	if !x.IsValid() || x.Type() != op.In {
		return map[string]any{}
	}
	return op.in.parameters(x)
}

func (p *plan) parameters(x reflect.Value) map[string]any {
	out := map[string]any{}
	for i := range p.members {
		m := &p.members[i]
		if f := x.Field(m.index); m.kind != kindStream && !(m.payload && m.kind == kindBlob) && !empty(&m.value, f) {
			if shown, ok := m.shown(f); ok {
				out[m.camel] = shown
			}
		}
	}
	return out
}

func (v *value) shown(x reflect.Value) (any, bool) {
	if v.sensitive || empty(v, x) {
		return nil, false
	}
	x = direct(x)
	switch v.kind {
	case kindStruct:
		return v.plan.parameters(x), true
	case kindList:
		list := make([]any, 0, x.Len())
		for i := range x.Len() {
			if shown, ok := v.elem.shown(x.Index(i)); ok {
				list = append(list, shown)
			}
		}
		return list, true
	case kindMap:
		m := make(map[string]any, x.Len())
		for it := x.MapRange(); it.Next(); {
			if shown, ok := v.elem.shown(it.Value()); ok && !v.key.sensitive {
				m[it.Key().String()] = shown
			}
		}
		return m, true
	case kindTime:
		return x.Interface().(time.Time).UTC().Format(isoMillis), true
	case kindBlob:
		return base64.StdEncoding.EncodeToString(x.Bytes()), true
	}
	return x.Interface(), true
}
