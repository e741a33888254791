package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"latchkey/internal/fault"
)

// route finds the operation that a request asks for, and sets its name.
func (q *request) route() (func(*request) (reply, error), error) {
	path := strings.Trim(strings.TrimPrefix(q.URL.Path, Path), "/")
	endpoint, id, hasID := strings.Cut(path, "/")
	if strings.Contains(id, "/") {
		return nil, q.notFound()
	}
	find := func(name string) bool { return strings.EqualFold(endpoint, name) }
	switch {
	case find(".search") && !hasID, id == ".search" && (find("Users") || find("Groups")):
		return q.searchRoute(endpoint)
	case find("Users") && hasID:
		return q.resourceAction("User", id, map[string]action{
			http.MethodGet: {"GetUser", getUser}, http.MethodPut: {"PutUser", putUser},
			http.MethodPatch: {"PatchUser", patchUser}, http.MethodDelete: {"DeleteUser", deleteUser},
		})
	case find("Users"):
		return q.methodAction(map[string]action{
			http.MethodGet:  {"ListUsers", listUsers},
			http.MethodPost: {"CreateUser", createUser},
		})
	case find("Groups") && hasID:
		return q.resourceAction("Group", id, map[string]action{
			http.MethodGet: {"GetGroup", getGroup}, http.MethodPut: {"PutGroup", putGroup},
			http.MethodPatch: {"PatchGroup", patchGroup}, http.MethodDelete: {"DeleteGroup", deleteGroup},
		})
	case find("Groups"):
		return q.methodAction(map[string]action{
			http.MethodGet:  {"ListGroups", listGroups},
			http.MethodPost: {"CreateGroup", createGroup},
		})
	case find("ServiceProviderConfig") && !hasID:
		return q.methodAction(map[string]action{http.MethodGet: {"GetServiceProviderConfig", serviceProviderConfig}})
	case find("ResourceTypes"):
		return q.methodAction(map[string]action{http.MethodGet: {"ListResourceTypes", staticList(id, resourceTypes)}})
	case find("Schemas"):
		return q.methodAction(map[string]action{http.MethodGet: {"ListSchemas", staticList(id, schemas)}})
	case find("Me"), find("Bulk"):
		return nil, fault.New(fault.Unsupported, fault.Operation, "/%s is not served.", endpoint)
	}
	return nil, q.notFound()
}

func (q *request) notFound() error {
	return fault.New(fault.NotFound, fault.Request, "There is nothing at this address.")
}

// action is an operation and its function.
type action struct {
	name string
	run  func(*request) (reply, error)
}

// methodAction returns the action for the request's method.
func (q *request) methodAction(all map[string]action) (func(*request) (reply, error), error) {
	method := q.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	a, ok := all[method]
	if !ok {
		return nil, fault.New(fault.Unsupported, fault.Method, "%s is not served here.", q.Method)
	}
	q.Operation = a.name
	return a.run, nil
}

// resourceAction is methodAction for a resource with an id. Ids are uuids in this server's spelling. A request for any
// other id gets the error for an unknown resource.
func (q *request) resourceAction(kind, id string, all map[string]action) (func(*request) (reply, error), error) {
	run, err := q.methodAction(all)
	if err != nil {
		return nil, err
	}
	if !isID(id) {
		return nil, resourceNotFound(kind, id)
	}
	q.SetPathValue("id", id)
	return run, nil
}

func isID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

func resourceNotFound(kind, id string) error {
	entity := fault.DirectoryUser
	if kind == "Group" {
		entity = fault.DirectoryGroup
	}
	return fault.New(fault.NotFound, entity, "%s %s not found.", kind, id)
}

// projection has the attributes of a resource that a client wants (RFC 7644, section 3.9).
type projection struct {
	only, without []target
	given         bool // the client named attributes to return
}

func (q *request) projection(r *resource) (p projection, err error) {
	if q.h.Strict {
		return p, nil
	}
	query := q.params()
	only, without := query.Get("attributes"), query.Get("excludedAttributes")
	if only != "" && without != "" {
		return p, refuse(invalidValue, "attributes and excludedAttributes exclude each other")
	}
	p.given = only != ""
	if len(only)+len(without) > maxFilter {
		return p, refuse(invalidValue, "attributes and excludedAttributes can be %d bytes long", maxFilter)
	}
	return projection{only: r.targets(only), without: r.targets(without), given: p.given}, nil
}

// targets parses a list of attribute paths. It ignores names of unknown attributes.
func (r *resource) targets(list string) (all []target) {
	for s := range strings.SplitSeq(list, ",") {
		if t, ok := r.resolve(strings.TrimSpace(s)); ok {
			all = append(all, t)
		}
	}
	return all
}

// wants reports whether the answer will have an attribute of the core schema, at least in part.
func (p projection) wants(name string) bool {
	has := func(all []target, whole bool) bool {
		return slices.ContainsFunc(all, func(t target) bool {
			return t.attr != nil && !t.extension && t.attr.name == name && (!whole || t.subAttribute == nil)
		})
	}
	if p.given {
		return has(p.only, false)
	}
	return !has(p.without, true)
}

// of returns the part of a document that the client wants. schemas and id are always in it.
func (p projection) of(d document) document {
	if p.given {
		selected := document{"schemas": d["schemas"], "id": d["id"]}
		for _, t := range p.only {
			selected.copy(d, t)
		}
		return selected
	}
	for _, t := range p.without {
		if t.attr == nil {
			delete(d, enterpriseSchema)
		} else if t.attr.name != "id" {
			d.exclude(t)
		}
	}
	return d
}

// copy copies a target's value from another document.
func (d document) copy(from document, t target) {
	if t.extension {
		inner, ok := from[enterpriseSchema].(map[string]any)
		switch {
		case !ok:
			return
		case t.attr == nil:
			d[enterpriseSchema] = inner
		default:
			document(d.inExtension()).copy(inner, target{attr: t.attr, subAttribute: t.subAttribute})
		}
		return
	}
	v, ok := from[t.attr.name]
	if !ok {
		return
	}
	if t.subAttribute != nil {
		v = partsOnly(v, t.subAttribute.name, d[t.attr.name])
	}
	d[t.attr.name] = v
}

// partsOnly returns an object, or a list of objects, with one sub-attribute added to those that were selected before.
func partsOnly(v any, part string, before any) any {
	keep := func(v, before any) map[string]any {
		m, _ := v.(map[string]any)
		kept, ok := before.(map[string]any)
		if !ok {
			kept = map[string]any{}
		}
		if x, ok := m[part]; ok {
			kept[part] = x
		}
		return kept
	}
	list, ok := v.([]any)
	if !ok {
		return keep(v, before)
	}
	old, _ := before.([]any)
	all := make([]any, len(list))
	for i, e := range list {
		var b any
		if i < len(old) {
			b = old[i]
		}
		all[i] = keep(e, b)
	}
	return all
}

// exclude removes a target's value. The values in the document must not be shared.
func (d document) exclude(t target) {
	at := map[string]any(d)
	if t.extension {
		inner, ok := d[enterpriseSchema].(map[string]any)
		if !ok {
			return
		}
		at = inner
	}
	if t.subAttribute == nil {
		delete(at, t.attr.name)
		return
	}
	list, ok := at[t.attr.name].([]any)
	if !ok {
		list = []any{at[t.attr.name]}
	}
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			delete(m, t.subAttribute.name)
		}
	}
}
