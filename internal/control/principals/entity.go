package principals

import (
	"context"
	"strings"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Kind is one of the two kinds of entity that have policies. Its text is the one in the names of IAM's
// actions: iam:PutUserPolicy, iam:PutRolePolicy.
type Kind string

// The kinds of entity.
const (
	User Kind = "User"
	Role Kind = "Role"
)

func (k Kind) lower() string { return strings.ToLower(string(k)) }

func (k Kind) entity() fault.Entity {
	if k == Role {
		return fault.Role
	}
	return fault.User
}

// Entity names a user or a role of the caller's account. What both have (policies, a boundary, tags) is
// administered by the same methods.
type Entity struct {
	Kind Kind
	Name string
}

// UserNamed is the user with this name.
func UserNamed(name string) Entity { return Entity{User, name} }

// RoleNamed is the role with this name.
func RoleNamed(name string) Entity { return Entity{Role, name} }

// principalRow is what a user and a role have in common. It points into the entity that it was made from.
type principalRow struct {
	Entity
	id, arn  string
	policies *iam.Policies
	tags     *[]iam.Tag
	user     *iam.User // one of the two is nil
	role     *iam.Role
}

func rowOfUser(u *iam.User) *principalRow {
	return &principalRow{Entity: UserNamed(u.Name), id: u.ID, arn: u.ARN(), policies: &u.Policies, tags: &u.Tags, user: u}
}

func rowOfRole(r *iam.Role) *principalRow {
	return &principalRow{Entity: RoleNamed(r.Name), id: r.ID, arn: r.ARN(), policies: &r.Policies, tags: &r.Tags, role: r}
}

// resourceType is CloudTrail's name for the kind.
func (h *principalRow) resourceType() string { return "AWS::IAM::" + string(h.Kind) }

func (h *principalRow) save(tx *store.Tx) error {
	if h.role != nil {
		return store.Roles.Update(tx, h.role)
	}
	return store.Users.Update(tx, h.user)
}

// find checks an action on an entity and returns the entity as the snapshot has it. The caller must not change it. For
// an entity that does not exist, the action is checked on the ARN that it would have at the root path. So only a caller
// who may act on the entity learns that it is missing, and a refusal names that ARN in any case: names in IAM are
// unique regardless of the path, and the path is not the caller's to know.
func (p *Principals) find(call *control.Call, action string, e Entity, values policy.Values) (*principalRow, error) {
	var h *principalRow
	if e.Kind == Role {
		if r := call.Snapshot.RoleByName(call.Account, e.Name); r != nil {
			h = rowOfRole(r)
		}
	} else if u := call.Snapshot.UserByName(call.Account, e.Name); u != nil {
		h = rowOfUser(u)
	}
	asked := "arn:aws:iam::" + string(call.Account) + ":" + e.Kind.lower() + "/" + e.Name
	if h == nil {
		if err := may(call, action, asked, values); err != nil {
			return nil, err
		}
		return nil, noSuch(e)
	}
	if h.id == call.Principal.ID {
		asked = h.arn // callers know their own path
	}
	if err := maySaying(call, action, h.arn, asked, withResource(values, *h.tags, h.policies.Boundary)); err != nil {
		return nil, err
	}
	call.Touch(h.resourceType(), h.arn, call.Account)
	return h, nil
}

// reload reads an entity again in a transaction. It returns a copy that may be changed and saved.
func reload(ctx context.Context, tx *store.Tx, h *principalRow) (*principalRow, error) {
	if h.Kind == Role {
		r, err := store.Roles.Get(ctx, tx, h.id)
		if err != nil {
			return nil, orNoSuch(err, h.Entity)
		}
		return rowOfRole(r), nil
	}
	u, err := store.Users.Get(ctx, tx, h.id)
	if err != nil {
		return nil, orNoSuch(err, h.Entity)
	}
	return rowOfUser(u), nil
}

func orNoSuch(err error, e Entity) error {
	if fault.Is(err, fault.NotFound, e.Kind.entity()) {
		return noSuch(e)
	}
	return err
}

// change checks an action on an entity and then changes it in one transaction.
func (p *Principals) change(ctx context.Context, call *control.Call, a permission, e Entity,
	fn func(*store.Tx, *principalRow) error) error {
	seen, err := p.find(call, a.action, e, a.values)
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		h, err := reload(ctx, tx, seen)
		if err != nil {
			return err
		}
		if err := fn(tx, h); err != nil {
			return err
		}
		return h.save(tx)
	})
}
