package awserror

import (
	"maps"
	"net/http"

	"latchkey/internal/fault"
)

var queryKinds = map[fault.Kind]entry{
	fault.Internal: {"InternalFailure", http.StatusInternalServerError,
		"The request processing has failed because of an unknown error, exception or failure."},
	fault.Invalid: {"ValidationError", http.StatusBadRequest,
		"The input fails to satisfy the constraints specified by an AWS service."},
	fault.Malformed: {"ValidationError", http.StatusBadRequest, "The request could not be parsed."},
	fault.Unauthenticated: {"InvalidClientTokenId", http.StatusForbidden,
		"The security token included in the request is invalid."},
	fault.Denied:        {"AccessDenied", http.StatusForbidden, "Access Denied"},
	fault.NotFound:      {"ValidationError", http.StatusBadRequest, "Not found."},
	fault.AlreadyExists: {"ValidationError", http.StatusBadRequest, "Already exists."},
	fault.InUse:         {"ValidationError", http.StatusBadRequest, "In use."},
	fault.Conflict:      {"ValidationError", http.StatusBadRequest, "Conflict."},
	fault.LimitExceeded: {"ValidationError", http.StatusBadRequest, "A limit would be exceeded."},
	fault.TooLarge:      {"ValidationError", http.StatusBadRequest, "The request is too large."},
	fault.Expired:       {"ExpiredToken", http.StatusForbidden, "The security token included in the request is expired"},
	fault.Unsupported: {"InvalidAction", http.StatusBadRequest,
		"The action or operation requested is invalid. Verify that the action is typed correctly."},
	fault.Incomplete: {"ValidationError", http.StatusBadRequest, "The body is incomplete."},
	fault.Unavailable: {"ServiceUnavailable", http.StatusServiceUnavailable,
		"The request has failed due to a temporary failure of the server."},
	fault.Throttled: {"Throttling", http.StatusBadRequest, "Rate exceeded"},
}

// querySignatures are the signature failures of the query services.
var querySignatures = map[key]entry{
	{fault.Unauthenticated, fault.Signature}: {"SignatureDoesNotMatch", http.StatusForbidden,
		"The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
	{fault.Unauthenticated, fault.MissingAuth}: {"MissingAuthenticationToken", http.StatusForbidden,
		"Request is missing Authentication Token"},
	{fault.Unauthenticated, fault.AccessKey}: {"InvalidClientTokenId", http.StatusForbidden,
		"The security token included in the request is invalid."},
	{fault.Unauthenticated, fault.SessionToken}: {"InvalidClientTokenId", http.StatusForbidden,
		"The security token included in the request is invalid."},
	{fault.Expired, fault.SessionToken}: {"ExpiredToken", http.StatusForbidden,
		"The security token included in the request is expired"},
	{fault.Expired, fault.RequestTime}: {"SignatureDoesNotMatch", http.StatusForbidden,
		"Signature expired or not yet current."},
	{fault.Expired, fault.Signature}: {"SignatureDoesNotMatch", http.StatusForbidden, "Signature expired."},
	{fault.Invalid, fault.Authorization}: {"IncompleteSignature", http.StatusBadRequest,
		"The request signature does not conform to AWS standards."},
	{fault.Invalid, fault.AuthQuery}: {"IncompleteSignature", http.StatusBadRequest,
		"The request signature does not conform to AWS standards."},
	{fault.Denied, fault.Header}: {"SignatureDoesNotMatch", http.StatusForbidden,
		"There were headers present in the request which were not signed"},
	{fault.Unsupported, fault.Signature}: {"IncompleteSignature", http.StatusBadRequest,
		"Only AWS4-HMAC-SHA256 is supported."},
	{fault.Invalid, fault.PayloadHash}: {"SignatureDoesNotMatch", http.StatusForbidden,
		"The payload does not match its signed hash."},
	{fault.Unsupported, fault.Method}: {"MethodNotAllowed", http.StatusMethodNotAllowed, "The method is not allowed."},
}

var stsCodes = overlay(querySignatures, map[key]entry{
	{fault.Malformed, fault.PolicyDocument}: {"MalformedPolicyDocument", http.StatusBadRequest,
		"The policy document is malformed."},
	{fault.Invalid, fault.PolicyDocument}: {"MalformedPolicyDocument", http.StatusBadRequest,
		"The policy document is malformed."},
	{fault.TooLarge, fault.PackedPolicy}: {"PackedPolicyTooLarge", http.StatusBadRequest,
		"The total packed size of the session policies and session tags combined was too large."},
	{fault.Invalid, fault.IdentityToken}: {"InvalidIdentityToken", http.StatusBadRequest,
		"The identity token could not be validated."},
	{fault.Expired, fault.IdentityToken}: {"ExpiredTokenException", http.StatusBadRequest,
		"The identity token has expired."},
	{fault.Denied, fault.IdentityToken}: {"IDPRejectedClaim", http.StatusForbidden,
		"The claims of the identity token are not accepted."},
	{fault.Unavailable, fault.IdentityToken}: {"IDPCommunicationError", http.StatusBadRequest,
		"The identity provider cannot be reached. Try again."},
	{fault.Denied, fault.SourceIdentity}: {"AccessDenied", http.StatusForbidden,
		"The source identity of a session cannot be changed."},
})

var iamKinds = overlay(queryKinds, map[fault.Kind]entry{
	fault.Internal:      {"ServiceFailure", http.StatusInternalServerError, internalText},
	fault.NotFound:      {"NoSuchEntity", http.StatusNotFound, "The entity does not exist."},
	fault.AlreadyExists: {"EntityAlreadyExists", http.StatusConflict, "The entity already exists."},
	fault.InUse:         {"DeleteConflict", http.StatusConflict, "Cannot delete entity: it has subordinate entities."},
	fault.Conflict:      {"ConcurrentModification", http.StatusConflict, "The entity was modified by another request."},
	fault.LimitExceeded: {"LimitExceeded", http.StatusConflict, "A quota would be exceeded."},
})

var iamCodes = overlay(querySignatures, map[key]entry{
	{fault.Malformed, fault.PolicyDocument}: {"MalformedPolicyDocument", http.StatusBadRequest,
		"The policy document is malformed."},
	{fault.Invalid, fault.PolicyDocument}: {"MalformedPolicyDocument", http.StatusBadRequest,
		"The policy document is malformed."},
	{fault.Invalid, fault.Tags}: {"InvalidInput", http.StatusBadRequest, "The tags are not valid."},
	{fault.Invalid, fault.Tag}:  {"InvalidInput", http.StatusBadRequest, "The tag is not valid."},
	{fault.Invalid, fault.ReservedTag}: {"InvalidInput", http.StatusBadRequest,
		"The tag key cannot start with the reserved prefix aws:"},
	{fault.Invalid, fault.OIDCProvider}: {"InvalidInput", http.StatusBadRequest,
		"An invalid or out-of-range value was supplied for the input parameter."},
	{fault.Conflict, fault.Role}:     {"UnmodifiableEntity", http.StatusBadRequest, "The role cannot be modified."},
	{fault.Conflict, fault.Policy}:   {"PolicyNotAttachable", http.StatusBadRequest, "The policy cannot be attached."},
	{fault.Invalid, fault.NextToken}: {"ValidationError", http.StatusBadRequest, "Invalid Marker."},
})

// overlay returns base, overlaid with more.
func overlay[K comparable, V any](base, more map[K]V) map[K]V {
	all := maps.Clone(base)
	if all == nil {
		all = map[K]V{}
	}
	maps.Copy(all, more)
	return all
}
