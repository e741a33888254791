package scim_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/provision"
)

// A value in a client's filter never becomes part of the filter's syntax. No filter finds what the client may not see.
func TestAttack26_SCIMFilterInjection(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	w.user("bob")
	foreign := w.Person(t, other, "eve")
	theirs := w.Group(t, other, "theirs", foreign)
	odd := w.do("POST", "/Users", `{"userName":"x\"or(userName\\pr)or\""}`).want(201).id()
	for name, c := range map[string]struct {
		filter string
		hits   []string
	}{
		"an honest filter":              {`userName eq "alice"`, []string{alice}},
		"quotes in a value stay in it":  {`userName eq "x\"or(userName\\pr)or\""`, []string{odd}},
		"an escaped quote ends nothing": {`userName eq "alice\" or userName pr or \""`, nil},
		"signs of SQL and LDAP mean nothing": {`userName eq "*)(uid=*" or userName eq "' OR '1'='1" or userName eq "%"`,
			nil},
		"a NUL is a sign like others":         {`userName eq "alice\u0000"`, nil},
		"another account's user by its id":    {`id eq "` + string(foreign.ID) + `"`, nil},
		"another account's user by its name":  {`userName eq "eve" or displayName eq "eve"`, nil},
		"another account's user by an e-mail": {`emails.value eq "eve@example.org"`, nil},
		"another account's group":             {`groups.value eq "` + string(theirs.ID) + `"`, nil},
		"everybody who is not somebody": {`not (userName eq "nobody") and not (userName eq "bob")`,
			[]string{alice, odd}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.find("Users", c.filter).want(200).has("totalResults", len(c.hits))
			for i, id := range c.hits {
				r.has("Resources."+string(rune('0'+i))+".id", id)
			}
		})
	}
	for name, filter := range map[string]string{
		"a quote that closes the value": `userName eq "alice" or "1" eq "1"`,
		"something behind the filter":   `userName eq "alice") or (userName pr`,
		"a comment":                     `userName eq "alice" -- `,
		"another language":              `${jndi:ldap://x} eq "a"`,
		"nesting without end":           strings.Repeat("(", 4000) + "userName pr",
	} {
		t.Run("refused: "+name, func(t *testing.T) { w.find("Users", filter).refused(400, "invalidFilter") })
	}
	g := w.group("staff", alice)
	w.do("PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members[value eq \"x\" or value pr"}`)).refused(400,
		"invalidPath")
	w.do("PATCH", "/Groups/"+g,
		patch(`{"op":"remove","path":"members[value eq \"x\"] or members[value pr]"}`)).refused(400, "invalidPath")
	w.do("GET", "/Groups/"+g, "").has("members.0.value", alice)
}

// A token has access to its own account's store only, whatever ids a request names.
func TestAttack26_ATokenOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.group("staff", alice)
	theirs := w.tokens[other]
	mine := w.with(theirs, "POST", "/Users",
		`{"userName":"alice","emails":[{"value":"alice@mail.example.org"}],"externalId":"x-alice"}`).want(201).id()
	group := w.with(theirs, "POST", "/Groups", `{"displayName":"staff","members":`+memberList(mine)+`}`).want(201).id()
	for _, c := range [][]string{
		{"GET", "/Users/" + alice, ""}, {"PUT", "/Users/" + alice, `{"userName":"mallory"}`},
		{"DELETE", "/Users/" + alice, ""},
		{"PATCH", "/Users/" + alice, patch(`{"op":"replace","path":"active","value":false}`)},
		{"GET", "/Groups/" + g, ""}, {"PUT", "/Groups/" + g, `{"displayName":"mine"}`}, {"DELETE", "/Groups/" + g, ""},
		{"PATCH", "/Groups/" + g, patch(`{"op":"add","path":"members","value":[{"value":"` + mine + `"}]}`)},
		{"PATCH", "/Groups/" + g, patch(`{"op":"remove","path":"members"}`)},
	} {
		w.with(theirs, c[0], c[1], c[2]).refused(404, "")
	}
	w.with(theirs, "PATCH", "/Groups/"+group,
		patch(`{"op":"add","path":"members","value":[{"value":"`+alice+`"}]}`)).refused(400, "invalidValue")
	w.with(theirs, "POST", "/Groups", `{"displayName":"more","members":`+memberList(alice)+`}`).refused(400,
		"invalidValue")
	for _, path := range []string{"/Users", "/Users?filter=" + escape(`userName eq "alice"`), "/Users?filter=" +
		escape(`externalId eq "x-alice"`), "/Users?cursor"} {
		w.with(theirs, "GET", path, "").want(200).has("Resources.0.id", mine, "Resources.1", nil)
	}
	w.with(theirs, "GET", "/Groups?filter="+escape(`members.value eq "`+alice+`"`), "").want(200).has("totalResults", 0)
	w.do("GET", "/Users/"+alice, "").want(200).has("userName", "alice", "active", true, "groups.0.value", g)
	w.do("GET", "/Groups/"+g, "").want(200).has("members.0.value", alice, "members.1", nil)
}

func TestAttack26_ATokenThatHoldsNoMore(t *testing.T) {
	w := newWorld(t)
	short := w.token(account, time.Minute)
	w.with(short.Secret.Reveal(), "GET", "/Users", "").want(200)
	w.Advance(time.Minute)
	w.with(short.Secret.Reveal(), "POST", "/Users", `{"userName":"late"}`).refused(401, "")
	w.do("GET", "/Users", "").want(200).has("totalResults", 0)
	w.token(account, 0) // the expired one makes room
	tokens := &provision.Tokens{Control: w.Control}
	all, err := tokens.List(t.Context(), w.Call(t, w.Root(account), "latchkey", "ListProvisioningTokens"))
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := tokens.Delete(t.Context(), w.Call(t, w.Root(account), "latchkey", "DeleteProvisioningToken"),
		all[0].ID); err != nil {
		t.Fatal(err)
	}
	w.do("GET", "/Users", "").refused(401, "")
}

// A new user with the name of a deleted one is a different user: ids are never used twice.
func TestAttack26_ANamesakeIsAStranger(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.group("staff", alice)
	w.do("DELETE", "/Users/"+alice, "").want(204)
	again := w.user("alice")
	if again == alice {
		t.Fatal("the id was used again")
	}
	w.do("GET", "/Users/"+alice, "").refused(404, "")
	w.do("GET", "/Groups/"+g, "").want(200).has("members.0", nil)
}
