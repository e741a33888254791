package scim

import (
	"net/http"
	"strconv"
	"time"

	"latchkey/internal/fault"
)

// problem is a scimType: the way in which a request is invalid (RFC 7644, table 9; RFC 9865, section 2.2).
type problem string

const (
	invalidFilter problem = "invalidFilter"
	invalidSyntax problem = "invalidSyntax"
	invalidPath   problem = "invalidPath"
	invalidValue  problem = "invalidValue"
	invalidCursor problem = "invalidCursor"
	invalidCount  problem = "invalidCount"
	noTarget      problem = "noTarget"
	mutability    problem = "mutability"
	tooMany       problem = "tooMany"
	uniqueness    problem = "uniqueness"
)

// scimType is the field of a fault that has its problem.
const scimType = "scimType"

// refuse makes the fault of an invalid request.
func refuse(p problem, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, fault.Request, format, args...).With(scimType, string(p))
}

// isUnknownPath reports whether an error is about a path that names no attribute.
func isUnknownPath(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Fields[scimType] == string(invalidPath)
}

// answer is a failure on the wire: its status, AWS's name for it, and its scimType.
type answer struct {
	status   int
	code     string
	scimType problem
	detail   string
}

// statuses map kinds of faults to statuses and AWS's names (IAM Identity Center SCIM developer guide, "Errors").
var statuses = map[fault.Kind]answer{
	fault.Invalid:         {status: http.StatusBadRequest, code: "ValidationException", scimType: invalidValue},
	fault.Malformed:       {status: http.StatusBadRequest, code: "ValidationException", scimType: invalidSyntax},
	fault.Unauthenticated: {status: http.StatusUnauthorized, code: "UnauthorizedException"},
	fault.Denied:          {status: http.StatusForbidden, code: "AccessDeniedException"},
	fault.LimitExceeded:   {status: http.StatusForbidden, code: "ServiceQuotaExceededException"},
	fault.NotFound:        {status: http.StatusNotFound, code: "ResourceNotFoundException"},
	fault.AlreadyExists:   {status: http.StatusConflict, code: "ConflictException", scimType: uniqueness},
	fault.Conflict:        {status: http.StatusConflict, code: "ConflictException"},
	fault.Precondition:    {status: http.StatusPreconditionFailed, code: "PreconditionFailedException"},
	fault.TooLarge:        {status: http.StatusRequestEntityTooLarge, code: "ValidationException"},
	fault.Incomplete:      {status: http.StatusBadRequest, code: "ValidationException", scimType: invalidSyntax},
	fault.Unsupported:     {status: http.StatusNotImplemented, code: "UnsupportedOperationException"},
	fault.Throttled:       {status: http.StatusTooManyRequests, code: "ThrottlingException"},
	fault.Unavailable:     {status: http.StatusServiceUnavailable, code: "InternalServerException"},
}

// answerTo returns the answer to a failure. The answer to an internal error reveals nothing about it.
func answerTo(err error) answer {
	f := fault.Of(err)
	a, ok := statuses[f.Kind]
	if !ok {
		return answer{http.StatusInternalServerError, "InternalServerException", "",
			"The request failed because of an unknown error."}
	}
	a.detail = f.Message()
	if t := f.Fields[scimType]; t != "" {
		a.scimType = problem(t)
	}
	switch {
	case f.Kind == fault.Unsupported && f.Entity == fault.Method:
		a.status = http.StatusMethodNotAllowed
	case f.Kind == fault.Unsupported && f.Entity == fault.Header:
		a.status = http.StatusUnsupportedMediaType
	case a.detail == "":
		a.detail = http.StatusText(a.status)
	}
	return a
}

// errorBody returns the body of a failure: SCIM's error, with the members that AWS adds.
func (a answer) errorBody(requestID string, now time.Time) []byte {
	body, err := marshal(struct {
		Schemas   []string `json:"schemas"`
		Schema    string   `json:"schema"`
		Detail    string   `json:"detail"`
		Status    string   `json:"status"`
		ScimType  problem  `json:"scimType,omitempty"`
		RequestID string   `json:"exceptionRequestId"`
		Time      string   `json:"timeStamp"`
	}{
		[]string{errorMessage}, errorMessage, a.detail, strconv.Itoa(a.status), a.scimType, requestID,
		now.UTC().Format("2006-01-02 15:04:05.000"),
	})
	if err != nil {
		return nil // texts can always be encoded
	}
	return body
}
