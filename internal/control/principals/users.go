package principals

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// NewUser is what CreateUser takes.
type NewUser struct {
	Name, Path string
	Boundary   string // ARN of the permissions boundary; empty: none
	Tags       []iam.Tag
}

// CreateUser creates a user. Its name must differ from all others by more than case.
func (p *Principals) CreateUser(ctx context.Context, call *control.Call, in NewUser) (*iam.User, error) {
	u := &iam.User{ID: iam.NewID(iam.UserIDPrefix), Account: call.Account, Name: in.Name, Tags: in.Tags}
	u.Boundary = in.Boundary
	var err error
	if u.Path, err = checkPath(in.Path, pathPattern); err != nil {
		return nil, err
	}
	if err := checkName("userName", in.Name, maxName); err != nil {
		return nil, err
	}
	if err := p.mayCreate(call, User, u.ARN(), in.Tags, in.Boundary); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::User", u.ARN(), u.Account)
	err = p.Control.Update(ctx, call, func(tx *store.Tx) error {
		if err := p.checkBoundary(ctx, tx, call, in.Boundary); err != nil {
			return err
		}
		u.Created = tx.Now()
		if err := store.Users.Insert(tx, u); err != nil {
			return orTaken(err, UserNamed(in.Name))
		}
		call.Event.ResponseElements = map[string]any{"user": summary(rowOfUser(u))}
		return nil
	})
	return u, err
}

// mayCreate checks a create request, and its tagging, which is an action of its own.
func (p *Principals) mayCreate(call *control.Call, k Kind, arn string, tags []iam.Tag, boundary string) error {
	values := requested(tags, boundary)
	if err := may(call, "iam:Create"+string(k), arn, values); err != nil {
		return err
	}
	if len(tags) > 0 {
		if err := may(call, "iam:Tag"+string(k), arn, values); err != nil {
			return err
		}
	}
	return checkTags(tags, p.Control.Quotas.Tags)
}

func orTaken(err error, e Entity) error {
	if fault.Is(err, fault.AlreadyExists, e.Kind.entity()) {
		return alreadyExists(e)
	}
	return err
}

// summary is what an audit record says about an entity.
func summary(h *principalRow) map[string]any {
	return map[string]any{"arn": h.arn, h.Kind.lower() + "Id": h.id, h.Kind.lower() + "Name": h.Name}
}

// GetUser returns a user. Without a name, it returns the caller. For the root user it returns nil, which the wire shows
// as the account itself.
func (p *Principals) GetUser(call *control.Call, name string) (*iam.User, error) {
	if name == "" && call.IsRoot() {
		return nil, may(call, "iam:GetUser", iam.RootARN(call.Account), policy.Values{})
	}
	e, err := callerOr(call, name)
	if err != nil {
		return nil, err
	}
	h, err := p.find(call, "iam:GetUser", e, policy.Values{})
	if err != nil {
		return nil, err
	}
	return h.user, nil
}

// callerOr is the user with this name or, without one, the user who calls.
func callerOr(call *control.Call, name string) (Entity, error) {
	switch {
	case name != "":
		return UserNamed(name), nil
	case call.User != nil:
		return UserNamed(call.User.Name), nil
	}
	return Entity{}, fault.New(fault.Invalid, fault.Member, "Must specify userName when calling with non-User credentials")
}

// ListUsers lists the users below a path, by name.
func (p *Principals) ListUsers(call *control.Call, prefix string, ask Ask) (Page[*iam.User], error) {
	if err := may(call, "iam:ListUsers", below(call, "user", prefix), policy.Values{}); err != nil {
		return Page[*iam.User]{}, err
	}
	var all []*iam.User
	for _, u := range call.Snapshot.UsersOf(call.Account) {
		if hasPrefix(u.Path, prefix) {
			all = append(all, u)
		}
	}
	return turn(pager{p.Control, call, ask}, all, func(u *iam.User) string { return fold(u.Name) }, "users", prefix)
}

// UserChange is what UpdateUser takes. An empty field leaves a value as it is.
type UserChange struct{ Name, Path string }

// UpdateUser renames a user or moves it to another path. The caller must be allowed to do so both on the user's old ARN
// and on the new one. The user keeps its id, and with the id its grants, trust and sessions.
func (p *Principals) UpdateUser(ctx context.Context, call *control.Call, name string, in UserChange) error {
	h, err := p.find(call, "iam:UpdateUser", UserNamed(name), policy.Values{})
	if err != nil {
		return err
	}
	next := *h.user
	if in.Name != "" {
		if err := checkName("newUserName", in.Name, maxName); err != nil {
			return err
		}
		next.Name = in.Name
	}
	if in.Path != "" {
		if next.Path, err = checkPath(in.Path, pathPattern); err != nil {
			return err
		}
	}
	if err := may(call, "iam:UpdateUser", next.ARN(),
		withResource(policy.Values{}, next.Tags, next.Boundary)); err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		now, err := reload(ctx, tx, h)
		if err != nil {
			return err
		}
		if in.Name != "" {
			now.user.Name = in.Name
		}
		if in.Path != "" {
			now.user.Path = in.Path
		}
		return orTaken(now.save(tx), UserNamed(in.Name))
	})
}

// DeleteUser deletes a user that has no policies and no access keys. Its sessions end at once. A user that is created
// later under the same name does not match policies that named this one.
func (p *Principals) DeleteUser(ctx context.Context, call *control.Call, name string) error {
	return p.delete(ctx, call, "iam:DeleteUser", UserNamed(name), func(tx *store.Tx, h *principalRow) error {
		keys, err := store.AccessKeys.Children(ctx, tx, h.id)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fault.New(fault.InUse, fault.User, "Cannot delete entity, must delete access keys first.")
		}
		return store.Users.Delete(tx, h.id)
	})
}

// delete deletes a user or a role that has no policies, by fn.
func (p *Principals) delete(
	ctx context.Context, call *control.Call, action string, who Entity, fn func(*store.Tx, *principalRow) error,
) error {
	seen, err := p.find(call, action, who, policy.Values{})
	if err != nil {
		return err
	}
	return p.Control.Update(ctx, call, func(tx *store.Tx) error {
		h, err := reload(ctx, tx, seen)
		if err != nil {
			return err
		}
		if err := deletable(h); err != nil {
			return err
		}
		return fn(tx, h)
	})
}

// deletable refuses the deletion of an entity that still has policies.
func deletable(h *principalRow) error {
	switch {
	case len(h.policies.Attached) > 0:
		return fault.New(fault.InUse, h.Kind.entity(), "Cannot delete entity, must detach all policies first.")
	case len(h.policies.Inline) > 0:
		return fault.New(fault.InUse, h.Kind.entity(), "Cannot delete entity, must delete policies first.")
	}
	return nil
}
