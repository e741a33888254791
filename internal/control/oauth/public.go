package oauth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// PollInterval is how long a device waits between two requests, as on AWS. A request that comes a little early because
// of the network is not refused.
const (
	PollInterval = time.Second
	pollSlack    = 250 * time.Millisecond
)

// PublicRequest is the input of CreateToken.
type PublicRequest struct {
	ClientID     string
	ClientSecret credential.Secret
	GrantType    string
	DeviceCode   credential.Secret
	Code         credential.Secret
	RedirectURI  string
	CodeVerifier credential.Secret
	RefreshToken credential.Secret
}

// CreateToken gives a registered client tokens that stand for the person who signed in for it. The tokens belong to the
// application of the account's sign-in, or to the one that the client registered for. They have that application's
// scopes.
func (e *Exchange) CreateToken(ctx context.Context, call *control.Call, in PublicRequest) (*Tokens, error) {
	c, err := e.Authenticated(call, in.ClientID, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	g := sso.GrantType(in.GrantType)
	switch {
	case !slices.Contains(publicGrants, g):
		return nil, fault.Refuse(fault.Unsupported, fault.ApplicationGrant, fault.GrantTypeUnknown,
			"there is no such grant type for public clients")
	case !c.May(g):
		return nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotRegistered,
			"the client did not register for this grant type")
	}
	var who *tokenSubject
	switch g {
	case sso.AuthorizationCode:
		who, err = e.byCode(ctx, call, codeRequest{c.ID, in.RedirectURI, in.Code, in.CodeVerifier})
	case DeviceCode:
		who, err = e.byDeviceCode(ctx, call, c, in.DeviceCode)
	default:
		who, err = e.byClientsRefreshToken(ctx, call, c, in.RefreshToken)
	}
	if err != nil {
		return nil, err
	}
	call.ByRight(control.SignIn)
	app := call.Snapshot.Application(who.ApplicationARN)
	if app == nil {
		return nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application does not exist")
	}
	call.Touch("AWS::SSO::Application", app.ARN(), app.Account)
	call.Event.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{
		UserID:           who.UserID,
		IdentityStoreARN: sso.IdentityStoreARN(app.Account, who.IdentityStoreID),
	}
	if who.scopes, err = grantedScopes(call, app, nil, who.scopes); err != nil {
		return nil, err
	}
	if g == sso.RefreshToken {
		who.grant = g
	}
	who.client, who.noRefresh = c, !c.May(sso.RefreshToken)
	return e.issue(ctx, call, app, who, "")
}

// refreshOf returns the sealing purpose of a client's refresh tokens. A refresh token of another client or of an
// application cannot be opened with it.
func refreshOf(c *Client) credential.Use {
	return credential.RefreshToken + " of client " + credential.Use(c.ID)
}

func (e *Exchange) byClientsRefreshToken(
	ctx context.Context, call *control.Call, c *Client, token credential.Secret,
) (*tokenSubject, error) {
	if token.IsZero() {
		return nil, missing("refreshToken")
	}
	d, err := e.Control.Ring.OpenDelegation(refreshOf(c), token, call.Facts.Time)
	switch {
	case errors.Is(err, credential.ErrExpired):
		return nil, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "the refresh token has expired")
	case err != nil:
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.RefreshTokenInvalid,
			"the refresh token was not issued to this client")
	case d.SignInID == "": // it is of a version whose sign-ins had no rows, and could be used any number of times
		return nil, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "sign in again")
	}
	call.RecordFor(accountOf(d.ApplicationARN))
	if err := e.SignInStands(ctx, call, &d.Delegation); err != nil {
		return nil, err
	}
	if app := call.Snapshot.Application(d.ApplicationARN); app != nil && app.Grant(sso.RefreshToken) == nil {
		return nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotConfigured,
			"the application may not have refresh tokens any more")
	}
	who, err := e.subjectOfToken(ctx, call, d)
	if err != nil {
		return nil, err
	}
	who.number = d.Number
	return who, nil
}

// pollTimes remembers when each device last asked, on this node alone. It slows programs down and is no lock. When it
// is full, the devices that asked longest ago are forgotten.
type pollTimes struct {
	mu         sync.Mutex
	newer, old map[string]time.Time
}

// maxPollTimes is how many devices are remembered before the oldest are forgotten.
const maxPollTimes = 4096

// allow reports whether the last request is long enough ago. If it is, this request becomes the last one.
func (p *pollTimes) allow(id string, now time.Time, every time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.newer[id]
	if !ok {
		at, ok = p.old[id]
	}
	if ok && now.Sub(at) < every {
		return false
	}
	if p.newer == nil || len(p.newer) >= maxPollTimes {
		p.newer, p.old = map[string]time.Time{}, p.newer
	}
	p.newer[id] = now
	return true
}

// SignInOf returns how people of an account sign in for registered clients: the account's sign-in, and the application
// to which the tokens will belong. If a client registered for an application, people must still be able to sign in at
// it.
func (e *Exchange) SignInOf(
	call *control.Call, account access.AccountID, application string,
) (*sso.SignIn, *sso.Application, error) {
	s := call.Snapshot.SignIn(account)
	if s == nil {
		return nil, nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.SignInNotConfigured,
			"nobody has said how people of this account sign in: latchkey directory setup does")
	}
	if application == "" {
		application = s.Application
	}
	app, center := call.Snapshot.Application(application), call.Snapshot.IdentityCenter(account)
	switch {
	case app == nil || app.Account != account || center == nil || center.ID != app.InstanceID:
		return nil, nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientUnknown,
			"the application at which people sign in does not exist")
	case app.Disabled:
		return nil, nil, fault.Refuse(fault.Unauthenticated, fault.Application, fault.ClientDisabled,
			"the application at which people sign in is disabled")
	case application != s.Application && app.Grant(sso.AuthorizationCode) == nil:
		return nil, nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotConfigured,
			"people may not sign in at the application any more")
	}
	return s, app, nil
}
