package iam

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
)

// OIDCProviderIDPrefix begins the immutable id of an OpenID Connect provider. AWS shows no such id: it names a
// provider by its ARN, which is made of the URL and therefore stays the same when the provider is deleted and created
// again.
const OIDCProviderIDPrefix = "OIDP"

// OIDCProvider is an OpenID Connect provider of an account: an issuer whose web identity tokens the trust policies of
// roles may accept.
type OIDCProvider struct {
	ID        string // OIDP..., immutable: sessions refer to it
	Account   access.AccountID
	URL       string // equal to the iss claim of its tokens, byte by byte; never changes
	ClientIDs []string

	// Thumbprints are only returned to clients. The system's certificate authorities are trusted instead.
	Thumbprints []string

	Created time.Time
	Tags    []Tag
}

// Name is the URL without its scheme. The ARN and the condition keys of the provider contain it.
func (p *OIDCProvider) Name() string { return OIDCProviderName(p.URL) }

// ARN is the provider's ARN.
func (p *OIDCProvider) ARN() string { return OIDCProviderARN(p.Account, p.URL) }

// Accepts reports whether the provider has this client id.
func (p *OIDCProvider) Accepts(clientID string) bool { return slices.Contains(p.ClientIDs, clientID) }

// OIDCProviderName is an issuer's URL without its scheme.
func OIDCProviderName(url string) string {
	_, name, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	return name
}

// OIDCProviderARN is the ARN of the provider of an issuer (IAM user guide, "IAM identifiers").
func OIDCProviderARN(a access.AccountID, url string) string {
	return "arn:aws:iam::" + string(a) + ":oidc-provider/" + OIDCProviderName(url)
}

// ParseOIDCProviderARN takes a provider's ARN apart into its account and its name.
func ParseOIDCProviderARN(arn string) (account access.AccountID, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != "iam" || parts[3] != "" {
		return "", "", false
	}
	account, err := access.ParseAccountID(parts[4])
	name, found := strings.CutPrefix(parts[5], "oidc-provider/")
	return account, name, err == nil && found && name != ""
}
