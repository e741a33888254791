package scim

import (
	"strings"

	"latchkey/internal/directory"
)

// The names of schemas and messages (RFC 7643, section 8; RFC 7644, section 8.2).
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	listMessage  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchMessage = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorMessage = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// kind is the data type of an attribute (RFC 7643, section 2.3).
type kind string

const (
	text      kind = "string"
	boolean   kind = "boolean"
	dateTime  kind = "dateTime"
	reference kind = "reference"
	complexly kind = "complex"
)

// attribute is one attribute of a resource, or a part of one.
type attribute struct {
	name     string
	kind     kind
	many     bool
	readOnly bool
	exact    bool // case counts
	required bool
	parts    []*attribute
	says     string
}

// part finds a part by its name, whatever the case.
func (a *attribute) part(name string) *attribute { return named(a.parts, name) }

func named(all []*attribute, name string) *attribute {
	for _, a := range all {
		if strings.EqualFold(a.name, name) {
			return a
		}
	}
	return nil
}

// resource is a kind of resource: its attributes, and those of its extension.
type resource struct {
	name      string // User
	endpoint  string // Users
	schema    string
	says      string
	attrs     []*attribute
	extension []*attribute
	ignored   []string // attributes of the core schema that are known and not kept
}

func str(name, says string) *attribute { return &attribute{name: name, kind: text, says: says} }

// plural is a list of values of which one may be the primary.
func plural(name, says string, parts ...*attribute) *attribute {
	return &attribute{name: name, kind: complexly, many: true, says: says, parts: append(parts,
		str("type", "What it is, such as work or home"),
		&attribute{name: "primary", kind: boolean, says: "The one to prefer"})}
}

// common are the attributes of every resource (RFC 7643, section 3.1).
func common() []*attribute {
	return []*attribute{
		{name: "id", kind: text, readOnly: true, exact: true, says: "The immutable id"},
		{name: "externalId", kind: text, exact: true, says: "The id that the provisioning client knows the resource by"},
		{name: "meta", kind: complexly, readOnly: true, says: "When it was made and changed", parts: []*attribute{
			{name: "resourceType", kind: text, readOnly: true, exact: true, says: "User or Group"},
			{name: "created", kind: dateTime, readOnly: true, says: "When it was made"},
			{name: "lastModified", kind: dateTime, readOnly: true, says: "When it was changed last"},
			{name: "location", kind: reference, readOnly: true, exact: true, says: "Its address"},
		}},
	}
}

// users is the resource type of users.
func users() *resource {
	userName := str("userName", "The unique name; case does not count")
	userName.required = true
	name := &attribute{name: "name", kind: complexly, says: "The parts of the name", parts: []*attribute{
		str("formatted", "The whole name"), str("familyName", "The family name"), str("givenName", "The given name"),
		str("middleName", "The middle name"), str("honorificPrefix", "The title before"),
		str("honorificSuffix", "The title behind"),
	}}
	return &resource{
		name: "User", endpoint: "Users", schema: userSchema, says: "A person",
		attrs: append(common(),
			userName, name, str("displayName", "The name to show"), str("nickName", "The casual name"),
			&attribute{name: "profileUrl", kind: reference, says: "The address of a profile"},
			str("title", "The title"), str("userType", "The relation to the organization"),
			str("preferredLanguage", "The preferred language"), str("locale", "The locale"), str("timezone", "The time zone"),
			&attribute{name: "active", kind: boolean, says: "False: gets no credentials, and those held end"},
			plural("emails", "The main e-mail address: of several, the primary one is kept", str("value", "The address")),
			plural("phoneNumbers", "Telephone numbers", str("value", "The number")),
			plural("photos", "Addresses of pictures",
				&attribute{name: "value", kind: reference, exact: true, says: "The address"}, str("display", "What it shows")),
			plural("addresses", "Postal addresses", str("formatted", "The whole address"),
				str("streetAddress", "Street and number"),
				str("locality", "The city"), str("region", "The state or region"), str("postalCode", "The postal code"),
				str("country", "The country")),
			plural("roles", "Roles, which give no rights", str("value", "The role")),
			&attribute{
				name:     "groups",
				kind:     complexly,
				many:     true,
				readOnly: true,
				says:     "The groups that the user is in",
				parts: []*attribute{
					{name: "value", kind: text, readOnly: true, exact: true, says: "The group's id"},
					{name: "display", kind: text, readOnly: true, says: "The group's name"},
				},
			},
		),
		extension: []*attribute{
			str("employeeNumber", "The employee number"), str("costCenter", "The cost center"),
			str("organization", "The organization"),
			str("division", "The division"), str("department", "The department"),
			{
				name:  "manager",
				kind:  complexly,
				says:  "Whom the user reports to",
				parts: []*attribute{str("value", "The manager's id")},
			},
		},
		ignored: []string{"password", "ims", "entitlements", "x509Certificates"},
	}
}

// groups is the resource type of groups.
func groups() *resource {
	displayName := str("displayName", "The unique name; case does not count")
	displayName.required = true
	return &resource{
		name: "Group", endpoint: "Groups", schema: groupSchema, says: "A set of people",
		attrs: append(common(), displayName,
			&attribute{name: "members", kind: complexly, many: true, says: "The users in the group", parts: []*attribute{
				{name: "value", kind: text, exact: true, says: "The user's id"},
				{name: "type", kind: text, says: "User: groups have no groups in them"},
				{name: "$ref", kind: reference, exact: true, readOnly: true, says: "The user's address"},
			}}),
	}
}

// target is what an attribute path names: an attribute, perhaps a part of it; or a whole extension.
type target struct {
	attr      *attribute
	part      *attribute // nil: the attribute itself
	extension bool       // attr is of the extension; with no attr, the extension as a whole
}

// resolve finds what a path such as userName, name.givenName or urn:...:User:department names. ok is false when
// there is no such attribute. Names are not distinguished by case, and the names of the extension may stand without
// their schema, as AWS's own samples have them.
func (r *resource) resolve(path string) (t target, ok bool) {
	rest, schema := r.cutSchema(path)
	if rest == "" {
		return target{extension: true}, schema == enterpriseSchema
	}
	name, part, hasPart := strings.Cut(rest, ".")
	if schema != enterpriseSchema {
		t.attr = named(r.attrs, name)
	}
	if t.attr == nil && schema != r.schema {
		t.attr, t.extension = named(r.extension, name), true
	}
	if t.attr == nil {
		return target{}, false
	}
	if hasPart {
		t.part = t.attr.part(part)
		return t, t.part != nil
	}
	return t, true
}

// cutSchema takes the name of one of the resource's schemas off a path.
func (r *resource) cutSchema(path string) (rest, schema string) {
	for _, s := range []string{r.schema, enterpriseSchema} {
		if s == enterpriseSchema && r.extension == nil || len(path) < len(s) || !strings.EqualFold(path[:len(s)], s) {
			continue
		}
		if len(path) == len(s) {
			return "", s
		}
		if path[len(s)] == ':' {
			return path[len(s)+1:], s
		}
	}
	return path, ""
}

// foreign reports whether a path names an attribute that exists elsewhere and is not kept here: of another schema, or
// one of the core schema's that this server has no use for.
func (r *resource) foreign(path string) bool {
	rest, schema := r.cutSchema(path)
	if schema == "" && strings.HasPrefix(directory.Fold(rest), "urn:") {
		return true
	}
	name, _, _ := strings.Cut(rest, ".")
	name, _, _ = strings.Cut(name, "[")
	for _, i := range r.ignored {
		if strings.EqualFold(i, name) {
			return true
		}
	}
	return strings.EqualFold(name, "schemas")
}
