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

	searchMessage = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

	listMessage  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchMessage = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorMessage = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// kind is the data type of an attribute (RFC 7643, section 2.3).
type kind string

const (
	textKind      kind = "string"
	booleanKind   kind = "boolean"
	dateTimeKind  kind = "dateTime"
	referenceKind kind = "reference"
	complexKind   kind = "complex"
)

// attribute is an attribute of a resource, or a sub-attribute.
type attribute struct {
	name          string
	kind          kind
	multiValued   bool
	readOnly      bool
	caseExact     bool // case counts
	required      bool
	exact         bool     // a number is not taken for the text: it identifies the resource
	unique        bool     // in the identity store
	references    []string // what a reference may name
	canonical     []string // the values that a text has
	subAttributes []*attribute
	description   string
}

// subAttribute finds a sub-attribute by its name. It ignores case.
func (a *attribute) subAttribute(name string) *attribute { return named(a.subAttributes, name) }

func named(all []*attribute, name string) *attribute {
	for _, a := range all {
		if strings.EqualFold(a.name, name) {
			return a
		}
	}
	return nil
}

// resource is a resource type, with its attributes and those of its extension.
type resource struct {
	name        string // User
	endpoint    string // Users
	schema      string
	description string
	attrs       []*attribute
	extension   []*attribute
}

func str(name, description string) *attribute {
	return &attribute{name: name, kind: textKind, description: description}
}

// plural is a multi-valued attribute of which one value may be the primary one.
func plural(name, description string, parts ...*attribute) *attribute {
	return &attribute{
		name:        name,
		kind:        complexKind,
		multiValued: true,
		description: description,
		subAttributes: append(parts,
			str("type", "What it is, such as work or home"),
			&attribute{name: "primary", kind: booleanKind, description: "The one to prefer"}),
	}
}

var idAttribute = &attribute{
	name: "id", kind: textKind, readOnly: true, caseExact: true, description: "The immutable id",
}

// common are the attributes of every resource (RFC 7643, section 3.1).
func common() []*attribute {
	return []*attribute{
		idAttribute,
		{
			name:        "externalId",
			kind:        textKind,
			caseExact:   true,
			exact:       true,
			description: "The id that the provisioning client knows the resource by",
		},
		{
			name:        "meta",
			kind:        complexKind,
			readOnly:    true,
			description: "When it was made and changed",
			subAttributes: []*attribute{
				{name: "resourceType", kind: textKind, readOnly: true, caseExact: true, description: "User or Group"},
				{name: "created", kind: dateTimeKind, readOnly: true, description: "When it was made"},
				{name: "lastModified", kind: dateTimeKind, readOnly: true, description: "When it was changed last"},
				{name: "location", kind: referenceKind, readOnly: true, caseExact: true, description: "Its address"},
				{name: "version", kind: textKind, readOnly: true, caseExact: true, description: "Its ETag"},
			},
		},
	}
}

// uniqueName is the name that every resource of a type has and no other resource of the type has.
func uniqueName(name string) *attribute {
	return &attribute{
		name: name, kind: textKind, required: true, exact: true, unique: true,
		description: "The unique name; case does not count",
	}
}

// users is the resource type of users.
func users() *resource {
	userName := uniqueName("userName")
	address := str("value", "The address")
	address.exact, address.unique = true, true
	link := []string{"external"}
	name := &attribute{name: "name", kind: complexKind, description: "The parts of the name", subAttributes: []*attribute{
		str("formatted", "The whole name"), str("familyName", "The family name"), str("givenName", "The given name"),
		str("middleName", "The middle name"), str("honorificPrefix", "The title before"),
		str("honorificSuffix", "The title behind"),
	}}
	return &resource{
		name: "User", endpoint: "Users", schema: userSchema, description: "A person",
		attrs: append(common(),
			userName, name, str("displayName", "The name to show"), str("nickName", "The casual name"),
			&attribute{name: "profileUrl", kind: referenceKind, references: link, description: "The address of a profile"},
			str("title", "The title"), str("userType", "The relation to the organization"),
			str("preferredLanguage", "The preferred language"), str("locale", "The locale"), str("timezone", "The time zone"),
			&attribute{name: "active", kind: booleanKind, description: "False: provisioning clients say that the user gets " +
				"no credentials, and loses those held. Others may say so while it is true"},
			plural("emails", "E-mail addresses. The primary one, or else the one for work, or else the first one identifies "+
				"the user", address),
			plural("phoneNumbers", "Telephone numbers", str("value", "The number")),
			plural("photos", "Addresses of pictures",
				&attribute{name: "value", kind: referenceKind, caseExact: true, references: link, description: "The address"},
				str("display", "What it shows")),
			plural("addresses", "Postal addresses", str("formatted", "The whole address"),
				str("streetAddress", "Street and number"),
				str("locality", "The city"), str("region", "The state or region"), str("postalCode", "The postal code"),
				str("country", "The country")),
			plural("roles", "Roles, which give no rights", str("value", "The role")),
			&attribute{
				name:        "groups",
				kind:        complexKind,
				multiValued: true,
				readOnly:    true,
				description: "The groups that the user is in",
				subAttributes: []*attribute{
					{name: "value", kind: textKind, readOnly: true, caseExact: true, description: "The group's id"},
					{name: "display", kind: textKind, readOnly: true, description: "The group's name"},
					{
						name: "$ref", kind: referenceKind, readOnly: true, caseExact: true, references: []string{"Group"},
						description: "The group's address",
					},
					{
						name: "type", kind: textKind, readOnly: true, canonical: []string{"direct"},
						description: "direct: groups have no groups in them",
					},
				},
			},
		),
		extension: []*attribute{
			str("employeeNumber", "The employee number"), str("costCenter", "The cost center"),
			str("organization", "The organization"),
			str("division", "The division"), str("department", "The department"),
			{
				name:          "manager",
				kind:          complexKind,
				description:   "Whom the user reports to",
				subAttributes: []*attribute{str("value", "The manager's id")},
			},
		},
	}
}

// groups is the resource type of groups.
func groups() *resource {
	displayName := uniqueName("displayName")
	return &resource{
		name: "Group", endpoint: "Groups", schema: groupSchema, description: "A set of people",
		attrs: append(common(), displayName,
			&attribute{
				name:        "members",
				kind:        complexKind,
				multiValued: true,
				description: "The users in the group",
				subAttributes: []*attribute{
					{name: "value", kind: textKind, caseExact: true, exact: true, description: "The user's id"},
					{
						name: "type", kind: textKind, canonical: []string{"User"},
						description: "User: groups have no groups in them",
					},
					{
						name: "$ref", kind: referenceKind, caseExact: true, readOnly: true, references: []string{"User", "Group"},
						description: "The member's address",
					},
					{name: "display", kind: textKind, readOnly: true, description: "The user's name to show"},
				},
			}),
	}
}

// target is what an attribute path names: an attribute, a sub-attribute, or a whole extension.
type target struct {
	attr         *attribute
	subAttribute *attribute // nil: the attribute itself
	extension    bool       // attr is of the extension; with no attr, the extension as a whole
}

// resolve finds the target of a path such as userName, name.givenName or urn:...:User:department. ok is false when
// there is no such attribute. Case is ignored. The attributes of the extension need no schema before their name,
// because AWS's own samples have none.
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
		t.subAttribute = t.attr.subAttribute(part)
		return t, t.subAttribute != nil
	}
	return t, true
}

// cutSchema removes the name of one of the resource's schemas from a path.
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

// foreign reports whether a path names an attribute of a schema that this server does not have. Such attributes are
// ignored in every request: a provider sends its own extensions to every server (RFC 7643, section 3.3).
func (r *resource) foreign(path string) bool {
	rest, schema := r.cutSchema(path)
	if schema == "" && strings.HasPrefix(directory.Fold(rest), "urn:") {
		return true
	}
	return strings.EqualFold(rest, "schemas")
}
