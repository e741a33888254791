package fault

// Reason says which check refused. It is for programs, and for people who search the audit log: a record has it in the
// field latchkey.reason, and some answers have it in front of their text. The values are stable. An empty Reason is
// allowed: the code that the client is told is then precise enough.
type Reason string

// Before returns a text with the reason in front of it, as clients read it: "user_deleted: the directory user is
// deleted". Nothing else puts a reason into a text.
func (r Reason) Before(text string) string { return string(r) + ": " + text }

// Foreign identity tokens and their issuers.
const (
	// TokenMalformed: The token is not a JWT in compact form, or its JSON is not well formed.
	TokenMalformed Reason = "token_malformed"
	// TokenTooLarge: The token is longer than the server reads.
	TokenTooLarge Reason = "token_too_large"
	// AlgForbidden: The token's algorithm is not the one of its key, or is not one of the RS, PS, ES and EdDSA families.
	AlgForbidden Reason = "alg_forbidden"
	// TypeForbidden: The token's header says that it is neither an identity token nor an access token.
	TypeForbidden Reason = "type_forbidden"
	// IssuerUnknown: The token names no issuer, or an issuer that is not trusted here (any more).
	IssuerUnknown Reason = "issuer_unknown"
	// IssuerDisabled: The token's issuer is known, but disabled.
	IssuerDisabled Reason = "issuer_disabled"
	// IssuerUnreachable: The issuer's discovery document, keys or tokens could not be fetched.
	IssuerUnreachable Reason = "issuer_unreachable"
	// IssuerInvalid: The issuer's discovery document or key set is not valid.
	IssuerInvalid Reason = "issuer_invalid"
	// IssuerDeleted: The trusted token issuer that vouched for the directory user is deleted.
	IssuerDeleted Reason = "issuer_deleted"
	// UserInfoInvalid: The provider's userinfo cannot be read, is not signed by the provider, or is another person's.
	UserInfoInvalid Reason = "userinfo_invalid"
	// IssuerMismatch: The answer to a sign-in came from another OpenID provider than the person was sent to.
	IssuerMismatch Reason = "issuer_mismatch"
	// AddressForbidden: The issuer's URL leads to an address that the server does not connect to.
	AddressForbidden Reason = "address_forbidden"
	// KeyUnknown: The issuer does not have the key that the token is signed with.
	KeyUnknown Reason = "key_unknown"
	// KeysNotRefetched: The server does not have the key that the token is signed with, and has fetched the issuer's keys
	// for this source, or for all, too often to fetch them again now. The same token may be accepted a little later.
	KeysNotRefetched Reason = "keys_not_refetched"
	// SignatureInvalid: The token's signature does not match.
	SignatureInvalid Reason = "signature_invalid"
	// ClaimMissing: The token lacks a claim that is needed: iss, sub, aud, exp, or the one that names the user.
	ClaimMissing Reason = "claim_missing"
	// ClaimInvalid: A claim of the token is not of its type, or has a value that cannot be used.
	ClaimInvalid Reason = "claim_invalid"
	// ClaimTooLong: A claim of the token is longer than allowed.
	ClaimTooLong Reason = "claim_too_long"
	// ClaimUnverified: The issuer says that the email address in the token is not verified.
	ClaimUnverified Reason = "claim_unverified"
	// AudMismatch: The token is for another audience.
	AudMismatch Reason = "aud_mismatch"
	// AzpMismatch: The token was issued to another client of the OpenID provider.
	AzpMismatch Reason = "azp_mismatch"
	// NonceMismatch: The identity token was made for another sign-in.
	NonceMismatch Reason = "nonce_mismatch"
	// TokenExpired: The token, the code of the device or the sign-in behind it has expired.
	TokenExpired Reason = "token_expired"
	// TokenNotYetValid: The token's nbf or iat lies in the future.
	TokenNotYetValid Reason = "token_not_yet_valid"
	// TokenReplayed: The token has an id and was exchanged before.
	TokenReplayed Reason = "token_replayed"
)

// People: whom a token names, and whether the directory admits them.
const (
	// UserNotFound: No user of the identity store has the claim's value.
	UserNotFound Reason = "user_not_found"
	// UserAmbiguous: Several users of the identity store have the claim's value.
	UserAmbiguous Reason = "user_ambiguous"
	// UserInvalid: Just-in-time provisioning cannot make a valid user from the token's claims.
	UserInvalid Reason = "user_invalid"
	// UserConflict: Another user of the directory has the name or the address in the token.
	UserConflict Reason = "user_conflict"
	// SubjectMismatch: The user with this name or address is another person at the OpenID provider.
	SubjectMismatch Reason = "subject_mismatch"
	// SubjectBound: The token's subject is bound to another user than the one whom the token names.
	SubjectBound Reason = "subject_bound"
	// IssuerDomain: The issuer is limited to e-mail domains, and the user's address is in none of them.
	IssuerDomain Reason = "issuer_domain"
	// IssuerSource: The issuer is limited to sources of the directory, and none of them brought the user.
	IssuerSource Reason = "issuer_source"
	// GroupsOverage: The OpenID provider left the groups out of the token because there are too many.
	GroupsOverage Reason = "groups_overage"
	// GroupsMalformed: The groups claim is not a list of names.
	GroupsMalformed Reason = "groups_malformed"
	// GroupsTooMany: The groups claim has more names than the server accepts.
	GroupsTooMany Reason = "groups_too_many"
	// UserDeleted: The directory user is deleted.
	UserDeleted Reason = "user_deleted"
	// UserDisabled: The directory user is disabled.
	UserDisabled Reason = "user_disabled"
	// NotAssigned: The application is not assigned to the directory user.
	NotAssigned Reason = "not_assigned"
)

// What a session, a token or a vended credential depends on.
const (
	// ApplicationDeleted: The application that acts for the directory user is deleted.
	ApplicationDeleted Reason = "application_deleted"
	// ApplicationDisabled: The application that acts for the directory user is disabled.
	ApplicationDisabled Reason = "application_disabled"
	// InstanceDeleted: The Identity Center instance of the directory user is deleted.
	InstanceDeleted Reason = "instance_deleted"
	// AssociationRemoved: The Access Grants instance is not associated with the user's Identity Center instance.
	AssociationRemoved Reason = "association_removed"
	// ScopeRemoved: The application that acts for the directory user may not reach S3 Access Grants any more.
	ScopeRemoved Reason = "scope_removed"
	// MembershipRemoved: The directory user is not in the group that was granted access any more.
	MembershipRemoved Reason = "membership_removed"
	// AccessKeyInactive: The access key that the session was made with is deleted or inactive.
	AccessKeyInactive Reason = "access_key_inactive"
	// ParentDeleted: The principal that the session was made by is deleted.
	ParentDeleted Reason = "parent_deleted"
	// PrincipalDeleted: The user, role or account that the session is of, or that the grant is for, is deleted.
	PrincipalDeleted Reason = "principal_deleted"
	// ProviderDeleted: The OpenID Connect provider that vouched for the session is deleted.
	ProviderDeleted Reason = "provider_deleted"
	// ProviderClientRemoved: The client id that the session was made for is removed from its OpenID Connect provider.
	ProviderClientRemoved Reason = "provider_client_removed"
	// GrantsInstanceDeleted: The Access Grants instance behind the credential is deleted.
	GrantsInstanceDeleted Reason = "grants_instance_deleted"
	// LocationDeleted: The location behind the credential is deleted.
	LocationDeleted Reason = "location_deleted"
	// GrantDeleted: The grant behind the credential is deleted.
	GrantDeleted Reason = "grant_deleted"
	// GranteeDeleted: The grantee of the credential is deleted.
	GranteeDeleted Reason = "grantee_deleted"
	// KeyOfPersonChanged: the name or address by which a token named the person is no longer the person's.
	KeyOfPersonChanged Reason = "key_of_person_changed"
	// ApplicationGrantRemoved: the application may no longer use the OAuth grant by which it got the token.
	ApplicationGrantRemoved Reason = "application_grant_removed"
	// IssuerNotAccepted: the application does not accept the issuer of the token any more.
	IssuerNotAccepted Reason = "issuer_not_accepted"
	// AudienceRemoved: the application does not accept tokens for the audience any more.
	AudienceRemoved Reason = "audience_removed"
	// IssuerChanged: the claim or the attribute by which the issuer's tokens name people was changed.
	IssuerChanged Reason = "issuer_changed"
	// ActorPolicyRemoved: whoever asked for the token may not do that any more.
	ActorPolicyRemoved Reason = "actor_policy_removed"
	// BucketDeleted: the bucket that the credential was for is deleted, even if there is another one of its name.
	BucketDeleted Reason = "bucket_deleted"
	// AskerNotAllowed: the principal that asked for the credential may not call GetDataAccess any more.
	AskerNotAllowed Reason = "asker_not_allowed"
	// RoleNotTrusting: a role on the way no longer trusts who assumed it, or who assumed it may not do that any more.
	RoleNotTrusting Reason = "role_not_trusting"
	// LocationRoleChanged: the location has another role now.
	LocationRoleChanged Reason = "location_role_changed"
	// LocationRoleNotTrusting: the location's role does not let the service assume it any more.
	LocationRoleNotTrusting Reason = "location_role_not_trusting"
	// SessionsEnded: an operator ended the session, or all sessions that hang on something.
	SessionsEnded Reason = "sessions_ended"
	// SessionInvalid: The sealed session is of an unknown kind, or does not name what it depends on.
	SessionInvalid Reason = "session_invalid"
)

// Why somebody cannot use a grant.
const (
	// ApplicationMissing: No enabled application of Identity Center has the scope of S3 Access Grants.
	ApplicationMissing Reason = "application_missing"
	// ApplicationOther: The grant is for an application that the grantee does not use.
	ApplicationOther Reason = "application_other"
	// PolicyUnreadable: A policy of the principal, or its session policy, cannot be read.
	PolicyUnreadable Reason = "policy_unreadable"
	// ConditionKeyUnknown: A Deny holds because it depends on a condition key that AWS does not document.
	ConditionKeyUnknown Reason = "condition_key_unknown"
	// PolicyTooCostly: The policies need more steps to evaluate than one request may take, or the resource's name is
	// too long to be compared with them.
	PolicyTooCostly Reason = "policy_too_costly"
	// ClientGone: The client went away before its request was decided.
	ClientGone Reason = "client_gone"
	// NotAllowed: The principal's policies do not allow it to call GetDataAccess.
	NotAllowed Reason = "not_allowed"
	// GrantsNotResolved: The account that owns the bucket does not let grants answer S3 requests.
	GrantsNotResolved Reason = "grants_not_resolved"
	// AssertionNotAdmitted: The location of the grant does not answer people whom an engine has named in a session tag.
	AssertionNotAdmitted Reason = "assertion_not_admitted"
	// AssertionUnbounded: The role's trust policy allows session tags, and does not say which people they may name.
	AssertionUnbounded Reason = "assertion_unbounded"
	// AssertionNotCarried: A session that names a directory user in a tag does not pass the tag on.
	AssertionNotCarried Reason = "assertion_not_carried"
	// RoleNotAssumable: The service may not assume the role of the grant's location.
	RoleNotAssumable Reason = "role_not_assumable"
)

// OAuth clients and their registration.
const (
	// ClientUnknown: The client is not registered here, or the application does not exist.
	ClientUnknown Reason = "client_unknown"
	// ClientDisabled: The application is disabled.
	ClientDisabled Reason = "client_disabled"
	// ClientExpired: The registration of the client has expired.
	ClientExpired Reason = "client_expired"
	// ClientSecretInvalid: The client secret is not this client's.
	ClientSecretInvalid Reason = "client_secret"
	// ClientTypeInvalid: A client that is not public asked to be registered.
	ClientTypeInvalid Reason = "client_type"
	// ClientNameInvalid: The client's name is empty, too long or not printable.
	ClientNameInvalid Reason = "client_name"
	// ApplicationUnknown: The entitled application is not one at which people of the account may sign in.
	ApplicationUnknown Reason = "application_unknown"
	// GrantTypesInvalid: The client asked for grant types that public clients cannot have.
	GrantTypesInvalid Reason = "grant_types"
	// ScopesInvalid: The client asked for too many scopes, or for one that is too long or not printable.
	ScopesInvalid Reason = "scopes"
	// NotNavigated: A page of the server was asked for from within another page.
	NotNavigated Reason = "not_navigated"
	// ParameterTooLong: A parameter has more bytes than the server looks at.
	ParameterTooLong Reason = "parameter_too_long"
	// RedirectURIsTooMany: The client has more redirect URIs than allowed.
	RedirectURIsTooMany Reason = "redirect_uris"
	// RedirectURINotAllowed: A redirect URI is neither on the person's machine nor the entitled application's.
	RedirectURINotAllowed Reason = "redirect_uri_not_allowed"
	// RedirectURIMismatch: The redirect URI is not one of the client's, or not the one of the authorization.
	RedirectURIMismatch Reason = "redirect_uri_mismatch"
	// StartURLUnknown: The start URL names an identity store or an instance that does not exist here.
	StartURLUnknown Reason = "start_url_unknown"
	// StartURLMismatch: The client registered for another account than the start URL names.
	StartURLMismatch Reason = "start_url_mismatch"
	// ActorNotAllowed: The application's actor policy does not allow the caller to ask in the application's name.
	ActorNotAllowed Reason = "actor_not_allowed"
	// GrantTypeUnknown: There is no such grant type.
	GrantTypeUnknown Reason = "grant_type_unknown"
	// GrantTypeNotConfigured: The application may not use this grant type.
	GrantTypeNotConfigured Reason = "grant_type_not_configured"
	// GrantTypeNotRegistered: The client did not register for this grant type.
	GrantTypeNotRegistered Reason = "grant_type_not_registered"
	// ScopeNotConfigured: The client or the application cannot have a scope that was asked for.
	ScopeNotConfigured Reason = "scope_not_configured"
)

// OAuth requests.
const (
	// ParameterMissing: A parameter that the request needs is missing.
	ParameterMissing Reason = "parameter_missing"
	// ParameterRepeated: A parameter is in the query twice.
	ParameterRepeated Reason = "parameter_repeated"
	// RequestMalformed: The query cannot be read.
	RequestMalformed Reason = "request_malformed"
	// RequestTooLarge: The client id, redirect URI, state and scopes are too long together.
	RequestTooLarge Reason = "request_too_large"
	// RequestUnsupported: The request is a request object, which the server does not read.
	RequestUnsupported Reason = "request_unsupported"
	// StateTooLong: The state parameter is longer than the server accepts.
	StateTooLong Reason = "state_too_long"
	// ScopesTooLong: The scopes are longer than the server accepts.
	ScopesTooLong Reason = "scopes_too_long"
	// ResponseTypeUnsupported: The response_type is not code.
	ResponseTypeUnsupported Reason = "response_type_unsupported"
	// ResponseModeUnsupported: The response_mode is not query.
	ResponseModeUnsupported Reason = "response_mode_unsupported"
	// CodeChallengeMissing: A public client sent no code_challenge.
	CodeChallengeMissing Reason = "code_challenge_missing"
	// CodeChallengeInvalid: The code_challenge is not one of the method S256.
	CodeChallengeInvalid Reason = "code_challenge_invalid"
	// CodeUnknown: The code was not issued here, or it has expired.
	CodeUnknown Reason = "code_unknown"
	// CodeExpired: The authorization code has expired.
	CodeExpired Reason = "code_expired"
	// CodeReplayed: The code was redeemed before.
	CodeReplayed Reason = "code_replayed"
	// CodeOfAnotherClient: The code was issued to another client.
	CodeOfAnotherClient Reason = "code_of_another_client"
	// CodeVerifierMismatch: The code_verifier does not match the code_challenge.
	CodeVerifierMismatch Reason = "code_verifier_mismatch"
	// RefreshTokenInvalid: The refresh token was not issued to this client.
	RefreshTokenInvalid Reason = "refresh_token_invalid"
	// SubjectTokenInvalid: The subject token is no access token of this Identity Center instance.
	SubjectTokenInvalid Reason = "subject_token_invalid"
	// SubjectTokenTypeInvalid: The subjectTokenType is not that of an access token.
	SubjectTokenTypeInvalid Reason = "subject_token_type"
	// RequestedTokenTypeInvalid: The requestedTokenType is neither that of an access token nor of a refresh token.
	RequestedTokenTypeInvalid Reason = "requested_token_type"
	// RateExceeded: More foreign tokens were exchanged in this second than the instance allows.
	RateExceeded Reason = "rate_exceeded"
)

// Data events.
const (
	// EventsNotRecorded: The request cannot be recorded, because a sink of data events does not keep up.
	EventsNotRecorded Reason = "events_not_recorded"
)

// People who sign in.
const (
	// SignInEnded: The sign-in of the person has ended: by a log-out, or because a code or a refresh token was used twice.
	SignInEnded Reason = "sign_in_ended"
	// SignInDeleted: The settings by which the person signed in are deleted.
	SignInDeleted Reason = "sign_in_deleted"
	// RefreshTokenReused: The refresh token was used before. Its sign-in ends.
	RefreshTokenReused Reason = "refresh_token_reused"
	// AccessTokenInvalid: The access token was not issued here to a program for which a person signed in.
	AccessTokenInvalid Reason = "access_token_invalid"
	// RoleNotOffered: People who sign in in the account do not get the role.
	RoleNotOffered Reason = "role_not_offered"
	// LoggedOut: The person logged out.
	LoggedOut Reason = "logged_out"
	// SignInNotConfigured: Sign-in is not set up in the account.
	SignInNotConfigured Reason = "sign_in_not_configured"
	// SignInChanged: People of the account sign in at another OpenID provider now.
	SignInChanged Reason = "sign_in_changed"
	// ProviderRefused: The OpenID provider did not sign the person in.
	ProviderRefused Reason = "provider_refused"
	// CodeMissing: The OpenID provider's answer has no code.
	CodeMissing Reason = "code_missing"
	// AttemptUnknown: The browser did not start a sign-in here.
	AttemptUnknown Reason = "attempt_unknown"
	// AttemptExpired: The sign-in took too long.
	AttemptExpired Reason = "attempt_expired"
	// StateMismatch: The OpenID provider's answer belongs to another sign-in.
	StateMismatch Reason = "state_mismatch"
	// FormInvalid: The form is too old, unreadable, or was made for another browser or site.
	FormInvalid Reason = "form_invalid"
	// DeniedByPerson: The person denied the request.
	DeniedByPerson Reason = "denied_by_person"
	// NotApprovedYet: Nobody has approved the device's request yet.
	NotApprovedYet Reason = "not_approved_yet"
	// PolledTooFast: The device asks more often than it may.
	PolledTooFast Reason = "polled_too_fast"
	// RequestExpired: The device's request has expired.
	RequestExpired Reason = "request_expired"
	// RequestDecided: The device's request was approved or denied already.
	RequestDecided Reason = "request_decided"
	// UserCodeUnknown: No device is waiting with this user code.
	UserCodeUnknown Reason = "user_code_unknown"
	// TooManyRequests: Too many devices are waiting, or too many requests came from one address.
	TooManyRequests Reason = "too_many_requests"
	// TooManyGuesses: Too many wrong user codes came from one address.
	TooManyGuesses Reason = "too_many_guesses"
)

// Requests for access to data.
const (
	// InstanceMissing: The account has no Access Grants instance in the region.
	InstanceMissing Reason = "instance_missing"
	// RequestInvalid: The request is not valid, whoever sends it.
	RequestInvalid Reason = "request_invalid"
	// GrantMissing: The caller has no grant that covers the target.
	GrantMissing Reason = "grant_missing"
	// PermissionMissing: The caller's grants that cover the target do not have the permission.
	PermissionMissing Reason = "permission_missing"
	// LocationMissing: The location of the grant that would give the access is being changed.
	LocationMissing Reason = "location_missing"
	// RegionMismatch: The request is signed for another region than the bucket's.
	RegionMismatch Reason = "region_mismatch"
	// ScopeExceeded: The request is for data outside of the scope of the vended credential.
	ScopeExceeded Reason = "scope_exceeded"
	// PermissionExceeded: The vended credential does not have the permission, READ or WRITE, that the request needs.
	PermissionExceeded Reason = "permission_exceeded"
	// AdministrationClosed: The operation, or an option of it, is closed to vended credentials.
	AdministrationClosed Reason = "administration_closed"
	// OtherRequest: The credential is good for one request that was signed remotely, and this is another one.
	OtherRequest Reason = "other_request"
	// NotSignable: The request is none that the server signs for others: another host, an operation that it does not know,
	// or one that administers.
	NotSignable Reason = "not_signable"
)

// Data requests, and which kind of policy refuses an action.
const (
	// NotAuthenticated: Who sends the request could not be established: it has no signature, or one that does not match,
	// or names a key or a session that does not hold. The error code says which.
	NotAuthenticated Reason = "not_authenticated"
	// ExpectedOwner: The bucket belongs to another account than the client expects.
	ExpectedOwner Reason = "expected_owner"
	// IdentityPolicyDenies: The policies of the user or role do not allow the action, or deny it.
	IdentityPolicyDenies Reason = "identity_policy"
	// BoundaryDenies: The permissions boundary of the user or role does not allow the action, or denies it.
	BoundaryDenies Reason = "permissions_boundary"
	// SessionPolicyDenies: A session policy does not allow the action, or denies it.
	SessionPolicyDenies Reason = "session_policy"
	// IdentityContextDenies: A session that acts for a directory user may not do this: AWS's list for such sessions does
	// not have the action.
	IdentityContextDenies Reason = "identity_context"
	// ResourcePolicyDenies: The policy of the bucket, instance or application does not allow the action, or denies it.
	ResourcePolicyDenies Reason = "resource_policy"
	// TrustPolicyDenies: The role's trust policy does not allow the caller to assume it in this way, or there is no such
	// role.
	TrustPolicyDenies Reason = "trust_policy"
)

// Credentials that a store's own STS makes.
const (
	// PrefixNotFenced: The session policies of the store's dialect cannot say this prefix: it has a character that they
	// take for a wildcard or a variable, or it is too long.
	PrefixNotFenced Reason = "prefix_not_fenced"
	// RoleNotExpressible: The location's role, its boundary, the bucket's policy or its public access block would allow
	// less than the grant at the gateway, or conditionally, and the store knows nothing of them.
	RoleNotExpressible Reason = "role_not_expressible"
	// StoreSTSUnavailable: The store's STS did not answer, or its answer cannot be used.
	StoreSTSUnavailable Reason = "store_sts_unavailable"
	// StoreSTSRefused: The store's STS refused the server's own credentials, or the session that the server asked for.
	StoreSTSRefused Reason = "store_sts_refused"
	// StoreNotConfigured: The upstream of the location's bucket has no STS in the server's configuration.
	StoreNotConfigured Reason = "store_not_configured"
	// ProbeNotPassed: The location's store has not been seen to keep a session inside its prefix.
	ProbeNotPassed Reason = "probe_not_passed"
	// SessionTooShort: The session that asks ends before the store's shortest session would.
	SessionTooShort Reason = "session_too_short"
)
