package identitystore

import (
	"context"

	"github.com/google/uuid"

	"latchkey/internal/control"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// CreateMembership adds a user to a group of the same store.
func (d *Directory) CreateMembership(
	ctx context.Context, call *control.Call, in directory.StoreID, g directory.GroupID, u directory.UserID,
) (*directory.Membership, error) {
	if err := authorize(call, in, "identitystore:CreateGroupMembership", g.ARN(), u.ARN()); err != nil {
		return nil, err
	}
	m := &directory.Membership{
		ID:        directory.MembershipID(uuid.NewString()),
		Store:     in,
		Group:     g,
		User:      u,
		CreatedBy: call.ARN(),
	}
	call.Touch("AWS::IdentityStore::GroupMembership", m.ID.ARN(), call.Account)
	err := d.change(ctx, call, in, func(tx *store.Tx) error {
		if _, err := readGroup(ctx, tx, in, g); err != nil {
			return err
		}
		if _, err := readUser(ctx, tx, in, u); err != nil {
			return err
		}
		m.Created = tx.Now()
		if err := store.InsertMembership(tx, m); err != nil {
			if fault.Is(err, fault.AlreadyExists, fault.Membership) {
				return fault.New(fault.AlreadyExists, fault.Membership,
					"Member and Group relationship already exists.").With("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
			}
			return err
		}
		call.Event.ResponseElements = map[string]any{"membershipId": string(m.ID), "identityStoreId": string(in)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// DescribeMembership returns a membership.
func (d *Directory) DescribeMembership(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.MembershipID,
) (*directory.Membership, error) {
	const action = "identitystore:DescribeGroupMembership"
	if err := authorize(call, in, action, id.ARN()); err != nil {
		return nil, err
	}
	m, err := findMembership(ctx, d.Control.DB, in, id)
	if err != nil {
		return nil, err
	}
	return m, authorizeBoth(call, action, m)
}

// authorizeBoth checks the action on the group and on the user of a membership. Only the membership itself names them.
func authorizeBoth(call *control.Call, action string, m *directory.Membership) error {
	if err := authorizeOne(call, action, m.Group.ARN()); err != nil {
		return err
	}
	return authorizeOne(call, action, m.User.ARN())
}

func findMembership(
	ctx context.Context, q store.Querier, in directory.StoreID, id directory.MembershipID,
) (*directory.Membership, error) {
	m, err := store.MembershipByID(ctx, q, id)
	if fault.Is(err, fault.NotFound, fault.Membership) || err == nil && m.Store != in {
		return nil, noMembership(id)
	}
	return m, err
}

// DeleteMembership removes a user from a group. The user loses what the group gave at the next request. Deleting a
// membership that does not exist is not an error.
func (d *Directory) DeleteMembership(
	ctx context.Context, call *control.Call, in directory.StoreID, id directory.MembershipID,
) error {
	const action = "identitystore:DeleteGroupMembership"
	if err := authorize(call, in, action, id.ARN()); err != nil {
		return err
	}
	call.Touch("AWS::IdentityStore::GroupMembership", id.ARN(), call.Account)
	return d.change(ctx, call, in, func(tx *store.Tx) error {
		m, err := findMembership(ctx, tx, in, id)
		if err != nil {
			return ignoreMissing(err, fault.Membership)
		}
		if err := authorizeBoth(call, action, m); err != nil {
			return err
		}
		return store.DeleteMembership(tx, m.Group, m.User)
	})
}

// MembershipID finds the membership of a user in a group.
func (d *Directory) MembershipID(
	ctx context.Context, call *control.Call, in directory.StoreID, g directory.GroupID, u directory.UserID,
) (directory.MembershipID, error) {
	if err := authorize(call, in, "identitystore:GetGroupMembershipId", allMemberships, g.ARN(), u.ARN()); err != nil {
		return "", err
	}
	if _, err := groupFromSnapshot(call, in, g); err != nil {
		return "", err
	}
	if _, err := userFromSnapshot(call, in, u); err != nil {
		return "", err
	}
	m, err := store.MembershipOf(ctx, d.Control.DB, g, u)
	if fault.Is(err, fault.NotFound, fault.Membership) {
		return "", noMembership("")
	}
	if err != nil {
		return "", err
	}
	return m.ID, nil
}

// InGroups reports for each group whether a user is in it. It fails if a group does not exist.
func (d *Directory) InGroups(
	call *control.Call, in directory.StoreID, u directory.UserID, groups []directory.GroupID,
) ([]bool, error) {
	resources := []string{allMemberships, u.ARN()}
	for _, g := range groups {
		resources = append(resources, g.ARN())
	}
	if err := authorize(call, in, "identitystore:IsMemberInGroups", resources...); err != nil {
		return nil, err
	}
	if _, err := userFromSnapshot(call, in, u); err != nil {
		return nil, err
	}
	isMember := make([]bool, len(groups))
	for i, g := range groups {
		if _, err := groupFromSnapshot(call, in, g); err != nil {
			return nil, err
		}
		isMember[i] = call.Snapshot.InGroup(u, g)
	}
	return isMember, nil
}
