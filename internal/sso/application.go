package sso

import (
	"encoding/json"
	"slices"
	"time"

	"latchkey/internal/access"
)

// Application is an application of an Identity Center instance: a customer's, which exchanges tokens, or one
// that belongs to a service.
type Application struct {
	ID          string // apl- and 16 characters
	InstanceID  string
	Account     access.AccountID
	Provider    string // ARN
	Name        string
	Description string // may be empty
	Portal      Portal
	Disabled    bool // no tokens for it, and what it stands behind answers nothing
	Created     time.Time
	CreatedFrom string // region
	Tags        []access.Tag

	BackgroundSessions string `json:",omitempty"` // ENABLED or DISABLED; empty: not said. It is kept for clients; nothing comes of it

	AssignmentOptional bool          // who is in the directory may use it without an assignment
	Grants             []Grant       // at most one of a type, in the order of their creation
	Actor              *ActorPolicy  // who may ask for tokens in its name; nil: nobody
	Scopes             []AccessScope // in the order of their creation

	Seq         int64  // order of creation, given by the store
	NextScope   int64  // the number that the next scope gets
	ClientToken string // that it was created with; empty: none
	Digest      string // of what it was created with
}

// ARN is the application's ARN, which is its OAuth client id as well.
func (a *Application) ARN() string { return ApplicationARN(a.Account, a.InstanceID, a.ID) }

// ServiceOwned reports whether the application belongs to a service, which alone says what it may do.
func (a *Application) ServiceOwned() bool { return a.Provider != CustomProvider }

// Portal is how the application shows in the access portal.
type Portal struct {
	Visibility string // ENABLED or DISABLED
	Origin     string // IDENTITY_CENTER or APPLICATION; empty: not said
	URL        string // where people sign in; with APPLICATION only
}

// GrantType is an OAuth grant type.
type GrantType string

// The grant types that applications can be given (CreateTokenWithIAM, grantType).
const (
	AuthorizationCode GrantType = "authorization_code"
	RefreshToken      GrantType = "refresh_token"
	JWTBearer         GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	TokenExchange     GrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Grant is a way in which the application may get tokens.
type Grant struct {
	Type         GrantType
	RedirectURIs []string           // of AuthorizationCode
	Issuers      []AuthorizedIssuer // of JWTBearer
}

// AuthorizedIssuer is an issuer whose tokens the application may exchange.
type AuthorizedIssuer struct {
	IssuerARN string
	Audiences []string // a token must be meant for one of them
}

// Grant finds the application's grant of a type, or nil: then it may get no tokens that way.
func (a *Application) Grant(t GrantType) *Grant {
	for i := range a.Grants {
		if a.Grants[i].Type == t {
			return &a.Grants[i]
		}
	}
	return nil
}

// ActorPolicy says who may ask for tokens in the application's name.
type ActorPolicy struct {
	Document json.RawMessage // the JSON object as it was given
	Bound    string          // the same policy with principals bound to their immutable ids: what decides
}

// AccessScope is something that tokens of the application may be asked to be good for.
type AccessScope struct {
	Name    string   // s3:access_grants:read_write
	Targets []string // ARNs of instances and applications that it reaches; none: all
	Number  int64    // order of creation within the application
}

// Scope finds a scope of the application, or nil.
func (a *Application) Scope(name string) *AccessScope {
	i := slices.IndexFunc(a.Scopes, func(s AccessScope) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &a.Scopes[i]
}

// PrincipalType is USER or GROUP.
type PrincipalType string

// The kinds of principals that applications are assigned to.
const (
	User  PrincipalType = "USER"
	Group PrincipalType = "GROUP"
)

// Assignment lets a directory user, or everybody in a group, use an application.
type Assignment struct {
	ApplicationID string
	Account       access.AccountID
	Type          PrincipalType
	PrincipalID   string
	Seq           int64 // order of creation, given by the store
}

// ID names the assignment: there is one of a principal to an application.
func (a *Assignment) ID() string { return AssignmentID(a.ApplicationID, a.Type, a.PrincipalID) }

// AssignmentID is the id of an assignment.
func AssignmentID(applicationID string, t PrincipalType, principalID string) string {
	return applicationID + "/" + string(t) + "/" + principalID
}
