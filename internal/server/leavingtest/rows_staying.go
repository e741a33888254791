package leavingtest

// stayingRows end nothing.
var stayingRows = []Row{
	{
		What: "another grant is deleted", Way: byUser,
		Before: func(s *Stage) { s.grant("another grant", "IAM", s.arn("user/alice"), "other/*") },
		Change: func(s *Stage) { s.dropGrant("another grant") },
	},
	{
		What: "a wider grant is deleted", Way: byUser,
		Before: func(s *Stage) { s.grant("wider", "IAM", s.arn("user/alice"), "*") },
		Change: func(s *Stage) { s.dropGrant("wider") },
	},
	{
		What: "a closer grant is made later", Way: byUser,
		Change: func(s *Stage) { s.grant("closer", "IAM", s.arn("user/alice"), "data/x*") },
	},
	{
		What: "a grant to the role that acts for the person is made later", Way: byPerson,
		Change: func(s *Stage) { s.grant("closer", "IAM", s.arn("role/bearer"), "data/*") },
	},
	{
		What: "another person is taken out of the group", Way: byPerson,
		Change: func(s *Stage) { s.leave("team", "bob") },
	},
	{
		What: "another person is disabled", Way: byPerson, Change: func(s *Stage) { s.status("bob", "DISABLED") },
	},
	{
		What: "the user leaves a group by which nothing was granted", Way: byPerson,
		Before: func(s *Stage) { s.join("another", "alice") },
		Change: func(s *Stage) { s.leave("another", "alice") },
	},
	{
		What: "the user's name changes", Way: byPerson,
		Change: func(s *Stage) {
			s.people("UpdateUser", object{"UserId": s.id("alice"), "Operations": []any{object{
				"AttributePath": "displayName", "AttributeValue": "Alice B."}}})
		},
	},
	{
		What: "another application is disabled", Way: byPerson,
		Before: func(s *Stage) { s.application("elsewhere") },
		Change: func(s *Stage) { s.enable(s.id("elsewhere"), "DISABLED") },
	},
	{
		What: "the application gets a further audience and a further grant", Way: byPerson,
		Change: func(s *Stage) {
			s.accept("app", "app", "another")
			s.putGrant("app", refresh, object{"RefreshToken": object{}})
		},
	},
	{
		What: "the application loses a grant by which the token was not got", Way: byPerson,
		Before: func(s *Stage) { s.putGrant("app", refresh, object{"RefreshToken": object{}}) },
		Change: func(s *Stage) { s.deleteGrant("app", refresh) },
	},
	{
		What: "the policy of another user is changed", Way: byUser,
		Before: func(s *Stage) { s.user("bob", allowAll) },
		Change: func(s *Stage) { s.policy("user/bob", denyAll) },
	},
	{
		What: "the asker's policy is changed, and still allows `s3:GetDataAccess`", Way: byUser,
		Change: func(s *Stage) {
			s.policy("user/alice", statement+`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}]}`)
		},
	},
	{
		What: "the trust of a role is changed, and still admits whoever assumed it", Way: byRole,
		Change: func(s *Stage) { s.trust("reader", s.trusts("user/alice", "role/location")) },
	},
	{
		What: "the policy of the location's role is changed, and still allows the read", Way: byUser,
		Change: func(s *Stage) {
			s.policy("role/location", statement+`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
		},
	},
	{
		What: "the resource policy of the instance gets a further statement", Way: fromElsewhere,
		Change: func(s *Stage) { s.other.user("bob", allowAll); s.share() },
	},
	{
		What: "the asker gets a further key, and loses another one", Way: byUser,
		Change: func(s *Stage) {
			first := s.keys["alice"]
			s.newKey("alice")
			deleteKey(s)
			s.keys["alice"] = first
		},
	},
	{
		What: "the asking user is renamed", Way: byUser,
		Change: func(s *Stage) { s.iam("UpdateUser", "UserName", "alice", "NewUserName", "alicia") },
	},
	{
		What: "the user who assumed a role is renamed", Way: byRole,
		Change: func(s *Stage) { s.iam("UpdateUser", "UserName", "alice", "NewUserName", "alicia") },
	},
	{
		What: "the user or the role of the location is tagged", Way: byUser,
		Change: func(s *Stage) {
			tag := []string{"Tags.member.1.Key", "k", "Tags.member.1.Value", "v"}
			s.iam("TagUser", append([]string{"UserName", "alice"}, tag...)...)
			s.iam("TagRole", append([]string{"RoleName", "location"}, tag...)...)
		},
	},
	{
		What: "the application's scope loses a target by which nothing was reached, and is widened", Way: byPerson,
		Before: func(s *Stage) { s.application("elsewhere"); s.scope("app", s.id("s3"), s.id("elsewhere")) },
		Change: func(s *Stage) { s.scope("app", s.id("s3")); s.scope("app") },
	},
	{
		What: "the provider of a web identity gets a further client id", Way: byWeb,
		Change: func(s *Stage) {
			s.iam("AddClientIDToOpenIDConnectProvider", "OpenIDConnectProviderArn", s.id("provider"), "ClientID", "third")
		},
	},
	{
		What: "the provider of the token gets new keys", Way: byPerson,
		Change: func(s *Stage) { s.site.issuer.Rotate(s.t) },
	},
	{
		What: "an OpenID provider without SCIM takes the person out of a group: that is seen at the next sign-in", Way: byPerson,
	},
}
