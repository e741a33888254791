package awswire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// IDs are the request ids of an answer. A client names them when it reports a problem. Host is S3's second id.
type IDs struct{ Request, Host string }

// Encode writes a successful answer. out is a pointer to the operation's output. Encode copies a payload that is a
// stream to the client, and closes it in every case.
//
// The status is the operation's own, or that of the output's status member, or 206 if the output has a Content-Range.
// If Encode fails before it has written anything, w is untouched. If it fails later, the error is a StreamError, and
// the caller must abort the connection so that the client sees that the answer is incomplete.
func Encode(w http.ResponseWriter, op *Operation, out any, ids IDs) error {
	op.plans()
	x := reflect.ValueOf(out)
	if x.Kind() != reflect.Pointer || x.IsNil() || x.Type().Elem() != op.Out {
		return fmt.Errorf("%s answers with a %T", op.Name, out)
	}
	x = x.Elem()
	if p := op.out.payload; p != nil && p.kind == kindStream {
		return encodeStream(w, op, x, ids)
	}
	body, contentType, err := encodeBody(op, x, ids.Request)
	if err != nil {
		return err
	}
	h := w.Header()
	status, err := encodeHeaders(op, x, h)
	if err != nil {
		return err
	}
	setIDs(h, op.Service, ids)
	if !bodyAllowed(status) {
		body = nil
	}
	if len(body) > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType)
	}
	if bodyAllowed(status) && h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if len(body) > 0 {
		if _, err := w.Write(body); err != nil {
			return &StreamError{err}
		}
	}
	return nil
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// encodeBody writes the part of an output that travels in the body. It writes nothing if the output has no such part.
func encodeBody(op *Operation, x reflect.Value, requestID string) (body []byte, contentType string, err error) {
	s := op.Service
	switch s.Protocol {
	case Query:
		w := &xmlWriter{b: []byte(xmlHeader)}
		w.start(op.OutRoot, s.Namespace, "", nil, x)
		if op.OutWrapper != "" {
			w.open(op.OutWrapper)
			w.members(op.out, x, s.FullLists)
			w.close(op.OutWrapper)
		}
		w.b = append(w.b, "<ResponseMetadata>"...)
		w.leaf("RequestId", requestID)
		w.b = append(w.b, "</ResponseMetadata>"...)
		w.close(op.OutRoot)
		return append(w.b, '\n'), "text/xml", nil
	case JSON:
		version := s.JSONVersion
		if version == "" {
			version = "1.1"
		}
		w := &jsonWriter{}
		w.structure(op.out, x, s.FullLists)
		return w.b, "application/x-amz-json-" + version, w.err
	case RestXML, RestJSON:
		if p := op.out.payload; p != nil {
			body, contentType, err = encodePayload(op, p, x.Field(p.index))
			break
		}
		if s.Protocol == RestJSON {
			w := &jsonWriter{}
			w.structure(op.out, x, s.FullLists)
			return w.b, "application/json", w.err
		}
		if !op.out.hasBody() {
			return nil, "", nil
		}
		w := &xmlWriter{b: append(make([]byte, 0, 1024), xmlHeader...)}
		w.start(op.OutRoot, s.Namespace, "", op.out, x)
		if op.BareOutput {
			for i := range op.out.members {
				if m := &op.out.members[i]; m.place == inBody && !empty(&m.value, x.Field(m.index)) {
					w.scalar(&m.value, direct(x.Field(m.index)))
				}
			}
		} else {
			w.members(op.out, x, s.FullLists)
		}
		w.close(op.OutRoot)
		return w.b, "application/xml", nil
	}
	if op.ContentType != "" {
		contentType = op.ContentType
	}
	return body, contentType, err
}

// encodePayload writes a payload that is not a stream: raw text or bytes, or a structure of the protocol.
func encodePayload(op *Operation, p *member, f reflect.Value) ([]byte, string, error) {
	if empty(&p.value, f) {
		return nil, "", nil
	}
	v := direct(f)
	switch {
	case p.kind == kindBlob:
		return v.Bytes(), "application/octet-stream", nil
	case p.kind == kindString:
		return []byte(v.String()), "text/plain", nil
	case op.Service.Protocol == RestJSON:
		w := &jsonWriter{}
		w.value(&p.value, f)
		return w.b, "application/json", w.err
	}
	root, ns := p.root, p.ns
	if root == "" {
		root = p.name
	}
	if ns == "" {
		ns = op.Service.Namespace
	}
	w := &xmlWriter{b: []byte(xmlHeader)}
	w.start(root, ns, p.nsPrefix, p.plan, v)
	w.members(p.plan, v, false)
	w.close(root)
	return w.b, "application/xml", nil
}

// encodeHeaders writes the members that travel in headers, and returns the status.
func encodeHeaders(op *Operation, x reflect.Value, h http.Header) (status int, err error) {
	status = op.SuccessStatus()
	for i := range op.out.members {
		m := &op.out.members[i]
		f := x.Field(m.index)
		if m.place == inBody || empty(&m.value, f) {
			continue
		}
		switch m.place {
		case inStatus:
			status = int(direct(f).Int())
			if status < 200 || status > 599 {
				return 0, fmt.Errorf("%s answers with the status %d", op.Name, status)
			}
		case inHeader:
			if strings.EqualFold(m.name, "Content-Range") && status == http.StatusOK {
				status = http.StatusPartialContent
			}
			text, err := headerText(m, f)
			if err != nil {
				return 0, err
			}
			setHeader(h, m.name, text)
		case inHeaders:
			for it := f.MapRange(); it.Next(); {
				setHeader(h, m.name+it.Key().String(), string(m.elem.text(nil, direct(it.Value()), timeHTTP)))
			}
		}
	}
	return status, nil
}

// setHeader sets a header. It writes the names of x-amz- headers in lower case, as S3 does, because clients take the
// names of user metadata from them unchanged. net/http would capitalise them.
func setHeader(h http.Header, name, text string) {
	if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz") {
		h[lower] = []string{text}
		return
	}
	h.Set(name, text)
}

func headerText(m *member, f reflect.Value) (string, error) {
	switch {
	case m.json:
		text, err := json.Marshal(f.Interface())
		return base64.StdEncoding.EncodeToString(text), err
	case m.kind == kindList:
		var b []byte
		for i := range f.Len() {
			if i > 0 {
				b = append(b, ", "...)
			}
			item := string(m.elem.text(nil, direct(f.Index(i)), timeHTTP))
			if m.elem.kind == kindString && strings.ContainsAny(item, `,"`) {
				item = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item) + `"`
			}
			b = append(b, item...)
		}
		return string(b), nil
	}
	return string(m.text(nil, direct(f), timeHTTP)), nil
}

// setIDs writes the request ids in the headers of the service.
func setIDs(h http.Header, s *Service, ids IDs) {
	if s.Protocol != RestXML {
		if ids.Request != "" {
			h["x-amzn-RequestId"] = []string{ids.Request}
		}
		return
	}
	if ids.Request != "" {
		h["x-amz-request-id"] = []string{ids.Request}
	}
	if ids.Host != "" {
		h["x-amz-id-2"] = []string{ids.Host}
	}
}

// StreamError is a failure after the status was sent.
type StreamError struct{ err error }

func (e *StreamError) Error() string { return "answer cut short: " + e.err.Error() }

// Unwrap returns what went wrong.
func (e *StreamError) Unwrap() error { return e.err }

// copyBuffers are the buffers for streamed answers. 128 KiB keep the number of system calls low for objects of any
// size.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

func encodeStream(w http.ResponseWriter, op *Operation, x reflect.Value, ids IDs) error {
	h := w.Header()
	body, _ := x.Field(op.out.payload.index).Interface().(io.ReadCloser)
	if body != nil {
		defer body.Close()
	}
	status, err := encodeHeaders(op, x, h)
	if err != nil {
		return err
	}
	setIDs(h, op.Service, ids)
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "binary/octet-stream") // S3's default; without it net/http would guess a type from the bytes
	}
	if body == nil && h.Get("Content-Length") == "" {
		h.Set("Content-Length", "0")
	}
	w.WriteHeader(status)
	if body == nil || !bodyAllowed(status) {
		return nil
	}
	if from, ok := body.(io.WriterTo); ok {
		_, err = from.WriteTo(w) // a file lets the kernel copy the bytes
	} else {
		buf := copyBuffers.Get().(*[]byte)
		defer copyBuffers.Put(buf)
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{body}, *buf)
	}
	if err != nil {
		return &StreamError{err}
	}
	return nil
}
