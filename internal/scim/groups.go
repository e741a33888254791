package scim

import (
	"net/http"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

// renderGroup renders a group with the attributes that the client asked for. It has the members unless AWS would leave
// them out.
func (q *request) renderGroup(g *directory.Group, p projection) document {
	d := q.view.group(g)
	if q.h.Strict {
		d["members"] = []any{}
		return p.of(d)
	}
	d.setVersion(q.groupVersion(g))
	if p.wants("members") {
		d["members"] = q.view.membersOf(g.ID)
	}
	return p.of(d)
}

func (q *request) groupReply(status int, g *directory.Group) (reply, error) {
	p, err := q.projection(groups())
	if err != nil {
		return reply{}, err
	}
	return q.versioned(reply{
		status: status, body: q.renderGroup(g, p), location: q.view.base + "/Groups/" + string(g.ID),
		version: q.groupVersion(g),
	}), nil
}

// groupVersion is the version of a group as of the request's snapshot.
func (q *request) groupVersion(g *directory.Group) string {
	return groupVersion(g, q.snap.MembersDigest(g.ID))
}

func (q *request) groupID() directory.GroupID { return directory.GroupID(q.PathValue("id")) }

func getGroup(q *request) (reply, error) {
	g := q.snap.Group(q.groupID())
	if g == nil || g.Store != q.storeID {
		return reply{}, resourceNotFound("Group", q.PathValue("id"))
	}
	return q.groupReply(http.StatusOK, g)
}

// sentGroup reads a group and its members from a body. given is false when the body has no members attribute.
func (q *request) sentGroup() (d document, members []directory.UserID, given bool, err error) {
	r := groups()
	if _, err := q.projection(r); err != nil {
		return nil, nil, false, err
	}
	sent := make(map[string]any, len(q.body))
	var list any
	for name, v := range q.body {
		if directory.Fold(name) == "members" {
			list, given = v, true // null says that there are none, as in a PATCH (RFC 7643, section 2.5)
			continue
		}
		sent[name] = v
	}
	if d, err = r.document(sent); err != nil {
		return nil, nil, false, err
	}
	members, err = memberIDs(list)
	return d, members, given, err
}

func createGroup(q *request) (reply, error) {
	q.begin(map[string]any{})
	d, members, _, err := q.sentGroup()
	if err != nil {
		return reply{}, err
	}
	q.recordGroup(members)
	if q.h.Strict && len(members) > maxStrictMembers {
		return reply{}, tooManyMembers()
	}
	var made *directory.Group
	err = q.change(func(w *provision.Writer) (err error) {
		if made, err = w.CreateGroup(parseGroup(d, directory.Group{})); err != nil {
			return err
		}
		q.touchGroup(made.ID)
		q.Call.Event.ResponseElements = map[string]any{"groupId": string(made.ID), "identityStoreId": string(q.storeID)}
		_, err = w.AddMembers(made.ID, members)
		return q.memberError(err)
	})
	if err != nil {
		return reply{}, err
	}
	return q.groupReply(http.StatusCreated, made)
}

// memberError makes the error for a member who does not exist. It is a 404 only where AWS has one. A client that gets a
// 404 for a change of a group concludes that the group is deleted.
func (q *request) memberError(err error) error {
	if !fault.Is(err, fault.NotFound, fault.DirectoryUser) {
		return err
	}
	id := fault.Of(err).Fields["ResourceId"]
	if q.snap.Group(directory.GroupID(id)) != nil && q.snap.Group(directory.GroupID(id)).Store == q.storeID {
		return refuse(invalidValue,
			"%s is a group. Groups cannot be members of groups: make the people in it members instead.",
			id)
	}
	if q.h.Strict {
		return resourceNotFound("User", id)
	}
	return refuse(invalidValue, "There is no user %q to be a member.", id)
}

func putGroup(q *request) (reply, error) {
	q.begin(map[string]any{"groupId": q.PathValue("id")})
	if q.h.Strict {
		return reply{}, fault.New(fault.Unsupported, fault.Operation, "PutGroup is not served. Use PATCH.")
	}
	d, members, given, err := q.sentGroup()
	if err != nil {
		return reply{}, err
	}
	q.recordGroup(members)
	q.touchGroup(q.groupID())
	var now *directory.Group
	err = q.change(func(w *provision.Writer) error {
		old, err := w.Group(q.groupID())
		if err != nil {
			return err
		}
		if err := q.unlessGroup(w, old); err != nil {
			return err
		}
		if now, err = w.ReplaceGroup(parseGroup(d, *old)); err != nil || !given {
			return err // a client that sends no members does not ask to remove any
		}
		added, removed, err := w.SetMembers(now.ID, members)
		q.recordMembers(added, removed)
		return q.memberError(err)
	})
	if err != nil {
		return reply{}, err
	}
	return q.groupReply(http.StatusOK, now)
}

func patchGroup(q *request) (reply, error) {
	q.begin(map[string]any{"groupId": q.PathValue("id")})
	p, err := q.projection(groups())
	if err != nil {
		return reply{}, err
	}
	ops, err := operations(q.body)
	if err != nil {
		return reply{}, err
	}
	q.recordOperations(ops)
	if q.h.Strict {
		if err := strictMembersOf(ops); err != nil {
			return reply{}, err
		}
	}
	q.touchGroup(q.groupID())
	var now *directory.Group
	err = q.change(func(w *provision.Writer) error {
		old, err := w.Group(q.groupID())
		if err != nil {
			return err
		}
		if err := q.unlessGroup(w, old); err != nil {
			return err
		}
		m := &membersPatch{w: w, group: old.ID, view: q.view}
		d := q.view.group(old)
		for _, op := range ops {
			if err := m.apply(d, op); err != nil {
				return q.memberError(err)
			}
		}
		q.recordMembers(m.added, m.removed)
		now, err = w.ReplaceGroup(parseGroup(d, *old))
		return err
	})
	if err != nil {
		return reply{}, err
	}
	if p.given { // a client that asks for attributes gets them (RFC 7644, section 3.5.2)
		return q.groupReply(http.StatusOK, now)
	}
	return q.versioned(reply{status: http.StatusNoContent, version: q.groupVersion(now)}), nil
}

func deleteGroup(q *request) (reply, error) {
	q.begin(map[string]any{"groupId": q.PathValue("id")})
	q.touchGroup(q.groupID())
	err := q.change(func(w *provision.Writer) error {
		old, err := w.Group(q.groupID())
		if err != nil {
			return err
		}
		if err := q.unlessGroup(w, old); err != nil {
			return err
		}
		return w.DeleteGroup(q.groupID())
	})
	return reply{status: http.StatusNoContent}, err
}
