package scim

import (
	"net/http"
	"slices"

	"latchkey/internal/control/provision"
	"latchkey/internal/directory"
)

// renderUser renders a user with the attributes that the client asked for.
func (q *request) renderUser(u *directory.User, p projection) document {
	d := q.view.user(u)
	if !q.h.Strict {
		d.setVersion(userVersion(u))
	}
	if !q.h.Strict && p.wants("groups") {
		if all := q.view.groupsOf(u.ID); len(all) > 0 {
			d["groups"] = all
		}
	}
	return p.of(d)
}

// userReply is the reply with a user.
func (q *request) userReply(status int, u *directory.User) (reply, error) {
	p, err := q.projection(users())
	if err != nil {
		return reply{}, err
	}
	return q.versioned(reply{
		status: status, body: q.renderUser(u, p), location: q.view.base + "/Users/" + string(u.ID), version: userVersion(u),
	}), nil
}

func (q *request) userID() directory.UserID { return directory.UserID(q.PathValue("id")) }

func getUser(q *request) (reply, error) {
	u := q.snap.Person(q.userID())
	if u == nil || u.Store != q.storeID {
		return reply{}, resourceNotFound("User", q.PathValue("id"))
	}
	return q.userReply(http.StatusOK, u)
}

func createUser(q *request) (reply, error) {
	q.begin(map[string]any{})
	r := users()
	if _, err := q.projection(r); err != nil { // before anything is changed
		return reply{}, err
	}
	d, err := r.document(q.body)
	if err != nil {
		return reply{}, err
	}
	q.recordUser(d)
	u, err := q.parseUser(d, directory.User{})
	if err != nil {
		return reply{}, err
	}
	var made *directory.User
	err = q.change(func(w *provision.Writer) (err error) {
		if made, err = w.CreateUser(u, sayOf(d)); err != nil {
			return err
		}
		q.touchUser(made.ID)
		q.Call.Event.ResponseElements = map[string]any{"userId": string(made.ID), "identityStoreId": string(q.storeID)}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return q.userReply(http.StatusCreated, made)
}

// sayOf returns what a document says about a user's status. A document without active says nothing.
func sayOf(d document) directory.Say {
	if active, ok := d["active"].(bool); ok {
		return directory.SayOf(!active)
	}
	return directory.SaysNothing
}

// parseUser makes a user from a document. In strict mode it applies AWS's requirements.
func (q *request) parseUser(d document, base directory.User) (directory.User, error) {
	if q.h.Strict {
		if err := strictUser(d); err != nil {
			return directory.User{}, err
		}
	}
	u, err := parseUser(d, base)
	if err != nil {
		return u, err
	}
	return u, kept(d, &u)
}

func putUser(q *request) (reply, error) {
	q.begin(map[string]any{"userId": q.PathValue("id")})
	return q.replaceUser(func(old *directory.User) (document, bool, error) {
		d, err := users().document(q.body)
		if err == nil {
			q.recordUser(d)
		}
		_, said := d["active"]
		return d, said, err
	})
}

func patchUser(q *request) (reply, error) {
	q.begin(map[string]any{"userId": q.PathValue("id")})
	ops, err := operations(q.body)
	if err != nil {
		return reply{}, err
	}
	q.recordOperations(ops)
	r := users()
	return q.replaceUser(func(old *directory.User) (document, bool, error) {
		d := q.view.user(old)
		for _, op := range ops {
			if err := r.apply(d, op); err != nil {
				return nil, false, err
			}
		}
		if _, ok := d["active"]; !ok { // removing the attribute must neither enable nor disable a user
			return nil, false, refuse(mutability, "active cannot be removed")
		}
		return d, slices.ContainsFunc(ops, operation.setsActive), nil
	})
}

// replaceUser replaces a user by what next returns, in one transaction. said is whether the client sets active. A
// client that does not set it has not changed its mind.
func (q *request) replaceUser(next func(old *directory.User) (d document, said bool, err error)) (reply, error) {
	if _, err := q.projection(users()); err != nil {
		return reply{}, err
	}
	q.touchUser(q.userID())
	var now *directory.User
	err := q.change(func(w *provision.Writer) error {
		old, err := w.User(q.userID())
		if err != nil {
			return err
		}
		if err := q.unlessUser(old); err != nil {
			return err
		}
		d, said, err := next(old)
		if err != nil {
			return err
		}
		u, err := q.parseUser(d, *old)
		if err != nil {
			return err
		}
		say := directory.SaysNothing
		if said {
			say = sayOf(d)
		}
		now, err = w.ReplaceUser(u, say)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return q.userReply(http.StatusOK, now)
}

func deleteUser(q *request) (reply, error) {
	q.begin(map[string]any{"userId": q.PathValue("id")})
	q.touchUser(q.userID())
	err := q.change(func(w *provision.Writer) error {
		old, err := w.User(q.userID())
		if err != nil {
			return err
		}
		if err := q.unlessUser(old); err != nil {
			return err
		}
		return w.DeleteUser(q.userID())
	})
	return reply{status: http.StatusNoContent}, err
}
