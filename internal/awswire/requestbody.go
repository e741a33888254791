package awswire

import (
	"reflect"
)

// requestBody writes the part of an input that travels in the body, unless it is a stream.
func requestBody(op *Operation, x reflect.Value) (body []byte, contentType string, err error) {
	s := op.Service
	switch s.Protocol {
	case Query:
		return encodeForm(op, x), "application/x-www-form-urlencoded", nil
	case JSON:
		version := s.JSONVersion
		if version == "" {
			version = "1.1"
		}
		w := &jsonWriter{}
		w.structure(op.in, x, false)
		return w.b, "application/x-amz-json-" + version, w.err
	}
	if p := op.in.payload; p != nil {
		return requestPayload(op, p, x.Field(p.index))
	}
	switch {
	case !op.in.hasBody():
		return nil, "", nil
	case s.Protocol == RestJSON:
		w := &jsonWriter{}
		w.structure(op.in, x, false)
		return w.b, "application/json", w.err
	case !op.in.anyBody(x):
		return nil, "", nil // SDKs do so, too; RestJSON has an empty object instead
	}
	root := op.InRoot
	if root == "" {
		root = op.In.Name()
	}
	w := &xmlWriter{b: []byte(xmlHeader)}
	w.start(root, op.InNamespace, "", op.in, x)
	w.members(op.in, x, false)
	w.close(root)
	return w.b, "application/xml", nil
}

func requestPayload(op *Operation, p *member, f reflect.Value) ([]byte, string, error) {
	rest := op.Service.Protocol == RestJSON
	switch {
	case p.kind == kindStream && rest && !f.IsNil():
		return nil, "application/octet-stream", nil
	case p.kind == kindStream:
		// S3 stores the content type of a request with the object, so none is invented.
		return nil, "", nil
	case rest && p.kind == kindStruct && empty(&p.value, f):
		return []byte("{}"), "application/json", nil
	}
	return encodePayload(op, p, f)
}

// anyBody reports whether a member that travels in the body is present.
func (p *plan) anyBody(x reflect.Value) bool {
	for i := range p.members {
		if m := &p.members[i]; m.place == inBody && !empty(&m.value, x.Field(m.index)) {
			return true
		}
	}
	return false
}
