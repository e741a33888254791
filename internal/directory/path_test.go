package directory

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// values are the attributes of a user without parts. The test makes their paths from the user's JSON, not with the
// code of the package.
func values(t interface{ Fatal(...any) }, v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		if m, ok := v.(map[string]any); ok {
			for k, v := range m {
				walk(strings.TrimPrefix(at+"."+strings.ToLower(k), "."), v)
			}
			return
		}
		all[strings.Replace(at, "enterprise", EnterpriseKey, 1)] = v
	}
	walk("", m)
	return all
}

var textPaths = []string{
	"userName", "displayName", "name.givenName", "name.familyName",
	"name.honorificPrefix", "nickName", "profileUrl", "userType", "title",
	"preferredLanguage", "locale", "timezone", "website", EnterpriseKey + ".department",
	EnterpriseKey + ".employeeNumber", EnterpriseKey + ".manager.value",
}

// An operation changes only the attribute that it names, to the value that it has.
func TestOperationsChangeWhatTheyNameAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := alice()
		want := values(t, u)
		var ops []Operation
		for range rapid.IntRange(1, 8).Draw(t, "operations") {
			path := rapid.SampledFrom(textPaths).Draw(t, "path")
			spelled := rapid.SampledFrom([]string{path, strings.ToUpper(path), strings.ToLower(path)}).Draw(t, "spelled")
			if rapid.Bool().Draw(t, "remove") &&
				!slices.Contains([]string{"userName", "displayName", "name.givenName", "name.familyName"}, path) {
				ops = append(ops, Operation{Path: spelled})
				delete(want, strings.ToLower(path))
				continue
			}
			value := rapid.StringMatching(`[a-zé]{1,8}`).Draw(t, "value")
			ops = append(ops, Operation{Path: spelled, Value: value})
			want[strings.ToLower(path)] = value
		}
		before := values(t, u)
		next, err := u.With(ops)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, values(t, next)); diff != "" {
			t.Fatalf("%v: want (-), got (+):\n%s", ops, diff)
		}
		if diff := cmp.Diff(before, values(t, u)); diff != "" {
			t.Fatalf("the receiver changed:\n%s", diff)
		}
	})
}

func TestOperationsOnListsAndParts(t *testing.T) {
	u, err := alice().With([]Operation{
		{Path: "emails", Value: []any{map[string]any{"Value": "a@b", "type": "home", "primary": false}}},
		{Path: "addresses"}, {Path: "PhoneNumbers"}, {Path: "roles"}, {Path: "photos"},
		{Path: "name", Value: map[string]any{"givenName": "Al", "familyName": "R", "middleName": nil}},
		{Path: EnterpriseKey, Value: map[string]any{"manager": map[string]any{"value": "carol"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := alice()
	want.Emails = []Email{{Value: "a@b", Type: "home"}}
	want.Addresses, want.PhoneNumbers, want.Roles, want.Photos = nil, nil, nil, nil
	want.Name, want.Enterprise = Name{GivenName: "Al", FamilyName: "R"}, &Enterprise{Manager: Manager{Value: "carol"}}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Error(diff)
	}
	if u, err = u.With([]Operation{{Path: EnterpriseKey}}); err != nil || u.Enterprise != nil {
		t.Errorf("the extension stays: %v %v", u, err)
	}
}

func TestOperationsThatAreRefused(t *testing.T) {
	long := make([]Operation, 101)
	for i := range long {
		long[i] = Operation{Path: "title", Value: "x"}
	}
	const unknown = "operations.attributePath"
	for name, c := range map[string]struct {
		ops []Operation
		at  string
	}{
		"none":                      {nil, "operations"},
		"too many":                  {long, "operations"},
		"an unknown path":           {[]Operation{{Path: "salary", Value: "x"}}, unknown},
		"an empty path":             {[]Operation{{Path: "", Value: "x"}}, unknown},
		"a part of a text":          {[]Operation{{Path: "title.x", Value: "x"}}, unknown},
		"an element of a list":      {[]Operation{{Path: "emails.value", Value: "x"}}, unknown},
		"the id":                    {[]Operation{{Path: "id", Value: "x"}}, unknown},
		"the external ids":          {[]Operation{{Path: "externalIds", Value: []any{}}}, unknown},
		"the status":                {[]Operation{{Path: "disabled", Value: true}}, unknown},
		"another extension":         {[]Operation{{Path: "aws:identitystore:other.x", Value: "x"}}, unknown},
		"removing the user name":    {[]Operation{{Path: "USERNAME"}}, "userName"},
		"removing the display name": {[]Operation{{Path: "displayName"}}, "displayName"},
		"removing the name":         {[]Operation{{Path: "name"}}, "name"},
		"removing the given name":   {[]Operation{{Path: "name.givenName"}}, "name.givenName"},
		"a name that lacks a part": {
			[]Operation{{Path: "name", Value: map[string]any{"givenName": "a"}}}, "name.familyName",
		},
		"an empty text":       {[]Operation{{Path: "title", Value: ""}}, "title"},
		"a number for a text": {[]Operation{{Path: "title", Value: 1.0}}, "title"},
		"a text for a list":   {[]Operation{{Path: "emails", Value: "a@b"}}, "emails"},
		"an empty list":       {[]Operation{{Path: "emails", Value: []any{}}}, "emails"},
		"a text in a list":    {[]Operation{{Path: "emails", Value: []any{"a@b"}}}, "emails.1"},
		"an unknown part": {
			[]Operation{{Path: "emails", Value: []any{map[string]any{"x": "y"}}}}, "emails.1",
		},
		"a path as a part": {
			[]Operation{{Path: EnterpriseKey, Value: map[string]any{"manager.value": "y"}}}, EnterpriseKey,
		},
		"a part in two spellings": {
			[]Operation{{Path: "name", Value: map[string]any{"givenName": "a", "GivenName": "a"}}}, "name.givenName",
		},
		"a text for a boolean": {
			[]Operation{{Path: "emails", Value: []any{map[string]any{"primary": "true"}}}}, "emails.1.primary",
		},
		"two emails": {
			[]Operation{{Path: "emails", Value: []any{map[string]any{"value": "a"}, map[string]any{"value": "b"}}}}, "emails",
		},
		"two phone numbers": {
			[]Operation{{Path: "phoneNumbers", Value: []any{map[string]any{"value": "a"}, map[string]any{"value": "b"}}}},
			"phoneNumbers",
		},
		"a thousand emails":             {[]Operation{{Path: "emails", Value: make([]any, 1000)}}, "emails"},
		"a value that no user may have": {[]Operation{{Path: "userName", Value: "a b"}}, "userName"},
		"a good operation before a broken one": {
			[]Operation{{Path: "title", Value: "x"}, {Path: "locale", Value: "\x00"}}, "locale",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice().With(c.ops)
			refused(t, err, c.at)
		})
	}
	g := &Group{DisplayName: "g"}
	_, err := g.With([]Operation{{Path: "displayName"}})
	refused(t, err, "displayName")
	_, err = g.With([]Operation{{Path: "userName", Value: "x"}})
	refused(t, err, unknown)
	if next, err := g.With([]Operation{{Path: "description", Value: "d"}}); err != nil ||
		next.Description != "d" || g.Description != "" {
		t.Error(next, err)
	}
}

// A user whom a sync made without all required attributes can be updated nevertheless.
func TestIncompleteUsersCanBeUpdated(t *testing.T) {
	if _, err := (&User{UserName: "bob"}).With([]Operation{{Path: "title", Value: "x"}}); err != nil {
		t.Error(err)
	}
}

func TestEnterpriseDocument(t *testing.T) {
	doc := map[string]any{"costCenter": "7", "manager": map[string]any{"value": "bob"}}
	e, err := ParseEnterprise(doc)
	if err != nil || !reflect.DeepEqual(e.Document(), doc) {
		t.Error(e, err)
	}
	if e, err := ParseEnterprise(map[string]any{}); e != nil || err != nil {
		t.Error(e, err)
	}
	_, err = ParseEnterprise("x")
	refused(t, err, EnterpriseKey)
}

// For every path and document: no panic; errors are for clients; an accepted result is valid; the same operation a
// second time changes nothing.
func FuzzOperation(f *testing.F) {
	for _, path := range slices.Concat(textPaths,
		[]string{"emails", "photos", "addresses", EnterpriseKey, "a..b", "name.", "."}) {
		for _, doc := range []string{
			`null`, `"x"`, `1`, `true`, `[{"value":"a@b","primary":true}]`, `[null]`, `{"givenName":"a","familyName":"b"}`,
			`{"manager":{"value":"x"}}`, `{}`,
		} {
			f.Add(path, doc)
		}
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		var doc any
		if json.Unmarshal([]byte(text), &doc) != nil {
			return // no document, so no operation
		}
		u := alice()
		before := maps.Clone(values(t, u))
		ops := []Operation{{Path: path, Value: doc}}
		next, err := u.With(ops)
		if diff := cmp.Diff(before, values(t, u)); diff != "" {
			t.Fatal("the receiver changed", diff)
		}
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%v is not for clients", err)
			}
			return
		}
		if err := errors.Join(next.Check(), next.CheckComplete()); err != nil {
			t.Fatal(err)
		}
		again, err := next.With(ops)
		if err != nil || !reflect.DeepEqual(again, next) {
			t.Fatalf("again: %v\n%s", err, cmp.Diff(next, again))
		}
	})
}
