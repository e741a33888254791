package scim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/audit"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/scim"
)

func TestRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	bob := w.user("bob")
	g := w.group("staff", alice)
	nested := w.group("nested")
	add := func(id string) string { return patch(`{"op":"add","path":"members","value":[{"value":"` + id + `"}]}`) }
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		scimType           string
	}{
		"an unknown endpoint":         {"GET", "/Devices", "", 404, ""},
		"no endpoint":                 {"GET", "", "", 404, ""},
		"something below a user":      {"GET", "/Users/" + alice + "/x", "", 404, ""},
		"a user's id in capitals":     {"GET", "/Users/" + strings.ToUpper(alice), "", 404, ""},
		"a group's id at the users":   {"GET", "/Users/" + g, "", 404, ""},
		"Me":                          {"GET", "/Me", "", 501, ""},
		"Bulk":                        {"POST", "/Bulk", `{}`, 501, ""},
		"a search by GET":             {"GET", "/Users/.search", "", 405, ""},
		"a search below a user":       {"POST", "/Users/x/.search", `{}`, 404, ""},
		"a search below nothing":      {"POST", "/Schemas/.search", `{}`, 405, ""},
		"a method that is not served": {"PUT", "/Users", `{}`, 405, ""},
		"to delete the configuration": {"DELETE", "/ServiceProviderConfig", "", 405, ""},
		"an unknown schema":           {"GET", "/Schemas/urn:x", "", 404, ""},
		"no body":                     {"POST", "/Users", "", 400, "invalidSyntax"},
		"a list":                      {"POST", "/Users", `[]`, 400, "invalidSyntax"},
		"half a body":                 {"POST", "/Users", `{"userName":"x"`, 400, "invalidSyntax"},
		"two bodies":                  {"POST", "/Users", `{"userName":"x"}{}`, 400, "invalidSyntax"},
		"a name twice":                {"POST", "/Users", `{"userName":"x","userName":"y"}`, 400, "invalidSyntax"},
		"a name twice in two cases":   {"POST", "/Users", `{"userName":"x","username":"y"}`, 400, "invalidSyntax"},
		"a body that is nested deeply": {"POST", "/Users",
			`{"userName":"x","z":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400, "invalidSyntax"},
		"no UTF-8": {"POST", "/Users", "{\"userName\":\"\xff\"}", 400, "invalidSyntax"},
		"a body of another schema": {"POST", "/Users",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"x"}`, 400, "invalidValue"},
		"no user name":                 {"POST", "/Users", `{"displayName":"x"}`, 400, "invalidValue"},
		"a user name with white space": {"POST", "/Users", `{"userName":"x y"}`, 400, "invalidValue"},
		"a user name with a NUL":       {"POST", "/Users", `{"userName":"x\u0000"}`, 400, "invalidValue"},
		"a reserved user name":         {"POST", "/Users", `{"userName":"administrator"}`, 400, "invalidValue"},
		"a user name that is a list":   {"POST", "/Users", `{"userName":["x"]}`, 400, "invalidValue"},
		"a name that is a text":        {"POST", "/Users", `{"userName":"x","name":"X"}`, 400, "invalidValue"},
		"active that is neither":       {"POST", "/Users", `{"userName":"x","active":"yes"}`, 400, "invalidValue"},
		"another's external id":        {"POST", "/Users", `{"userName":"x","externalId":"x-alice"}`, 409, "uniqueness"},
		"another's address": {"POST", "/Users", `{"userName":"x","emails":[{"value":"ALICE@mail.example.org"}]}`,
			409, "uniqueness"},
		"another's name by PUT": {"PUT", "/Users/" + bob, `{"userName":"alice"}`, 409, "uniqueness"},
		"another's name by PATCH": {"PATCH", "/Users/" + bob,
			patch(`{"op":"replace","path":"userName","value":"Alice"}`), 409, "uniqueness"},
		"a user that is not there": {"PUT", "/Users/" + missing, `{"userName":"x"}`, 404, ""},
		"to patch nobody": {"PATCH", "/Users/" + missing, patch(`{"op":"replace","path":"title","value":"x"}`),
			404, ""},
		"to delete nobody": {"DELETE", "/Users/" + missing, "", 404, ""},
		"no operations":    {"PATCH", "/Users/" + alice, patch(), 400, "invalidSyntax"},
		"another message": {"PATCH", "/Users/" + alice,
			`{"schemas":["urn:x"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, 400, "invalidValue"},
		"an unknown operation": {"PATCH", "/Users/" + alice, patch(`{"op":"move","path":"title"}`), 400,
			"invalidSyntax"},
		"a remove without a path": {"PATCH", "/Users/" + alice, patch(`{"op":"remove"}`), 400, "noTarget"},
		"a path that names nothing": {"PATCH", "/Users/" + alice, patch(`{"op":"replace","path":"activ","value":false}`),
			400, "invalidPath"},
		"a part that names nothing": {"PATCH", "/Users/" + alice,
			patch(`{"op":"replace","path":"name.first","value":"x"}`), 400, "invalidPath"},
		"a bracket that stays open": {"PATCH", "/Users/" + alice,
			patch(`{"op":"replace","path":"emails[type eq \"work\".value","value":"x"}`), 400, "invalidPath"},
		"a filter on one value": {"PATCH", "/Users/" + alice,
			patch(`{"op":"replace","path":"title[a eq \"b\"]","value":"x"}`), 400, "invalidPath"},
		"active that is removed": {"PATCH", "/Users/" + alice, patch(`{"op":"remove","path":"active"}`), 400,
			"mutability"},
		"active that is null": {"PATCH", "/Users/" + alice, patch(`{"op":"replace","path":"active","value":null}`),
			400, "mutability"},
		"the user name that is removed": {"PATCH", "/Users/" + alice, patch(`{"op":"remove","path":"userName"}`), 400,
			"invalidValue"},
		"a value of the wrong kind": {"PATCH", "/Users/" + alice, patch(`{"op":"replace","path":"name","value":5}`), 400,
			"invalidValue"},
		"a value without a path": {"PATCH", "/Users/" + alice, patch(`{"op":"replace","value":"x"}`), 400,
			"invalidValue"},
		"the second operation fails": {"PATCH", "/Users/" + alice,
			patch(`{"op":"replace","path":"title","value":"x"}`, `{"op":"replace","path":"activ","value":"x"}`), 400,
			"invalidPath"},
		"too many operations": {"PATCH", "/Users/" + alice,
			patch(strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 1000) + `{"op":"add","path":"title","value":"x"}`),
			400, "tooMany"},
		"attributes of both kinds": {"GET", "/Users?attributes=id&excludedAttributes=name", "", 400, "invalidValue"},
		"attributes of both kinds, POST": {"POST", "/Users?attributes=id&excludedAttributes=name", `{"userName":"x"}`, 400,
			"invalidValue"},
		"a startIndex that is none":     {"GET", "/Users?startIndex=x", "", 400, "invalidValue"},
		"a count that is none":          {"GET", "/Users?count=x", "", 400, "invalidCount"},
		"a count of none with a cursor": {"GET", "/Users?cursor&count=0", "", 400, "invalidCount"},
		"a cursor that is made up":      {"GET", "/Users?cursor=abc", "", 400, "invalidCursor"},
		"a cursor and an index":         {"GET", "/Users?cursor&startIndex=1", "", 400, "invalidCursor"},
		"a filter that cannot be read":  {"GET", "/Users?filter=x", "", 400, "invalidFilter"},
		"a group without a name":        {"POST", "/Groups", `{"members":[]}`, 400, "invalidValue"},
		"a group's name that is taken":  {"POST", "/Groups", `{"displayName":"STAFF"}`, 409, "uniqueness"},
		"a group of nobody": {"POST", "/Groups", `{"displayName":"x","members":[{"value":"` + missing + `"}]}`,
			400, "invalidValue"},
		"a member that is no id": {"POST", "/Groups", `{"displayName":"x","members":[{"value":"alice"}]}`, 400,
			"invalidValue"},
		"a member without a value": {"POST", "/Groups", `{"displayName":"x","members":[{"display":"alice"}]}`, 400,
			"invalidValue"},
		"a member of another kind": {"PATCH", "/Groups/" + g,
			patch(`{"op":"add","path":"members","value":[{"value":"` + nested + `","type":"Group"}]}`), 400, "invalidValue"},
		"a group as a member": {"PATCH", "/Groups/" + g, add(nested), 400, "invalidValue"},
		"an unknown member":   {"PATCH", "/Groups/" + g, add(missing), 400, "invalidValue"},
		"a part of a member": {"PATCH", "/Groups/" + g,
			patch(`{"op":"replace","path":"members[value eq \"` + alice + `\"].value","value":"` + bob + `"}`), 400,
			"invalidPath"},
		"a member replaced by a filter": {"PATCH", "/Groups/" + g,
			patch(`{"op":"replace","path":"members[value eq \"` + alice + `\"]","value":{"value":"` + bob + `"}}`), 400,
			"invalidPath"},
		"a good member and a bad one": {"PATCH", "/Groups/" + g,
			patch(`{"op":"add","path":"members","value":[{"value":"`+bob+`"}]}`,
				`{"op":"add","path":"members","value":[{"value":"`+missing+`"}]}`), 400, "invalidValue"},
		"a removal and a bad member": {"PUT", "/Groups/" + g,
			`{"displayName":"other","members":[{"value":"` + missing + `"}]}`, 400, "invalidValue"},
		"a group that is not there": {"PATCH", "/Groups/" + missing, add(alice), 404, ""},
	} {
		t.Run(name, func(t *testing.T) { w.do(c.method, c.path, c.body).refused(c.status, c.scimType) })
	}
	t.Run("and nothing of them was applied", func(t *testing.T) {
		w.do("GET", "/Users", "").has("totalResults", 2)
		w.do("GET", "/Users/"+alice, "").has("userName", "alice", "active", true, "title", nil)
		w.do("GET", "/Groups", "").has("totalResults", 2)
		w.do("GET", "/Groups/"+g, "").has("displayName", "staff", "members.0.value", alice, "members.1", nil)
	})
}

func TestBodiesHaveABound(t *testing.T) {
	w := newWorld(t)
	big := strings.Repeat("x", 1<<20)
	w.do("POST", "/Users", `{"userName":"x","password":"`+big+`"}`).refused(413, "")
	w.do("POST", "/Groups", `{"displayName":"x","junk":"`+big+`"}`).want(201)
	w.do("POST", "/Groups", `{"displayName":"y","junk":"`+strings.Repeat(big, 16)+`"}`).refused(413, "")
}

func TestBodiesHaveAType(t *testing.T) {
	w := newWorld(t)
	for kind, status := range map[string]int{
		"application/scim+json":                201,
		"application/json":                     201,
		"application/scim+json; charset=utf-8": 201,
		"":                                     201,
		"text/xml":                             415,
		"application/x-www-form-urlencoded":    415,
		";":                                    415,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/scim/v2/Users",
			strings.NewReader(fmt.Sprintf(`{"userName":"u%d"}`, len(kind))))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "bearer "+w.tokens[account])
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		w.send(r).want(status)
	}
}

func TestQuotasHold(t *testing.T) {
	w := newWorld(t)
	w.Quotas.DirectoryUsers, w.Quotas.DirectoryGroups = 1, 1
	w.user("alice")
	w.group("staff")
	w.do("POST", "/Users", `{"userName":"bob"}`).refused(403, "")
	w.do("POST", "/Groups", `{"displayName":"more"}`).refused(403, "")
}

func TestWritesAreRecorded(t *testing.T) {
	w := newWorld(t)
	before := len(w.Records(t))
	alice := w.user("alice")
	w.do("PUT", "/Users/"+alice, `{"userName":"alice","displayName":"Secret Name"}`).want(200)
	w.do("PATCH", "/Users/"+alice,
		patch(`{"op":"Replace","path":"active","value":"False"}`,
			`{"op":"replace","path":"emails[value eq \"alice@secret.example\"].value","value":"secret"}`)).want(200)
	g := w.group("secret group")
	w.do("PATCH", "/Groups/"+g, patch(`{"op":"add","path":"members","value":[{"value":"`+alice+`"}]}`)).want(204)
	w.do("PUT", "/Groups/"+g, `{"displayName":"secret group","members":[]}`).want(200)
	w.do("DELETE", "/Groups/"+g, "").want(204)
	w.do("DELETE", "/Users/"+alice, "").want(204)
	w.do("POST", "/Users", `{"userName":"x y"}`).want(400)
	w.do("DELETE", "/Users/"+alice, "").want(404)
	w.do("GET", "/Users", "").want(200)           // reads leave none
	w.with("x", "POST", "/Users", `{}`).want(401) // nor do requests without a valid token
	type want struct{ name, code string }
	var got []want
	for _, e := range w.Records(t)[before:] {
		got = append(got, want{e.EventName, string(e.ErrorCode)})
		who := e.UserIdentity
		if e.EventSource != "identitystore-scim.amazonaws.com" || e.ReadOnly || who.AccountID != string(account) ||
			who.PrincipalID == "" ||
			who.ARN != "arn:aws:latchkey::"+string(account)+":provisioning-token/"+who.PrincipalID ||
			e.RecipientAccountID != string(account) {
			t.Errorf("%s: %+v", e.EventName, e)
		}
		line, _ := e.JSON()
		if text := strings.ToLower(string(line)); strings.Contains(text, "secret") || strings.Contains(text, "lkscim_") ||
			strings.Contains(text, "alice") {
			t.Errorf("the record tells what is personal: %s", line)
		}
	}
	all := []want{
		{"CreateUser", ""}, {"PutUser", ""}, {"PatchUser", ""}, {"CreateGroup", ""}, {"PatchGroup", ""}, {"PutGroup", ""},
		{"DeleteGroup", ""}, {"DeleteUser", ""},
		{"CreateUser", "ValidationException"}, {"DeleteUser", "ResourceNotFoundException"},
	}
	if fmt.Sprint(got) != fmt.Sprint(all) {
		t.Fatalf("got %v, want %v", got, all)
	}
	find := func(name string) *audit.Event {
		for _, e := range w.Records(t)[before:] {
			if e.EventName == name {
				return &e
			}
		}
		return nil
	}
	if e := find("PatchUser"); e.RequestParameters["userId"] != alice ||
		!strings.Contains(fmt.Sprint(e.RequestParameters["operations"]), "value:false") {
		t.Errorf("the record does not tell of the disabling: %v", e.RequestParameters)
	}
	if e := find("PatchGroup"); !strings.Contains(fmt.Sprint(e.ResponseElements["membersAdded"]), alice) ||
		e.Resources[0].ARN != directory.GroupID(g).ARN() {
		t.Errorf("the record does not tell who came: %v", e)
	}
	if e := find("PutGroup"); !strings.Contains(fmt.Sprint(e.ResponseElements["membersRemoved"]), alice) {
		t.Errorf("the record does not tell who went: %v", e.ResponseElements)
	}
}

func TestAttributesAreChosen(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.group("staff", alice)
	w.do("GET", "/Users/"+alice+"?attributes=userName,NAME.givenName,emails.value", "").want(200).
		has("id", alice, "userName", "alice", "name.givenName", "Given", "name.familyName", nil, "emails.0.value",
			"alice@mail.example.org", "emails.0.type", nil, "displayName", nil, "groups", nil)
	w.do("GET", "/Users/"+alice+"?excludedAttributes=id,groups,name.givenName", "").want(200).
		has("id", alice, "groups", nil, "name.givenName", nil, "name.familyName", "Family", "displayName", "The alice")
	w.do("GET", "/Groups?attributes=displayName", "").want(200).has("Resources.0.displayName", "staff",
		"Resources.0.members", nil, "Resources.0.id", g)
	w.do("GET", "/Groups?attributes=members.value", "").want(200).has("Resources.0.members.0.value", alice,
		"Resources.0.displayName", nil)
	w.do("PATCH", "/Groups/"+g+"?attributes=displayName",
		patch(`{"op":"replace","path":"displayName","value":"crew"}`)).want(200).has("displayName", "crew")
	w.do("GET", "/Users/"+alice+"?attributes=favourite", "").want(200).has("id", alice, "userName", nil)
}

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/ServiceProviderConfig/", "").want(200).has("patch.supported", true, "bulk.supported", false,
		"etag.supported", true, "pagination.cursor", true)
	w.do("GET", "/ResourceTypes", "").want(200).has("totalResults", 2, "Resources.0.endpoint", "/Users",
		"Resources.0.schemaExtensions.0.schema", enterprise)
	w.do("GET", "/ResourceTypes/Group", "").want(200).has("schema", "urn:ietf:params:scim:schemas:core:2.0:Group")
	w.do("GET", "/Schemas", "").want(200).has("totalResults", 3, "Resources.0.attributes.0.name", "userName")
	w.do("GET", "/Schemas/"+enterprise, "").want(200).has("id", enterprise, "attributes.0.name", "employeeNumber")
	w.with("", "GET", "/ServiceProviderConfig", "").refused(401, "")
	w.do("GET", "/users/", "").want(200) // names of endpoints in any case, with a slash behind
	if r := w.do("HEAD", "/Users", ""); r.StatusCode != 200 || r.raw != "" {
		t.Fatalf("%d %q", r.StatusCode, r.raw)
	}
}

func TestExternalIDsAreFoundByTheAPI(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	g := w.do("POST", "/Groups", `{"displayName":"staff","externalId":"g-1"}`).want(201).id()
	api := &people.Directory{Control: w.Control}
	u, err := api.UserID(w.Call(t, w.Root(account), "identitystore", "GetUserId"), w.in,
		people.Alternate{External: &directory.ExternalID{Issuer: scim.Issuer, ID: "x-alice"}})
	if err != nil || string(u) != alice {
		t.Fatalf("%s, %v", u, err)
	}
	found, err := api.GroupID(w.Call(t, w.Root(account), "identitystore", "GetGroupId"), w.in,
		people.Alternate{External: &directory.ExternalID{Issuer: scim.Issuer, ID: "g-1"}})
	if err != nil || string(found) != g {
		t.Fatalf("%s, %v", found, err)
	}
}
