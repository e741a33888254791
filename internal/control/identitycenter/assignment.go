package identitycenter

import (
	"context"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

// AssignmentRequired reports whether a person needs an assignment to use the application.
func (c *Center) AssignmentRequired(call *control.Call, arn string) (bool, error) {
	app, err := application(call, "sso:GetApplicationAssignmentConfiguration", arn)
	if err != nil {
		return false, err
	}
	return !app.AssignmentOptional, nil
}

// RequireAssignment says whether a person needs an assignment to use the application.
func (c *Center) RequireAssignment(ctx context.Context, call *control.Call, arn string, required bool) error {
	app, err := ownApplication(call, "sso:PutApplicationAssignmentConfiguration", arn)
	if err != nil {
		return err
	}
	return c.change(ctx, call, app, func(_ *store.Tx, a *sso.Application) error {
		a.AssignmentOptional = !required
		return nil
	})
}

// Assign assigns an application to a user or a group. Assigning it again is not an error.
func (c *Center) Assign(ctx context.Context, call *control.Call, arn string, t sso.PrincipalType, id string) error {
	app, err := application(call, "sso:CreateApplicationAssignment", arn)
	if err != nil {
		return err
	}
	made := &sso.Assignment{ApplicationID: app.ID, Account: app.Account, Type: t, PrincipalID: id}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		if _, err := store.Applications.Get(ctx, tx, app.ID); err != nil {
			return err
		}
		i, err := store.IdentityCenter(ctx, tx, app.Account)
		if err != nil {
			return err
		}
		err = Principal(ctx, tx, i, t, id)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return fault.New(fault.NotFound, fault.Assignment, "%s %s does not exist in %s", t, id, i.IdentityStoreID)
		}
		if err != nil {
			return err
		}
		if _, err := store.Assignments.Get(ctx, tx, made.ID()); !fault.Is(err, fault.NotFound, fault.Assignment) {
			return err
		}
		if t == sso.Group {
			if err := c.checkGroupQuota(ctx, tx, app.ID); err != nil {
				return err
			}
		}
		return store.Assignments.Insert(tx, made)
	})
}

func (c *Center) checkGroupQuota(ctx context.Context, tx *store.Tx, applicationID string) error {
	all, err := store.Assignments.InAccount(ctx, tx, applicationID)
	if err != nil {
		return err
	}
	n := 0
	for _, a := range all {
		if a.Type == sso.Group {
			n++
		}
	}
	if n >= c.Control.Quotas.AssignedGroups {
		return quotaFault(fault.Assignment, "groups assigned to an application", c.Control.Quotas.AssignedGroups)
	}
	return nil
}

// Unassign ends an assignment.
func (c *Center) Unassign(ctx context.Context, call *control.Call, arn string, t sso.PrincipalType, id string) error {
	app, err := application(call, "sso:DeleteApplicationAssignment", arn)
	if err != nil {
		return err
	}
	return c.Control.Update(ctx, call, func(tx *store.Tx) error {
		err := store.Assignments.Delete(tx, sso.AssignmentID(app.ID, t, id))
		if fault.Is(err, fault.NotFound, fault.Assignment) {
			return noAssignment(t, id)
		}
		return err
	})
}

func noAssignment(t sso.PrincipalType, id string) error {
	return fault.New(fault.NotFound, fault.Assignment, "The application is not assigned to %s %s", t, id)
}

// Assigned finds an assignment; it fails with NotFound when there is none.
func (c *Center) Assigned(call *control.Call, arn string, t sso.PrincipalType, id string) error {
	if _, err := application(call, "sso:DescribeApplicationAssignment", arn); err != nil {
		return err
	}
	if !call.Snapshot.Assigned(arn, t, id) {
		return noAssignment(t, id)
	}
	return nil
}

// Assignments lists the assignments of an application in the order of their creation.
func (c *Center) Assignments(call *control.Call, arn string, at Cut) (Page[*sso.Assignment], error) {
	if _, err := application(call, "sso:ListApplicationAssignments", arn); err != nil {
		return Page[*sso.Assignment]{}, err
	}
	return cutPage(c.Control, at, call.Snapshot.AssignmentsOf(arn), listName(call, "ListApplicationAssignments", arn),
		func(a *sso.Assignment) int64 { return a.Seq })
}

// PrincipalAssignment is an application that is assigned to a principal.
type PrincipalAssignment struct {
	Application *sso.Application
	*sso.Assignment
}

// PrincipalFilter is whose assignments are listed.
type PrincipalFilter struct {
	Type        sso.PrincipalType
	ID          string
	Application string // ARN; empty: all
}

// AssignmentsFor lists what is assigned to exactly this user or group, in the order of creation. Assignments that a
// user has through a group are listed for the group.
func (c *Center) AssignmentsFor(
	ctx context.Context, call *control.Call, instanceARN string, f PrincipalFilter, at Cut,
) (Page[PrincipalAssignment], error) {
	if _, err := instance(call, "sso:ListApplicationAssignmentsForPrincipal", instanceARN, policy.Values{}); err != nil {
		return Page[PrincipalAssignment]{}, err
	}
	rows, err := store.Assignments.Children(ctx, c.Control.DB, f.ID)
	if err != nil {
		return Page[PrincipalAssignment]{}, err
	}
	apps := map[string]*sso.Application{}
	for _, a := range call.Snapshot.ApplicationsOf(call.Account) {
		apps[a.ID] = a
	}
	var all []PrincipalAssignment
	for _, a := range rows {
		app := apps[a.ApplicationID] // of this account only
		if app != nil && a.Type == f.Type && (f.Application == "" || f.Application == app.ARN()) {
			all = append(all, PrincipalAssignment{app, a})
		}
	}
	return cutPage(c.Control, at, all,
		listName(call, "ListApplicationAssignmentsForPrincipal", instanceARN, string(f.Type), f.ID, f.Application),
		func(a PrincipalAssignment) int64 { return a.Seq })
}
