package sso

import (
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/directory"
)

// Limits say of whom an issuer may speak, and who its subjects are. AWS has none. The zero Limits limit nothing.
type Limits struct {
	EmailDomains []string `json:",omitempty"` // in lower case: of the people's e-mail addresses in the directory
	Sources      []string `json:",omitempty"` // which brought the people: see directory.User.Sources

	// SubjectClaim is the claim with the immutable id of a person at the issuer. Empty: SubjectClaims decides.
	SubjectClaim string `json:",omitempty"`
}

// Limited says which of an issuer's limits keeps it from speaking of somebody.
type Limited uint8

// What keeps an issuer from speaking of somebody. The zero value is nothing.
const (
	NotLimited Limited = iota
	LimitedByDomain
	LimitedBySource
)

// Of reports whether the issuer may speak of a user. A user without an e-mail address is in no domain.
func (l *Limits) Of(u *directory.User) Limited {
	if len(l.EmailDomains) > 0 && !slices.Contains(l.EmailDomains, domainOf(u.Email())) {
		return LimitedByDomain
	}
	brought := func(s string) bool { return slices.Contains(l.Sources, s) }
	if len(l.Sources) > 0 && !slices.ContainsFunc(u.Sources(), brought) {
		return LimitedBySource
	}
	return NotLimited
}

// domainOf is the part behind the last @ in lower case. It is empty in a text that is no address.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 {
		return ""
	}
	return strings.ToLower(address[i+1:])
}

// entraHosts are the hosts in issuers of Microsoft Entra ID, whose sub differs for each of its applications (Microsoft
// identity platform, "ID token claims reference"). oid is the same for all of them.
var entraHosts = []string{
	"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.windows.net",
}

// SubjectClaims are the claims that can have the id of a person at the issuer, the one to prefer first.
func (i *Issuer) SubjectClaims() []string {
	if i.Limits.SubjectClaim != "" {
		return []string{i.Limits.SubjectClaim}
	}
	if u, err := url.Parse(i.URL); err == nil && slices.Contains(entraHosts, strings.ToLower(u.Hostname())) {
		return []string{"oid", "sub"}
	}
	return []string{"sub"}
}
