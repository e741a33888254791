package ldapsync

import (
	"strings"

	"latchkey/internal/directory"
	"latchkey/internal/ldap"
)

// mergeUser sets the attributes of an entry in a user of the store. Attributes that no source maps stay unchanged. name
// and email are those that the plan has granted, which may differ from the entry's.
func mergeUser(u directory.User, e *ldap.User, name, email string) directory.User {
	u.UserName = name
	u.DisplayName = e.DisplayName
	u.Name.GivenName, u.Name.FamilyName = e.GivenName, e.FamilyName
	u.Title, u.PreferredLanguage = e.Title, e.PreferredLanguage
	var mail []directory.Email
	if email != "" {
		mail = []directory.Email{{Value: email, Type: "work", Primary: true}}
		if len(u.Emails) == 1 && u.Emails[0].Value == email {
			mail = u.Emails
		}
	}
	u.Emails = mail
	var ext directory.Enterprise
	if u.Enterprise != nil {
		ext = *u.Enterprise
	}
	ext.Department, ext.EmployeeNumber = e.Department, e.EmployeeNumber
	u.Enterprise = nil
	if ext != (directory.Enterprise{}) {
		u.Enterprise = &ext
	}
	return u
}

func mergeGroup(g directory.Group, e *ldap.Group, name string) directory.Group {
	g.DisplayName, g.Description = name, e.Description
	return g
}

// sameUser reports whether two users have the same attributes, of those that mergeUser sets.
func sameUser(a, b *directory.User) bool {
	department := func(u *directory.User) (d, n string) {
		if u.Enterprise == nil {
			return "", ""
		}
		return u.Enterprise.Department, u.Enterprise.EmployeeNumber
	}
	ad, an := department(a)
	bd, bn := department(b)
	return a.UserName == b.UserName && a.DisplayName == b.DisplayName && a.Name == b.Name && a.Title == b.Title &&
		a.PreferredLanguage == b.PreferredLanguage && emailOf(a) == emailOf(b) && ad == bd && an == bn
}

func sameGroup(a, b *directory.Group) bool {
	return a.DisplayName == b.DisplayName && a.Description == b.Description
}

func emailOf(u *directory.User) string { return u.Email() }

// ruleText is the text of a report for an error of directory.Check.
func ruleText(err error) string {
	if e, ok := err.(*directory.Error); ok {
		return "its " + e.Attribute + " cannot be taken: " + strings.ToLower(e.Rule)
	}
	return err.Error()
}
