package scim_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// rfcClient is a client that knows nothing but the RFCs and what discovery says, and believes it to the letter.
type rfcClient struct {
	*world
	schemas map[string]map[string]any // by id
}

type resourceType struct {
	endpoint, schema string
	extensions       []string
}

func listOf(v any) []any         { l, _ := v.([]any); return l }
func objOf(v any) map[string]any { m, _ := v.(map[string]any); return m }

// discover reads the schemas and the resource types, and checks their form (RFC 7643, sections 6 and 7).
func discover(w *world) (*rfcClient, []resourceType) {
	c := &rfcClient{world: w, schemas: map[string]map[string]any{}}
	for _, s := range listOf(w.do("GET", "/Schemas", "").want(200).at("Resources")) {
		id := asText(objOf(s)["id"])
		c.schemas[id] = objOf(s)
		w.do("GET", "/Schemas/"+id, "").want(200).has("id", id)
		for _, a := range listOf(objOf(s)["attributes"]) {
			c.checkDefinition(id, objOf(a))
		}
	}
	var types []resourceType
	for _, r := range listOf(w.do("GET", "/ResourceTypes", "").want(200).at("Resources")) {
		t := resourceType{endpoint: asText(objOf(r)["endpoint"]), schema: asText(objOf(r)["schema"])}
		for _, e := range listOf(objOf(r)["schemaExtensions"]) {
			t.extensions = append(t.extensions, asText(objOf(e)["schema"]))
		}
		w.do("GET", "/ResourceTypes/"+asText(objOf(r)["id"]), "").want(200)
		types = append(types, t)
	}
	return c, types
}

func (c *rfcClient) checkDefinition(at string, a map[string]any) {
	c.t.Helper()
	at += ":" + asText(a["name"])
	one := func(name string, of ...string) {
		if !slices.Contains(of, asText(a[name])) {
			c.t.Errorf("%s: %s is %v", at, name, a[name])
		}
	}
	one("type", "string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex")
	one("mutability", "readOnly", "readWrite", "immutable", "writeOnly")
	one("returned", "always", "never", "default", "request")
	one("uniqueness", "none", "server", "global")
	for _, name := range []string{"multiValued", "required"} {
		if _, ok := a[name].(bool); !ok {
			c.t.Errorf("%s: %s is %v", at, name, a[name])
		}
	}
	if (a["type"] == "complex") != (len(listOf(a["subAttributes"])) > 0) {
		c.t.Errorf("%s: sub-attributes %v", at, a["subAttributes"])
	}
	if (a["type"] == "reference") != (len(listOf(a["referenceTypes"])) > 0) {
		c.t.Errorf("%s: reference types %v", at, a["referenceTypes"])
	}
	if asText(a["description"]) == "" {
		c.t.Errorf("%s has no description", at)
	}
	for _, sub := range listOf(a["subAttributes"]) {
		c.checkDefinition(at, objOf(sub))
	}
}

// sample makes a value of an attribute, without what only the server writes. n makes values differ.
func (c *rfcClient) sample(a map[string]any, n string) any {
	name := asText(a["name"])
	one := func() any {
		switch a["type"] {
		case "boolean":
			return true
		case "complex":
			m := map[string]any{}
			for _, s := range listOf(a["subAttributes"]) {
				if sub := objOf(s); sub["mutability"] != "readOnly" {
					m[asText(sub["name"])] = c.sample(sub, n)
				}
			}
			return m
		case "reference":
			return "https://example.org/" + name + n
		}
		if values := listOf(a["canonicalValues"]); len(values) > 0 {
			return values[0]
		}
		return name + n
	}
	if a["multiValued"] != true {
		return one()
	}
	second, _ := one().(map[string]any)
	second = maps.Clone(second)
	for part, v := range second {
		if s, ok := v.(string); ok {
			second[part] = s + "-2"
		}
	}
	delete(second, "primary")
	return []any{one(), second}
}

// shown checks an answer against the schemas: no attribute that they do not have, and no value of another type.
func (c *rfcClient) shown(at string, m map[string]any, attrs []any) {
	c.t.Helper()
	for name, v := range m {
		i := slices.IndexFunc(attrs, func(a any) bool { return objOf(a)["name"] == name })
		if i < 0 {
			c.t.Errorf("%s%s is in no schema", at, name)
			continue
		}
		a := objOf(attrs[i])
		all, several := v.([]any)
		if several != (a["multiValued"] == true) {
			c.t.Errorf("%s%s: several values: %v", at, name, several)
		}
		if !several {
			all = []any{v}
		}
		for _, e := range all {
			ok := false
			switch e := e.(type) {
			case map[string]any:
				ok = a["type"] == "complex"
				c.shown(at+name+".", e, listOf(a["subAttributes"]))
			case bool:
				ok = a["type"] == "boolean"
			case string:
				ok = a["type"] == "string" || a["type"] == "reference" || a["type"] == "dateTime"
				if values := listOf(a["canonicalValues"]); len(values) > 0 && !slices.Contains(values, any(e)) {
					c.t.Errorf("%s%s is %q, none of %v", at, name, e, values)
				}
			}
			if !ok {
				c.t.Errorf("%s%s: %v is no %v", at, name, e, a["type"])
			}
		}
	}
}

// resource checks a whole resource, and returns it without what the server wrote.
func (c *rfcClient) resource(t resourceType, m map[string]any) {
	c.t.Helper()
	core := maps.Clone(m)
	said := listOf(m["schemas"])
	for _, e := range t.extensions {
		if x, ok := core[e]; ok {
			if !slices.Contains(said, any(e)) {
				c.t.Errorf("schemas lacks %s", e)
			}
			c.shown(e+":", objOf(x), listOf(c.schemas[e]["attributes"]))
			delete(core, e)
		}
	}
	meta := objOf(core["meta"])
	for _, name := range []string{"resourceType", "location", "created", "lastModified", "version"} {
		if asText(meta[name]) == "" {
			c.t.Errorf("meta lacks %s: %v", name, meta)
		}
	}
	if _, err := time.Parse(time.RFC3339, asText(meta["created"])); err != nil {
		c.t.Error(err)
	}
	for _, common := range []string{"schemas", "id", "externalId", "meta"} {
		delete(core, common)
	}
	c.shown("", core, listOf(c.schemas[t.schema]["attributes"]))
}

// whole makes a resource with a value for everything that a client can write.
func (c *rfcClient) whole(t resourceType, n, member string) map[string]any {
	body := map[string]any{"schemas": []any{t.schema}, "externalId": "ext" + n}
	add := func(to map[string]any, schema string) {
		for _, a := range listOf(c.schemas[schema]["attributes"]) {
			if attr := objOf(a); attr["mutability"] != "readOnly" {
				to[asText(attr["name"])] = c.sample(attr, n)
			}
		}
	}
	add(body, t.schema)
	for _, e := range t.extensions {
		m := map[string]any{}
		add(m, e)
		body[e], body["schemas"] = m, append(listOf(body["schemas"]), e)
	}
	if _, ok := body["members"]; ok {
		body["members"] = []any{map[string]any{"value": member, "type": "User"}}
	}
	return body
}

// holds reports whether an answer has everything that was sent, in whatever order.
func holds(sent, got any) bool {
	switch s := sent.(type) {
	case map[string]any:
		g := objOf(got)
		for name, v := range s {
			if !holds(v, g[name]) {
				return false
			}
		}
		return true
	case []any:
		g := listOf(got)
		return len(s) == len(g) && !slices.ContainsFunc(s, func(v any) bool {
			return !slices.ContainsFunc(g, func(w any) bool { return holds(v, w) })
		})
	}
	return reflect.DeepEqual(sent, got)
}

// A strict client of the RFCs finds nothing wrong: it believes discovery, writes everything that it may, reads back all
// of it, and meets nothing that was not announced.
func TestAStrictClientFindsNothingWrong(t *testing.T) {
	c, types := discover(newWorld(t))
	config := c.do("GET", "/ServiceProviderConfig", "").want(200)
	for _, feature := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
		if _, ok := config.at(feature + ".supported").(bool); !ok {
			t.Errorf("the configuration does not say whether %s is supported", feature)
		}
	}
	member := c.user("member")
	for _, rt := range types {
		t.Run(strings.TrimPrefix(rt.endpoint, "/"), func(t *testing.T) {
			c.t, c.world.t = t, t
			first := c.whole(rt, "1", member)
			made := c.do("POST", rt.endpoint, text(t, first)).want(201)
			at := rt.endpoint + "/" + made.id()
			if loc := made.Header.Get("Location"); !strings.HasSuffix(loc, at) || loc != made.at("meta.location") {
				t.Errorf("Location %q", loc)
			}
			if rt.endpoint == "/Users" {
				c.group("its group", made.id())
			}
			got := c.do("GET", at, "").want(200)
			for _, r := range []*reply{made, got} {
				c.resource(rt, r.body)
				if !holds(first, r.body) {
					t.Errorf("sent %s\ngot %s", text(t, first), r.raw)
				}
			}
			next := c.whole(rt, "2", member)
			c.do("PUT", at, text(t, next)).want(200)
			if r := c.do("GET", at, "").want(200); !holds(next, r.body) {
				t.Errorf("put %s\ngot %s", text(t, next), r.raw)
			}
			c.patchesOneByOne(rt, at, c.whole(rt, "3", member))
			c.filters(rt, at)
			c.do("DELETE", at, "").want(204)
			c.do("GET", at, "").refused(404, "")
		})
	}
}
