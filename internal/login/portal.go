package login

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/awsapi/sso"
	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

// roleCredentials calls GetRoleCredentials: it gets keys that stand for the person, for an access token.
func (e *Endpoint) roleCredentials(ctx context.Context, s *Session) (Keys, error) {
	_, role, _ := strings.Cut(s.SignIn.BearerRole, ":role/")
	role = role[strings.LastIndexByte(role, '/')+1:]
	out, err := invoke(ctx, e, Keys{}, sso.GetRoleCredentials, &sso.GetRoleCredentialsRequest{
		RoleName: &role, AccountId: &s.SignIn.Account, AccessToken: &s.Registration.Access,
	})
	if err != nil {
		return Keys{}, err
	}
	c := awswire.Value(out.RoleCredentials)
	return assumed("GetRoleCredentials", Keys{
		AccessKeyID:     awswire.Value(c.AccessKeyId),
		SecretAccessKey: awswire.Value(c.SecretAccessKey),
		SessionToken:    awswire.Value(c.SessionToken),
		Expires:         time.UnixMilli(awswire.Value(c.Expiration)),
	})
}

// roleKeys gets keys that stand for the person. It replaces the access token first when that is about to expire, and
// when the server does not take it any more. The file has each refresh token before the token is used again.
func (p *Person) roleKeys(ctx context.Context, s *Session) (Keys, error) {
	if p.at.Now().Add(margin).Before(s.Registration.Expires) {
		k, err := p.at.roleCredentials(ctx, s)
		if !isRefusal(err, "UnauthorizedException") {
			return k, err
		}
	}
	if s.Refresh == "" {
		return Keys{}, ErrEnded
	}
	pages, err := NewEndpoint(s.Registration.SignInURL, s.SignIn.Region)
	if err != nil {
		return Keys{}, err
	}
	err = pages.token(ctx, s, &ssooidc.CreateTokenRequest{GrantType: new(refreshGrant), RefreshToken: &s.Refresh})
	if isRefusal(err, "InvalidGrantException", "ExpiredTokenException", "InvalidClientException") {
		return Keys{}, fmt.Errorf("%w (%w)", ErrEnded, err)
	}
	if err != nil {
		return Keys{}, err
	}
	if err := p.file.save(s); err != nil {
		return Keys{}, err
	}
	return p.at.roleCredentials(ctx, s)
}

// Logout ends the session at the server, so that no copy of the file lets anybody go on. A session of a person who
// signed in at the provider itself has nothing to end at the server.
func (p *Person) Logout(ctx context.Context) error {
	s := p.Session
	if s.Registration == nil {
		return nil
	}
	_, err := invoke(ctx, p.at, Keys{}, sso.Logout, &sso.LogoutRequest{AccessToken: &s.Registration.Access})
	if isRefusal(err, "UnauthorizedException") { // it has ended already
		return nil
	}
	return err
}

// sessionNameOf returns the name of the role session that keys belong to.
func (e *Endpoint) sessionNameOf(ctx context.Context, k Keys) (string, error) {
	out, err := invoke(ctx, e, k, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
	if err != nil {
		return "", err
	}
	arn := awswire.Value(out.Arn)
	name := Printable(arn[strings.LastIndexByte(arn, '/')+1:])
	if name == "" {
		return "", errors.New("GetCallerIdentity: the server's answer names nobody")
	}
	return name, nil
}
