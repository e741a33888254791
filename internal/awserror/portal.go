package awserror

import (
	"net/http"

	"latchkey/internal/fault"
)

// portalKinds are the codes of Identity Center's access portal (sso's model). A caller without access gets
// ForbiddenException, which the model does not have and the portal sends.
var portalKinds = overlay(oauthKinds, map[fault.Kind]entry{
	fault.Unauthenticated: {"UnauthorizedException", http.StatusUnauthorized, "Session token not found or invalid"},
	fault.Expired:         {"UnauthorizedException", http.StatusUnauthorized, "Session token not found or invalid"},
	fault.Denied:          {"ForbiddenException", http.StatusForbidden, "No access"},
	fault.NotFound:        {"ResourceNotFoundException", http.StatusNotFound, "The resource does not exist."},
	fault.Throttled:       {"TooManyRequestsException", http.StatusTooManyRequests, "Rate exceeded"},
})

var portalCodes = overlay(jsonCodes, map[key]entry{
	{fault.Invalid, fault.IdentityToken}: {"UnauthorizedException", http.StatusUnauthorized,
		"Session token not found or invalid"},
	{fault.Unauthenticated, fault.IdentityToken}: {"UnauthorizedException", http.StatusUnauthorized,
		"Session token not found or invalid"},
	{fault.Expired, fault.IdentityToken}: {"UnauthorizedException", http.StatusUnauthorized,
		"Session token not found or invalid"},
})
