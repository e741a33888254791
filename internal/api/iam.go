package api

import (
	"context"
	"net/url"
	"strings"

	wire "latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/principals"
	"latchkey/internal/iam"
)

func (a *API) registerIAM(m *awswire.Mux[*control.Call]) {
	awswire.Handle(m, wire.CreateUser, a.createUser)
	awswire.Handle(m, wire.GetUser, a.getUser)
	awswire.Handle(m, wire.ListUsers, a.listUsers)
	handleChange(m, wire.UpdateUser, a.updateUser)
	handleChange(m, wire.DeleteUser, a.deleteUser)
	awswire.Handle(m, wire.ListGroupsForUser, a.listGroupsForUser)

	awswire.Handle(m, wire.CreateAccessKey, a.createAccessKey)
	awswire.Handle(m, wire.ListAccessKeys, a.listAccessKeys)
	handleChange(m, wire.UpdateAccessKey, a.updateAccessKey)
	handleChange(m, wire.DeleteAccessKey, a.deleteAccessKey)
	awswire.Handle(m, wire.GetAccessKeyLastUsed, a.getAccessKeyLastUsed)

	awswire.Handle(m, wire.CreateRole, a.createRole)
	awswire.Handle(m, wire.GetRole, a.getRole)
	awswire.Handle(m, wire.ListRoles, a.listRoles)
	awswire.Handle(m, wire.UpdateRole, a.updateRole)
	awswire.Handle(m, wire.UpdateRoleDescription, a.updateRoleDescription)
	handleChange(m, wire.UpdateAssumeRolePolicy, a.updateAssumeRolePolicy)
	handleChange(m, wire.DeleteRole, a.deleteRole)
	awswire.Handle(m, wire.ListInstanceProfiles, a.listInstanceProfiles)
	awswire.Handle(m, wire.ListInstanceProfilesForRole, a.listInstanceProfilesForRole)

	handleChange(m, wire.PutUserPolicy, a.putUserPolicy)
	awswire.Handle(m, wire.GetUserPolicy, a.getUserPolicy)
	handleChange(m, wire.DeleteUserPolicy, a.deleteUserPolicy)
	awswire.Handle(m, wire.ListUserPolicies, a.listUserPolicies)
	handleChange(m, wire.PutRolePolicy, a.putRolePolicy)
	awswire.Handle(m, wire.GetRolePolicy, a.getRolePolicy)
	handleChange(m, wire.DeleteRolePolicy, a.deleteRolePolicy)
	awswire.Handle(m, wire.ListRolePolicies, a.listRolePolicies)

	handleChange(m, wire.AttachUserPolicy, a.attachUserPolicy)
	handleChange(m, wire.DetachUserPolicy, a.detachUserPolicy)
	awswire.Handle(m, wire.ListAttachedUserPolicies, a.listAttachedUserPolicies)
	handleChange(m, wire.AttachRolePolicy, a.attachRolePolicy)
	handleChange(m, wire.DetachRolePolicy, a.detachRolePolicy)
	awswire.Handle(m, wire.ListAttachedRolePolicies, a.listAttachedRolePolicies)

	handleChange(m, wire.PutUserPermissionsBoundary, a.putUserBoundary)
	handleChange(m, wire.DeleteUserPermissionsBoundary, a.deleteUserBoundary)
	handleChange(m, wire.PutRolePermissionsBoundary, a.putRoleBoundary)
	handleChange(m, wire.DeleteRolePermissionsBoundary, a.deleteRoleBoundary)

	handleChange(m, wire.TagUser, a.tagUser)
	handleChange(m, wire.UntagUser, a.untagUser)
	awswire.Handle(m, wire.ListUserTags, a.listUserTags)
	handleChange(m, wire.TagRole, a.tagRole)
	handleChange(m, wire.UntagRole, a.untagRole)
	awswire.Handle(m, wire.ListRoleTags, a.listRoleTags)

	awswire.Handle(m, wire.CreatePolicy, a.createPolicy)
	awswire.Handle(m, wire.GetPolicy, a.getPolicy)
	awswire.Handle(m, wire.ListPolicies, a.listPolicies)
	handleChange(m, wire.DeletePolicy, a.deletePolicy)
	awswire.Handle(m, wire.CreatePolicyVersion, a.createPolicyVersion)
	awswire.Handle(m, wire.GetPolicyVersion, a.getPolicyVersion)
	awswire.Handle(m, wire.ListPolicyVersions, a.listPolicyVersions)
	handleChange(m, wire.DeletePolicyVersion, a.deletePolicyVersion)
	handleChange(m, wire.SetDefaultPolicyVersion, a.setDefaultPolicyVersion)
	awswire.Handle(m, wire.ListEntitiesForPolicy, a.listEntitiesForPolicy)
	handleChange(m, wire.TagPolicy, a.tagPolicy)
	handleChange(m, wire.UntagPolicy, a.untagPolicy)
	awswire.Handle(m, wire.ListPolicyTags, a.listPolicyTags)
	a.registerOIDCProviders(m)
}

// handleChange makes f the handler of an operation whose answer is empty.
func handleChange[In, Out any](
	m *awswire.Mux[*control.Call], op awswire.Op[In, Out], f func(context.Context, *control.Call, *In) error,
) {
	awswire.Handle(m, op, func(ctx context.Context, c *control.Call, in *In) (*Out, error) { return nil, f(ctx, c, in) })
}

// encoded is a policy document as IAM returns it: URL-encoded by RFC 3986. Clients decode it.
func encoded(document string) *string {
	return new(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

func asked(marker *string, limit *int32) principals.Ask {
	return principals.Ask{Marker: awswire.Value(marker), Max: limit}
}

// truncated returns the two members that end every list of IAM.
func truncated(marker string) (*bool, *string) {
	if marker == "" {
		return new(false), nil
	}
	return new(true), new(marker)
}

func iamTagsIn(tags []wire.Tag) []iam.Tag {
	if len(tags) == 0 {
		return nil
	}
	all := make([]iam.Tag, len(tags))
	for i, t := range tags {
		all[i] = iam.Tag{Key: awswire.Value(t.Key), Value: awswire.Value(t.Value)}
	}
	return all
}

func iamTagsOut(tags []iam.Tag) []wire.Tag {
	if len(tags) == 0 {
		return nil
	}
	all := make([]wire.Tag, len(tags))
	for i, t := range tags {
		all[i] = wire.Tag{Key: new(t.Key), Value: new(t.Value)}
	}
	return all
}

func boundaryOut(arn string) *wire.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &wire.AttachedPermissionsBoundary{PermissionsBoundaryType: new("Policy"), PermissionsBoundaryArn: new(arn)}
}

func attachedOut(arns []string) []wire.AttachedPolicy {
	all := make([]wire.AttachedPolicy, len(arns))
	for i, arn := range arns {
		all[i] = wire.AttachedPolicy{PolicyName: new(arn[strings.LastIndexByte(arn, '/')+1:]), PolicyArn: new(arn)}
	}
	return all
}
