package scim_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// patchesOneByOne replaces every attribute and every sub-attribute of a resource by its path.
func (c *rfcClient) patchesOneByOne(rt resourceType, at string, next map[string]any) {
	for _, schema := range append([]string{rt.schema}, rt.extensions...) {
		from := next
		if schema != rt.schema {
			from = objOf(next[schema])
		}
		for _, a := range listOf(c.schemas[schema]["attributes"]) {
			attr := objOf(a)
			name := asText(attr["name"])
			path := schema + ":" + name
			if attr["mutability"] == "readOnly" {
				c.do("PATCH", at, patch(text(c.t, map[string]any{"op": "replace", "path": path, "value": "x"}))).
					refused(400, "mutability")
				continue
			}
			r := c.do("PATCH", at+"?attributes="+path,
				patch(text(c.t, map[string]any{"op": "replace", "path": path, "value": from[name]}))).want(200)
			got := r.body
			if schema != rt.schema {
				got = objOf(got[schema])
			}
			if !holds(from[name], got[name]) {
				c.t.Errorf("%s: sent %s, got %s", path, text(c.t, from[name]), r.raw)
			}
			for _, s := range listOf(attr["subAttributes"]) {
				sub := objOf(s)
				if name == "members" || attr["multiValued"] == true || sub["mutability"] == "readOnly" {
					continue
				}
				part := asText(sub["name"])
				op := map[string]any{"op": "replace", "path": path + "." + part, "value": "changed"}
				r := c.do("PATCH", at, patch(text(c.t, op)))
				got := r.want(200).body
				if schema != rt.schema {
					got = objOf(got[schema])
				}
				if objOf(got[name])[part] != "changed" {
					c.t.Errorf("%s.%s was not changed: %s", path, part, r.raw)
				}
			}
		}
	}
}

// filters compares every attribute with every operator. A filter is answered, or refused as a filter; and one that asks
// for the value that the resource has finds it.
func (c *rfcClient) filters(rt resourceType, at string) {
	id := regexp.MustCompile(`[^/]+$`).FindString(at)
	whole := c.do("GET", at, "").want(200).body
	for _, schema := range append([]string{rt.schema}, rt.extensions...) {
		from := whole
		if schema != rt.schema {
			from = objOf(whole[schema])
		}
		for _, a := range listOf(c.schemas[schema]["attributes"]) {
			attr := objOf(a)
			paths := map[string]any{schema + ":" + asText(attr["name"]): from[asText(attr["name"])]}
			for _, s := range listOf(attr["subAttributes"]) {
				sub := asText(objOf(s)["name"])
				v := from[asText(attr["name"])]
				if all := listOf(v); len(all) > 0 {
					v = all[0]
				}
				paths[schema+":"+asText(attr["name"])+"."+sub] = objOf(v)[sub]
			}
			for path, has := range paths {
				for _, op := range strings.Fields("eq ne co sw ew gt ge lt le") {
					value := has
					if _, plain := has.(string); !plain && has != true && has != false {
						value = "x"
					}
					r := c.find(strings.TrimPrefix(rt.endpoint, "/"), fmt.Sprintf("%s %s %s", path, op, text(c.t, value)))
					if r.StatusCode != 200 {
						r.refused(400, "invalidFilter")
						continue
					}
					if op == "eq" && value == has && !slices.ContainsFunc(listOf(r.at("Resources")), func(v any) bool {
						return objOf(v)["id"] == id
					}) {
						c.t.Errorf("%s eq %v does not find it", path, has)
					}
				}
				if r := c.find(strings.TrimPrefix(rt.endpoint, "/"), path+" pr"); r.StatusCode != 200 {
					r.refused(400, "invalidFilter")
				}
			}
		}
	}
}
