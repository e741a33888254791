package oidc

import (
	"context"
	"errors"
	"mime"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/fault"
)

// protocolClaims are about the token that they stand in, not about the person. They are never taken over from
// userinfo: what they say was checked, or was absent, in the identity token.
var protocolClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "at_hash", "c_hash", "s_hash", "auth_time", "acr",
	"amr", "sid", "act", "may_act", "cnf", "scope", "client_id", "events", "typ",
}

// HasUserInfo reports whether the provider has a userinfo endpoint.
func (p *Provider) HasUserInfo() bool { return p.userInfo != "" }

// MaySupply reports whether the provider says that it supplies a claim, be it in tokens or in userinfo
// (claims_supported, OpenID Connect Discovery 1.0, section 3).
func (p *Provider) MaySupply(claim string) bool { return slices.Contains(p.claims, claim) }

// AddUserInfo adds to the claims of a verified identity token what only the provider's userinfo endpoint says (OpenID
// Connect Core 1.0, section 5.3). access is the access token that came together with the identity token, and client is
// the client that both were issued to.
//
// A claim of the identity token is never replaced. The answer must be about the same sub. It is trusted because it came
// over the connection to the provider, or, if the provider signs it, because of its signature. The error is an *Error
// or that of the context; it contains no token.
func (v *Verifier) AddUserInfo(
	ctx context.Context, p *Provider, client string, access func() string, to *Claims,
) error {
	invalid := func(text string) *Error { return refuse(fault.UserInfoInvalid, "%s", text) }
	if p.userInfo == "" || access == nil {
		return invalid("the provider gave no access to its userinfo endpoint")
	}
	a, err := v.ask(ctx, question{url: p.userInfo, bearer: access})
	if err != nil {
		return err
	}
	said, err := v.userInfo(ctx, a, p.Issuer)
	if err != nil {
		return err
	}
	sub, _ := said["sub"].(string)
	switch {
	case sub == "" || sub != to.Subject:
		return invalid("the provider's userinfo is not about the person whom the identity token names")
	case said["iss"] != nil && said["iss"] != p.Issuer:
		return invalid("the provider's userinfo is another issuer's")
	}
	if said["aud"] != nil {
		if meant, err := audience(said["aud"]); err != nil || !slices.Contains(meant, client) {
			return invalid("the provider's userinfo is for another client")
		}
	}
	to.add(said)
	return nil
}

// userInfo decodes an answer of the endpoint: JSON, or a JWT that the issuer has signed.
func (v *Verifier) userInfo(ctx context.Context, a *answer, issuer string) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(a.kind)
	if err == nil && kind == "application/jwt" {
		h, c, err := parse(string(a.body))
		if err != nil {
			return nil, refuse(fault.UserInfoInvalid, "the provider's userinfo is not a signed JWT").because(err)
		}
		// The provider itself sent it: no client can make the server fetch keys with it.
		if err := v.signed(ctx, bearer{string(a.body), netip.Prefix{}}, h, issuer); err != nil {
			return nil, err
		}
		return c.All, nil
	}
	var said map[string]any
	if err := decode(a.body, &said); err != nil {
		return nil, refuse(fault.UserInfoInvalid, "the provider's userinfo cannot be read").because(err)
	}
	return said, nil
}

// add adds claims that the token does not have. An address and whether it is verified belong together: what one of two
// answers says of an address never vouches for another address. If they disagree, the address is not verified.
func (c *Claims) add(said map[string]any) {
	token, other := *c, Claims{All: said}
	mine, has := c.All["email"]
	verified, saidHere := token.EmailVerified()
	otherVerified, saidThere := other.EmailVerified()
	for name, value := range said {
		if _, ok := c.All[name]; !ok && name != "email_verified" && !slices.Contains(protocolClaims, name) {
			c.All[name] = value
		}
	}
	if sameAddress := !has || said["email"] == nil || mine == said["email"]; !sameAddress || !saidThere {
		return
	}
	c.All["email_verified"] = otherVerified && (!saidHere || verified)
}

// userInfoURL checks the endpoint that a discovery document names. Without TLS nobody vouches for what it says, so an
// issuer with TLS must have it there, too.
func userInfoURL(text, issuer string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || strings.HasPrefix(issuer, "https:")) {
		return "", errors.New("the userinfo endpoint is not a URL that can be trusted")
	}
	return text, nil
}
