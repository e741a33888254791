package scim

import (
	"strings"
	"testing"

	"latchkey/internal/fault"
)

// alice is a user in the form of documents.
var alice = document{
	"id": "u1", "userName": "alice@example.org", "displayName": "Alice", "active": true, "externalId": "X1",
	"name": map[string]any{"givenName": "Alice", "familyName": "O'Hara \"Al\""},
	"emails": []any{
		map[string]any{"value": "alice@example.org", "type": "work", "primary": true},
		map[string]any{"value": "al@home.example", "type": "home"},
	},
	"meta":           map[string]any{"created": "2026-01-02T03:04:05Z"},
	enterpriseSchema: map[string]any{"department": "Research", "manager": map[string]any{"value": "m1"}},
}

func (d document) lookup(t target) []any {
	if t.attr == nil {
		return nil
	}
	return d.values(t)
}

func TestFilters(t *testing.T) {
	for filter, want := range map[string]bool{
		`userName eq "alice@example.org"`:                     true,
		`USERNAME EQ "Alice@Example.ORG"`:                     true,
		`userName eq "bob"`:                                   false,
		`userName ne "bob"`:                                   true,
		`userName ne "alice@example.org"`:                     false,
		`externalId eq "X1"`:                                  true,
		`externalId eq "x1"`:                                  false,
		`id eq "U1"`:                                          false,
		`displayName co "LIC"`:                                true,
		`displayName sw "ali"`:                                true,
		`displayName ew "ICE"`:                                true,
		`displayName sw "lic"`:                                false,
		`displayName gt "Aa"`:                                 true,
		`displayName lt "Aa"`:                                 false,
		`displayName ge "alice"`:                              true,
		`displayName le "alice"`:                              true,
		`displayName pr`:                                      true,
		`title pr`:                                            false,
		`title eq null`:                                       true,
		`displayName eq null`:                                 false,
		`not (title pr)`:                                      true,
		`not (displayName pr)`:                                false,
		`active eq true`:                                      true,
		`active eq "True"`:                                    true,
		`active eq false`:                                     false,
		`active ne false`:                                     true,
		`name.givenName eq "alice"`:                           true,
		`name.familyName eq "O'Hara \"Al\""`:                  true,
		`name.familyName co "\u0041l"`:                        true,
		`emails eq "alice@example.org"`:                       true,
		`emails.value eq "al@home.example"`:                   true,
		`emails.value co "@home"`:                             true,
		`emails.type eq "other"`:                              false,
		`emails[type eq "work"]`:                              true,
		`emails[type eq "work" and value co "home"]`:          false,
		`emails[type eq "home" and value co "home"]`:          true,
		`emails[type eq "work"].value eq "alice@example.org"`: true,
		`emails[type eq "home"].value eq "alice@example.org"`: false,
		`emails[not (type eq "work")]`:                        true,
		`emails[primary eq true and type eq "home"]`:          false,
		`roles[primary eq "True"].value eq "x"`:               false,
		`userName eq "bob" or displayName eq "alice" and active eq true`:    true,
		`(userName eq "bob" or displayName eq "alice") and active eq false`: false,
		`userName eq "bob" and displayName eq "x" or active eq true`:        true,
		`userName eq "bob" and (displayName eq "x" or active eq true)`:      false,
		`meta.created gt "2026-01-01T00:00:00Z"`:                            true,
		`meta.created lt "2026-01-02T04:04:05+02:00"`:                       false,
		`meta.created le "2026-01-02T04:04:05+01:00"`:                       true,
		`department eq "research"`:                                          true,
		enterpriseSchema + `:department eq "research"`:                      true,
		enterpriseSchema + `:manager.value eq "m1"`:                         true,
		`manager eq "m1"`:                                    true,
		userSchema + `:userName sw "alice"`:                  true,
		strings.ToUpper(userSchema) + `:userName sw "alice"`: true,
		`favourite eq "x"`:                                   false,
		`favourite pr`:                                       false,
		`not (favourite eq "x")`:                             true,
		`urn:other:schema:tag eq "x"`:                        false,
		`favourites[type eq "x"]`:                            false,
		`not eq "x"`:                                         false, // an attribute that is called not
	} {
		f, err := parseFilter(users(), filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := match(f, alice.lookup); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
}

func TestFiltersThatCannotBeRead(t *testing.T) {
	for _, filter := range []string{
		"", " ", "userName", "userName eq", `userName eq bob`, `userName eq 'bob'`, `userName eq "bob`, `userName eq "bob\"`,
		`userName is "bob"`,
		`eq "bob"`, `userName eq "a" and`, `and userName eq "a"`, `userName eq "a" userName eq "b"`, `(userName eq "a"`,
		`userName eq "a")`,
		`emails[type eq "work"`, `emails[type eq "work"]]`, `emails[]`, `emails[type]`, `emails[type eq "work"].value`,
		`emails[type eq "work"].size eq "x"`,
		`userName[type eq "work"]`, `name.givenName[a eq "b"]`, `not userName eq "a"`, `userName eq "a" or`, `active gt true`,
		`active co "tr"`, `userName gt 5`,
		`userName gt null`, `userName eq"a"`, `userName eq "a"; drop table users`, `userName eq "a" or "1" eq "1"`,
		`userName eq "\x"`, "userName eq \"a\nb\"",
		`userName eq {"a":1}`, `userName eq ["a"]`, strings.Repeat("(", 5000),
		strings.Repeat("not (", 500) + `a pr` + strings.Repeat(")", 500),
		strings.Repeat("a[", 100) + "b pr" + strings.Repeat("]", 100), `a pr` + strings.Repeat(` and a pr`, 100),
		`a eq "` + strings.Repeat("x", 5000) + `"`,
	} {
		if _, err := parseFilter(users(), filter); fault.Of(err) == nil || fault.Of(err).Fields[scimType] != "invalidFilter" {
			t.Errorf("%.60s: %v", filter, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`userName eq "a"`, `emails[type eq "work" and not (value co "x")].value eq "b"`, `a pr or (b gt "c" and d ne null)`,
		`urn:x:y:z.w le "\u0000"`,
		`not (not (a eq true))`, `a eq -1.5e+3`, `members[value eq "x"]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range []*resource{users(), groups()} {
			if g, err := parseFilter(r, s); err == nil {
				match(g, alice.lookup)
				candidates(g, func(string, string) (map[string]bool, bool) { return map[string]bool{"u": true}, true })
				if strictFilter(r, g) == nil && match(notFilter{g}, alice.lookup) == match(g, alice.lookup) {
					t.Fatal("a filter and its opposite agree")
				}
			}
			if p, ok, err := r.parsePath(s); err == nil && ok && p.attr == nil && !p.extension {
				t.Fatal("a path names nothing")
			}
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"userName":"a","emails":[{"value":"b","primary":"True"}],"active":"False"}`,
		`{"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"x"}]}`,
		`{"Operations":[{"op":"replace","value":{"name.givenName":"A","` + enterpriseSchema + `:manager":"m","` +
			enterpriseSchema + `":{"department":"d"}}}]}`,
		`{"Operations":[{"op":"remove","path":"emails","value":[{"value":"a"}]},{"op":"remove","path":"name.givenName"}]}`,
		`[[[[[[[[[[[[[[[[[[[[[[[[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := decode(userBudget, b)
		if err != nil {
			return
		}
		r := users()
		if d, err := r.document(body); err == nil {
			u, _ := parseUser(d, directoryUser())
			_ = u.Check()
		}
		memberIDs(body["members"])
		ops, err := operations(body)
		if err != nil {
			return
		}
		d := (&view{}).user(new(directoryUser()))
		for _, op := range ops {
			if r.apply(d, op) != nil {
				return
			}
		}
		u, err := parseUser(d, directoryUser())
		if err == nil && u.ID != directoryUser().ID {
			t.Fatal("a patch changed the id")
		}
	})
}
