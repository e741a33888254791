package scim

import (
	"net/http"
	"strings"

	"latchkey/internal/fault"
)

// serviceProviderConfig describes what of SCIM this server supports (RFC 7643, section 5).
func serviceProviderConfig(q *request) (reply, error) {
	no := map[string]any{"supported": false}
	limit := maxPage
	if q.h.Strict {
		limit = maxStrictPage
	}
	at := q.view.base + "/ServiceProviderConfig"
	return reply{status: http.StatusOK, body: map[string]any{
		"schemas":          []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": "https://docs.aws.amazon.com/singlesignon/latest/userguide/provision-automatically.html",
		"patch":            map[string]any{"supported": true},
		"bulk":             map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":           map[string]any{"supported": true, "maxResults": limit},
		"changePassword":   no, "sort": no, "etag": map[string]any{"supported": !q.h.Strict},
		"pagination": map[string]any{
			"cursor":                  true,
			"index":                   !q.h.Strict,
			"defaultPaginationMethod": "index",
			"defaultPageSize":         defaultPage,
			"maxPageSize":             limit,
		},
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
			"description": "A provisioning token, which latchkey directory token create makes",
		}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": at},
	}}, nil
}

// staticList serves a list that never changes, or the entry of it that has an id.
func staticList(id string, all func(*request) []map[string]any) func(*request) (reply, error) {
	return func(q *request) (reply, error) {
		if q.params().Has("filter") { // RFC 7644, section 4
			return reply{}, fault.New(fault.Denied, fault.Request, "What the server supports cannot be filtered.")
		}
		list := []any{}
		for _, m := range all(q) {
			if id != "" && strings.EqualFold(m["id"].(string), id) {
				return reply{status: http.StatusOK, body: m}, nil
			}
			list = append(list, m)
		}
		if id != "" {
			return reply{}, q.notFound()
		}
		return q.listReply(page{start: 1}, len(list), list, ""), nil
	}
}

func resourceTypes(q *request) (all []map[string]any) {
	for _, r := range []*resource{users(), groups()} {
		m := map[string]any{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": r.name, "name": r.name,
			"endpoint": "/" + r.endpoint, "description": r.description, "schema": r.schema,
			"meta": map[string]any{"resourceType": "ResourceType", "location": q.view.base + "/ResourceTypes/" + r.name},
		}
		if r.extension != nil {
			m["schemaExtensions"] = []any{map[string]any{"schema": enterpriseSchema, "required": false}}
		}
		all = append(all, m)
	}
	return all
}

func schemas(q *request) (all []map[string]any) {
	add := func(id, name, description string, attrs []*attribute) {
		all = append(all, map[string]any{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": description,
			"attributes": definitions(attrs),
			"meta":       map[string]any{"resourceType": "Schema", "location": q.view.base + "/Schemas/" + id},
		})
	}
	u, g := users(), groups()
	add(u.schema, u.name, u.description, u.attrs)
	add(g.schema, g.name, g.description, g.attrs)
	add(enterpriseSchema, "EnterpriseUser", "What an organization knows of a person", u.extension)
	return all
}

// definitions describe attributes (RFC 7643, section 7). Attributes that all resources have belong to no schema.
func definitions(attrs []*attribute) []any {
	var all []any
	for _, a := range attrs {
		if a.name == "id" || a.name == "externalId" || a.name == "meta" {
			continue
		}
		m := map[string]any{
			"name": a.name, "type": a.kind, "multiValued": a.multiValued, "description": a.description, "required": a.required,
			"mutability": "readWrite", "returned": "default", "uniqueness": "none",
		}
		if a.readOnly {
			m["mutability"] = "readOnly"
		}
		if a.unique {
			m["uniqueness"] = "server"
		}
		if a.canonical != nil {
			m["canonicalValues"] = a.canonical
		}
		if a.kind == textKind || a.kind == referenceKind {
			m["caseExact"] = a.caseExact
		}
		if a.kind == referenceKind {
			m["referenceTypes"] = a.references
		}
		if a.subAttributes != nil {
			m["subAttributes"] = definitions(a.subAttributes)
		}
		all = append(all, m)
	}
	return all
}
