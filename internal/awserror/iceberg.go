package awserror

import (
	"net/http"

	"latchkey/internal/fault"
)

// icebergKinds are the types of errors of Iceberg's REST specification (rest-catalog-open-api.yaml, components,
// responses). A token that is expired, revoked or malformed is 401, so that the client asks for a new one.
var icebergKinds = map[fault.Kind]entry{
	fault.Internal:        {"InternalServerError", http.StatusInternalServerError, "Internal Server Error"},
	fault.Invalid:         {"BadRequestException", http.StatusBadRequest, "Malformed request"},
	fault.Malformed:       {"BadRequestException", http.StatusBadRequest, "Malformed request"},
	fault.Unauthenticated: {"NotAuthorizedException", http.StatusUnauthorized, "Not authorized to make this request"},
	fault.Denied:          {"ForbiddenException", http.StatusForbidden, "Not authorized to make this request"},
	fault.NotFound:        {"NotFoundException", http.StatusNotFound, "Not found"},
	fault.AlreadyExists:   {"AlreadyExistsException", http.StatusConflict, "Already exists"},
	fault.InUse:           {"BadRequestException", http.StatusBadRequest, "In use"},
	fault.Conflict:        {"BadRequestException", http.StatusBadRequest, "Conflict"},
	fault.LimitExceeded:   {"BadRequestException", http.StatusBadRequest, "A limit would be exceeded"},
	fault.TooLarge:        {"BadRequestException", http.StatusBadRequest, "The request is too large"},
	fault.Expired:         {"NotAuthorizedException", http.StatusUnauthorized, "The token has expired"},
	fault.Unsupported: {"UnsupportedOperationException", http.StatusNotAcceptable,
		"The server does not support this operation"},
	fault.Incomplete:  {"BadRequestException", http.StatusBadRequest, "The body is incomplete"},
	fault.Unavailable: {"ServiceUnavailableException", http.StatusServiceUnavailable, "Service unavailable"},
	fault.Throttled:   {"SlowDownException", http.StatusServiceUnavailable, "Slow down"},
}

var icebergCodes = map[key]entry{
	{fault.Denied, fault.SessionToken}: {"NotAuthorizedException", http.StatusUnauthorized,
		"Not authorized to make this request"},
	{fault.Denied, fault.IdentityToken}: {"NotAuthorizedException", http.StatusUnauthorized,
		"Not authorized to make this request"},
}
