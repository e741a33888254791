package api

import (
	"context"

	wire "latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	people "latchkey/internal/control/identitystore"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
)

func (a *API) registerIdentityStore(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateUser, a.createDirectoryUser)
	awswire.Handle(m, wire.DescribeUser, a.describeDirectoryUser)
	awswire.Handle(m, wire.UpdateUser, a.updateDirectoryUser)
	awswire.Handle(m, wire.DeleteUser, a.deleteDirectoryUser)
	awswire.Handle(m, wire.ListUsers, a.listDirectoryUsers)
	awswire.Handle(m, wire.GetUserId, a.getUserID)

	awswire.Handle(m, wire.CreateGroup, a.createDirectoryGroup)
	awswire.Handle(m, wire.DescribeGroup, a.describeDirectoryGroup)
	awswire.Handle(m, wire.UpdateGroup, a.updateDirectoryGroup)
	awswire.Handle(m, wire.DeleteGroup, a.deleteDirectoryGroup)
	awswire.Handle(m, wire.ListGroups, a.listDirectoryGroups)
	awswire.Handle(m, wire.GetGroupId, a.getGroupID)

	awswire.Handle(m, wire.CreateGroupMembership, a.createMembership)
	awswire.Handle(m, wire.DescribeGroupMembership, a.describeMembership)
	awswire.Handle(m, wire.DeleteGroupMembership, a.deleteMembership)
	awswire.Handle(m, wire.ListGroupMemberships, a.listMembers)
	awswire.Handle(m, wire.ListGroupMembershipsForMember, a.listMembershipsForMember)
	awswire.Handle(m, wire.GetGroupMembershipId, a.getMembershipID)
	awswire.Handle(m, wire.IsMemberInGroups, a.isMemberInGroups)
}

func (a *API) createDirectoryUser(
	ctx context.Context, c *control.Call, in *wire.CreateUserRequest,
) (*wire.CreateUserResponse, error) {
	u, err := personIn(in)
	if err != nil {
		return nil, err
	}
	made, err := a.Directory.CreateUser(ctx, c, storeID(in.IdentityStoreId), u)
	if err != nil {
		return nil, err
	}
	return &wire.CreateUserResponse{IdentityStoreId: in.IdentityStoreId, UserId: new(string(made.ID))}, nil
}

func (a *API) describeDirectoryUser(
	_ context.Context, c *control.Call, in *wire.DescribeUserRequest,
) (*wire.DescribeUserResponse, error) {
	u, err := a.Directory.DescribeUser(c, storeID(in.IdentityStoreId), userID(in.UserId))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeUserResponse(personOut(u, in.Extensions))), nil
}

func (a *API) updateDirectoryUser(
	ctx context.Context, c *control.Call, in *wire.UpdateUserRequest,
) (*wire.UpdateUserResponse, error) {
	return nil, a.Directory.UpdateUser(ctx, c, storeID(in.IdentityStoreId), userID(in.UserId), operationsIn(in.Operations))
}

func (a *API) deleteDirectoryUser(
	ctx context.Context, c *control.Call, in *wire.DeleteUserRequest,
) (*wire.DeleteUserResponse, error) {
	return nil, a.Directory.DeleteUser(ctx, c, storeID(in.IdentityStoreId), userID(in.UserId))
}

func (a *API) listDirectoryUsers(
	ctx context.Context, c *control.Call, in *wire.ListUsersRequest,
) (*wire.ListUsersResponse, error) {
	page, err := a.Directory.ListUsers(ctx, c, storeID(in.IdentityStoreId), filterIn(in.Filters),
		pageIn(in.NextToken, in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &wire.ListUsersResponse{Users: make([]wire.User, len(page.Items)), NextToken: awswire.Optional(page.Token)}
	for i, u := range page.Items {
		out.Users[i] = personOut(u, in.Extensions)
	}
	return out, nil
}

func (a *API) getUserID(
	_ context.Context, c *control.Call, in *wire.GetUserIdRequest,
) (*wire.GetUserIdResponse, error) {
	other, err := alternateIn(in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	id, err := a.Directory.UserID(c, storeID(in.IdentityStoreId), other)
	if err != nil {
		return nil, err
	}
	return &wire.GetUserIdResponse{IdentityStoreId: in.IdentityStoreId, UserId: new(string(id))}, nil
}

func (a *API) createDirectoryGroup(
	ctx context.Context, c *control.Call, in *wire.CreateGroupRequest,
) (*wire.CreateGroupResponse, error) {
	g, err := a.Directory.CreateGroup(ctx, c, storeID(in.IdentityStoreId),
		directory.Group{DisplayName: awswire.Value(in.DisplayName), Description: awswire.Value(in.Description)})
	if err != nil {
		return nil, err
	}
	return &wire.CreateGroupResponse{IdentityStoreId: in.IdentityStoreId, GroupId: new(string(g.ID))}, nil
}

func (a *API) describeDirectoryGroup(
	_ context.Context, c *control.Call, in *wire.DescribeGroupRequest,
) (*wire.DescribeGroupResponse, error) {
	g, err := a.Directory.DescribeGroup(c, storeID(in.IdentityStoreId), groupID(in.GroupId))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeGroupResponse(groupOut(g))), nil
}

func (a *API) updateDirectoryGroup(
	ctx context.Context, c *control.Call, in *wire.UpdateGroupRequest,
) (*wire.UpdateGroupResponse, error) {
	return nil, a.Directory.UpdateGroup(ctx, c, storeID(in.IdentityStoreId), groupID(in.GroupId),
		operationsIn(in.Operations))
}

func (a *API) deleteDirectoryGroup(
	ctx context.Context, c *control.Call, in *wire.DeleteGroupRequest,
) (*wire.DeleteGroupResponse, error) {
	return nil, a.Directory.DeleteGroup(ctx, c, storeID(in.IdentityStoreId), groupID(in.GroupId))
}

func (a *API) listDirectoryGroups(
	ctx context.Context, c *control.Call, in *wire.ListGroupsRequest,
) (*wire.ListGroupsResponse, error) {
	page, err := a.Directory.ListGroups(ctx, c, storeID(in.IdentityStoreId), filterIn(in.Filters),
		pageIn(in.NextToken, in.MaxResults))
	if err != nil {
		return nil, err
	}
	out := &wire.ListGroupsResponse{Groups: make([]wire.Group, len(page.Items)), NextToken: awswire.Optional(page.Token)}
	for i, g := range page.Items {
		out.Groups[i] = groupOut(g)
	}
	return out, nil
}

func (a *API) getGroupID(
	_ context.Context, c *control.Call, in *wire.GetGroupIdRequest,
) (*wire.GetGroupIdResponse, error) {
	other, err := alternateIn(in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	id, err := a.Directory.GroupID(c, storeID(in.IdentityStoreId), other)
	if err != nil {
		return nil, err
	}
	return &wire.GetGroupIdResponse{IdentityStoreId: in.IdentityStoreId, GroupId: new(string(id))}, nil
}

func (a *API) createMembership(
	ctx context.Context, c *control.Call, in *wire.CreateGroupMembershipRequest,
) (*wire.CreateGroupMembershipResponse, error) {
	u, err := memberIn(in.MemberId)
	if err != nil {
		return nil, err
	}
	m, err := a.Directory.CreateMembership(ctx, c, storeID(in.IdentityStoreId), groupID(in.GroupId), u)
	if err != nil {
		return nil, err
	}
	return &wire.CreateGroupMembershipResponse{IdentityStoreId: in.IdentityStoreId, MembershipId: new(string(m.ID))}, nil
}

func (a *API) describeMembership(
	ctx context.Context, c *control.Call, in *wire.DescribeGroupMembershipRequest,
) (*wire.DescribeGroupMembershipResponse, error) {
	m, err := a.Directory.DescribeMembership(ctx, c, storeID(in.IdentityStoreId), membershipID(in.MembershipId))
	if err != nil {
		return nil, err
	}
	return new(wire.DescribeGroupMembershipResponse(membershipOut(m))), nil
}

func (a *API) deleteMembership(
	ctx context.Context, c *control.Call, in *wire.DeleteGroupMembershipRequest,
) (*wire.DeleteGroupMembershipResponse, error) {
	return nil, a.Directory.DeleteMembership(ctx, c, storeID(in.IdentityStoreId), membershipID(in.MembershipId))
}

func (a *API) listMembers(
	ctx context.Context, c *control.Call, in *wire.ListGroupMembershipsRequest,
) (*wire.ListGroupMembershipsResponse, error) {
	page, err := a.Directory.ListMembers(ctx, c, storeID(in.IdentityStoreId), groupID(in.GroupId),
		pageIn(in.NextToken, in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &wire.ListGroupMembershipsResponse{
		GroupMemberships: membershipsOut(page.Items),
		NextToken:        awswire.Optional(page.Token),
	}, nil
}

func (a *API) listMembershipsForMember(
	ctx context.Context, c *control.Call, in *wire.ListGroupMembershipsForMemberRequest,
) (*wire.ListGroupMembershipsForMemberResponse, error) {
	u, err := memberIn(in.MemberId)
	if err != nil {
		return nil, err
	}
	page, err := a.Directory.ListMemberships(ctx, c, storeID(in.IdentityStoreId), u, pageIn(in.NextToken, in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &wire.ListGroupMembershipsForMemberResponse{
		GroupMemberships: membershipsOut(page.Items),
		NextToken:        awswire.Optional(page.Token),
	}, nil
}

func (a *API) getMembershipID(
	ctx context.Context, c *control.Call, in *wire.GetGroupMembershipIdRequest,
) (*wire.GetGroupMembershipIdResponse, error) {
	u, err := memberIn(in.MemberId)
	if err != nil {
		return nil, err
	}
	id, err := a.Directory.MembershipID(ctx, c, storeID(in.IdentityStoreId), groupID(in.GroupId), u)
	if err != nil {
		return nil, err
	}
	return &wire.GetGroupMembershipIdResponse{IdentityStoreId: in.IdentityStoreId, MembershipId: new(string(id))}, nil
}

func (a *API) isMemberInGroups(
	_ context.Context, c *control.Call, in *wire.IsMemberInGroupsRequest,
) (*wire.IsMemberInGroupsResponse, error) {
	u, err := memberIn(in.MemberId)
	if err != nil {
		return nil, err
	}
	groups := make([]directory.GroupID, len(in.GroupIds))
	for i, g := range in.GroupIds {
		groups[i] = directory.GroupID(g)
	}
	is, err := a.Directory.InGroups(c, storeID(in.IdentityStoreId), u, groups)
	if err != nil {
		return nil, err
	}
	out := &wire.IsMemberInGroupsResponse{Results: make([]wire.GroupMembershipExistenceResult, len(groups))}
	for i, g := range groups {
		out.Results[i] = wire.GroupMembershipExistenceResult{
			GroupId:          new(string(g)),
			MemberId:         in.MemberId,
			MembershipExists: new(is[i]),
		}
	}
	return out, nil
}

// memberIn reads a union whose only kind is a user.
func memberIn(in *wire.MemberId) (directory.UserID, error) {
	if in == nil || in.UserId == nil {
		return "", fault.New(fault.Invalid, fault.Member, "MemberId must have exactly one member: UserId")
	}
	return userID(in.UserId), nil
}

func alternateIn(in *wire.AlternateIdentifier) (people.Alternate, error) {
	if in == nil || (in.ExternalId == nil) == (in.UniqueAttribute == nil) {
		return people.Alternate{}, fault.New(fault.Invalid, fault.Member,
			"AlternateIdentifier must have exactly one member: ExternalId or UniqueAttribute")
	}
	if e := in.ExternalId; e != nil {
		return people.Alternate{External: &directory.ExternalID{
			Issuer: awswire.Value(e.Issuer),
			ID:     awswire.Value(e.Id),
		}}, nil
	}
	return people.Alternate{
		Path:  awswire.Value(in.UniqueAttribute.AttributePath),
		Value: in.UniqueAttribute.AttributeValue,
	}, nil
}

func operationsIn(in []wire.AttributeOperation) []directory.Operation {
	all := make([]directory.Operation, len(in))
	for i, o := range in {
		all[i] = directory.Operation{Path: awswire.Value(o.AttributePath), Value: o.AttributeValue}
	}
	return all
}

// filterIn reads a list of filters. The model limits it to one filter.
func filterIn(in []wire.Filter) people.Filter {
	if len(in) == 0 {
		return people.Filter{}
	}
	return people.Filter{Path: awswire.Value(in[0].AttributePath), Value: awswire.Value(in[0].AttributeValue)}
}

func pageIn(token *string, limit *int32) people.Ask {
	return people.Ask{Token: awswire.Value(token), Max: limit}
}

func storeID(p *string) directory.StoreID           { return directory.StoreID(awswire.Value(p)) }
func userID(p *string) directory.UserID             { return directory.UserID(awswire.Value(p)) }
func groupID(p *string) directory.GroupID           { return directory.GroupID(awswire.Value(p)) }
func membershipID(p *string) directory.MembershipID { return directory.MembershipID(awswire.Value(p)) }
