package directory

import (
	"slices"
	"strings"
	"time"
)

// Binding says who a user is at an OpenID provider: the subject of the provider's tokens. The first token that names
// the user by the configured claim binds the subject. From then on no other subject of the issuer is the user, even if
// it has the user's name or address by now, and the subject is nobody else.
type Binding struct {
	Issuer  string // its URL
	Subject string
	Bound   time.Time
}

// BoundSubject is who the user is at an issuer; empty: no token of the issuer has named the user yet.
func (u *User) BoundSubject(issuer string) string {
	for _, b := range u.Bindings {
		if b.Issuer == issuer {
			return b.Subject
		}
	}
	return ""
}

// ExternalID is the id by which a source knows the user; empty: it has none.
func (u *User) ExternalID(issuer string) string {
	for _, e := range u.ExternalIDs {
		if e.Issuer == issuer {
			return e.ID
		}
	}
	return ""
}

// Sources are the sources that brought the user: administrator, scim, ldap: and a name, or oidc: and an issuer's URL.
func (u *User) Sources() []string {
	var all []string
	for _, e := range u.ExternalIDs {
		if isURL(e.Issuer) {
			all = append(all, "oidc:"+e.Issuer)
		} else {
			all = append(all, e.Issuer)
		}
	}
	switch by := u.CreatedBy; {
	case isToken(by):
		all = append(all, SCIM)
	case strings.HasPrefix(by, "ldap:"), strings.HasPrefix(by, "oidc:"):
		all = append(all, by)
	default:
		all = append(all, Administrator)
	}
	return all
}

// Bind binds the user to a subject. The user must not be bound to another subject of the issuer.
func (u *User) Bind(b Binding) { u.Bindings = append(slices.Clip(u.Bindings), b) }

// Unbind takes back the user's bindings to an issuer, or to every issuer if it is empty, and returns them. The external
// ids that an issuer's tokens brought go, too.
func (u *User) Unbind(issuer string) (gone []Binding) {
	ends := func(i string) bool { return isURL(i) && (issuer == "" || i == issuer) }
	var stay []Binding
	for _, b := range u.Bindings {
		if ends(b.Issuer) {
			gone = append(gone, b)
		} else {
			stay = append(stay, b)
		}
	}
	var ids []ExternalID
	for _, e := range u.ExternalIDs {
		if !ends(e.Issuer) {
			ids = append(ids, e)
		} else if !slices.ContainsFunc(gone, func(b Binding) bool { return b.Issuer == e.Issuer && b.Subject == e.ID }) {
			gone = append(gone, Binding{Issuer: e.Issuer, Subject: e.ID})
		}
	}
	u.Bindings, u.ExternalIDs = stay, ids
	return gone
}

// isURL tells issuers of tokens from the other sources that give external ids, such as scim and ldap:corp.
func isURL(issuer string) bool {
	return strings.HasPrefix(issuer, "https://") || strings.HasPrefix(issuer, "http://")
}
