package api

import (
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
	awswire.Handle(m, wire.UpdateUser, a.updateUser)
	awswire.Handle(m, wire.DeleteUser, a.deleteUser)
	awswire.Handle(m, wire.ListGroupsForUser, a.listGroupsForUser)

	awswire.Handle(m, wire.CreateAccessKey, a.createAccessKey)
	awswire.Handle(m, wire.ListAccessKeys, a.listAccessKeys)
	awswire.Handle(m, wire.UpdateAccessKey, a.updateAccessKey)
	awswire.Handle(m, wire.DeleteAccessKey, a.deleteAccessKey)
	awswire.Handle(m, wire.GetAccessKeyLastUsed, a.getAccessKeyLastUsed)

	awswire.Handle(m, wire.CreateRole, a.createRole)
	awswire.Handle(m, wire.GetRole, a.getRole)
	awswire.Handle(m, wire.ListRoles, a.listRoles)
	awswire.Handle(m, wire.UpdateRole, a.updateRole)
	awswire.Handle(m, wire.UpdateRoleDescription, a.updateRoleDescription)
	awswire.Handle(m, wire.UpdateAssumeRolePolicy, a.updateAssumeRolePolicy)
	awswire.Handle(m, wire.DeleteRole, a.deleteRole)
	awswire.Handle(m, wire.ListInstanceProfiles, a.listInstanceProfiles)
	awswire.Handle(m, wire.ListInstanceProfilesForRole, a.listInstanceProfilesForRole)

	awswire.Handle(m, wire.PutUserPolicy, a.putUserPolicy)
	awswire.Handle(m, wire.GetUserPolicy, a.getUserPolicy)
	awswire.Handle(m, wire.DeleteUserPolicy, a.deleteUserPolicy)
	awswire.Handle(m, wire.ListUserPolicies, a.listUserPolicies)
	awswire.Handle(m, wire.PutRolePolicy, a.putRolePolicy)
	awswire.Handle(m, wire.GetRolePolicy, a.getRolePolicy)
	awswire.Handle(m, wire.DeleteRolePolicy, a.deleteRolePolicy)
	awswire.Handle(m, wire.ListRolePolicies, a.listRolePolicies)

	awswire.Handle(m, wire.AttachUserPolicy, a.attachUserPolicy)
	awswire.Handle(m, wire.DetachUserPolicy, a.detachUserPolicy)
	awswire.Handle(m, wire.ListAttachedUserPolicies, a.listAttachedUserPolicies)
	awswire.Handle(m, wire.AttachRolePolicy, a.attachRolePolicy)
	awswire.Handle(m, wire.DetachRolePolicy, a.detachRolePolicy)
	awswire.Handle(m, wire.ListAttachedRolePolicies, a.listAttachedRolePolicies)

	awswire.Handle(m, wire.PutUserPermissionsBoundary, a.putUserBoundary)
	awswire.Handle(m, wire.DeleteUserPermissionsBoundary, a.deleteUserBoundary)
	awswire.Handle(m, wire.PutRolePermissionsBoundary, a.putRoleBoundary)
	awswire.Handle(m, wire.DeleteRolePermissionsBoundary, a.deleteRoleBoundary)

	awswire.Handle(m, wire.TagUser, a.tagUser)
	awswire.Handle(m, wire.UntagUser, a.untagUser)
	awswire.Handle(m, wire.ListUserTags, a.listUserTags)
	awswire.Handle(m, wire.TagRole, a.tagRole)
	awswire.Handle(m, wire.UntagRole, a.untagRole)
	awswire.Handle(m, wire.ListRoleTags, a.listRoleTags)

	awswire.Handle(m, wire.CreatePolicy, a.createPolicy)
	awswire.Handle(m, wire.GetPolicy, a.getPolicy)
	awswire.Handle(m, wire.ListPolicies, a.listPolicies)
	awswire.Handle(m, wire.DeletePolicy, a.deletePolicy)
	awswire.Handle(m, wire.CreatePolicyVersion, a.createPolicyVersion)
	awswire.Handle(m, wire.GetPolicyVersion, a.getPolicyVersion)
	awswire.Handle(m, wire.ListPolicyVersions, a.listPolicyVersions)
	awswire.Handle(m, wire.DeletePolicyVersion, a.deletePolicyVersion)
	awswire.Handle(m, wire.SetDefaultPolicyVersion, a.setDefaultPolicyVersion)
	awswire.Handle(m, wire.ListEntitiesForPolicy, a.listEntitiesForPolicy)
	awswire.Handle(m, wire.TagPolicy, a.tagPolicy)
	awswire.Handle(m, wire.UntagPolicy, a.untagPolicy)
	awswire.Handle(m, wire.ListPolicyTags, a.listPolicyTags)
	a.registerOIDCProviders(m)
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
