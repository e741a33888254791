package oauth

import (
	"latchkey/internal/oidc"
	"latchkey/internal/sso"
)

// incomplete reports whether an identity token lacks a claim that decides who somebody is and what the person may do,
// so that the provider's userinfo must be asked. Some providers put most claims only there (Authelia by default). A
// provider without a userinfo endpoint has said everything that it says.
//
// If userinfo is needed and cannot be had, the sign-in is refused: without the groups claim, for example, the person
// would lose all groups.
func incomplete(p *oidc.Provider, c *oidc.Claims, issuer *sso.Issuer, sign *sso.SignIn) bool {
	if !p.HasUserInfo() {
		return false
	}
	if c.Path(issuer.ClaimPath) == "" {
		return true
	}
	if _, said := c.EmailVerified(); !said && issuer.ClaimPath == "email" && p.MaySupply("email_verified") {
		return true
	}
	return sign.GroupsClaim != "" && c.All[sign.GroupsClaim] == nil
}
