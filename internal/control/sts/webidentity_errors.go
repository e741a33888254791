package sts

import (
	"strings"

	"latchkey/internal/fault"
	"latchkey/internal/oidc"
)

// wrongAudience is the refusal of a token for a client id that its provider does not have.
func wrongAudience() error {
	return fault.New(fault.Invalid, fault.IdentityToken,
		"Incorrect token audience: the OpenID Connect provider has no such client id").For(fault.AudMismatch)
}

// maxShown is the length of the longest issuer that a refusal names. No provider can have a longer one.
const maxShown = 255

// noProvider is the refusal of a token whose issuer is not a provider of the role's account.
func noProvider(issuer string) error {
	if issuer == "" || len(issuer) > maxShown || strings.ContainsFunc(issuer, func(r rune) bool {
		return r <= ' ' || r > '~'
	}) {
		issuer = "the issuer of the token"
	}
	return fault.New(fault.Invalid, fault.IdentityToken, "No OpenIDConnect provider found in your account for %s", issuer).
		For(fault.IssuerUnknown)
}

// refuseToken words the refusal of a token in the manner of STS (STS API reference, AssumeRoleWithWebIdentity,
// "Errors"). It distinguishes a token that cannot be trusted, a token that has expired, claims that cannot be used, and
// a provider that does not answer. Only the last one is worth another try.
func refuseToken(e *oidc.Error, issuer string) error {
	switch e.Reason {
	case fault.IssuerUnknown, fault.IssuerDisabled:
		return noProvider(issuer)
	case fault.AudMismatch:
		return wrongAudience()
	case fault.TokenExpired:
		return fault.New(fault.Expired, fault.IdentityToken, "Token expired: %s", e.Text).For(e.Reason).Because(e)
	case fault.IssuerUnreachable, fault.KeysNotRefetched:
		return fault.New(fault.Unavailable, fault.IdentityToken, "Couldn't communicate with your identity provider: %s",
			e.Text).For(e.Reason).Because(e)
	case fault.IssuerInvalid, fault.AddressForbidden, fault.KeyUnknown:
		return fault.New(fault.Invalid, fault.IdentityToken,
			"Couldn't retrieve verification key from your identity provider: %s", e.Text).For(e.Reason).Because(e)
	case fault.ClaimInvalid, fault.TokenNotYetValid:
		return fault.New(fault.Denied, fault.IdentityToken, "The claims of the token are not accepted: %s",
			e.Text).For(e.Reason).Because(e)
	}
	return fault.New(fault.Invalid, fault.IdentityToken, "The token is not accepted: %s", e.Text).For(e.Reason).Because(e)
}
