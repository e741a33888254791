package scim

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/directory"
)

func directoryUser() directory.User {
	return directory.User{
		ID:           "00000000-0000-4000-8000-000000000001",
		UserName:     "alice",
		DisplayName:  "Alice",
		Website:      "https://example.org",
		Name:         directory.Name{GivenName: "G", FamilyName: "F"},
		Emails:       []directory.Email{{Value: "a@example.org", Type: "work", Primary: true}},
		PhoneNumbers: []directory.PhoneNumber{{Value: "1", Type: "work"}, {Value: "2", Type: "mobile"}},
		Enterprise:   &directory.Enterprise{Department: "D", Manager: directory.Manager{Value: "m"}},
		ExternalIDs:  []directory.ExternalID{{Issuer: "ldap", ID: "l1"}, {Issuer: Issuer, ID: "x1"}},
	}
}

func TestPatches(t *testing.T) {
	for name, c := range map[string]struct {
		ops  string
		want func(u *directory.User)
	}{
		"a replace": {`{"op":"replace","path":"displayName","value":"B"}`, func(u *directory.User) {
			u.DisplayName = "B"
		}},
		"an add to what has one value": {`{"op":"add","path":"title","value":"Dr"}`, func(u *directory.User) {
			u.Title = "Dr"
		}},
		"a remove": {`{"op":"remove","path":"displayName"}`, func(u *directory.User) {
			u.DisplayName = ""
		}},
		"null removes": {`{"op":"replace","path":"displayName","value":null}`, func(u *directory.User) {
			u.DisplayName = ""
		}},
		"an empty text removes": {`{"op":"Replace","path":"displayName","value":""}`, func(u *directory.User) {
			u.DisplayName = ""
		}},
		"a number is a text": {`{"op":"add","path":"employeeNumber","value":701984}`, func(u *directory.User) {
			u.Enterprise.EmployeeNumber = "701984"
		}},
		"a part": {`{"op":"Replace","path":"name.givenName","value":"H"}`, func(u *directory.User) {
			u.Name.GivenName = "H"
		}},
		"parts that are not named stay": {`{"op":"replace","path":"name","value":{"familyName":"H"}}`,
			func(u *directory.User) {
				u.Name.FamilyName = "H"
			}},
		"all parts": {`{"op":"remove","path":"name"}`, func(u *directory.User) {
			u.Name = directory.Name{}
		}},
		"one part removed": {`{"op":"remove","path":"name.familyName"}`, func(u *directory.User) {
			u.Name.FamilyName = ""
		}},
		"an object of objects": {`{"op":"replace","value":{"name":{"givenName":"H"},"nickName":"N"}}`,
			func(u *directory.User) {
				u.Name.GivenName, u.NickName = "H", "N"
			}},
		"names in any case": {`{"OP":"REPLACE","Path":"NAME.GIVENNAME","VALUE":"H"}`, func(u *directory.User) {
			u.Name.GivenName = "H"
		}},
		"an extension by its schema": {`{"op":"add","value":{"` + enterpriseSchema + `":{"division":"E"}}}`,
			func(u *directory.User) {
				u.Enterprise.Division = "E"
			}},
		"a manager by its id": {`{"op":"Add","path":"` + enterpriseSchema + `:manager","value":"n"}`,
			func(u *directory.User) {
				u.Enterprise.Manager.Value = "n"
			}},
		"a manager as an object": {`{"op":"Add","path":"` + enterpriseSchema +
			`:manager","value":{"value":"n","displayName":"N"}}`, func(u *directory.User) {
			u.Enterprise.Manager.Value = "n"
		}},
		"a manager by its part": {`{"op":"Add","path":"` + enterpriseSchema + `:manager.value","value":"n"}`,
			func(u *directory.User) {
				u.Enterprise.Manager.Value = "n"
			}},
		"the extension removed": {`{"op":"remove","path":"` + enterpriseSchema + `"}`, func(u *directory.User) {
			u.Enterprise = nil
		}},
		"one of several": {`{"op":"replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"3"}`,
			func(u *directory.User) {
				u.PhoneNumbers[1].Value = "3"
			}},
		"one of several made": {`{"op":"Replace","path":"phoneNumbers[type eq \"fax\"].value","value":"3"}`,
			func(u *directory.User) {
				u.PhoneNumbers = append(u.PhoneNumbers, directory.PhoneNumber{Value: "3", Type: "fax"})
			}},
		"an address made": {`{"op":"Add","path":"addresses[type eq \"work\"].streetAddress","value":"S"}`,
			func(u *directory.User) {
				u.Addresses = []directory.Address{{Type: "work", StreetAddress: "S"}}
			}},
		"a role made by a text boolean": {`{"op":"Add","path":"roles[primary eq \"True\"].value","value":"R"}`,
			func(u *directory.User) {
				u.Roles = []directory.Role{{Value: "R", Primary: true}}
			}},
		"one of several removed": {`{"op":"remove","path":"phoneNumbers[type eq \"work\"]"}`, func(u *directory.User) {
			u.PhoneNumbers = u.PhoneNumbers[1:]
		}},
		"one removed by its value": {`{"op":"Remove","path":"phoneNumbers","value":[{"value":"1"}]}`,
			func(u *directory.User) {
				u.PhoneNumbers = u.PhoneNumbers[1:]
			}},
		"a value removed goes as a whole": {`{"op":"remove","path":"phoneNumbers[type eq \"work\"].value"}`,
			func(u *directory.User) {
				u.PhoneNumbers = u.PhoneNumbers[1:]
			}},
		"all removed": {`{"op":"remove","path":"phoneNumbers"}`, func(u *directory.User) {
			u.PhoneNumbers = nil
		}},
		"what is not there removed": {`{"op":"remove","path":"phoneNumbers[type eq \"fax\"]"}`, func(*directory.User) {}},
		"one added": {`{"op":"add","path":"phoneNumbers","value":[{"value":"3","type":"home","primary":true}]}`,
			func(u *directory.User) {
				u.PhoneNumbers = append(u.PhoneNumbers, directory.PhoneNumber{Value: "3", Type: "home", Primary: true})
			}},
		"one added that is there": {`{"op":"add","path":"phoneNumbers","value":{"value":"1","type":"work"}}`,
			func(*directory.User) {}},
		"all replaced": {`{"op":"replace","path":"phoneNumbers","value":[{"value":"3"}]}`, func(u *directory.User) {
			u.PhoneNumbers = []directory.PhoneNumber{{Value: "3"}}
		}},
		"a new primary address": {`{"op":"add","path":"emails","value":[{"value":"b@example.org","primary":true}]}`,
			func(u *directory.User) {
				u.Emails = []directory.Email{{Value: "b@example.org", Primary: true}, {Value: "a@example.org", Type: "work"}}
			}},
		"a second address": {`{"op":"add","path":"emails[type eq \"home\"].value","value":"b@example.org"}`,
			func(u *directory.User) {
				u.Emails = append(u.Emails, directory.Email{Value: "b@example.org", Type: "home"})
			}},
		"another primary one": {`{"op":"replace","path":"phoneNumbers[type eq \"work\"].primary","value":true},
			{"op":"replace","path":"phoneNumbers[type eq \"mobile\"].primary","value":"True"}`,
			func(u *directory.User) {
				u.PhoneNumbers[1].Primary = true
			}},
		"a value emptied": {`{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":""}`,
			func(u *directory.User) {
				u.PhoneNumbers = u.PhoneNumbers[1:]
			}},
		"a value that is not there emptied": {`{"op":"replace","path":"phoneNumbers[type eq \"fax\"].value","value":null}`,
			func(*directory.User) {}},
		"a value by null": {`{"op":"replace","path":"phoneNumbers[type eq \"work\"]","value":null}`,
			func(u *directory.User) {
				u.PhoneNumbers = u.PhoneNumbers[1:]
			}},
		"another schema is passed over": {`{"op":"add",
		"path":"urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:tag",
		"value":"701984"}`, func(*directory.User) {}},
		"what is unknown in an object": {`{"op":"replace","value":{"favourite":"x","nickName":"N","id":"other",
		"schemas":[]}}`, func(u *directory.User) {
			u.NickName = "N"
		}},
		"what the server writes in an object": {`{"op":"replace","value":{"id":"other","meta":{"created":"x"}}}`,
			func(*directory.User) {}},
		"disabled by a text": {`{"op":"Replace","path":"active","value":"False"}`, func(u *directory.User) {
			u.SetSay(directory.SaysOut, directory.Block{Source: Issuer})
		}},
		"disabled in an object": {`{"op":"replace","value":{"active":false}}`, func(u *directory.User) {
			u.SetSay(directory.SaysOut, directory.Block{Source: Issuer})
		}},
		"another external id": {`{"op":"replace","path":"externalId","value":"x2"}`, func(u *directory.User) {
			u.ExternalIDs[1].ID = "x2"
		}},
		"several in their order": {`{"op":"replace","path":"title","value":"a"},{"op":"replace","path":"title","value":"b"}`,
			func(u *directory.User) {
				u.Title = "b"
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var body map[string]any
			body, err := decode(userBudget, []byte(`{"Operations":[`+c.ops+`]}`))
			if err != nil {
				t.Fatal(err)
			}
			ops, err := operations(body)
			if err != nil {
				t.Fatal(err)
			}
			base, want := directoryUser(), directoryUser()
			d := (&view{}).user(&base)
			for _, op := range ops {
				if err := users().apply(d, op); err != nil {
					t.Fatal(err)
				}
			}
			got, err := parseUser(d, base)
			if err == nil {
				err = kept(d, &got)
			}
			if err != nil {
				t.Fatal(err)
			}
			got.SetSay(sayOf(d), directory.Block{Source: Issuer})
			c.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				selected, _ := json.Marshal(d)
				t.Fatalf("%s\n%s", diff, selected)
			}
			if diff := cmp.Diff(directoryUser(), base); diff != "" {
				t.Fatalf("the user before was changed: %s", diff)
			}
		})
	}
}
