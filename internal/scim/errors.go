package scim

import (
	"net/http"
	"strconv"
	"time"

	"latchkey/internal/fault"
)

// problem is what SCIM calls a scimType: in which way a request is bad (RFC 7644, table 9; RFC 9865, section 2.2).
type problem string

const (
	badFilter problem = "invalidFilter"
	badSyntax problem = "invalidSyntax"
	badPath   problem = "invalidPath"
	badValue  problem = "invalidValue"
	badCursor problem = "invalidCursor"
	badCount  problem = "invalidCount"
	noTarget  problem = "noTarget"
	mutable   problem = "mutability"
	tooMany   problem = "tooMany"
	taken     problem = "uniqueness"
)

// scimType is the field of a fault that carries its problem.
const scimType = "scimType"

// refuse makes a fault of a bad request.
func refuse(p problem, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, fault.Request, format, args...).With(scimType, string(p))
}

// isUnknownPath reports a path that names nothing.
func isUnknownPath(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Fields[scimType] == string(badPath)
}

// answer is how a failure is told: with which status, under which of AWS's names, as which scimType.
type answer struct {
	status   int
	code     string
	scimType problem
	detail   string
}

// statuses are the statuses and the names of failures (IAM Identity Center SCIM developer guide, "Errors").
var statuses = map[fault.Kind]answer{
	fault.Invalid:         {status: http.StatusBadRequest, code: "ValidationException", scimType: badValue},
	fault.Malformed:       {status: http.StatusBadRequest, code: "ValidationException", scimType: badSyntax},
	fault.Unauthenticated: {status: http.StatusUnauthorized, code: "UnauthorizedException"},
	fault.Denied:          {status: http.StatusForbidden, code: "AccessDeniedException"},
	fault.LimitExceeded:   {status: http.StatusForbidden, code: "ServiceQuotaExceededException"},
	fault.NotFound:        {status: http.StatusNotFound, code: "ResourceNotFoundException"},
	fault.AlreadyExists:   {status: http.StatusConflict, code: "ConflictException", scimType: taken},
	fault.Conflict:        {status: http.StatusConflict, code: "ConflictException"},
	fault.TooLarge:        {status: http.StatusRequestEntityTooLarge, code: "ValidationException"},
	fault.Incomplete:      {status: http.StatusBadRequest, code: "ValidationException", scimType: badSyntax},
	fault.Unsupported:     {status: http.StatusNotImplemented, code: "UnsupportedOperationException"},
	fault.Throttled:       {status: http.StatusTooManyRequests, code: "ThrottlingException"},
	fault.Unavailable:     {status: http.StatusServiceUnavailable, code: "InternalServerException"},
}

// answerTo is how a failure is told. What is no fault says nothing of itself.
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

// errorBody is a failure on the wire: SCIM's error, with what AWS adds.
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
		return nil // texts can always be written
	}
	return body
}
