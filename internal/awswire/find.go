package awswire

import (
	"net/http"

	"latchkey/internal/budget"
	"latchkey/internal/fault"
)

// Find finds the operation of a request. The query protocol names it in the form: in the body of a POST, which the
// caller has read, or in the query of a GET. A POST has no query. Others are found by method, path and headers: the
// body is not looked at, and need not have been read. The operation is returned beside an error as soon as it is known.
func (s *Service) Find(b budget.Budget, r *http.Request, body []byte) (*Operation, Labels, error) {
	if s.Protocol != Query {
		return s.Match(r)
	}
	text := r.URL.RawQuery
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		if text != "" { // there would be two places for each parameter
			return nil, nil, fault.New(fault.Malformed, fault.Request, "A form that is posted has no query string.")
		}
		text = string(body)
	default:
		return nil, nil, fault.New(fault.Unsupported, fault.Method, "")
	}
	form, err := ParseForm(b, text)
	if err != nil {
		return nil, nil, err
	}
	op, err := s.MatchForm(form)
	return op, nil, err
}
