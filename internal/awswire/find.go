package awswire

import (
	"bytes"
	"io"
	"net/http"

	"latchkey/internal/fault"
)

// Find finds the operation of a request. The query protocol names it in the form: in the body of a POST, of at most
// limit bytes, which Find reads and puts back unchecked, or in the query of a GET. A POST has no query. Others are
// found by method, path and headers. The operation is returned beside an error as soon as it is known.
func (s *Service) Find(r *http.Request, limit int64) (*Operation, Labels, error) {
	if s.Protocol != Query {
		return s.Match(r)
	}
	text := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		if text != "" { // there would be two places for each parameter
			return nil, nil, fault.New(fault.Malformed, fault.Form, "A form that is posted has no query string.")
		}
		body, err := ReadBody(r, limit)
		if err != nil {
			return nil, nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		text = string(body)
	default:
		return nil, nil, fault.New(fault.Unsupported, fault.Method, "")
	}
	form, err := ParseQuery(text)
	if err != nil {
		return nil, nil, err
	}
	op, err := s.MatchForm(form)
	return op, nil, err
}
