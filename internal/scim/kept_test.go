package scim

import (
	"testing"

	"latchkey/internal/directory"
)

// Whatever a user loses of a document is found, so that no success is a lie. What says nothing is not missed.
func TestAttack52_WhatIsLostIsFound(t *testing.T) {
	u := directoryUser()
	u.Emails = append(u.Emails, directory.Email{Value: "b@example.org", Type: "home"})
	whole := func() document { return (&view{}).user(&u) }
	if err := kept(whole(), &u); err != nil {
		t.Fatal(err)
	}
	d := whole()
	emails := d["emails"].([]any)
	d["emails"] = []any{emails[1], emails[0]}
	emails[1].(map[string]any)["primary"] = false
	d["roles"], d["active"], d["id"] = []any{}, false, "other"
	if err := kept(d, &u); err != nil {
		t.Errorf("refused for what says nothing, or is not the document's: %v", err)
	}
	for name, lose := range map[string]func(*directory.User){
		"an address": func(u *directory.User) { u.Emails = u.Emails[:1] },
		"an address's type": func(u *directory.User) {
			u.Emails = []directory.Email{u.Emails[0], {Value: "b@example.org"}}
		},
		"another address": func(u *directory.User) { u.Emails = []directory.Email{u.Emails[0], u.Emails[0]} },
		"a primary flag": func(u *directory.User) {
			u.Emails = []directory.Email{{Value: "a@example.org", Type: "work"}, u.Emails[1]}
		},
		"all addresses":        func(u *directory.User) { u.Emails = nil },
		"a telephone":          func(u *directory.User) { u.PhoneNumbers = u.PhoneNumbers[:1] },
		"the name":             func(u *directory.User) { u.UserName = "bob" },
		"a part of the name":   func(u *directory.User) { u.Name.FamilyName = "" },
		"the external id":      func(u *directory.User) { u.ExternalIDs = nil },
		"the extension":        func(u *directory.User) { u.Enterprise = nil },
		"the extension's part": func(u *directory.User) { u.Enterprise = &directory.Enterprise{Department: "D"} },
	} {
		less := u
		lose(&less)
		if err := kept(whole(), &less); err == nil {
			t.Errorf("%s was lost in silence", name)
		}
	}
}
