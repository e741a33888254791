package leavingtest

import "latchkey/internal/fault"

// withoutAsking is a policy that allows everything but GetDataAccess.
const withoutAsking = statement + `{"Effect":"Allow","NotAction":"s3:GetDataAccess","Resource":"*"}]}`

var askerRows = []Row{
	{
		What: "the user's key is made inactive", Way: byUser, Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.keyStatus("alice", "Inactive") },
		Again:  func(s *Stage) { s.keyStatus("alice", "Active") },
	},
	{
		What: "the user's key is deleted", Way: byUser, Reason: fault.AccessKeyInactive, Change: deleteKey,
		Again: func(s *Stage) { s.newKey("alice") },
	},
	{
		What: "the user's key behind GetSessionToken is made inactive", Way: bySessionToken,
		Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.keyStatus("alice", "Inactive") },
		Again:  func(s *Stage) { s.keyStatus("alice", "Active") },
	},
	{
		What: "the user's key behind GetSessionToken is deleted", Way: bySessionToken, Reason: fault.AccessKeyInactive,
		Change: deleteKey, Again: func(s *Stage) { s.newKey("alice") },
	},
	{
		What: "the user is deleted", Way: byUser, Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.deleteUser("alice") },
		Again: func(s *Stage) {
			s.user("alice", allowAll)
			s.grant("grant2", "IAM", s.arn("user/alice"), "data/*")
		},
	},
	{
		What: "the right to `s3:GetDataAccess` is taken from the user", Way: byUser, Reason: fault.AskerNotAllowed,
		Live: true, Again: func(s *Stage) { s.policy("user/alice", allowAll) },
		Change: func(s *Stage) { s.policy("user/alice", withoutAsking) },
	},
	{
		What: "the right to `s3:GetDataAccess` is taken from the role", Way: byRole, Reason: fault.AskerNotAllowed,
		Live: true, Again: func(s *Stage) { s.policy("role/reader", allowAll) },
		Change: func(s *Stage) { s.policy("role/reader", withoutAsking) },
	},
	{
		What: "the right to `s3:GetDataAccess` is taken from the role that acts for a person", Way: byPerson,
		Reason: fault.AskerNotAllowed,
		Live:   true, Again: func(s *Stage) { s.policy("role/bearer", allowAll) },
		Change: func(s *Stage) { s.policy("role/bearer", withoutAsking) },
	},
	{
		What: "the user is quarantined (Deny `*`)", Way: byUser, Reason: fault.AskerNotAllowed,
		Live: true, Again: func(s *Stage) { s.noPolicyNamed("q") },
		Change: func(s *Stage) {
			s.iam("PutUserPolicy", "UserName", "alice", "PolicyName", "q", "PolicyDocument", denyAll)
		},
	},
	{
		What: "the user behind GetSessionToken is quarantined (Deny `*`)", Way: bySessionToken,
		Reason: fault.AskerNotAllowed,
		Live:   true, Again: func(s *Stage) { s.policy("user/alice", allowAll) },
		Change: func(s *Stage) { s.policy("user/alice", denyAll) },
	},
	{
		What: "a permissions boundary takes the right to `s3:GetDataAccess` from the user", Way: byUser,
		Reason: fault.AskerNotAllowed, Live: true,
		Before: func(s *Stage) { s.iam("CreatePolicy", "PolicyName", "bound", "PolicyDocument", withoutAsking) },
		Change: func(s *Stage) {
			s.iam("PutUserPermissionsBoundary", "UserName", "alice", "PermissionsBoundary", s.arn("policy/bound"))
		},
		Again: func(s *Stage) { s.iam("DeleteUserPermissionsBoundary", "UserName", "alice") },
	},
	{
		What: "the older sessions of the asking role are revoked (a Deny on `aws:TokenIssueTime`)", Way: byRole,
		Reason: fault.AskerNotAllowed, New: true, Change: func(s *Stage) { s.revoke("reader") },
	},
	{
		What: "the managed policy of the asking session is deleted", Way: byManagedPolicy, Reason: fault.PolicyUnreadable,
		Change: func(s *Stage) { s.iam("DeletePolicy", "PolicyArn", s.arn("policy/narrow")) },
		Again:  func(s *Stage) { s.iam("CreatePolicy", "PolicyName", "narrow", "PolicyDocument", allowAll) }, Live: true,
	},
	{
		What: "the grantee role does not trust whoever assumed it any more", Way: byRole, Reason: fault.RoleNotTrusting,
		Change: func(s *Stage) { s.trust("reader", s.trusts("role/location")) },
		Again:  func(s *Stage) { s.trust("reader", s.trusts("user/alice")) }, Live: true,
	},
	{
		What: "the role that acts for people does not trust whoever assumed it any more", Way: byPerson,
		Reason: fault.RoleNotTrusting, Change: func(s *Stage) { s.trust("bearer", s.trusts("role/location")) },
		Again: func(s *Stage) { s.trust("bearer", s.trusts("user/client")) }, Live: true,
	},
	{
		What: "`sts:SetContext` is removed from the trust of the role that acts for people", Way: byPerson,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) {
			s.trust("bearer", trusting(`"Effect":"Allow","Principal":{"AWS":"`+s.arn("user/client")+
				`"},"Action":"sts:AssumeRole"`))
		},
		Again: func(s *Stage) { s.trust("bearer", s.trusts("user/client")) },
	},
	{
		What: "the role that acts for people is deleted", Way: byPerson, Reason: fault.GranteeDeleted,
		Change: func(s *Stage) { s.deleteRole("bearer") },
		Again:  func(s *Stage) { s.role("bearer", s.trusts("user/client"), allowAll) },
		Spare:  spareContext,
	},
	{
		What: "the resource policy that admits another account's user is deleted", Way: fromElsewhere,
		Reason: fault.AskerNotAllowed, Live: true, Again: func(s *Stage) { s.share() },
		Change: func(s *Stage) { s.control("DELETE", "/resourcepolicy", "") },
	},
	{
		What: "the user of another account may not ask any more", Way: fromElsewhere, Reason: fault.AskerNotAllowed,
		Live: true, Again: func(s *Stage) { s.other.policy("user/alice", allowAll) },
		Change: func(s *Stage) { s.other.policy("user/alice", withoutAsking) },
	},
	{
		What: "the OpenID Connect provider of a web identity is deleted", Way: byWeb, Reason: fault.ProviderDeleted,
		Change: func(s *Stage) {
			s.iam("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", s.id("provider"))
		},
		Again: func(s *Stage) { s.layProvider() },
	},
	{
		What: "the client id of a web identity is removed from the provider", Way: byWeb,
		Reason: fault.ProviderClientRemoved,
		Change: func(s *Stage) { s.clientID("RemoveClientIDFromOpenIDConnectProvider") },
		Again:  func(s *Stage) { s.clientID("AddClientIDToOpenIDConnectProvider") },
	},
	{
		What: "the role does not trust the provider of the web identity any more", Way: byWeb,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("web", s.trusts("root")) },
		Again:  func(s *Stage) { s.trust("web", s.trustsWeb()) },
	},
}

func deleteKey(s *Stage) {
	s.t.Helper()
	s.iam("DeleteAccessKey", "UserName", "alice", "AccessKeyId", s.keys["alice"].AccessKeyID)
}

// noPolicyNamed removes an inline policy from alice.
func (s *Stage) noPolicyNamed(name string) {
	s.t.Helper()
	s.iam("DeleteUserPolicy", "UserName", "alice", "PolicyName", name)
}

// clientID adds the client id app to the provider, or removes it from it.
func (s *Stage) clientID(operation string) {
	s.t.Helper()
	s.iam(operation, "OpenIDConnectProviderArn", s.id("provider"), "ClientID", "app")
}
