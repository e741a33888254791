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

// DefaultAnswerLimit is enough for AWS's longest answers: a listing of a thousand keys of 1,024 bytes, of which XML
// may need six for each.
const DefaultAnswerLimit = 16 << 20

// AnswerError is the error of an answer that is not what the operation's model says: not XML or JSON, too long,
// nested too deeply, or with a value of another type. The client then does not know whether the server did what was
// asked.
type AnswerError struct {
	Operation string
	Status    int // HTTP status of the answer
	cause     error
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("%s: the server's answer cannot be read: %v", e.Operation, e.cause)
}

// Unwrap returns what is wrong with the answer.
func (e *AnswerError) Unwrap() error { return e.cause }

// DecodeResponse reads the answer to a request of the operation and returns a pointer to the operation's output. It
// reads at most limit bytes; 0 means DefaultAnswerLimit. A payload that is a stream is not read and not limited: it
// becomes the output's member, and the caller must close it. In every other case DecodeResponse closes the body.
//
// A status that is not a success, including a redirect, is an *APIError. So is a success of S3 with an error in the
// body: CopyObject, UploadPartCopy and CompleteMultipartUpload can answer so after the status was sent. An answer
// that cannot be read is an *AnswerError. So is an answer of S3 without a body where the model has one.
//
// The server may be newer than the model, so DecodeResponse ignores what the model does not know. The server may also
// be hostile: DecodeResponse bounds depth, size and number of elements, and refuses a repeated value. It does not
// check the model's constraints, such as patterns. XML 1.0 cannot represent most control characters, and an answer
// that contains them is refused. Code that lists keys should therefore ask for encoding-type url.
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
		return readJSON(&p.value, out.Field(p.index), document{body, answers.Meter()}, true)
	case !op.out.hasBody():
		return nil
	}
	return readJSON(&value{kind: kindStruct, plan: op.out}, out, document{body, answers.Meter()}, true)
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

// answerXML reads a body of XML. The body may be an error although the status is a success. White space may come
// before it, because S3 sends some to keep a connection alive.
func answerXML(op *Operation, out reflect.Value, resp *http.Response, body []byte) error {
	hasBody := op.out.hasBody() || op.Service.Protocol == Query
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		if hasBody && op.Service.BareErrors && resp.StatusCode == http.StatusOK {
			return errors.New("it is empty")
		}
		return nil
	}
	r := &xmlReader{d: xml.NewDecoder(bytes.NewReader(body)), meter: answers.Meter(), op: op, lenient: true}
	start, _, err := r.next()
	switch {
	case err != nil && !hasBody:
		return nil // the model has no body
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

// wrapped reads an answer of the query protocol. The output is in a wrapper, next to the response's metadata.
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

// bare reads an answer whose root element contains the text of the only member.
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
