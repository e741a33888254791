package awserror

import (
	"net/http"

	"latchkey/internal/fault"
)

// jsonKinds are the exceptions that AWS's json services share.
var jsonKinds = overlay(queryKinds, map[fault.Kind]entry{
	fault.Internal: {"InternalServerException", http.StatusInternalServerError, internalText},
	fault.Invalid: {"ValidationException", http.StatusBadRequest,
		"The input fails to satisfy the constraints of the service."},
	fault.Malformed: {"SerializationException", http.StatusBadRequest, "The request could not be parsed."},
	fault.Unauthenticated: {"UnrecognizedClientException", http.StatusBadRequest,
		"The security token included in the request is invalid."},
	fault.Denied:        {"AccessDeniedException", http.StatusBadRequest, "Access Denied"},
	fault.NotFound:      {"ResourceNotFoundException", http.StatusBadRequest, "The resource does not exist."},
	fault.AlreadyExists: {"ConflictException", http.StatusBadRequest, "The resource already exists."},
	fault.InUse:         {"ConflictException", http.StatusBadRequest, "The resource is in use."},
	fault.Conflict:      {"ConflictException", http.StatusBadRequest, "The resource is being changed by another request."},
	fault.Incomplete:    {"SerializationException", http.StatusBadRequest, "The body is incomplete."},
	fault.Unavailable: {"ServiceUnavailableException", http.StatusServiceUnavailable,
		"The service cannot decide now. Please try again."},
	fault.LimitExceeded: {"ServiceQuotaExceededException", http.StatusBadRequest, "A quota would be exceeded."},
	fault.TooLarge:      {"ValidationException", http.StatusBadRequest, "The request is too large."},
	fault.Expired: {"ExpiredTokenException", http.StatusBadRequest,
		"The security token included in the request is expired"},
	fault.Unsupported: {"UnknownOperationException", http.StatusBadRequest, "The operation is not known."},
	fault.Throttled:   {"ThrottlingException", http.StatusBadRequest, "Rate exceeded"},
})

// jsonCodes are the signature failures under their json names.
var jsonCodes = overlay(querySignatures, map[key]entry{
	{fault.Unauthenticated, fault.Signature}: {"InvalidSignatureException", http.StatusBadRequest,
		"The request signature we calculated does not match the signature you provided."},
	{fault.Unauthenticated, fault.MissingAuth}: {"MissingAuthenticationTokenException", http.StatusBadRequest,
		"Request is missing Authentication Token"},
	{fault.Unauthenticated, fault.AccessKey}: {"UnrecognizedClientException", http.StatusBadRequest,
		"The security token included in the request is invalid."},
	{fault.Unauthenticated, fault.SessionToken}: {"UnrecognizedClientException", http.StatusBadRequest,
		"The security token included in the request is invalid."},
	{fault.Expired, fault.SessionToken}: {"ExpiredTokenException", http.StatusBadRequest,
		"The security token included in the request is expired"},
	{fault.Expired, fault.RequestTime}: {"InvalidSignatureException", http.StatusBadRequest,
		"Signature expired or not yet current."},
	{fault.Expired, fault.Signature}: {"InvalidSignatureException", http.StatusBadRequest, "Signature expired."},
	{fault.Invalid, fault.Authorization}: {"IncompleteSignatureException", http.StatusBadRequest,
		"The request signature does not conform to AWS standards."},
	{fault.Invalid, fault.AuthQuery}: {"IncompleteSignatureException", http.StatusBadRequest,
		"The request signature does not conform to AWS standards."},
	{fault.Unsupported, fault.Signature}: {"IncompleteSignatureException", http.StatusBadRequest,
		"Only AWS4-HMAC-SHA256 is supported."},
	{fault.Denied, fault.Header}: {"InvalidSignatureException", http.StatusBadRequest,
		"There were headers present in the request which were not signed"},
	{fault.Invalid, fault.PayloadHash}: {"InvalidSignatureException", http.StatusBadRequest,
		"The payload does not match its signed hash."},
	{fault.Unsupported, fault.Method}: {"UnknownOperationException", http.StatusMethodNotAllowed,
		"The method is not allowed."},
	{fault.Conflict, fault.Bucket}: {"ConflictException", http.StatusBadRequest,
		"The bucket is being changed by another request."},
	{fault.NotFound, fault.Instance}: {"ResourceNotFoundException", http.StatusBadRequest,
		"There is no Access Grants instance in this region of the account"},
})
