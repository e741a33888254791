package scim_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/directory"
)

func TestIdentityCase033_ABadBearerIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, token := range map[string]string{"none": "", "another": "lkscim_abc", "one byte more": w.tokens[account] +
		"x"} {
		t.Run(name, func(t *testing.T) {
			r := w.with(token, "GET", "/Users", "").refused(401, "")
			if !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Fatal("no challenge")
			}
		})
	}
	w.do("GET", "/Users", "").want(200)
}

func TestIdentityCase034_AUserIsCreated(t *testing.T) {
	w := newWorld(t)
	r := w.do("POST", "/Users",
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"alice@example.com","name":{"givenName":"A",
		"familyName":"L"},"displayName":"A L"}`)
	r.want(201).has("active", true, "userName", "alice@example.com", "meta.resourceType", "User", "name.givenName", "A")
	if !regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`).MatchString(r.id()) {
		t.Fatalf("id %q", r.id())
	}
	if at := r.Header.Get("Location"); at != w.url+"/scim/v2/Users/"+r.id() || r.at("meta.location") != at {
		t.Fatalf("location %q", at)
	}
	w.do("GET", "/Users/"+r.id(), "").want(200).has("id", r.id(), "userName", "alice@example.com")
}

func TestIdentityCase035_AUserNameIsUnique(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	w.do("POST", "/Users", `{"userName":"ALICE"}`).refused(409, "uniqueness")
}

func TestIdentityCase036_NobodyIsAnEmptyList(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	r := w.find("Users", `userName eq "nobody"`).want(200).has("totalResults", 0, "schemas.0",
		"urn:ietf:params:scim:api:messages:2.0:ListResponse")
	if !strings.Contains(r.raw, `"Resources":[]`) {
		t.Fatal(r.raw)
	}
}

func TestIdentityCase037_UserNamesAreFoundInAnyCase(t *testing.T) {
	w := newWorld(t)
	id := w.user("alice@example.com")
	w.find("Users", `userName eq "ALICE@EXAMPLE.COM"`).want(200).has("totalResults", 1, "Resources.0.id", id)
}

func TestIdentityCase038_EntraDisablesByAText(t *testing.T) {
	w := newWorld(t)
	id := w.user("alice")
	r := w.do("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"active","value":"False"}`)).want(200)
	if v, ok := r.at("active").(bool); !ok || v {
		t.Fatal(r.raw)
	}
	if len(w.Engine.Current().AppendIdentities(nil, directory.UserID(id))) != 0 {
		t.Fatal("the user still counts")
	}
	w.do("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"active","value":"True"}`)).want(200).has("active", true)
	w.do("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"active","value":"perhaps"}`)).refused(400, "invalidValue")
}

func TestIdentityCase039_APatchWithoutAPath(t *testing.T) {
	w := newWorld(t)
	id := w.user("alice")
	r := w.do("PATCH", "/Users/"+id,
		patch(`{"op":"replace","value":{"name.givenName":"A","`+enterprise+`:department":"X"}}`)).want(200)
	r.has("name.givenName", "A", "name.familyName", "Family", "|"+enterprise+"|.department", "X", "schemas.1", enterprise)
}

func TestIdentityCase040_AnAddressIsMadeByItsFilter(t *testing.T) {
	w := newWorld(t)
	id := w.do("POST", "/Users", `{"userName":"alice"}`).want(201).id()
	w.do("PATCH", "/Users/"+id,
		patch(`{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@example.org"}`)).want(200).
		has("emails.0.value", "a@example.org", "emails.0.type", "work", "emails.1", nil)
}

func TestIdentityCase041_MembersAreRemovedInBothForms(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.user("a"), w.user("b"), w.user("c")
	g := w.group("staff", a, b, c)
	w.do("PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members[value eq \"`+a+`\"]"}`)).want(204)
	w.do("PATCH", "/Groups/"+g, patch(`{"op":"Remove","path":"members","value":[{"value":"`+b+`"}]}`)).want(204)
	w.do("GET", "/Groups/"+g, "").want(200).has("members.0.value", c, "members.1", nil)
}

func TestIdentityCase042_MembersAreShownUnlessStrict(t *testing.T) {
	w := newWorld(t)
	g := w.group("staff", w.user("a"), w.user("b"))
	if all, _ := w.do("GET", "/Groups/"+g, "").want(200).at("members").([]any); len(all) != 2 {
		t.Fatalf("%d members", len(all))
	}
	w.handler.Strict = true
	for _, path := range []string{"/Groups/" + g, "/Groups"} {
		if r := w.do("GET", path, "").want(200); !strings.Contains(r.raw, `"members":[]`) {
			t.Fatal(r.raw)
		}
	}
}

func TestIdentityCase043_AnUnknownMemberInAFilter(t *testing.T) {
	w := newWorld(t)
	w.group("staff", w.user("a"))
	filter := `members eq "` + missing + `"`
	w.find("Groups", filter).want(200).has("totalResults", 0)
	w.handler.Strict = true
	w.find("Groups", filter).refused(404, "")
}

// many creates the users user000, user001 and so on.
func (w *world) many(n int) (ids []string) {
	w.t.Helper()
	for i := range n {
		ids = append(ids, string(w.Person(w.t, account, fmt.Sprintf("user%03d", i)).ID))
	}
	return ids
}

func TestIdentityCase044_PagesByIndex(t *testing.T) {
	w := newWorld(t)
	ids := w.many(150)
	r := w.do("GET", "/Users?startIndex=101&count=100", "").want(200).has("itemsPerPage", 50, "startIndex", 101,
		"totalResults", 150)
	for i, id := range ids[100:] {
		r.has(fmt.Sprintf("Resources.%d.id", i), id)
	}
	w.do("GET", "/Users?count=0", "").want(200).has("itemsPerPage", 0, "totalResults", 150)
	w.do("GET", "/Users?startIndex=-3&count=1", "").want(200).has("startIndex", 1, "Resources.0.id", ids[0])
	w.do("GET", "/Users?startIndex=1000", "").want(200).has("itemsPerPage", 0)
}

func TestIdentityCase045_PagesByCursor(t *testing.T) {
	w := newWorld(t)
	ids := w.many(150)
	first := w.do("GET", "/Users?cursor&count=100", "").want(200).has("itemsPerPage", 100, "Resources.99.id", ids[99])
	cursor := first.at("nextCursor").(string)
	w.do("GET", "/Users?count=100&cursor="+url.QueryEscape(cursor), "").want(200).
		has("itemsPerPage", 50, "Resources.0.id", ids[100], "Resources.49.id", ids[149], "nextCursor", nil)
	w.do("GET", `/Users?count=100&filter=`+escape("active eq true")+`&cursor=`+url.QueryEscape(cursor), "").refused(400,
		"invalidCursor")
	w.do("GET", `/Groups?cursor=`+url.QueryEscape(cursor), "").refused(400, "invalidCursor")
	w.with(w.tokens[other], "GET", `/Users?cursor=`+url.QueryEscape(cursor), "").refused(400, "invalidCursor")
}

func TestIdentityCase046_OktaSetsUp(t *testing.T) {
	w := newWorld(t)
	w.user("alice")
	for _, path := range []string{"/Users?startIndex=1&count=2", "/Groups?startIndex=1&count=100"} {
		r := w.do("GET", path, "").want(200).has("schemas.0", "urn:ietf:params:scim:api:messages:2.0:ListResponse",
			"startIndex", 1)
		for _, name := range []string{"totalResults", "itemsPerPage", "Resources"} {
			if r.at(name) == nil {
				t.Fatalf("%s: no %s: %s", path, name, r.raw)
			}
		}
	}
}
