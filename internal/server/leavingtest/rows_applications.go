package leavingtest

import "latchkey/internal/fault"

var applicationRows = []Row{
	{
		What: "the application is disabled", Way: byPerson, Reason: fault.ApplicationDisabled,
		Change: func(s *Stage) { s.enable(s.id("app"), "DISABLED") },
		Again:  func(s *Stage) { s.enable(s.id("app"), "ENABLED") },
	},
	{
		What: "the application is deleted", Way: byPerson, Reason: fault.ApplicationDeleted,
		Change: func(s *Stage) { s.deleteApplication("app") },
		Again:  func(s *Stage) { s.application("app"); s.accept("app") },
	},
	{
		What: "the application's grant `jwt-bearer` is deleted", Way: byPerson, Reason: fault.IssuerUnknown,
		Change: func(s *Stage) { s.deleteGrant("app", jwtBearer) },
		Again:  func(s *Stage) { s.accept("app") },
	},
	{
		What: "the application's grant `refresh_token` is deleted", Way: byRefresh, Reason: fault.ApplicationGrantRemoved,
		Change: func(s *Stage) { s.deleteGrant("app", refresh) },
		Again:  func(s *Stage) { s.putGrant("app", refresh, object{"RefreshToken": object{}}) },
	},
	{
		What: "the application's grant `authorization_code` is deleted", Way: byCode, Reason: fault.ApplicationGrantRemoved,
		Change: func(s *Stage) { s.deleteGrant("app", code) },
		Again:  func(s *Stage) { s.allowCode() },
	},
	{
		What: "the application no longer accepts the issuer", Way: byPerson, Reason: fault.IssuerUnknown,
		Change: func(s *Stage) {
			first := s.id("issuer")
			s.newIssuer("https://elsewhere.example.org")
			s.accept("app")
			s.ids["issuer"] = first
		},
		Again: func(s *Stage) { s.accept("app") },
	},
	{
		What: "the application no longer accepts the token's audience", Way: byPerson, Reason: fault.AudienceRemoved,
		Change: func(s *Stage) { s.accept("app", "another") },
		Again:  func(s *Stage) { s.accept("app") },
	},
	{
		What: "the application's scope `" + s3Scope + "` is deleted", Way: byPerson, Reason: fault.ScopeRemoved,
		Change: func(s *Stage) {
			s.sso("DeleteApplicationAccessScope", object{"ApplicationArn": s.id("app"), "Scope": s3Scope})
		},
		Again: func(s *Stage) { s.scope("app") },
		Spare: spareSession,
	},
	{
		What: "the application's scope is narrowed to other targets", Way: byPerson, Reason: fault.ScopeRemoved,
		Before: func(s *Stage) { s.application("elsewhere") },
		Change: func(s *Stage) { s.scope("app", s.id("elsewhere")) },
		Again:  func(s *Stage) { s.scope("app") }, Spare: spareSession,
	},
	{
		What: "the application's scope is narrowed from everything to Access Grants alone", Way: byPerson,
		Reason: fault.ScopeRemoved, New: true, Spare: spareSession,
		Change: func(s *Stage) { s.scope("app", s.id("s3")) },
	},
	{
		What: "the application's actor policy is removed", Way: byPerson, Reason: fault.ActorPolicyRemoved,
		Change: func(s *Stage) {
			s.sso("DeleteApplicationAuthenticationMethod",
				object{"ApplicationArn": s.id("app"), "AuthenticationMethodType": "IAM"})
		},
		Again: func(s *Stage) { s.actors("app", "user/client") }, Live: true,
	},
	{
		What: "whoever asks in the application's name may not do that any more", Way: byPerson,
		Reason: fault.ActorPolicyRemoved,
		Change: func(s *Stage) {
			s.policy("user/client", statement+`{"Effect":"Allow","Action":"*","Resource":"*"},`+
				`{"Effect":"Deny","Action":"sso-oauth:*","Resource":"*"}]}`)
		},
		Again: func(s *Stage) { s.policy("user/client", allowAll) }, Live: true,
	},
	{
		What: "the key of whoever asks in the application's name is made inactive", Way: byPerson,
		Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.keyStatus("client", "Inactive") },
		Again:  func(s *Stage) { s.keyStatus("client", "Active") },
	},
	{
		What: "the issuer is deleted", Way: byPerson, Reason: fault.IssuerDeleted,
		Change: func(s *Stage) { s.deleteIssuer() },
		Again:  func(s *Stage) { s.newIssuer(s.site.issuer.URL); s.accept("app") },
	},
	{
		What: "the claim by which the issuer's tokens name people is changed", Way: byPerson, Reason: fault.IssuerChanged,
		Change: func(s *Stage) { s.claims("sub", "userName") },
		Again:  func(s *Stage) { s.claims("email", "emails.value") },
	},
	{
		What: "the instance of Access Grants is dissociated from Identity Center", Way: byPerson,
		Reason: fault.AssociationRemoved,
		Change: func(s *Stage) { s.control("DELETE", "/identitycenter", "") },
		Again:  func(s *Stage) { s.associate() },
		Spare:  spareSession,
	},
	{
		What: "the application of S3 Access Grants is disabled", Way: byPerson, Reason: fault.AssociationRemoved,
		Change: func(s *Stage) { s.enable(s.id("s3"), "DISABLED") },
		Again:  func(s *Stage) { s.enable(s.id("s3"), "ENABLED") },
		Spare:  spareSession,
	},
}

// originRows: a token of one application was exchanged by another one.
var originRows = []Row{
	{
		What: "the application at which an exchanged token began is disabled", Way: byExchange,
		Reason: fault.ApplicationDisabled,
		Change: func(s *Stage) { s.enable(s.id("app"), "DISABLED") },
		Again:  func(s *Stage) { s.enable(s.id("app"), "ENABLED") },
	},
	{
		What: "the application at which an exchanged token began is deleted", Way: byExchange,
		Reason: fault.ApplicationDeleted,
		Change: func(s *Stage) { s.deleteApplication("app") },
		Again:  func(s *Stage) { s.application("app"); s.accept("app") },
	},
	{
		What: "the application that exchanged a token is disabled", Way: byExchange, Reason: fault.ApplicationDisabled,
		Change: func(s *Stage) { s.enable(s.id("second"), "DISABLED") },
		Again:  func(s *Stage) { s.enable(s.id("second"), "ENABLED") },
		Spare:  spareToken,
	},
	{
		What: "the application's grant `token-exchange` is deleted", Way: byExchange, Reason: fault.ApplicationGrantRemoved,
		Change: func(s *Stage) { s.deleteGrant("second", exchange) },
		Again:  func(s *Stage) { s.putGrant("second", exchange, object{"TokenExchange": object{}}) },
		Spare:  spareToken,
	},
	{
		What: "the grant `jwt-bearer` of the application at which an exchanged token began is deleted", Way: byExchange,
		Reason: fault.IssuerUnknown,
		Change: func(s *Stage) { s.deleteGrant("app", jwtBearer) },
		Again:  func(s *Stage) { s.accept("app") },
	},
	{
		What: "the audience at the application at which an exchanged token began is removed", Way: byExchange,
		Reason: fault.AudienceRemoved,
		Change: func(s *Stage) { s.accept("app", "another") },
		Again:  func(s *Stage) { s.accept("app") },
	},
	{
		What: "the assignment of the application at which an exchanged token began is removed", Way: byExchange,
		Reason: fault.NotAssigned,
		Before: func(s *Stage) { s.assignment("app", true); s.assign("Create", "USER", "alice") },
		Change: func(s *Stage) { s.assign("Delete", "USER", "alice") },
		Again:  func(s *Stage) { s.assign("Create", "USER", "alice") },
	},
	{
		What: "the actor policy of the application at which an exchanged token began is removed", Way: byExchange,
		Reason: fault.ActorPolicyRemoved,
		Change: func(s *Stage) {
			s.sso("DeleteApplicationAuthenticationMethod",
				object{"ApplicationArn": s.id("app"), "AuthenticationMethodType": "IAM"})
		},
		Again: func(s *Stage) { s.actors("app", "user/client") }, Live: true,
	},
	{
		What: "the grant `jwt-bearer` behind a refreshed token is deleted", Way: byRefresh,
		Reason: fault.IssuerUnknown,
		Change: func(s *Stage) { s.deleteGrant("app", jwtBearer) },
		Again:  func(s *Stage) { s.accept("app") },
	},
	{
		What: "the user who signed in on the server's pages is disabled", Way: byCode, Reason: fault.UserDisabled,
		Change: func(s *Stage) { s.status("alice", "DISABLED") },
		Again:  func(s *Stage) { s.status("alice", "ENABLED") },
	},
	{
		What: "the issuer at which the user signed in on the server's pages is deleted", Way: byCode,
		Reason: fault.IssuerDeleted,
		Change: func(s *Stage) { s.deleteIssuer() },
		Again:  func(s *Stage) { s.newIssuer(s.site.issuer.URL); s.accept("app") },
	},
}

func (s *Stage) deleteApplication(name string) {
	s.t.Helper()
	s.sso("DeleteApplication", object{"ApplicationArn": s.id(name)})
}

func (s *Stage) deleteIssuer() {
	s.t.Helper()
	s.sso("DeleteTrustedTokenIssuer", object{"TrustedTokenIssuerArn": s.id("issuer")})
}

// allowCode lets people sign in at the application on the server's pages.
func (s *Stage) allowCode() {
	s.t.Helper()
	s.putGrant("app", code, object{"AuthorizationCode": object{"RedirectUris": []any{redirectURI}}})
}
