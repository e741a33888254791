package sso

import (
	"encoding/json"
	"slices"
	"time"

	"latchkey/internal/access"
)

// Application is an application of an Identity Center instance. It belongs to a customer and exchanges tokens, or it
// belongs to a service.
type Application struct {
	ID          string // apl- and 16 characters
	InstanceID  string
	Account     access.AccountID
	Provider    string // ARN
	Name        string
	Description string // may be empty
	Portal      Portal
	Disabled    bool // it gets no tokens, and sessions that act through it are refused
	Created     time.Time
	CreatedFrom string // region
	Tags        []access.Tag

	// BackgroundSessions is ENABLED or DISABLED, or empty if no client set it. It is kept for clients and has no effect.
	BackgroundSessions string `json:",omitempty"`

	AssignmentOptional bool          // everybody in the directory may use it without an assignment
	Grants             []Grant       // at most one of a type, in the order of their creation
	Actor              *ActorPolicy  // who may request tokens in its name; nil: nobody
	Scopes             []AccessScope // in the order of their creation

	Seq         int64  // order of creation, given by the store
	NextScope   int64  // the number of the next scope
	ClientToken string // the client token of the request that created it; empty: none
	Digest      string // a digest of the request that created it
}

// ARN is the application's ARN, which is also its OAuth client id.
func (a *Application) ARN() string { return ApplicationARN(a.Account, a.InstanceID, a.ID) }

// ServiceOwned reports whether the application belongs to a service. Only the service decides what such an
// application may do.
func (a *Application) ServiceOwned() bool { return a.Provider != CustomProvider }

// Portal says how the access portal shows the application.
type Portal struct {
	Visibility string // ENABLED or DISABLED
	Origin     string // IDENTITY_CENTER or APPLICATION; empty: not set
	URL        string // where people sign in, if Origin is APPLICATION
}

// GrantType is an OAuth grant type.
type GrantType string

// The grant types that an application can have (CreateTokenWithIAM, grantType).
const (
	AuthorizationCode GrantType = "authorization_code"
	RefreshToken      GrantType = "refresh_token"
	JWTBearer         GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	TokenExchange     GrantType = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// Grant lets the application get tokens with one grant type.
type Grant struct {
	Type         GrantType
	RedirectURIs []string           // of AuthorizationCode
	Issuers      []AuthorizedIssuer // of JWTBearer
}

// AuthorizedIssuer is an issuer whose tokens the application may exchange.
type AuthorizedIssuer struct {
	IssuerARN string
	Audiences []string // the audience of a token must be one of them
}

// Has reports whether a token for an audience is accepted.
func (i *AuthorizedIssuer) Has(audience string) bool { return slices.Contains(i.Audiences, audience) }

// Grant finds the application's grant of a type. It returns nil if the application may not use that type.
func (a *Application) Grant(t GrantType) *Grant {
	for i := range a.Grants {
		if a.Grants[i].Type == t {
			return &a.Grants[i]
		}
	}
	return nil
}

// Issuer finds the entry of an issuer, by its ARN. It returns nil if the application may not exchange its tokens.
func (g *Grant) Issuer(arn string) *AuthorizedIssuer {
	for i := range g.Issuers {
		if g.Issuers[i].IssuerARN == arn {
			return &g.Issuers[i]
		}
	}
	return nil
}

// ActorPolicy says who may request tokens in the application's name.
type ActorPolicy struct {
	Document json.RawMessage // the JSON object as the client sent it
	Bound    string          // the same policy with principals replaced by their immutable ids; decisions use it
}

// AccessScope is an OAuth scope that tokens of the application may have.
type AccessScope struct {
	Name    string   // s3:access_grants:read_write
	Targets []string // ARNs of the instances and applications that the scope covers; empty: all
	Number  int64    // order of creation within the application
}

// AllTargets is the target of a scope that covers everything.
const AllTargets = "*"

// Entries are the targets as they are listed; AllTargets alone if the scope covers everything.
func (s *AccessScope) Entries() []string {
	if len(s.Targets) == 0 {
		return []string{AllTargets}
	}
	return s.Targets
}

// Covers reports whether the scope covers a target, or AllTargets.
func (s *AccessScope) Covers(target string) bool {
	return s != nil && (len(s.Targets) == 0 || slices.Contains(s.Targets, target))
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

// Everybody is the principal of the assignment that an application has in effect when it requires none.
const Everybody PrincipalType = "EVERYBODY"

// Assignment lets a directory user, or everybody in a group, use an application.
type Assignment struct {
	ApplicationID string
	Account       access.AccountID
	Type          PrincipalType
	PrincipalID   string
	Seq           int64 // order of creation, given by the store
}

// ID is the id of the assignment. A principal has at most one assignment to an application.
func (a *Assignment) ID() string { return AssignmentID(a.ApplicationID, a.Type, a.PrincipalID) }

// AssignmentID is the id of an assignment.
func AssignmentID(applicationID string, t PrincipalType, principalID string) string {
	return applicationID + "/" + string(t) + "/" + principalID
}
