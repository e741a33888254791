package principals

import (
	"context"
	"time"

	"latchkey/internal/control"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// NewRole is what CreateRole takes.
type NewRole struct {
	Name, Path, Description string
	Trust                   string        // the trust policy
	MaxSession              time.Duration // zero: one hour
	Boundary                string        // ARN of the permissions boundary; empty: none
	Tags                    []iam.Tag
}

// CreateRole makes a role. The users and roles that its trust policy names must exist.
func (p *Principals) CreateRole(ctx context.Context, call *control.Call, in NewRole) (*iam.Role, error) {
	r := &iam.Role{
		ID:          iam.NewID(iam.RoleIDPrefix),
		Account:     call.Account,
		Name:        in.Name,
		Description: in.Description,
		Tags:        in.Tags,
	}
	r.Boundary = in.Boundary
	var err error
	if r.Path, err = checkPath(in.Path, pathPattern); err != nil {
		return nil, err
	}
	if err := checkName("roleName", in.Name, maxName); err != nil {
		return nil, err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	if r.MaxSession, err = checkMaxSession(in.MaxSession); err != nil {
		return nil, err
	}
	if err := p.mayCreate(call, Role, r.ARN(), in.Tags, in.Boundary); err != nil {
		return nil, err
	}
	call.Touch("AWS::IAM::Role", r.ARN(), r.Account)
	err = p.Control.Update(ctx, call, func(tx *store.Tx) error {
		if err := p.checkBoundary(ctx, tx, call, in.Boundary); err != nil {
			return err
		}
		var err error
		if r.Trust, err = bindTrust(ctx, tx, call, in.Trust); err != nil {
			return err
		}
		r.Created = tx.Now()
		if err := store.Roles.Insert(tx, r); err != nil {
			return orTaken(err, RoleNamed(in.Name))
		}
		call.Event.ResponseElements = map[string]any{"role": summary(rowOfRole(r))}
		return nil
	})
	return r, err
}

// GetRole returns a role. Its trust policy names principals by ids. Trust shows it with their ARNs.
func (p *Principals) GetRole(call *control.Call, name string) (*iam.Role, error) {
	h, err := p.find(call, "iam:GetRole", RoleNamed(name), policy.Values{})
	if err != nil {
		return nil, err
	}
	return h.role, nil
}

// ListRoles lists the roles below a path, by name.
func (p *Principals) ListRoles(call *control.Call, prefix string, ask Ask) (Page[*iam.Role], error) {
	if err := may(call, "iam:ListRoles", below(call, "role", prefix), policy.Values{}); err != nil {
		return Page[*iam.Role]{}, err
	}
	var all []*iam.Role
	for _, r := range call.Snapshot.RolesOf(call.Account) {
		if hasPrefix(r.Path, prefix) {
			all = append(all, r)
		}
	}
	return turn(pager{p.Control, call, ask}, all, func(r *iam.Role) string { return fold(r.Name) }, "roles", prefix)
}

// RoleChange is what UpdateRole takes. A nil field leaves a value as it is.
type RoleChange struct {
	Description *string
	MaxSession  *time.Duration
}

// UpdateRole changes a role's description and its maximum session duration. Existing sessions keep their duration.
func (p *Principals) UpdateRole(ctx context.Context, call *control.Call, name string, in RoleChange) error {
	return p.updateRole(ctx, call, "iam:UpdateRole", name, in)
}

// UpdateRoleDescription changes a role's description and returns the role.
func (p *Principals) UpdateRoleDescription(
	ctx context.Context, call *control.Call, name, description string,
) (*iam.Role, error) {
	err := p.updateRole(ctx, call, "iam:UpdateRoleDescription", name, RoleChange{Description: &description})
	if err != nil {
		return nil, err
	}
	r, err := store.Roles.ByName(ctx, p.Control.DB, string(call.Account), name)
	return r, orNoSuch(err, RoleNamed(name))
}

func (p *Principals) updateRole(ctx context.Context, call *control.Call, action, name string, in RoleChange) error {
	if in.Description != nil {
		if err := checkDescription(*in.Description); err != nil {
			return err
		}
	}
	if in.MaxSession != nil {
		if _, err := checkMaxSession(max(*in.MaxSession, 1)); err != nil {
			return err
		}
	}
	return p.change(ctx, call, permission{action, policy.Values{}}, RoleNamed(name),
		func(_ *store.Tx, h *principalRow) error {
			if in.Description != nil {
				h.role.Description = *in.Description
			}
			if in.MaxSession != nil {
				h.role.MaxSession = *in.MaxSession
			}
			return nil
		})
}

// UpdateAssumeRolePolicy replaces a role's trust policy. Existing sessions stay valid.
func (p *Principals) UpdateAssumeRolePolicy(ctx context.Context, call *control.Call, name, trust string) error {
	return p.change(ctx, call, permission{"iam:UpdateAssumeRolePolicy", policy.Values{}}, RoleNamed(name),
		func(tx *store.Tx, h *principalRow) error {
			bound, err := bindTrust(ctx, tx, call, trust)
			h.role.Trust = bound
			return err
		})
}

// DeleteRole deletes a role that has no policies. Its sessions end at once, vended ones included. A role that is
// created later under the same name does not match policies that named this one.
func (p *Principals) DeleteRole(ctx context.Context, call *control.Call, name string) error {
	return p.delete(ctx, call, "iam:DeleteRole", RoleNamed(name), func(tx *store.Tx, h *principalRow) error {
		return store.Roles.Delete(tx, h.id)
	})
}
