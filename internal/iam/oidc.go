package iam

import (
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
)

// OIDCProviderIDPrefix begins the immutable id of an OpenID Connect provider. AWS shows no such id: the ARN is
// made of the URL, and a provider that is deleted and created again has the same one.
const OIDCProviderIDPrefix = "OIDP"

// OIDCProvider is an OpenID Connect provider of an account: a foreign issuer whose tokens roles of the account
// may trust.
type OIDCProvider struct {
	ID          string // OIDP..., immutable: sessions hang on it
	Account     access.AccountID
	URL         string // byte for byte the iss claim of its tokens; never changes
	ClientIDs   []string
	Thumbprints []string // echoed only: which certificate authorities count is the system's to say
	Created     time.Time
	Tags        []Tag
}

// Name is the URL without its scheme: what the ARN and the condition keys of the provider are made of.
func (p *OIDCProvider) Name() string { return OIDCProviderName(p.URL) }

// ARN is the provider's ARN.
func (p *OIDCProvider) ARN() string { return OIDCProviderARN(p.Account, p.URL) }

// Accepts reports whether tokens for this client id count.
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
