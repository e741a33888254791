package awswire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// Decode reads a request into a new input of the operation and returns a pointer to it. labels come from
// Match; body is the whole body, which the caller has read, limited and checked (ReadBody, CheckBody). An
// operation whose payload is a stream leaves the body alone: its member becomes r.Body.
//
// The model's constraints hold for what it returns. A broken one is fault.Invalid of fault.Member, in
// AWS's words, with every violation named; a body that cannot be read is fault.Malformed of fault.XML,
// fault.JSON or fault.Form; an unknown or doubled query parameter is fault.Invalid of fault.Argument.
func Decode(op *Operation, r *http.Request, labels Labels, body []byte) (any, error) {
	op.plans()
	in := reflect.New(op.In)
	var err error
	switch op.Service.Protocol {
	case RestXML, RestJSON:
		err = decodeRest(op, in.Elem(), r, labels, body)
	case Query:
		err = decodeForm(op, in.Elem(), r, body)
	case JSON:
		err = decodeJSON(op.in, in.Elem(), body)
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

// Streams reports whether the operation's request body is a stream that Decode does not read.
func (o *Operation) Streams() bool {
	o.plans()
	return o.in.streams()
}

func decodeRest(op *Operation, in reflect.Value, r *http.Request, labels Labels, body []byte) error {
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
				err = refused(m, m.parse(dst, text, iso))
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
		if len(body) > 0 {
			return malformed(op, "a body that the operation does not know")
		}
		return nil
	case op.Service.Protocol == RestJSON:
		return decodeJSON(op.in, in, body)
	case len(body) == 0:
		return nil // as the SDKs send an input without members
	}
	root := op.InRoot
	if root == "" {
		root = op.In.Name()
	}
	return decodeXML(op, op.in, in, body, root, op.InNamespace)
}

func decodePayload(op *Operation, p *member, dst reflect.Value, r *http.Request, body []byte) error {
	switch {
	case p.kind == kindStream:
		if r.Body != nil {
			dst.Set(reflect.ValueOf(r.Body))
		}
		return nil
	case p.kind == kindBlob:
		if len(body) > 0 {
			dst.SetBytes(body)
		}
		return nil
	case p.kind == kindString:
		if len(body) == 0 {
			return nil
		}
		return refused(p, p.parse(dst, string(body), timeISO))
	case len(body) == 0:
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
	return decodeXML(op, p.plan, dst, body, root, p.ns)
}

// refused words an error of parse as AWS words a broken constraint.
func refused(m *member, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, fault.Member, "1 validation error detected: Value at '%s' failed to satisfy constraint: Member %s", m.camel, err)
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
	return refused(m, m.parse(dst, list[0], timeISO))
}

// decodeQueryMap takes every parameter that no other member takes.
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
			if err := refused(m, m.elem.parse(v, list[0], timeISO)); err != nil {
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
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, text := range list {
		if err := refused(m, m.elem.parse(out.Index(i), text, def)); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}

// headerValues finds a header, or the parameter of a presigned query that stands for it, but not both.
func headerValues(name string, r *http.Request, query url.Values) ([]string, error) {
	list := r.Header.Values(name)
	if len(list) == 0 {
		switch {
		case strings.EqualFold(name, "content-length") && r.ContentLength >= 0 && (r.ContentLength > 0 || r.Body != nil && r.Body != http.NoBody):
			return []string{strconv.FormatInt(r.ContentLength, 10)}, nil // net/http keeps it apart
		case strings.EqualFold(name, "host") && r.Host != "":
			return []string{r.Host}, nil
		}
	}
	if presigned(query) {
		if hoisted := queryHeader(query, name); hoisted != nil {
			if len(list) > 0 {
				return nil, fault.New(fault.Invalid, fault.Argument, "'%s' is given as a header and as a query parameter.", name)
			}
			return hoisted, nil
		}
	}
	return list, nil
}

func decodeHeader(m *member, dst reflect.Value, r *http.Request, query url.Values) error {
	list, err := headerValues(m.name, r, query)
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return nil
	case m.kind == kindList && strings.TrimSpace(list[0]) == "":
		return nil
	case m.kind == kindList:
		return decodeTexts(m, dst, splitHeader(strings.Join(list, ","), m.elem.kind == kindTime && m.elem.timeAs(timeHTTP) == timeHTTP), timeHTTP)
	case len(list) > 1:
		return fault.New(fault.Invalid, fault.Header, "The header '%s' is given more than once.", m.name)
	case m.json:
		text, err := base64.StdEncoding.DecodeString(list[0])
		if err != nil {
			return fault.New(fault.Invalid, fault.Header, "The header '%s' is not base64.", m.name)
		}
		return decodeJSONValue(&m.value, dst, text)
	}
	return refused(m, m.parse(dst, list[0], timeHTTP))
}

// decodeHeaders reads every header with a prefix. What comes after the prefix is in lower case, as S3
// stores the names of user metadata.
func decodeHeaders(m *member, dst reflect.Value, h http.Header, query url.Values) error {
	out := reflect.MakeMap(dst.Type())
	take := func(name string, list []string) error {
		if len(name) <= len(m.name) || !strings.EqualFold(name[:len(m.name)], m.name) {
			return nil
		}
		key := reflect.ValueOf(strings.ToLower(name[len(m.name):]))
		if out.MapIndex(key).IsValid() {
			return fault.New(fault.Invalid, fault.Header, "The header '%s' is given more than once.", name)
		}
		v := reflect.New(dst.Type().Elem()).Elem()
		// S3 joins user metadata that is given more than once.
		if err := refused(m, m.elem.parse(v, strings.Join(list, ","), timeHTTP)); err != nil {
			return err
		}
		out.SetMapIndex(key, v)
		return nil
	}
	for name, list := range h {
		if err := take(name, list); err != nil {
			return err
		}
	}
	if presigned(query) && len(m.name) >= 6 {
		for name, list := range query {
			if err := take(name, list); err != nil {
				return err
			}
		}
	}
	if out.Len() > 0 {
		dst.Set(out)
	}
	return nil
}

// splitHeader splits a header's list at its commas, of which an HTTP date has one itself. An item may be
// quoted, with \" and \\ inside.
func splitHeader(text string, dates bool) []string {
	if dates {
		parts := strings.Split(text, ",")
		var list []string
		for i := 0; i+1 < len(parts); i += 2 {
			list = append(list, strings.TrimSpace(parts[i]+","+parts[i+1]))
		}
		if len(parts)%2 == 1 {
			list = append(list, strings.TrimSpace(parts[len(parts)-1]))
		}
		return list
	}
	var list []string
	var item strings.Builder
	quoted, wasQuoted := false, false
	end := func() {
		s := item.String()
		if !wasQuoted {
			s = strings.TrimSpace(s)
		}
		list = append(list, s)
		item.Reset()
		wasQuoted = false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\' && i+1 < len(text):
			i++
			item.WriteByte(text[i])
		case c == '"' && (quoted || strings.TrimSpace(item.String()) == ""):
			if !quoted {
				item.Reset()
				wasQuoted = true
			}
			quoted = !quoted
		case c == ',' && !quoted:
			end()
		case wasQuoted && !quoted && (c == ' ' || c == '\t'):
		default:
			item.WriteByte(c)
		}
	}
	end()
	return list
}

// malformed is the failure of a body that cannot be read; why is for the log, the client gets the table's text.
func malformed(op *Operation, why string) error {
	noun := map[Protocol]fault.Noun{RestXML: fault.XML, Query: fault.Form}[op.Service.Protocol]
	if noun == "" {
		noun = fault.JSON
	}
	return fault.New(fault.Malformed, noun, "").Because(errorText(why))
}

type errorText string

func (e errorText) Error() string { return string(e) }
