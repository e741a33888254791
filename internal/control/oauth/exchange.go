package oauth

import (
	"context"
	"net/netip"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// Source is the event source of every operation in this package.
const Source = "sso-oauth.amazonaws.com"

// Lifetimes of what is issued.
const (
	TokenLife = time.Hour // of access tokens, identity tokens and contexts, as on AWS
	// From the sign-in or the exchange of an external token. No token that results from it lives longer.
	DefaultSession = 8 * time.Hour
)

// Exchange serves the OAuth operations of Identity Center.
type Exchange struct {
	Control  *control.Control
	Verifier *oidc.Verifier
	Session  time.Duration    // how long after the sign-in tokens can be refreshed and exchanged; 0: DefaultSession
	Default  access.AccountID // the account in which people sign in when a request names none

	// Provision updates the directory from a verified external token, before the person whom the token names is looked up.
	// nil means that tokens never change the directory.
	Provision func(ctx context.Context, call *control.Call, account access.AccountID, issuer *sso.Issuer,
		claims *oidc.Claims) error

	pollTimes pollTimes
	rates     rates

	registrations limiter[netip.Prefix] // of clients, by network
}

// Request is the input of CreateTokenWithIAM.
type Request struct {
	ClientID           string // ARN of the application
	GrantType          string
	Scopes             []string // none: all that the application has
	Assertion          credential.Secret
	RefreshToken       credential.Secret
	SubjectToken       credential.Secret
	SubjectTokenType   string
	RequestedTokenType string
	Code               credential.Secret
	RedirectURI        string
	CodeVerifier       credential.Secret
}

// Token types (RFC 8693, section 3).
const (
	AccessTokenType  = "urn:ietf:params:oauth:token-type:access_token"
	RefreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"
)

// Tokens are the answer to an application.
type Tokens struct {
	Access  credential.Secret
	Refresh credential.Secret // empty without a refresh grant
	ID      credential.Secret // a JWT that we signed
	Context credential.Secret // for AssumeRole: the claim sts:identity_context of ID
	Type    string            // issuedTokenType
	Scopes  []string
	Life    time.Duration
}

// tokenSubject is the person for whom tokens are issued, and the proof that was presented.
type tokenSubject struct {
	credential.Delegation // without application and scopes, which are the client's
	snapshot              *engine.Snapshot
	signedIn              time.Time
	// of the presented token, then those granted; nil: an external token, which has all
	scopes    []string
	tokenUse  *store.TokenUse       // marks the presented code or token as used
	deleteRow func(*store.Tx) error // deletes the presented code; nil: there is no row to delete
	signIn    *store.PersonSignIn   // that the presented code brings; nil: none
	number    int64                 // of the refresh token that is presented; see rotate
	client    *Client               // to which the tokens go; nil: an application
	noRefresh bool
	refresh   credential.Secret // an application's refresh token that was presented; it is not replaced

	grounds credential.Grounds // of the presented proof
	actors  credential.Actors
	grant   sso.GrantType // of the application, by which it gets the tokens; empty: none is needed
}

// CreateTokenWithIAM gives an application tokens that stand for a person. The checks run in the order of AWS's
// documentation: actor, client, grant type, the presented token, its single use, the person, the assignment, the
// scopes.
func (e *Exchange) CreateTokenWithIAM(ctx context.Context, call *control.Call, in Request) (*Tokens, error) {
	app, err := application(call, in.ClientID)
	if err != nil {
		return nil, err
	}
	call.Address(app.Account)
	call.Touch("AWS::SSO::Application", app.ARN(), app.Account)
	if err := mayAsk(call, app); err != nil {
		return nil, err
	}
	grant, err := grantOf(call, app, in.GrantType)
	if err != nil {
		return nil, err
	}
	var who *tokenSubject
	switch grant.Type {
	case sso.JWTBearer:
		if err = e.limitRate(call, app); err == nil {
			who, err = e.byAssertion(ctx, call, app, grant, in)
		}
	case sso.RefreshToken:
		who, err = e.byRefreshToken(ctx, call, app, in)
	case sso.TokenExchange:
		who, err = e.byAccessToken(ctx, call, app, in)
	default:
		who, err = e.byCode(ctx, call, codeRequest{app.ARN(), in.RedirectURI, in.Code, in.CodeVerifier})
	}
	if err != nil {
		return nil, err
	}
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{
		UserID: who.UserID, IdentityStoreARN: sso.IdentityStoreARN(app.Account, who.IdentityStoreID),
	}
	if err := caller.PersonStands(who.snapshot, app.ARN(), who.IdentityStoreID, directory.UserID(who.UserID)); err != nil {
		return nil, asPlainDenial(err)
	}
	if who.scopes, err = grantedScopes(call, app, in.Scopes, who.scopes); err != nil {
		return nil, err
	}
	who.grant = grant.Type
	return e.issue(ctx, call, app, who, in.RequestedTokenType)
}

// ProvisionPerson calls Provision, if it is set, for the person of a verified token.
func (e *Exchange) ProvisionPerson(
	ctx context.Context, call *control.Call, account access.AccountID, issuer *sso.Issuer, claims *oidc.Claims,
) error {
	if e.Provision == nil {
		return nil
	}
	return e.Provision(ctx, call, account, issuer, claims)
}

// session returns the end of all tokens that result from one sign-in. A role session that was made with a context has a
// lifetime of its own, as on AWS. The leash ends it when something that it depends on is removed.
func (e *Exchange) session(signedIn time.Time) time.Time {
	if e.Session == 0 {
		return signedIn.Add(DefaultSession)
	}
	return signedIn.Add(e.Session)
}
