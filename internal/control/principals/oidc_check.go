package principals

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// Limits of OpenID Connect providers (IAM API reference, CreateOpenIDConnectProvider; IAM user guide, "IAM and AWS
// STS quotas").
const (
	maxOIDCProviders = 100 // of an account
	maxClientIDs     = 100 // of a provider
	maxThumbprints   = 5
	maxIssuerURL     = 255
	maxClientID      = 255
)

var (
	// issuerURL matches an issuer's URL. The URL becomes a part of an ARN, of trust policies and of the names of condition
	// keys, so it may contain no wildcard, variable or space.
	issuerURL = regexp.MustCompile(
		`^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!'()+,;=:@%/-]*)?$`,
	)
	thumbprint = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)

// checkIssuerURL refuses a URL that cannot be the iss claim of a provider's tokens. It must be https, without query and
// fragment. Plain http is for providers on this machine and its networks, if the server was told to accept them.
func (p *Principals) checkIssuerURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxIssuerURL || !issuerURL.MatchString(text) || u.Host == "" || u.User != nil:
		return fault.New(fault.Invalid, fault.Member, "Invalid Open ID Connect Provider URL")
	case u.Scheme != "https" && !p.PrivateIssuers:
		return fault.New(fault.Invalid, fault.Member, "Invalid Open ID Connect Provider URL: it must begin with https://")
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/.well-known/openid-configuration"):
		return fault.New(fault.Invalid, fault.Member,
			"Invalid Open ID Connect Provider URL: it must be the issuer itself, as in the iss claim of its tokens, "+
				"without /.well-known/openid-configuration")
	}
	return nil
}

func checkClientIDs(ids []string) error {
	if len(ids) > maxClientIDs {
		return quota(fault.OIDCProvider, "ClientIdsPerOpenIdConnectProvider", maxClientIDs)
	}
	for _, id := range ids {
		if id == "" || utf8.RuneCountInString(id) > maxClientID {
			return constraint(id, "clientID", "Member must have length between 1 and 255")
		}
	}
	return nil
}

func checkThumbprints(all []string) error {
	if len(all) > maxThumbprints {
		return fault.New(fault.Invalid, fault.OIDCProvider, "Thumbprint list must contain fewer than %d entries.",
			maxThumbprints+1)
	}
	for _, t := range all {
		if !thumbprint.MatchString(t) {
			return constraint(t, "thumbprintList", "Member must be 40 hexadecimal digits")
		}
	}
	return nil
}
