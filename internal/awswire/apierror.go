package awswire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// APIError is the error that a server answered. Its texts come from the server: code that shows them to a person must
// remove what a terminal would interpret.
type APIError struct {
	Operation string
	Status    int    // HTTP status; 200 if S3 found the error after it had sent the status
	Code      string // empty if the answer has no code, as the answer to a HEAD
	Message   string
	RequestID string
	HostID    string            // S3's second request id
	Fields    map[string]string // further texts of the body, such as BucketName; nil if there are none
}

func (e *APIError) Error() string {
	switch {
	case e.Code == "":
		return fmt.Sprintf("%s: the server answers %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	case e.Message == "":
		return fmt.Sprintf("%s: %s", e.Operation, e.Code)
	}
	return fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message)
}

const (
	maxErrorBody   = 1 << 20
	maxErrorFields = 64
)

// readAPIError reads an answer whose status is not a success. If the body cannot be read, for example because a proxy
// answered, the error has no code.
func readAPIError(op *Operation, resp *http.Response, limit int64) *APIError {
	body, err := readAnswer(resp, min(limit, maxErrorBody))
	if err != nil {
		body = nil
	}
	return parseAPIError(op, resp, body)
}

func parseAPIError(op *Operation, resp *http.Response, body []byte) *APIError {
	e := &APIError{Operation: op.Name, Status: resp.StatusCode}
	e.RequestID = cmp.Or(resp.Header.Get("X-Amz-Request-Id"), resp.Header.Get("X-Amzn-Requestid"))
	e.HostID = resp.Header.Get("X-Amz-Id-2")
	if op.Service.Protocol == JSON || op.Service.Protocol == RestJSON {
		e.json(resp.Header.Get("X-Amzn-Errortype"), body)
	} else {
		e.xml(op, body)
	}
	return e
}

// field keeps a text of the body under its name in the body.
func (e *APIError) field(name, text string) {
	if e.Fields == nil {
		e.Fields = map[string]string{}
	}
	if len(e.Fields) < maxErrorFields {
		e.Fields[name] = text
	}
}

// json reads an error of the JSON protocols. The code is in a header or in one of several members, and may have a
// namespace before it and a URI after it. If AWS's members for code and text are absent, OAuth's are used (RFC 6749,
// 5.2).
func (e *APIError) json(header string, body []byte) {
	texts := map[string]string{}
	if len(bytes.TrimSpace(body)) > 0 && utf8.Valid(body) {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		x, err := (&jsonReader{d: d, meter: answers.Meter(), lenient: true}).document()
		if object, ok := x.(map[string]any); ok && err == nil {
			for name, v := range object {
				if text, ok := v.(string); ok {
					texts[name] = text
				}
			}
		}
	}
	code := cmp.Or(header, texts["__type"], texts["code"], texts["error"])
	if _, name, ok := strings.Cut(code, "#"); ok {
		code = name
	}
	e.Code, _, _ = strings.Cut(code, ":")
	e.Message = cmp.Or(texts["message"], texts["Message"], texts["error_description"])
	for name, text := range texts {
		switch name {
		case "__type", "code", "message", "Message":
		default:
			e.field(name, text)
		}
	}
}

// xml reads an error in S3's form (an Error as the root) or in that of the other services (an Error inside an
// ErrorResponse).
func (e *APIError) xml(op *Operation, body []byte) {
	if len(bytes.TrimSpace(body)) == 0 {
		return
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimSpace(body)))
	r := &xmlReader{d: d, meter: answers.Meter(), op: op, lenient: true}
	read := APIError{Operation: e.Operation, Status: e.Status, RequestID: e.RequestID, HostID: e.HostID}
	start, _, err := r.next()
	if err == nil && start != nil {
		switch start.Name.Local {
		case "Error":
			err = read.members(r, false)
		case "ErrorResponse":
			err = read.members(r, true)
		default:
			return
		}
	}
	if err == nil && start != nil && r.end() == nil {
		*e = read // only a body that was read to its end: half an error could be a wrong one
	}
}

// members reads the children of an Error or, if outer is true, of an ErrorResponse. It leaves out elements that have
// children.
func (e *APIError) members(r *xmlReader, outer bool) error {
	for {
		start, _, err := r.next()
		if err != nil || start == nil {
			return err
		}
		if name := start.Name.Local; outer && name == "Error" {
			err = e.members(r, false)
		} else {
			var text string
			if text, err = r.text(); err == nil {
				err = e.member(name, text, outer)
			}
		}
		if err != nil {
			return err
		}
	}
}

func (e *APIError) member(name, text string, outer bool) error {
	switch {
	case name == "RequestId" || name == "RequestID":
		e.RequestID = cmp.Or(e.RequestID, text)
	case name == "HostId":
		e.HostID = cmp.Or(e.HostID, text)
	case outer, name == "Type", text == "":
	case name == "Code" && e.Code != "":
		return errors.New("two codes")
	case name == "Code":
		e.Code = text
	case name == "Message":
		e.Message = text
	default:
		e.field(name, text)
	}
	return nil
}

// text reads the text of an element that was just entered, up to its end. It is empty if the element has children.
func (r *xmlReader) text() (string, error) {
	n := len(r.open)
	start, text, err := r.next()
	if err != nil || start == nil {
		return text, err
	}
	for len(r.open) >= n {
		if _, _, err := r.next(); err != nil {
			return "", err
		}
	}
	return "", nil
}
