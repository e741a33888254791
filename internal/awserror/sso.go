package awserror

import (
	"net/http"

	"latchkey/internal/fault"
)

// ssoKinds are Identity Center's codes (sso-admin's model). A resource that is in use, or in a state that does not
// admit the request, is a conflict. A resource of another account is denied, not missing.
var ssoKinds = overlay(jsonKinds, map[fault.Kind]entry{
	fault.InUse: {"ConflictException", http.StatusBadRequest, "The resource is in use."},
	fault.Conflict: {"ConflictException", http.StatusBadRequest,
		"The resource is in a state that does not admit the request."},
	fault.Unavailable: {"InternalServerException", http.StatusInternalServerError,
		"The request has failed due to a temporary failure of the server."},
})

var ssoCodes = overlay(jsonCodes, map[key]entry{
	{fault.NotFound, fault.IdentityCenter}: {"AccessDeniedException", http.StatusBadRequest,
		"You do not have sufficient access to perform this action."},
})
