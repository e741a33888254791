package scim_test

import (
	"strings"
	"testing"

	"latchkey/internal/directory"
)

// W21: a user whose one address, the primary one, is of the type other. A change of the address for work is stored, and
// the client reads it back: no address keeps identifying a person while the provider believes that it was replaced.
func TestWire21_AChangeOfOneAddressIsStored(t *testing.T) {
	w := newWorld(t)
	id := w.do("POST", "/Users",
		`{"userName":"alice","emails":[{"value":"old@example.org","type":"other","primary":true}]}`).want(201).id()
	w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@example.org"}`)).
		want(200).has("emails.0.value", "old@example.org", "emails.0.primary", true, "emails.1.value", "new@example.org",
		"emails.1.type", "work")
	w.do("GET", "/Users/"+id, "").want(200).has("emails.1.value", "new@example.org")
	w.find("Users", `emails.value eq "new@example.org"`).want(200).has("Resources.0.id", id)
	w.do("POST", "/Users", `{"userName":"bob","emails":[{"value":"new@example.org"}]}`).refused(409, "uniqueness")
	w.do("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}`)).want(200).
		has("emails.0.value", "new@example.org", "emails.0.primary", true, "emails.1.primary", nil)
	if u := w.Engine.Current().Person(directory.UserID(id)); u.Email() != "new@example.org" {
		t.Errorf("the person is known by %s", u.Email())
	}
	w.do("PATCH", "/Users/"+id, patch(`{"op":"remove","path":"emails[type eq \"other\"]"}`)).want(200).has("emails.1", nil)
	w.do("POST", "/Users", `{"userName":"bob","emails":[{"value":"old@example.org"}]}`).want(201)
}

// W22: what only the server writes is not acknowledged as changed.
func TestWire22_ReadOnlyPathsAreRefused(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.group("staff", alice)
	for _, op := range []string{
		`{"op":"replace","path":"id","value":"x"}`, `{"op":"add","path":"ID","value":"x"}`, `{"op":"remove","path":"id"}`,
		`{"op":"replace","path":"meta.created","value":"x"}`, `{"op":"replace","path":"meta","value":{}}`,
		`{"op":"add","path":"groups","value":[{"value":"` + g + `"}]}`, `{"op":"remove","path":"groups"}`,
		`{"op":"add","value":{"groups":[{"value":"` + g + `"}]}}`,
		`{"op":"remove","path":"groups[value eq \"` + g + `\"]"}`,
		`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:id","value":"x"}`,
	} {
		w.do("PATCH", "/Users/"+alice, patch(op)).refused(400, "mutability")
	}
	for _, op := range []string{
		`{"op":"replace","path":"id","value":"x"}`, `{"op":"replace","path":"meta.location","value":"x"}`,
	} {
		w.do("PATCH", "/Groups/"+g, patch(op)).refused(400, "mutability")
	}
	w.do("PATCH", "/Users/"+alice, patch(`{"op":"replace","value":{"id":"x","nickName":"al"}}`)).want(200).
		has("id", alice, "nickName", "al")
	w.do("PATCH", "/Groups/"+g, patch(`{"op":"replace","value":{"id":"x","displayName":"crew"}}`)).want(204)
}

// A success means that what was sent is stored. What cannot be stored is refused, with nothing changed.
func TestAttack52_WhatIsAcknowledgedIsStored(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	before := w.do("GET", "/Users/"+alice, "").want(200).raw
	for name, c := range map[string]struct{ method, body, scimType string }{
		"a number as a user name":      {"PATCH", patch(`{"op":"replace","path":"userName","value":5}`), "invalidValue"},
		"a number as a user name, PUT": {"PUT", `{"userName":5}`, "invalidValue"},
		"a number as an address": {"PATCH", patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":5}`),
			"invalidValue"},
		"a number as an external id": {"PUT", `{"userName":"alice","externalId":5}`, "invalidValue"},
		"a user name that is true":   {"PUT", `{"userName":true}`, "invalidValue"},
		"two primary addresses": {"PUT",
			`{"userName":"alice","emails":[{"value":"a@x","primary":true},{"value":"b@x","primary":true}]}`, "invalidValue"},
		"two numbers made primary": {"PATCH", patch(`{"op":"add","path":"phoneNumbers","value":[{"value":"1"},{"value":"2"}]}`,
			`{"op":"replace","path":"phoneNumbers.primary","value":true}`), "invalidValue"},
		"one address twice": {"PUT", `{"userName":"alice","emails":[{"value":"a@x"},{"value":"A@x","type":"home"}]}`,
			"invalidValue"},
		"all addresses at once": {"PATCH", patch(`{"op":"add","path":"emails[type eq \"home\"].value","value":"h@x"}`,
			`{"op":"replace","path":"emails.value","value":"same@x"}`), "invalidValue"},
		"a primary number that is not there": {"PATCH",
			patch(`{"op":"replace","path":"phoneNumbers[type eq \"fax\"].primary","value":true}`), "noTarget"},
		"a type of an address that is not there": {"PATCH",
			patch(`{"op":"replace","path":"emails[value eq \"\"].type","value":"home"}`), "noTarget"},
		"a display name of a picture that is not there": {"PATCH",
			patch(`{"op":"replace","path":"photos.display","value":"x"}`), "noTarget"},
		"an attribute of the RFC that is not kept": {"PATCH", patch(`{"op":"replace","path":"password","value":"x"}`),
			"invalidPath"},
		"another one": {"PATCH", patch(`{"op":"add","path":"ims","value":[{"value":"x"}]}`), "invalidPath"},
		"more than fits": {"PUT",
			`{"userName":"alice","emails":[` + strings.Repeat(`{"value":"x@x"},`, 10) + `{"value":"y@x"}]}`, "invalidValue"},
		"a part not kept":  {"PATCH", patch(`{"op":"replace","path":"emails[type eq \"work\"].display","value":"x"}`), "invalidPath"},
		"a manager's name": {"PATCH", patch(`{"op":"replace","path":"manager.displayName","value":"x"}`), "invalidPath"},
	} {
		t.Run(name, func(t *testing.T) {
			w.do(c.method, "/Users/"+alice, c.body).refused(400, c.scimType)
			if now := w.do("GET", "/Users/"+alice, "").want(200).raw; now != before {
				t.Errorf("changed: %s", now)
			}
		})
	}
	w.do("PATCH", "/Users/"+alice, patch(`{"op":"add","path":"employeeNumber","value":701984}`)).want(200).
		has("|"+enterprise+"|.employeeNumber", "701984")
	w.do("POST", "/Groups", `{"displayName":7}`).refused(400, "invalidValue")
	w.do("POST", "/Groups", `{"displayName":"x","members":[{"value":7}]}`).refused(400, "invalidValue")
}

// null and an empty list say that a group has no members, in a PUT as in a PATCH. Silence says nothing.
func TestAttack52_NoMembers(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	for name, c := range map[string]struct {
		method, body string
		stays        bool
	}{
		"PUT of null":                 {"PUT", `{"displayName":"staff","members":null}`, false},
		"PUT of none":                 {"PUT", `{"displayName":"staff","members":[]}`, false},
		"PUT without":                 {"PUT", `{"displayName":"staff"}`, true},
		"PATCH of null":               {"PATCH", patch(`{"op":"replace","path":"members","value":null}`), false},
		"PATCH of null, with no path": {"PATCH", patch(`{"op":"replace","value":{"members":null}}`), false},
		"PATCH of none":               {"PATCH", patch(`{"op":"replace","path":"members","value":[]}`), false},
		"PATCH that adds null":        {"PATCH", patch(`{"op":"add","path":"members","value":null}`), true},
	} {
		t.Run(name, func(t *testing.T) {
			g := w.group("staff", alice)
			if r := w.do(c.method, "/Groups/"+g, c.body); r.StatusCode/100 != 2 {
				t.Fatal(r.raw)
			}
			if got := w.Engine.Current().InGroup(directory.UserID(alice), directory.GroupID(g)); got != c.stays {
				t.Errorf("still a member: %v", got)
			}
			w.do("DELETE", "/Groups/"+g, "").want(204)
		})
	}
}
