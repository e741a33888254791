package directory

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key is something by which at most one user, or at most one group, of a store is found. Keys of different kinds
// never look the same.
type Key string

// NameKey is the key of a user name, or of a group's display name. Names that differ only in case are one name.
func NameKey(name string) Key { return Key("name:" + Fold(name)) }

// EmailKey is the key of an email address. That no two users have the same one is our rule: a foreign token that
// says who somebody is by an address must not have the choice.
func EmailKey(address string) Key { return Key("email:" + Fold(address)) }

// ExternalKey is the key of an id in a foreign directory. Its bytes count.
func ExternalKey(e ExternalID) Key {
	return Key("external:" + strconv.Itoa(len(e.Issuer)) + ":" + e.Issuer + ":" + e.ID)
}

// Keys are all keys of a user, its name first.
func (u *User) Keys() []Key {
	keys := []Key{NameKey(u.UserName)}
	for _, e := range u.Emails {
		if e.Value != "" {
			keys = append(keys, EmailKey(e.Value))
		}
	}
	return external(keys, u.ExternalIDs)
}

// Keys are all keys of a group, its name first.
func (g *Group) Keys() []Key {
	return external([]Key{NameKey(g.DisplayName)}, g.ExternalIDs)
}

func external(keys []Key, ids []ExternalID) []Key {
	for _, e := range ids {
		keys = append(keys, ExternalKey(e))
	}
	return keys
}

// Attribute is the path of the attribute that the key is of, spelled for users or for groups.
func (k Key) Attribute(group bool) string {
	kind, _, _ := strings.Cut(string(k), ":")
	switch {
	case kind == "email":
		return "emails.value"
	case kind == "external":
		return "externalIds"
	case group:
		return "displayName"
	}
	return "userName"
}

// Fold maps texts that differ only in case to the same text: Unicode's simple case folding, so that neither the
// Kelvin sign nor a long s makes a second K or s. It does not normalise.
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

// isLower reports that s is folded already, for the many texts that are plain lower-case ASCII.
func isLower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}
