package awswire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
)

// DefaultAnswerLimit holds AWS's longest answers: a listing of a thousand keys of 1,024 bytes, each of which XML may
// spell with six, with room to spare.
const DefaultAnswerLimit = 16 << 20

// AnswerError is an answer that is not what the operation's model says: no XML or no JSON, too long, nested too
// deeply, a value of another type. Whether the server did what was asked is then not known.
type AnswerError struct {
	Operation string
	Status    int // of the answer
	cause     error
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("%s: the server's answer cannot be read: %v", e.Operation, e.cause)
}

// Unwrap returns what is wrong with the answer.
func (e *AnswerError) Unwrap() error { return e.cause }

// DecodeResponse reads the answer to a request of the operation and returns a pointer to the operation's output. At
// most limit bytes are read; 0 means DefaultAnswerLimit. A payload that is a stream is not read: it becomes the
// output's member, without the limit, and whoever takes it closes it. In every other case the body is closed here.
//
// A status that is no success, a redirection too, is an *APIError. So is a success of S3 whose body is an error,
// which CopyObject, UploadPartCopy and CompleteMultipartUpload can answer after the status was sent. An answer that
// cannot be read is an *AnswerError; S3's is one as well if it has no body where the model has one.
//
// The server may be newer than the model, so what the model does not know is overlooked. It may also be hostile:
// depth, size and number of elements are bounded, and a value that is there twice is refused. The model's
// constraints, such as patterns, are not checked: an output holds what the server said. XML 1.0 has no way to spell
// most control characters, and an answer that tries is refused: who lists keys should ask for encoding-type url.
func DecodeResponse(op *Operation, resp *http.Response, limit int64) (any, error) {
	op.plans()
	if limit == 0 {
		limit = DefaultAnswerLimit
	}
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	stream := success && op.out.streams()
	if !stream {
		defer resp.Body.Close()
	}
	if !success {
		return nil, readAPIError(op, resp, limit)
	}
	out := reflect.New(op.Out)
	err := decodeAnswer(op, out.Elem(), resp, limit)
	if err == nil {
		return out.Interface(), nil
	}
	if stream {
		resp.Body.Close()
	}
	if _, ok := errors.AsType[*APIError](err); !ok {
		err = &AnswerError{Operation: op.Name, Status: resp.StatusCode, cause: err}
	}
	return nil, err
}

func decodeAnswer(op *Operation, out reflect.Value, resp *http.Response, limit int64) error {
	if err := answerHeaders(op, out, resp); err != nil {
		return err
	}
	p := op.out.payload
	if p != nil && p.kind == kindStream {
		if resp.Uncompressed {
			return errors.New("the body was unpacked on the way")
		}
		out.Field(p.index).Set(reflect.ValueOf(resp.Body))
		return nil
	}
	body, err := readAnswer(resp, limit)
	if err != nil {
		return err
	}
	switch s := op.Service; {
	case p != nil && (p.kind == kindBlob || p.kind == kindString):
		return answerText(p, out.Field(p.index), body)
	case s.Protocol == RestXML || s.Protocol == Query:
		return answerXML(op, out, resp, body)
	case len(bytes.TrimSpace(body)) == 0:
		return nil
	case p != nil:
		return readJSON(&p.value, out.Field(p.index), body, true)
	case !op.out.hasBody():
		return nil
	}
	return readJSON(&value{kind: kindStruct, plan: op.out}, out, body, true)
}

// readAnswer reads a whole body. A body of more than limit bytes is refused.
func readAnswer(resp *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("it is longer than %d bytes", limit)
	}
	return body, nil
}

func answerText(p *member, dst reflect.Value, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if p.kind == kindBlob {
		dst.SetBytes(body)
		return nil
	}
	return p.parse(dst, string(body), timeISO)
}

// answerXML reads a body of XML, which may be an error though the status says success. White space may come before
// it: S3 sends some to keep a connection alive.
func answerXML(op *Operation, out reflect.Value, resp *http.Response, body []byte) error {
	hasBody := op.out.hasBody() || op.Service.Protocol == Query
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		if hasBody && op.Service.BareErrors && resp.StatusCode == http.StatusOK {
			return errors.New("it is empty")
		}
		return nil
	}
	r := &xmlReader{d: xml.NewDecoder(bytes.NewReader(body)), op: op, lenient: true}
	start, _, err := r.next()
	switch {
	case err != nil && !hasBody:
		return nil // nobody asked for it
	case err != nil:
		return err
	case start == nil:
		return errors.New("it has no element")
	case start.Name.Local == "Error" || start.Name.Local == "ErrorResponse":
		return parseAPIError(op, resp, body)
	case !hasBody:
		return nil
	}
	if err := r.answer(op, out, start); err != nil {
		return err
	}
	return r.end()
}

// answer reads the inside of the root element.
func (r *xmlReader) answer(op *Operation, out reflect.Value, start *xml.StartElement) error {
	root := op.OutRoot
	p := op.out.payload
	if p != nil {
		if root = p.root; root == "" {
			root = p.name
		}
	}
	if root != "" && start.Name.Local != root {
		return fmt.Errorf("its root is %s, not %s", start.Name.Local, root)
	}
	switch {
	case op.Service.Protocol == Query:
		return r.wrapped(op, out)
	case p != nil:
		return r.value(&p.value, out.Field(p.index), start)
	case op.BareOutput:
		return r.bare(op, out)
	}
	return r.structure(op.out, out, start)
}

// wrapped reads a query answer: the output is in a wrapper, beside the response's metadata.
func (r *xmlReader) wrapped(op *Operation, out reflect.Value) error {
	found := false
	for {
		start, _, err := r.next()
		if err != nil || start == nil {
			return err
		}
		if op.OutWrapper == "" || start.Name.Local != op.OutWrapper {
			err = r.skip()
		} else if found {
			err = fmt.Errorf("element %s twice", op.OutWrapper)
		} else {
			found = true
			err = r.structure(op.out, out, start)
		}
		if err != nil {
			return err
		}
	}
}

// bare reads an answer whose root has the only member's text.
func (r *xmlReader) bare(op *Operation, out reflect.Value) error {
	text, err := r.leaf()
	if err != nil || text == "" {
		return err
	}
	for i := range op.out.members {
		if m := &op.out.members[i]; m.place == inBody {
			return m.parse(out.Field(m.index), text, timeISO)
		}
	}
	return nil
}
