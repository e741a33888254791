package oauth

import (
	"context"
	"errors"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/sso"
)

// byRefreshToken finds the person of a refresh token that was issued here to the application.
func (e *Exchange) byRefreshToken(
	ctx context.Context, call *control.Call, app *sso.Application, in Request,
) (*tokenSubject, error) {
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
	who, err := e.subjectOfToken(ctx, call, d)
	if err != nil {
		return nil, err
	}
	who.refresh = in.RefreshToken
	return who, nil
}

// byAccessToken finds the person of an access token that was issued here to an application of the same instance.
func (e *Exchange) byAccessToken(
	ctx context.Context, call *control.Call, app *sso.Application, in Request,
) (*tokenSubject, error) {
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
	who, err := e.subjectOfToken(ctx, call, d)
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

// subjectOfToken returns the person of a token that was issued here, if everything that the token depends on still
// holds.
func (e *Exchange) subjectOfToken(
	ctx context.Context, call *control.Call, d credential.SealedDelegation,
) (*tokenSubject, error) {
	if err := e.Control.TokenStands(ctx, call, &d); err != nil {
		return nil, asPlainDenial(err)
	}
	return &tokenSubject{
		grounds:    d.Grounds,
		actors:     d.Actors,
		Delegation: d.Delegation,
		snapshot:   call.Snapshot,
		signedIn:   d.SignedIn,
		scopes:     strings.Fields(d.Scopes),
	}, nil
}
