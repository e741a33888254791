package scim_test

import (
	"strings"
	"testing"

	"latchkey/internal/directory"
)

// step is one request of a client, and what the client expects. {alice} and similar names stand for ids that earlier
// steps returned: a step that creates something names it.
type step struct {
	says         string
	method, path string
	body         string
	status       int
	names        string // what the answer's id is called from here on
	has          []any
}

// replay sends the requests of a client's session.
func (w *world) replay(steps []step) {
	w.t.Helper()
	ids := map[string]string{"missing": missing}
	fill := func(s string) string {
		for name, id := range ids {
			s = strings.ReplaceAll(s, "{"+name+"}", id)
		}
		return s
	}
	for _, s := range steps {
		w.t.Log(s.says)
		path, query, filtered := strings.Cut(fill(s.path), "filter=")
		if filtered {
			path += "filter=" + escape(query)
		}
		r := w.do(s.method, path, fill(s.body)).want(s.status)
		if s.status >= 400 {
			r.refused(s.status, asText(r.at("scimType")))
		}
		for i, v := range s.has {
			if text, ok := v.(string); ok {
				s.has[i] = fill(text)
			}
		}
		r.has(s.has...)
		if s.names != "" {
			ids[s.names] = r.id()
		}
	}
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

const (
	userSchema  = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	userSchemas = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"]`
	groupSchema = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]`
)

// Requests that Entra ID sends by default: operations with capitals, booleans as texts, members by values.
func TestEntraIDProvisions(t *testing.T) {
	w := newWorld(t)
	w.replay([]step{
		{"the connection is tested", "GET", `/Users?filter=userName eq "9b7d6a55-9bd9-4f0a-8e37-6a55f3f1c201"`, "", 200, "",
			[]any{"totalResults", 0, "startIndex", 1, "schemas.0", "urn:ietf:params:scim:api:messages:2.0:ListResponse"}},
		{"a user is created", "POST", "/Users",
			`{` +
				userSchemas + `,"externalId":"alice","userName":"alice@contoso.example","active":true,"displayName":"Alice Example",
			"emails":[{"primary":true,"type":"work","value":"alice@contoso.example"}],"meta":{"resourceType":"User"},"name":
			{"formatted":"Alice Example","familyName":"Example","givenName":"Alice"},
			"phoneNumbers":[{"type":"work","value":"1"},{"type":"mobile","value":"2"},{"type":"fax","value":"3"}],"roles":[],
			"title":"Analyst",
			"addresses":[{"type":"work","streetAddress":"S","locality":"L","postalCode":"P","country":"C"}],
			"` + enterprise + `":{"employeeNumber":"7","department":"Finance"}}`, 201, "alice",
			[]any{"active", true, "meta.resourceType", "User", "emails.0.type", "work", "phoneNumbers.2.type", "fax",
				"|" + enterprise + "|.department", "Finance"}},
		{"created again", "POST", "/Users", `{` + userSchema + `,"userName":"Alice@contoso.example","active":true}`, 409, "",
			[]any{"scimType", "uniqueness"}},
		{"it is found by its name", "GET", `/Users?filter=userName eq "Alice@Contoso.example"`, "", 200, "",
			[]any{"totalResults", 1, "Resources.0.id", "{alice}"}},
		{"by its external id", "GET", `/Users?filter=externalId eq "alice"`, "", 200, "", []any{"Resources.0.id", "{alice}"}},
		{"by its address for work", "GET", `/Users?filter=emails[type eq "work"].value eq "alice@contoso.example"`, "", 200,
			"", []any{"Resources.0.id", "{alice}"}},
		{"not by the same address at home", "GET", `/Users?filter=emails[type eq "home"].value eq "alice@contoso.example"`,
			"", 200, "", []any{"totalResults", 0}},
		{"attributes are changed", "PATCH", "/Users/{alice}", patch(
			`{"op":"Replace","path":"displayName","value":"Alice E."}`,
			`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ae@contoso.example"}`,
			`{"op":"Add","path":"name.familyName","value":"Else"}`,
			`{"op":"Add","path":"addresses[type eq \"work\"].region","value":"R"}`,
			`{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"22"}`,
			`{"op":"Add","path":"`+enterprise+`:manager","value":"{alice}"}`,
			`{"op":"Replace","path":"`+enterprise+`:employeeNumber","value":"701984"}`,
			`{"op":"Add","path":"roles[primary eq \"True\"].value","value":"Reader"}`), 200, "",
			[]any{"displayName", "Alice E.", "emails.0.value", "ae@contoso.example", "name.familyName", "Else", "name.givenName",
				"Alice", "addresses.0.region", "R", "phoneNumbers.1.value", "22",
				"|" + enterprise + "|.manager.value", "{alice}", "roles.0.value", "Reader", "roles.0.primary", true}},
		{"an attribute is emptied", "PATCH", "/Users/{alice}", patch(`{"op":"Remove","path":"title"}`), 200, "",
			[]any{"title", nil}},
		{"the user is disabled", "PATCH", "/Users/{alice}", patch(`{"op":"Replace","path":"active","value":"False"}`), 200,
			"", []any{"active", false}},
		{"and found, disabled", "GET", `/Users?filter=userName eq "alice@contoso.example"`, "", 200, "",
			[]any{"Resources.0.active", false}},
		{"and enabled", "PATCH", "/Users/{alice}", patch(`{"op":"Replace","path":"active","value":"True"}`), 200, "",
			[]any{"active", true}},
		{"a group is looked for", "GET", `/Groups?excludedAttributes=members&filter=displayName eq "Readers"`, "", 200, "",
			[]any{"totalResults", 0}},
		{"a group is created", "POST",
			"/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group",
			"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
			"externalId":"g1","displayName":"Readers","meta":
			{"resourceType":"Group"}}`, 201, "readers", []any{"displayName", "Readers", "members.0", nil}},
		{"a member is added", "PATCH", "/Groups/{readers}",
			patch(`{"op":"Add","path":"members","value":[{"value":"{alice}"}]}`), 204, "", nil},
		{"and again", "PATCH", "/Groups/{readers}", patch(`{"op":"Add","path":"members","value":[{"value":"{alice}"}]}`), 204,
			"", nil},
		{"the group is read without members", "GET", "/Groups/{readers}?excludedAttributes=members", "", 200, "",
			[]any{"members", nil, "displayName", "Readers"}},
		{"and with them", "GET", "/Groups/{readers}", "", 200, "", []any{"members.0.value", "{alice}", "members.1", nil}},
		{"is the user in the group?", "GET",
			`/Groups?excludedAttributes=members&filter=id eq "{readers}" and members eq "{alice}"`, "", 200, "",
			[]any{"totalResults", 1}},
		{"the group is renamed", "PATCH", "/Groups/{readers}",
			patch(`{"op":"Replace","path":"displayName","value":"Authors"}`), 204, "", nil},
		{"the member is removed", "PATCH", "/Groups/{readers}",
			patch(`{"op":"Remove","path":"members","value":[{"value":"{alice}"}]}`), 204, "", nil},
		{"nobody is in the group", "GET", `/Groups?filter=id eq "{readers}" and members eq "{alice}"`, "", 200, "",
			[]any{"totalResults", 0}},
		{"the group is deleted", "DELETE", "/Groups/{readers}", "", 204, "", nil},
		{"the user is deleted", "DELETE", "/Users/{alice}", "", 204, "", nil},
		{"it is gone", "GET", "/Users/{alice}", "", 404, "", nil},
	})
}

// Requests that Entra ID sends with ?aadOptscim062020.
func TestEntraIDProvisionsByTheLaterFlavour(t *testing.T) {
	w := newWorld(t)
	w.replay([]step{
		{"a user is created", "POST", "/Users?aadOptscim062020",
			`{` + userSchemas + `,"externalId":"bob","userName":"bob@contoso.example","active":true,
			"emails":[{"primary":true,"type":"work","value":"bob@contoso.example"}],"name":
			{"givenName":"Bob"}}`, 201, "bob", nil},
		{"many attributes at once", "PATCH", "/Users/{bob}",
			patch(`{"op":"replace","value":{"displayName":"Bobby","name.givenName":"Rob","name.familyName":"Example","` +
				enterprise + `:department":"Sales","` + enterprise +
				`:manager":"{bob}","emails[type eq \"work\"].value":"rob@contoso.example"}}`), 200, "",
			[]any{"displayName", "Bobby", "name.givenName", "Rob", "name.familyName", "Example",
				"|" + enterprise + "|.department", "Sales", "|" + enterprise + "|.manager.value", "{bob}", "emails.0.value",
				"rob@contoso.example"}},
		{"an add without a path", "PATCH", "/Users/{bob}",
			patch(`{"op":"add","value":{"title":"T","` + enterprise + `:costCenter":"9"}}`), 200, "",
			[]any{"title", "T", "|" + enterprise + "|.costCenter", "9"}},
		{"a remove", "PATCH", "/Users/{bob}", patch(`{"op":"remove","path":"` + enterprise + `:department"}`), 200, "",
			[]any{"|" + enterprise + "|.department", nil, "|" + enterprise + "|.costCenter", "9"}},
		{"the user is disabled", "PATCH", "/Users/{bob}", patch(`{"op":"replace","path":"active","value":false}`), 200, "",
			[]any{"active", false}},
		{"a group is created", "POST", "/Groups",
			`{` + groupSchema + `,"externalId":"g","displayName":"Sellers","members":[]}`, 201, "sellers", nil},
		{"a member is added", "PATCH", "/Groups/{sellers}",
			patch(`{"op":"add","path":"members","value":[{"value":"{bob}"}]}`), 204, "", nil},
		{"the group is renamed without a path", "PATCH", "/Groups/{sellers}",
			patch(`{"op":"replace","value":{"displayName":"Merchants","externalId":"h"}}`), 204, "", nil},
		{"its member stays", "GET", "/Groups/{sellers}", "", 200, "",
			[]any{"displayName", "Merchants", "externalId", "h", "members.0.value", "{bob}"}},
		{"a member is removed", "PATCH", "/Groups/{sellers}", patch(`{"op":"remove","path":"members[value eq \"{bob}\"]"}`),
			204, "", nil},
		{"the group is empty", "GET", "/Groups/{sellers}", "", 200, "", []any{"members.0", nil}},
	})
}

// Requests that Okta sends: a set-up, whole users by PUT, deactivation, groups by PATCH.
func TestOktaProvisions(t *testing.T) {
	w := newWorld(t)
	w.replay([]step{
		{"users are listed", "GET", "/Users?startIndex=1&count=2", "", 200, "",
			[]any{"totalResults", 0, "itemsPerPage", 0, "startIndex", 1}},
		{"groups are listed", "GET", "/Groups?startIndex=1&count=100", "", 200, "", []any{"totalResults", 0}},
		{"an id that is none", "GET", "/Users/none", "", 404, "", []any{"status", "404"}},
		{"nobody has the name", "GET", `/Users?startIndex=1&count=100&filter=userName eq "carol@okta.example"`, "", 200, "",
			[]any{"totalResults", 0}},
		{"a user is created with several addresses", "POST", "/Users",
			`{` + userSchema + `,"userName":"carol@okta.example","name":{"givenName":"Carol","familyName":"Example"},
			"emails":[{"value":"carol@home.example","type":"home"},{"primary":true,"value":"carol@okta.example",
			"type":"work"}],"displayName":"Carol Example","locale":"en-US",
			"externalId":"00u1","groups":[],"password":"1mz050nq",
			"active":true}`, 201, "carol",
			[]any{"active", true, "password", nil, "emails.0.value", "carol@okta.example", "emails.1.value",
				"carol@home.example"}},
		{"created again", "POST", "/Users", `{` + userSchema + `,"userName":"carol@okta.example"}`, 409, "", nil},
		{"found in capitals", "GET", `/Users?filter=userName eq "CAROL@OKTA.EXAMPLE"`, "", 200, "",
			[]any{"Resources.0.id", "{carol}"}},
		{"the whole user is replaced", "PUT", "/Users/{carol}",
			`{` +
				userSchema + `,"id":"{carol}","userName":"carol@okta.example","name":{"givenName":"Caroline"},"externalId":"00u1",
			"emails":[{"primary":true,"value":"caroline@okta.example","type":"work"}],"active":true,"meta":
			{"resourceType":"User","location":"x"},"groups":[]}`, 200, "",
			[]any{"name.givenName", "Caroline", "name.familyName", nil, "displayName", nil, "emails.0.value",
				"caroline@okta.example", "externalId", "00u1"}},
		{"the user is deactivated by PUT", "PUT", "/Users/{carol}",
			`{` + userSchema + `,"userName":"carol@okta.example","active":false}`, 200, "", []any{"active", false}},
		{"a PUT that does not say leaves it so", "PUT", "/Users/{carol}",
			`{` + userSchema + `,"userName":"carol@okta.example"}`, 200, "", []any{"active", false}},
		{"the user is activated by PATCH", "PATCH", "/Users/{carol}", patch(`{"op":"replace","value":{"active":true}}`), 200,
			"", []any{"active", true}},
		{"a group is pushed", "POST", "/Groups",
			`{` + groupSchema + `,"displayName":"Team","members":[{"value":"{carol}","display":"carol@okta.example"}]}`, 201,
			"team", []any{"members.0.value", "{carol}"}},
		{"its members are replaced", "PATCH", "/Groups/{team}", patch(`{"op":"replace","path":"members","value":[]}`), 204,
			"", nil},
		{"they are gone", "GET", "/Groups/{team}", "", 200, "", []any{"members.0", nil}},
		{"members are replaced again", "PATCH", "/Groups/{team}",
			patch(`{"op":"replace","path":"members","value":[{"value":"{carol}"}]}`), 204, "", nil},
		{"it is renamed as Okta does", "PATCH", "/Groups/{team}",
			patch(`{"op":"replace","value":{"id":"{team}","displayName":"Crew"}}`), 204, "", nil},
		{"a member is removed and one added", "PATCH", "/Groups/{team}",
			patch(`{"op":"remove","path":"members[value eq \"{carol}\"]"}`,
				`{"op":"add","path":"members","value":[{"value":"{carol}"}]}`), 204, "", nil},
		{"the whole group is replaced", "PUT", "/Groups/{team}",
			`{` + groupSchema + `,"displayName":"Crew","members":[{"value":"{carol}"}]}`, 200, "",
			[]any{"members.0.value", "{carol}", "displayName", "Crew"}},
		{"a group without members keeps them", "PUT", "/Groups/{team}", `{` + groupSchema + `,"displayName":"Crew 2"}`, 200,
			"", []any{"members.0.value", "{carol}", "displayName", "Crew 2"}},
		{"the user knows its group", "GET", "/Users/{carol}", "", 200, "",
			[]any{"groups.0.value", "{team}", "groups.0.display", "Crew 2"}},
		{"the group is deleted", "DELETE", "/Groups/{team}", "", 204, "", nil},
	})
}

// Requests from AWS's own documentation, within AWS's limits.
func TestClientsOfIdentityCenterProvision(t *testing.T) {
	w := strictWorld(t)
	const names = `"name":{"familyName":"F","givenName":"G"},"displayName":"D"`
	w.replay([]step{
		{"what is served", "GET", "/ServiceProviderConfig", "", 200, "",
			[]any{"patch.supported", true, "bulk.supported", false, "filter.maxResults", 100, "authenticationSchemes.0.type",
				"oauthbearertoken"}},
		{"a user is created", "POST", "/Users",
			`{"externalId":"701984","userName":"dave",` + names +
				`,"emails":[{"value":"dave@example.org","type":"work","primary":true}],"active":true}`, 201, "dave",
			[]any{"active", true}},
		{"a name is missing", "POST", "/Users", `{"userName":"erin","name":{"givenName":"G"},"displayName":"D"}`, 400, "",
			nil},
		{"a display name is missing", "POST", "/Users", `{"userName":"erin","name":{"givenName":"G","familyName":"F"}}`, 400,
			"", nil},
		{"two addresses", "POST", "/Users",
			`{"userName":"erin",` + names + `,"emails":[{"value":"a@b.c","primary":true},{"value":"d@e.f"}]}`, 400, "", nil},
		{"an address that is not primary", "POST", "/Users", `{"userName":"erin",` + names + `,"emails":[{"value":"a@b.c"}]}`,
			400, "", nil},
		{"a user is replaced", "PUT", "/Users/{dave}",
			`{"externalId":"701984","userName":"dave",` + names + `,"active":false}`, 200, "", []any{"active", false}},
		{"a user is patched", "PATCH", "/Users/{dave}", patch(`{"op":"replace","path":"active","value":"true"}`), 200, "",
			[]any{"active", true, "userName", "dave"}},
		{"a user name is not removed", "PATCH", "/Users/{dave}", patch(`{"op":"remove","path":"userName"}`), 400, "", nil},
		{"active is not removed", "PATCH", "/Users/{dave}", patch(`{"op":"remove","path":"active"}`), 400, "", nil},
		{"found by and", "GET", `/Users?filter=userName eq "dave" and externalId eq "701984"`, "", 200, "",
			[]any{"totalResults", 1}},
		{"no or", "GET", `/Users?filter=userName eq "dave" or userName eq "x"`, "", 400, "",
			[]any{"scimType", "invalidFilter"}},
		{"no sw", "GET", `/Users?filter=userName sw "dave"`, "", 400, "", nil},
		{"no brackets", "GET", `/Users?filter=emails[type eq "work"].value eq "x"`, "", 400, "", nil},
		{"no filter by another attribute", "GET", `/Users?filter=title eq "x"`, "", 400, "", nil},
		{"startIndex is ignored", "GET", "/Users?startIndex=2", "", 200, "",
			[]any{"startIndex", 1, "Resources.0.id", "{dave}"}},
		{"a cursor tells no total", "GET", "/Users?cursor", "", 200, "", []any{"totalResults", nil, "itemsPerPage", 1}},
		{"attributes are ignored", "GET", "/Users?attributes=id", "", 200, "", []any{"Resources.0.userName", "dave"}},
		{"a group is created", "POST", "/Groups", `{"displayName":"G","members":[{"value":"{dave}"}]}`, 201, "g",
			[]any{"members.0", nil}},
		{"is the user in the group?", "GET", `/Groups?filter=id eq "{g}" and members eq "{dave}"`, "", 200, "",
			[]any{"totalResults", 1, "Resources.0.members.0", nil}},
		{"an unknown member", "GET", `/Groups?filter=members.value eq "{missing}"`, "", 404, "", nil},
		{"a group that does not exist", "GET", `/Users?filter=groups.value eq "{missing}"`, "", 404, "", nil},
		{"all members are not replaced", "PATCH", "/Groups/{g}", patch(`{"op":"replace","path":"members","value":[]}`), 400,
			"", nil},
		{"all members are not removed", "PATCH", "/Groups/{g}", patch(`{"op":"remove","path":"members"}`), 400, "", nil},
		{"a member is removed by its value", "PATCH", "/Groups/{g}",
			patch(`{"op":"remove","path":"members","value":[{"value":"{dave}"}]}`), 204, "", nil},
		{"more than a hundred changes", "PATCH", "/Groups/{g}",
			patch(`{"op":"add","path":"members","value":[` + strings.Repeat(`{"value":"{dave}"},`, 100) +
				`{"value":"{dave}"}]}`), 400, "", nil},
		{"more than a hundred members", "POST", "/Groups",
			`{"displayName":"H","members":[` + strings.Repeat(`{"value":"{dave}"},`, 100) + `{"value":"{dave}"}]}`, 400, "",
			nil},
		{"an unknown member is added", "PATCH", "/Groups/{g}",
			patch(`{"op":"add","path":"members","value":[{"value":"{missing}"}]}`), 404, "", nil},
		{"a group is not replaced", "PUT", "/Groups/{g}", `{"displayName":"H"}`, 501, "", nil},
	})
	w.handler.Strict = false
	g := w.group("large", w.many(150)...)
	if n := w.Engine.Current().MemberCount(directory.GroupID(g)); n != 150 {
		t.Fatalf("%d members without AWS's limit", n)
	}
}
