package directory

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key identifies at most one user, or at most one group, of an identity store. Keys of different kinds are never
// equal.
type Key string

// NameKey is the key of a user name or of a group's display name. Names that differ only in case have the same key.
func NameKey(name string) Key { return Key("name:" + Fold(name)) }

// EmailKey is the key of an e-mail address. The rule that no two users have the same address is our own: a token that
// names a user by an address must not match two of them.
func EmailKey(address string) Key { return Key("email:" + Fold(address)) }

// ExternalKey is the key of an external id. External ids are compared byte by byte.
func ExternalKey(e ExternalID) Key {
	return Key("external:" + strconv.Itoa(len(e.Issuer)) + ":" + e.Issuer + ":" + e.ID)
}

// Keys are all keys of a user. The first one is that of the name.
func (u *User) Keys() []Key {
	keys := []Key{NameKey(u.UserName)}
	for _, e := range u.Emails {
		if e.Value != "" {
			keys = append(keys, EmailKey(e.Value))
		}
	}
	for _, b := range u.Bindings {
		keys = append(keys, BindingKey(b.Issuer, b.Subject))
	}
	return external(keys, u.ExternalIDs)
}

// HasKey reports whether a key is one of the user's.
func (u *User) HasKey(k Key) bool { return slices.Contains(u.Keys(), k) }

// BindingKey is the key of a subject of an OpenID provider. Subjects are compared byte by byte.
func BindingKey(issuer, subject string) Key {
	return Key("subject:" + strconv.Itoa(len(issuer)) + ":" + issuer + ":" + subject)
}

// Keys are all keys of a group. The first one is that of the name.
func (g *Group) Keys() []Key {
	return external([]Key{NameKey(g.DisplayName)}, g.ExternalIDs)
}

func external(keys []Key, ids []ExternalID) []Key {
	for _, e := range ids {
		keys = append(keys, ExternalKey(e))
	}
	return keys
}

// Attribute is the path of the attribute that the key was made from, as users or groups name it.
func (k Key) Attribute(group bool) string {
	kind, _, _ := strings.Cut(string(k), ":")
	switch {
	case kind == "email":
		return "emails.value"
	case kind == "external":
		return "externalIds"
	case kind == "subject":
		return "bindings"
	case group:
		return "displayName"
	}
	return "userName"
}

// Fold maps texts that differ only in case to the same text. It uses Unicode's simple case folding, so that the
// Kelvin sign is a K and a long s is an S. It does not normalise.
func Fold(s string) string {
	if isLower(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		least := r
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
		if 'A' <= least && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, s)
}

// isLower reports whether s is plain lower-case ASCII, which most texts are. Fold need not change such a text.
func isLower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}
