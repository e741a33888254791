package awserror

import (
	"net/http"

	"latchkey/internal/fault"
)

// oauthKinds are the codes of Identity Center's OAuth service (sso-oidc's model).
var oauthKinds = overlay(jsonKinds, map[fault.Kind]entry{
	fault.Invalid:     {"InvalidRequestException", http.StatusBadRequest, "The request is not valid."},
	fault.Malformed:   {"InvalidRequestException", http.StatusBadRequest, "The request could not be parsed."},
	fault.TooLarge:    {"InvalidRequestException", http.StatusBadRequest, "The request is too large."},
	fault.Incomplete:  {"InvalidRequestException", http.StatusBadRequest, "The body is incomplete."},
	fault.Unsupported: {"InvalidRequestException", http.StatusBadRequest, "The operation is not known."},
	fault.Throttled:   {"SlowDownException", http.StatusBadRequest, "Rate exceeded"},
	fault.Unavailable: {"InternalServerException", http.StatusInternalServerError,
		"The request has failed due to a temporary failure of the server."},
})

var oauthCodes = overlay(jsonCodes, map[key]entry{
	{fault.Unauthenticated, fault.Application}: {"InvalidClientException", http.StatusUnauthorized,
		"The client is not known."},
	{fault.Invalid, fault.IdentityToken}: {"InvalidGrantException", http.StatusBadRequest,
		"The token is not accepted."},
	{fault.Expired, fault.IdentityToken}: {"ExpiredTokenException", http.StatusBadRequest,
		"The token has expired."},
	{fault.Denied, fault.ApplicationGrant}: {"UnauthorizedClientException", http.StatusBadRequest,
		"The client may not use this grant type."},
	{fault.Unsupported, fault.ApplicationGrant}: {"UnsupportedGrantTypeException", http.StatusBadRequest,
		"The grant type is not known."},
	{fault.Invalid, fault.AccessScope}: {"InvalidScopeException", http.StatusBadRequest, "A scope is not allowed."},
	{fault.Conflict, fault.SignIn}: {"AuthorizationPendingException", http.StatusBadRequest,
		"Nobody has approved the request yet."},
	{fault.Throttled, fault.SignIn}: {"SlowDownException", http.StatusBadRequest, "Slow down."},
	{fault.Invalid, fault.OAuthClient}: {"InvalidClientMetadataException", http.StatusBadRequest,
		"The client cannot be registered."},
	{fault.Invalid, fault.RedirectURI}: {"InvalidRedirectUriException", http.StatusBadRequest,
		"The redirect URI is not allowed."},
})

// oauthErrors are OAuth's own names of the codes (RFC 6749, 5.2; RFC 8628, 3.5).
var oauthErrors = map[string]string{
	"InvalidClientException":         "invalid_client",
	"InvalidGrantException":          "invalid_grant",
	"ExpiredTokenException":          "expired_token",
	"UnauthorizedClientException":    "unauthorized_client",
	"UnsupportedGrantTypeException":  "unsupported_grant_type",
	"InvalidScopeException":          "invalid_scope",
	"InvalidRequestException":        "invalid_request",
	"SlowDownException":              "slow_down",
	"InternalServerException":        "server_error",
	"AuthorizationPendingException":  "authorization_pending",
	"InvalidClientMetadataException": "invalid_client_metadata",
	"InvalidRedirectUriException":    "invalid_redirect_uri",
}

// oauth adds the members that the service's clients read: error and error_description.
func oauth(e Error) Error {
	name := oauthErrors[e.Code]
	if name == "" {
		name = "access_denied"
	}
	e.Fields = overlay(e.Fields, map[string]string{"error": name, "error_description": e.Message})
	return e
}
