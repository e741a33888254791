package server

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
)

const (
	statement = `{"Version":"2012-10-17","Statement":[{"Effect":` // the rest of one follows
	allowAll  = statement + `"Allow","Action":"*","Resource":"*"}]}`
	allowRead = statement + `"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}]}`
	trustRoot = statement + `"Allow","Principal":{"AWS":"` + iamARN + `root"},"Action":"sts:AssumeRole"}]}`
	trustS3   = statement + `"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func (w *walkWorld) iam(action string, pairs ...string) *got {
	w.t.Helper()
	return w.must(form(iamapi.Service, action, pairs...))
}

// seedIAM makes users nobody, admin, user (who has a thing of each kind) and bare, roles role (with a thing of each
// kind), bare, location and web, policies policy and other, and a provider.
func (w *walkWorld) seedIAM() {
	for _, name := range []string{"nobody", "admin", "user", "bare"} {
		w.iam("CreateUser", "UserName", name)
		w.keep("secret of "+name, w.keepKey(name), "SecretAccessKey")
	}
	w.iam("DeleteAccessKey", "UserName", "bare", "AccessKeyId", w.id("key of bare"))
	w.nobody = aws.Credentials{AccessKeyID: w.id("key of nobody"), SecretAccessKey: w.id("secret of nobody")}
	w.admin = aws.Credentials{AccessKeyID: w.id("key of admin"), SecretAccessKey: w.id("secret of admin")}
	w.iam("PutUserPolicy", "UserName", "admin", "PolicyName", "all", "PolicyDocument", allowAll)
	provider := w.iam("CreateOpenIDConnectProvider", "Url", w.idp.URL, "ClientIDList.member.1", "app",
		"ClientIDList.member.2", "second")
	w.keep("provider", provider, "OpenIDConnectProviderArn")
	trustWeb := statement + `"Allow","Principal":{"Federated":"` + w.id("provider") + `"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity"}]}`
	for name, trust := range map[string]string{"role": trustRoot, "bare": trustRoot, "location": trustS3,
		"web": trustWeb} {
		w.iam("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust)
	}
	for _, name := range []string{"policy", "other"} {
		w.iam("CreatePolicy", "PolicyName", name, "PolicyDocument", allowRead)
	}
	policy := iamARN + "policy/policy"
	w.iam("CreatePolicyVersion", "PolicyArn", policy, "PolicyDocument", allowRead)
	for _, kind := range []string{"User", "Role"} {
		name := map[string]string{"User": "user", "Role": "role"}[kind]
		w.iam("Put"+kind+"Policy", kind+"Name", name, "PolicyName", "p", "PolicyDocument", allowRead)
		w.iam("Attach"+kind+"Policy", kind+"Name", name, "PolicyArn", policy)
		w.iam("Put"+kind+"PermissionsBoundary", kind+"Name", name, "PermissionsBoundary", policy)
	}
}

// keepKey makes an access key for a user and keeps its id.
func (w *walkWorld) keepKey(user string) *got {
	w.t.Helper()
	a := w.iam("CreateAccessKey", "UserName", user)
	w.keep("key of "+user, a, "AccessKeyId")
	return a
}

// asked makes rows of a query service: an operation and its parameters each.
func asked(s *awswire.Service, calls ...[]string) (rows []row) {
	for _, c := range calls {
		rows = append(rows, row{op: operationOf(s, c[0]), request: form(s, c[0], c[1:]...)})
	}
	return rows
}

// operationOf finds an operation by its name; nil if there is none.
func operationOf(s *awswire.Service, name string) *awswire.Operation {
	for _, op := range s.Operations {
		if op.Name == name {
			return op
		}
	}
	panic(s.Name + " has no operation " + name)
}

func (w *walkWorld) iamRows() []row {
	user, role := []string{"UserName", "user"}, []string{"RoleName", "role"}
	policy := []string{"PolicyArn", iamARN + "policy/policy"}
	provider := []string{"OpenIDConnectProviderArn", w.id("provider")}
	key := w.id("key of user")
	on := func(op string, what []string, more ...string) []string {
		return append(append([]string{op}, what...), more...)
	}
	tag, untag := []string{"Tags.member.1.Key", "k", "Tags.member.1.Value", "v"}, []string{"TagKeys.member.1", "k"}
	inline := []string{"PolicyName", "p"}
	document := []string{"PolicyName", "p", "PolicyDocument", allowRead}
	attached := []string{"PolicyArn", iamARN + "policy/policy"}
	boundary := []string{"PermissionsBoundary", iamARN + "policy/policy"}
	return asked(iamapi.Service,
		[]string{"CreateUser", "UserName", "fresh"}, on("GetUser", user), []string{"ListUsers"},
		on("UpdateUser", user, "NewPath", "/"),
		on("TagUser", user, tag...), on("ListUserTags", user), on("UntagUser", user, untag...), on("ListGroupsForUser", user),
		on("CreateAccessKey", user), on("ListAccessKeys", user), []string{"GetAccessKeyLastUsed", "AccessKeyId", key},
		on("UpdateAccessKey", user, "AccessKeyId", key, "Status", "Inactive"),
		on("DeleteAccessKey", user, "AccessKeyId", key),
		on("PutUserPolicy", user, document...), on("GetUserPolicy", user, inline...), on("ListUserPolicies", user),
		on("DeleteUserPolicy", user, inline...),
		on("AttachUserPolicy", user, attached...), on("ListAttachedUserPolicies", user),
		on("PutUserPermissionsBoundary", user, boundary...), on("DeleteUserPermissionsBoundary", user),

		[]string{"CreateRole", "RoleName", "fresh", "AssumeRolePolicyDocument", trustRoot}, on("GetRole", role),
		[]string{"ListRoles"},
		on("UpdateRole", role, "Description", "d"), on("UpdateRoleDescription", role, "Description", "e"),
		on("UpdateAssumeRolePolicy", role, "PolicyDocument", trustRoot),
		on("TagRole", role, tag...), on("ListRoleTags", role), on("UntagRole", role, untag...),
		on("PutRolePolicy", role, document...), on("GetRolePolicy", role, inline...), on("ListRolePolicies", role),
		on("DeleteRolePolicy", role, inline...),
		on("AttachRolePolicy", role, attached...), on("ListAttachedRolePolicies", role),
		on("PutRolePermissionsBoundary", role, boundary...), on("DeleteRolePermissionsBoundary", role),
		[]string{"ListInstanceProfiles"}, on("ListInstanceProfilesForRole", role),

		[]string{"CreatePolicy", "PolicyName", "fresh", "PolicyDocument", allowRead}, on("GetPolicy", policy),
		[]string{"ListPolicies"},
		on("CreatePolicyVersion", policy, "PolicyDocument", allowRead), on("GetPolicyVersion", policy, "VersionId", "v2"),
		on("ListPolicyVersions", policy),
		on("SetDefaultPolicyVersion", policy, "VersionId", "v1"), on("DeletePolicyVersion", policy, "VersionId", "v2"),
		on("TagPolicy", policy, tag...), on("ListPolicyTags", policy), on("UntagPolicy", policy, untag...),
		on("ListEntitiesForPolicy", policy),

		[]string{"CreateOpenIDConnectProvider", "Url", "https://fresh.example.org", "ClientIDList.member.1", "app"},
		on("GetOpenIDConnectProvider", provider), []string{"ListOpenIDConnectProviders"},
		on("AddClientIDToOpenIDConnectProvider", provider, "ClientID", "third"),
		on("RemoveClientIDFromOpenIDConnectProvider", provider, "ClientID", "second"),
		on("UpdateOpenIDConnectProviderThumbprint", provider, "ThumbprintList.member.1",
			"0123456789012345678901234567890123456789"),
		on("TagOpenIDConnectProvider", provider, tag...), on("ListOpenIDConnectProviderTags", provider),
		on("UntagOpenIDConnectProvider", provider, untag...),
	)
}

// stsRows also delete what the others need.
func (w *walkWorld) stsRows() []row {
	policy := iamARN + "policy/policy"
	web := func(subject map[string]any, role string) request {
		q := form(stsapi.Service, "AssumeRoleWithWebIdentity", "RoleArn", iamARN+"role/"+role, "RoleSessionName", "session",
			"WebIdentityToken", w.idp.Token(w.t, subject))
		q.service = "-"
		return q
	}
	stranger := web(nil, "role") // a token that holds, for a role that does not trust its provider
	return append([]row{
		{op: stsapi.AssumeRoleWithWebIdentity.Operation, request: web(nil, "web"), nobody: &stranger},
		{
			op:      stsapi.GetCallerIdentity.Operation,
			request: form(stsapi.Service, "GetCallerIdentity"),
			open:    "it says who calls",
		},
		{op: stsapi.GetSessionToken.Operation, request: form(stsapi.Service, "GetSessionToken"),
			open: "it gives no more than the key has"},
		asked(stsapi.Service, []string{"AssumeRole", "RoleArn", iamARN + "role/role", "RoleSessionName", "session"})[0],
		asked(stsapi.Service, []string{"GetAccessKeyInfo", "AccessKeyId", w.id("key of nobody")})[0],
	}, asked(iamapi.Service,
		[]string{"DetachUserPolicy", "UserName", "user", "PolicyArn", policy}, []string{"DetachRolePolicy", "RoleName",
			"role", "PolicyArn", policy},
		[]string{"DeletePolicy", "PolicyArn", iamARN + "policy/other"}, []string{"DeleteUser", "UserName", "bare"},
		[]string{"DeleteRole", "RoleName", "bare"},
		[]string{"DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", w.id("provider")},
	)...)
}
