package awswire

import (
	"net/http"
	"net/url"
	"reflect"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// Decode reads a request into a new input of the operation and returns a pointer to it. labels come from Match. body
// is the whole body, which the caller has read, limited and checked (ReadBody, CheckBody). If the payload of the
// operation is a stream, Decode does not read it: the member becomes r.Body. Decode builds no more values than the
// budget allows, and no more elements of a list than the model allows.
//
// The input satisfies the model's constraints. A violation is fault.Invalid of fault.Member, in AWS's words, and
// names every violation. A body that cannot be read is fault.Malformed of fault.XML, fault.JSON or fault.Form. An
// unknown or repeated query parameter is fault.Invalid of fault.Argument.
func Decode(b budget.Budget, op *Operation, r *http.Request, labels Labels, body []byte) (any, error) {
	op.plans()
	in := reflect.New(op.In)
	var err error
	switch op.Service.Protocol {
	case RestXML, RestJSON:
		err = decodeRest(op, in.Elem(), r, labels, document{body, b.Meter()})
	case Query:
		err = decodeForm(op, in.Elem(), r, document{body, b.Meter()})
	case JSON:
		err = decodeJSON(op.in, in.Elem(), document{body, b.Meter()})
	default:
		err = fault.New(fault.Unsupported, fault.Operation, "")
	}
	if err != nil {
		return nil, err
	}
	if err := validate(op.in, in.Elem()); err != nil {
		return nil, err
	}
	return in.Interface(), nil
}

// document is a body on its way into an input, with what the decoding may still cost.
type document struct {
	text  []byte
	meter *budget.Meter
}

// Streams reports whether the operation's request body is a stream that Decode does not read.
func (o *Operation) Streams() bool {
	o.plans()
	return o.in.streams()
}

func decodeRest(op *Operation, in reflect.Value, r *http.Request, labels Labels, body document) error {
	query, err := ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if unknown := UnknownParameters(op, query); len(unknown) > 0 {
		return fault.New(fault.Invalid, fault.Argument, "The query parameter '%s' is not known to %s.", unknown[0], op.Name)
	}
	iso := timeISO
	for i := range op.in.members {
		m := &op.in.members[i]
		dst := in.Field(m.index)
		switch m.place {
		case inURI:
			if text, ok := labels[m.name]; ok {
				err = memberError(m, m.parse(dst, text, iso))
			}
		case inQuery:
			err = decodeQueryMember(op, m, dst, query)
		case inHeader:
			err = decodeHeader(m, dst, r, query)
		case inHeaders:
			err = decodeHeaders(m, dst, r.Header, query)
		}
		if err != nil {
			return err
		}
	}
	if p := op.in.payload; p != nil {
		return decodePayload(op, p, in.Field(p.index), r, body)
	}
	switch {
	case !op.in.hasBody():
		if len(body.text) > 0 {
			return malformed(op, "a body that the operation does not know")
		}
		return nil
	case op.Service.Protocol == RestJSON:
		return decodeJSON(op.in, in, body)
	case len(body.text) == 0:
		return nil // SDKs send no body for an input without members
	}
	root := op.InRoot
	if root == "" {
		root = op.In.Name()
	}
	return decodeXML(op, op.in, in, body, xmlRoot{root, op.InNamespace})
}

func decodePayload(op *Operation, p *member, dst reflect.Value, r *http.Request, body document) error {
	switch {
	case p.kind == kindStream:
		if r.Body != nil {
			dst.Set(reflect.ValueOf(r.Body))
		}
		return nil
	case p.kind == kindBlob:
		if len(body.text) > 0 {
			dst.SetBytes(body.text)
		}
		return nil
	case p.kind == kindString:
		if len(body.text) == 0 {
			return nil
		}
		return memberError(p, p.parse(dst, string(body.text), timeISO))
	case len(body.text) == 0:
		return nil
	case op.Service.Protocol == RestJSON:
		return decodeJSONValue(&p.value, dst, body)
	}
	root := p.root
	if root == "" {
		root = p.name
	}
	if p.ptr {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	return decodeXML(op, p.plan, dst, body, xmlRoot{root, p.ns})
}

// memberError words an error of parse as AWS words a broken constraint.
func memberError(m *member, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, fault.Member,
		"1 validation error detected: Value at '%s' failed to satisfy constraint: Member %s", m.camel, err)
}

func decodeQueryMember(op *Operation, m *member, dst reflect.Value, query url.Values) error {
	if m.kind == kindMap {
		return decodeQueryMap(op, m, dst, query)
	}
	list, ok := query[m.name]
	switch {
	case !ok:
		return nil
	case m.kind == kindList:
		return decodeTexts(m, dst, list, timeISO)
	case len(list) > 1:
		return fault.New(fault.Invalid, fault.Argument, "The query parameter '%s' is given more than once.", m.name)
	}
	return memberError(m, m.parse(dst, list[0], timeISO))
}

// decodeQueryMap reads every parameter that is not another member.
func decodeQueryMap(op *Operation, m *member, dst reflect.Value, query url.Values) error {
	out := reflect.MakeMap(dst.Type())
	for name, list := range query {
		if op.route.known[name] {
			continue
		}
		v := reflect.New(dst.Type().Elem()).Elem()
		switch {
		case m.elem.kind == kindList:
			if err := decodeTexts(&member{value: *m.elem, camel: m.camel}, v, list, timeISO); err != nil {
				return err
			}
		case len(list) > 1:
			return fault.New(fault.Invalid, fault.Argument, "The query parameter '%s' is given more than once.", name)
		default:
			if err := memberError(m, m.elem.parse(v, list[0], timeISO)); err != nil {
				return err
			}
		}
		out.SetMapIndex(reflect.ValueOf(name), v)
	}
	if out.Len() > 0 {
		dst.Set(out)
	}
	return nil
}

func decodeTexts(m *member, dst reflect.Value, list []string, def timeFormat) error {
	if m.full(len(list) - 1) {
		return m.overlong(m.camel)
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, text := range list {
		if err := memberError(m, m.elem.parse(out.Index(i), text, def)); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}

// malformed is the fault of a body that cannot be read. why is for the log. The client gets a text from the table of
// errors.
func malformed(op *Operation, why string) error {
	entity := map[Protocol]fault.Entity{RestXML: fault.XML, Query: fault.Form}[op.Service.Protocol]
	if entity == "" {
		entity = fault.JSON
	}
	return fault.New(fault.Malformed, entity, "").Because(errorText(why))
}

type errorText string

func (e errorText) Error() string { return string(e) }
