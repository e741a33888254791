package sts

import (
	"strings"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
)

const wrongAudience = "Incorrect token audience: the OpenID Connect provider has no such client id"

// maxShown is the longest issuer that a refusal names: no provider can have a longer one.
const maxShown = 255

// noProvider is the refusal of a token whose issuer is no provider of the role's account.
func noProvider(issuer string) error {
	if issuer == "" || len(issuer) > maxShown || strings.ContainsFunc(issuer, func(r rune) bool { return r <= ' ' || r > '~' }) {
		issuer = "the issuer of the token"
	}
	return fault.New(fault.Invalid, fault.IdentityToken, "No OpenIDConnect provider found in your account for %s", issuer)
}

// refuseToken words why a token was refused in the manner of STS (STS API reference, AssumeRoleWithWebIdentity,
// "Errors"): a token that cannot be trusted, one that came too late, claims that cannot be used, and a provider that
// does not answer, which is worth another try.
func refuseToken(e *oidc.Error, issuer string) error {
	switch e.Reason {
	case oidc.IssuerUnknown, oidc.IssuerDisabled:
		return noProvider(issuer)
	case oidc.AudMismatch:
		return fault.New(fault.Invalid, fault.IdentityToken, wrongAudience)
	case oidc.TokenExpired:
		return fault.New(fault.Expired, fault.IdentityToken, "Token expired: %s", e.Text).Because(e)
	case oidc.IssuerUnreachable:
		return fault.New(fault.Unavailable, fault.IdentityToken, "Couldn't communicate with your identity provider: %s", e.Text).Because(e)
	case oidc.IssuerInvalid, oidc.AddressForbidden, oidc.KeyUnknown:
		return fault.New(fault.Invalid, fault.IdentityToken, "Couldn't retrieve verification key from your identity provider: %s", e.Text).Because(e)
	case oidc.ClaimInvalid, oidc.TokenNotYetValid:
		return fault.New(fault.Denied, fault.IdentityToken, "The claims of the token are not accepted: %s", e.Text).Because(e)
	}
	return fault.New(fault.Invalid, fault.IdentityToken, "The token is not accepted: %s", e.Text).Because(e)
}
