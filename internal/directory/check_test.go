package directory

import (
	"strings"
	"testing"
)

// alice is a valid user with a value for every kind of attribute.
func alice() *User {
	return &User{
		ID:          "11111111-1111-4111-8111-111111111111",
		Store:       "d-1234567890",
		UserName:    "alice@example.com",
		DisplayName: "Alice Ray",
		Name:        Name{GivenName: "Alice", FamilyName: "Ray"}, Title: "Dr\u3000h.c.", Birthdate: "1990-02-28",
		Emails:    []Email{{Value: "Alice@Example.com", Type: "work", Primary: true}},
		Photos:    []Photo{{Value: "p1"}, {Value: "p2"}, {Value: "p3"}},
		Addresses: []Address{{Locality: "Bern"}}, PhoneNumbers: []PhoneNumber{{Value: "+41 1"}}, Roles: []Role{{Value: "r"}},
		Enterprise:  &Enterprise{Department: "Sales", Manager: Manager{Value: "bob"}},
		ExternalIDs: []ExternalID{{Issuer: "scim", ID: "1"}},
	}
}

func TestUserCheck(t *testing.T) {
	if err := alice().Check(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*User)
		at     string
	}{
		"no user name":                      {func(u *User) { u.UserName = "" }, "userName"},
		"white space in the user name":      {func(u *User) { u.UserName = "a b" }, "userName"},
		"a no-break space in the user name": {func(u *User) { u.UserName = "a\u00a0b" }, "userName"},
		"a long user name":                  {func(u *User) { u.UserName = strings.Repeat("é", 129) }, "userName"},
		"a reserved user name":              {func(u *User) { u.UserName = "Administrator" }, "userName"},
		"a reserved name in another case":   {func(u *User) { u.UserName = "awsADMINISTRATORſ" }, "userName"},
		"a control character":               {func(u *User) { u.NickName = "a\x00" }, "nickName"},
		"a format character":                {func(u *User) { u.UserName = "a\u200bb" }, "userName"},
		"no UTF-8":                          {func(u *User) { u.Title = "\xff" }, "title"},
		"a long text":                       {func(u *User) { u.Locale = strings.Repeat("x", 1025) }, "locale"},
		"a date that does not exist":        {func(u *User) { u.Birthdate = "1990-02-30" }, "birthdate"},
		"eleven emails":                     {func(u *User) { u.Emails = make([]Email, 11) }, "emails"},
		"an email twice": {func(u *User) {
			u.Emails = []Email{{Value: "a@example.org"}, {Value: "A@example.org", Type: "home"}}
		}, "emails"},
		"eleven addresses":        {func(u *User) { u.Addresses = make([]Address, 11) }, "addresses"},
		"eleven phone numbers":    {func(u *User) { u.PhoneNumbers = make([]PhoneNumber, 11) }, "phoneNumbers"},
		"eleven roles":            {func(u *User) { u.Roles = make([]Role, 11) }, "roles"},
		"four photos":             {func(u *User) { u.Photos = make([]Photo, 4) }, "photos"},
		"a photo without a value": {func(u *User) { u.Photos[1].Value = "" }, "photos.2.value"},
		"a bad part of a list":    {func(u *User) { u.Emails[0].Type = "\x01" }, "emails.1.type"},
		"a bad part of the name":  {func(u *User) { u.Name.MiddleName = "\x01" }, "name.middleName"},
		"a bad part of the extension": {
			func(u *User) { u.Enterprise.Manager.Value = "\x01" }, EnterpriseKey + ".manager.value",
		},
		"eleven external ids":              {func(u *User) { u.ExternalIDs = make([]ExternalID, 11) }, "externalIds"},
		"an external id without an issuer": {func(u *User) { u.ExternalIDs[0].Issuer = "" }, "externalIds.1.issuer"},
		"an external id twice": {
			func(u *User) { u.ExternalIDs = append(u.ExternalIDs, u.ExternalIDs[0]) }, "externalIds",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := alice()
			c.change(u)
			refused(t, u.Check(), c.at)
		})
	}
}

func TestUserCheckComplete(t *testing.T) {
	if err := alice().CheckComplete(); err != nil {
		t.Fatal(err)
	}
	for at, change := range map[string]func(*User){
		"userName": func(u *User) { u.UserName = "" }, "displayName": func(u *User) { u.DisplayName = "" },
		"name.givenName":  func(u *User) { u.Name.GivenName = "" },
		"name.familyName": func(u *User) { u.Name.FamilyName = "" },
	} {
		u := alice()
		change(u)
		refused(t, u.CheckComplete(), at)
	}
}

func TestGroupCheck(t *testing.T) {
	g := Group{DisplayName: "Data readers", Description: "who reads"}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	for at, g := range map[string]Group{
		"displayName": {}, "description": {DisplayName: "g", Description: "\x00"},
		"externalIds": {DisplayName: "g", ExternalIDs: make([]ExternalID, 11)},
	} {
		refused(t, g.Check(), at)
	}
	refused(t, (&Group{DisplayName: "AWSAdministrators"}).Check(), "displayName")
}

func refused(t *testing.T, err error, at string) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok || e.Attribute != at {
		t.Errorf("got %v; want a refusal of %s", err, at)
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"alice", "ALICE", "aLiCe"}, {"straße", "STRAßE", "Straẞe"},
		{"kelvin", "\u212aelvin"}, {"sales", "ſaleſ"}, {"σας", "ΣΑΣ"},
	} {
		for _, s := range same {
			if Fold(s) != Fold(same[0]) || !strings.EqualFold(s, same[0]) {
				t.Errorf("%q and %q fold to %q and %q", s, same[0], Fold(s), Fold(same[0]))
			}
		}
	}
	if Fold("alice") == Fold("alicе") { // the second text ends in a Cyrillic letter
		t.Error("another letter is the same")
	}
}

func TestKeysOfDifferentKindsDiffer(t *testing.T) {
	a, b := ExternalKey(ExternalID{Issuer: "a", ID: "b:c"}), ExternalKey(ExternalID{Issuer: "a:b", ID: "c"})
	if a == b || NameKey("x") == EmailKey("x") || NameKey("email:x") == EmailKey("x") {
		t.Error("keys clash")
	}
	u := alice()
	u.Emails = append(u.Emails, Email{Type: "no value"})
	want := []string{"userName", "emails.value", "externalIds"}
	keys := u.Keys()
	if len(keys) != len(want) {
		t.Fatal(keys)
	}
	for i, k := range keys {
		if k.Attribute(false) != want[i] {
			t.Errorf("%s is a key of %s", k, k.Attribute(false))
		}
	}
	if k := (&Group{DisplayName: "G"}).Keys()[0]; k.Attribute(true) != "displayName" || k != NameKey("g") {
		t.Error(k)
	}
}
