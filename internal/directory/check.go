package directory

import (
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of the Identity Store API reference.
const (
	maxUserName    = 128
	maxText        = 1024
	maxExternal    = 256
	maxExternalIDs = 10
	maxPhotos      = 3
	maxOtherList   = 1

	// A source of the directory, such as SCIM or LDAP, may bring more elements than the API allows: a person may have
	// several telephones.
	maxFromSource = 10
)

// Check reports the first rule that the user breaks. The rules hold for every source of users. CheckComplete checks
// what only the Identity Store API requires.
func (u *User) Check() error {
	if u.UserName == "" {
		return broken("userName", "userName is a required attribute")
	}
	if reserved(u.UserName) {
		return broken("userName", "Member must not be a reserved name")
	}
	if err := checkParts(u, ""); err != nil {
		return err
	}
	for i, p := range u.Photos {
		if p.Value == "" {
			return broken("photos."+strconv.Itoa(i+1)+".value", "Member must not be null")
		}
	}
	if u.hasAddressTwice() {
		return broken("emails", "Member must not have the same value twice")
	}
	return checkExternal(u.ExternalIDs)
}

func (u *User) hasAddressTwice() bool {
	seen := make(map[Key]bool, len(u.Emails))
	for _, e := range u.Emails {
		k := EmailKey(e.Value)
		if e.Value != "" && seen[k] {
			return true
		}
		seen[k] = true
	}
	return false
}

// CheckComplete reports the first rule that the user breaks and that only the Identity Store API has: attributes that
// it requires, and one e-mail address at most.
func (u *User) CheckComplete() error {
	for _, a := range []struct{ name, value string }{
		{"userName", u.UserName}, {"displayName", u.DisplayName}, {"name.givenName", u.Name.GivenName},
		{"name.familyName", u.Name.FamilyName},
	} {
		if a.value == "" {
			return broken(a.name, "%s is a required attribute", a.name)
		}
	}
	if len(u.Emails) > maxOtherList {
		return broken("emails", "Member must have length less than or equal to %d", maxOtherList)
	}
	return nil
}

// Check reports the first rule that the group breaks.
func (g *Group) Check() error {
	if g.DisplayName == "" {
		return broken("displayName", "displayName is a required attribute")
	}
	if reserved(g.DisplayName) {
		return broken("displayName", "Member must not be a reserved name")
	}
	if err := checkParts(g, ""); err != nil {
		return err
	}
	return checkExternal(g.ExternalIDs)
}

// reserved are the names that neither a user nor a group may have (CreateUser, CreateGroup).
func reserved(name string) bool {
	return slices.Contains([]string{"administrator", "awsadministrators"}, Fold(name))
}

func checkParts(p parts, at string) error {
	for _, a := range p.attributes() {
		if err := checkValue(a.at, at+a.name); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(at any, name string) error {
	if list, ok := elements(at); ok {
		limit := maxFromSource
		switch name {
		case "photos":
			limit = maxPhotos
		}
		if len(list) > limit {
			return broken(name, "Member must have length less than or equal to %d", limit)
		}
		for i, e := range list {
			if err := checkParts(e, name+"."+strconv.Itoa(i+1)+"."); err != nil {
				return err
			}
		}
		return nil
	}
	switch v := at.(type) {
	case parts:
		return checkParts(v, name+".")
	case *string:
		return checkText(*v, name)
	}
	return nil
}

// checkText checks a text attribute. An empty text means that the attribute is absent.
func checkText(s, name string) error {
	limit, white := maxText, true
	if name == "userName" {
		limit, white = maxUserName, false
	}
	if utf8.RuneCountInString(s) > limit {
		return broken(name, "Member must have length less than or equal to %d", limit)
	}
	if err := checkRunes(s, name, white); err != nil {
		return err
	}
	if name == "birthdate" && s != "" {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return broken(name, "Member must be a date of the form YYYY-MM-DD")
		}
	}
	return nil
}

// checkRunes accepts letters, marks, symbols, numbers and punctuation. If white is true, it also accepts the white
// space that the API's patterns name.
func checkRunes(s, name string, white bool) error {
	if !utf8.ValidString(s) {
		return broken(name, "Member must be UTF-8")
	}
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P):
		case white && (r == '\t' || r == '\n' || r == '\r' || r == ' ' || r == '\u00a0' || r == '\u3000'):
		case unicode.IsSpace(r):
			return broken(name, "Member must not contain this kind of white space")
		default:
			return broken(name, "Member must consist of letters, marks, symbols, numbers and punctuation")
		}
	}
	return nil
}

func checkExternal(ids []ExternalID) error {
	if len(ids) > maxExternalIDs {
		return broken("externalIds", "Member must have length less than or equal to %d", maxExternalIDs)
	}
	for i, e := range ids {
		for _, a := range []struct{ name, value string }{{"issuer", e.Issuer}, {"id", e.ID}} {
			name := "externalIds." + strconv.Itoa(i+1) + "." + a.name
			if a.value == "" || utf8.RuneCountInString(a.value) > maxExternal {
				return broken(name, "Member must have length between 1 and %d", maxExternal)
			}
			if err := checkRunes(a.value, name, false); err != nil {
				return err
			}
		}
		if slices.Contains(ids[:i], e) {
			return broken("externalIds", "Member must not name the same id twice")
		}
	}
	return nil
}
