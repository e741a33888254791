package oauth

import (
	"errors"
	"strings"

	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// byRefreshToken recognises the person of a refresh token that the application got from here.
func (e *Exchange) byRefreshToken(call *control.Call, app *sso.Application, in Request) (*admitted, error) {
	if in.RefreshToken.IsZero() {
		return nil, missing("refreshToken")
	}
	d, err := e.Control.Ring.OpenDelegation(credential.RefreshToken, in.RefreshToken, call.Facts.Time)
	switch {
	case errors.Is(err, credential.ErrExpired):
		return nil, fault.Refuse(fault.Expired, fault.IdentityToken, fault.TokenExpired, "the refresh token has expired")
	case err != nil || d.ApplicationARN != app.ARN():
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.RefreshTokenInvalid,
			"the refresh token was not issued to this application")
	}
	return standing(call, d)
}

// byAccessToken recognises the person of an access token that an application of the same instance got from here.
func (e *Exchange) byAccessToken(call *control.Call, app *sso.Application, in Request) (*admitted, error) {
	switch {
	case in.SubjectToken.IsZero():
		return nil, missing("subjectToken")
	case in.SubjectTokenType != AccessTokenType:
		return nil, fault.Refuse(fault.Invalid, fault.Member, fault.SubjectTokenTypeInvalid, "subjectTokenType must be %s",
			AccessTokenType)
	case in.RequestedTokenType != "" && in.RequestedTokenType != AccessTokenType &&
		in.RequestedTokenType != RefreshTokenType:
		return nil, fault.Refuse(fault.Invalid, fault.Member, fault.RequestedTokenTypeInvalid,
			"requestedTokenType must be %s or %s", AccessTokenType, RefreshTokenType)
	case in.RequestedTokenType == RefreshTokenType && app.Grant(sso.RefreshToken) == nil:
		return nil, fault.Refuse(fault.Denied, fault.ApplicationGrant, fault.GrantTypeNotConfigured,
			"the application may not have refresh tokens")
	}
	d, err := e.Control.Ring.OpenDelegation(credential.AccessToken, in.SubjectToken, call.Facts.Time)
	switch {
	case errors.Is(err, credential.ErrExpired):
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.TokenExpired, "the access token has expired")
	case err != nil || d.IdentityCenterInstance != sso.InstanceARN(app.InstanceID):
		return nil, fault.Refuse(fault.Invalid, fault.IdentityToken, fault.SubjectTokenInvalid,
			"the subject token is no access token of this Identity Center instance")
	}
	who, err := standing(call, d)
	if err != nil {
		return nil, err
	}
	if d.ApplicationARN != app.ARN() {
		who.CredentialID = ""
		if who.OriginARN == "" {
			who.OriginARN = d.ApplicationARN
		}
	}
	return who, nil
}

// standing is who is behind a token of ours, if all that it came of still stands.
func standing(call *control.Call, d credential.SealedDelegation) (*admitted, error) {
	if err := caller.DelegationStands(call.Snapshot, &d.Delegation); err != nil {
		return nil, passOn(err)
	}
	return &admitted{
		Delegation: d.Delegation,
		snapshot:   call.Snapshot,
		signedIn:   d.SignedIn,
		scopes:     strings.Fields(d.Scopes),
	}, nil
}
