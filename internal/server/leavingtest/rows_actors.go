package leavingtest

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/fault"
)

// actorRows: a session of the role actor asks in the application's name.
var actorRows = []Row{
	{
		What: "the role that asks in the application's name is deleted", Way: byActor, Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) { s.deleteRole("actor") },
		Again: func(s *Stage) {
			s.role("actor", s.trusts("user/client"), allowAll)
			s.actors("app", "role/actor")
		},
	},
	{
		What: "the role that asks in the application's name may not do that any more", Way: byActor,
		Reason: fault.ActorPolicyRemoved, Live: true,
		Change: func(s *Stage) { s.policy("role/actor", denyAll) },
		Again:  func(s *Stage) { s.policy("role/actor", allowAll) },
	},
	{
		What: "the older sessions of the role that asks in the application's name are revoked", Way: byActor,
		Reason: fault.ActorPolicyRemoved, New: true, Change: func(s *Stage) { s.revoke("actor") },
	},
	{
		What: "another role may ask in the application's name instead", Way: byActor, Reason: fault.ActorPolicyRemoved,
		Live:   true,
		Change: func(s *Stage) { s.actors("app", "role/bearer") },
		Again:  func(s *Stage) { s.actors("app", "role/actor") },
	},
	{
		What: "the key behind the role that asks in the application's name is made inactive", Way: byActor,
		Reason: fault.AccessKeyInactive,
		Change: func(s *Stage) { s.keyStatus("client", "Inactive") },
		Again:  func(s *Stage) { s.keyStatus("client", "Active") },
	},
	{
		What: "the role that asks in the application's name does not trust whoever assumed it any more", Way: byActor,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("actor", s.trusts("role/location")) },
		Again:  func(s *Stage) { s.trust("actor", s.trusts("user/client")) },
	},
	{
		What: "the role that asks in the application's name may not do that any more with the session's tag",
		Way:  byTaggedActor, Reason: fault.ActorPolicyRemoved, Live: true,
		Change: func(s *Stage) { s.policy("role/actor", deniesTag("1")) },
		Again:  func(s *Stage) { s.policy("role/actor", deniesTag("2")) },
	},
	{
		What: "`sts:TagSession` is removed from the trust of the role that asks in the application's name with tags",
		Way:  byTaggedActor, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("actor", s.trusts("user/client")) },
		Again:  func(s *Stage) { s.trust("actor", s.trustsTagging()) },
	},
	{
		What: "the first role of a chain that asks in the application's name does not trust whoever assumed it any more",
		Way:  byActorChain, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("before", s.trusts("role/location")) },
		Again:  func(s *Stage) { s.trust("before", s.trusts("user/client")) },
	},
	{
		What: "the first role of a chain that asks in the application's name is deleted", Way: byActorChain,
		Reason: fault.PrincipalDeleted,
		Change: func(s *Stage) { s.deleteRole("before") },
		Again:  func(s *Stage) { s.role("before", s.trusts("user/client"), allowAll) },
	},
	{
		What: "the managed policy of the session that asks in the application's name gets a narrower default version",
		Way:  byNarrowActor, Reason: fault.ActorPolicyRemoved, Live: true,
		Change: func(s *Stage) { s.version("narrow", denyAll) },
		Again:  func(s *Stage) { s.version("narrow", allowAll) },
	},
	{
		What: "the time comes from which a policy denies the role to ask in the application's name", Way: byActor,
		Reason: fault.ActorPolicyRemoved, Live: true,
		Change: func(s *Stage) { s.deniesSoon("role/actor") },
		Again:  func(s *Stage) { s.policy("role/actor", allowAll) },
	},
	{
		What: "the role that asked for the refresh token of an application does not trust whoever assumed it any more",
		Way:  byActorRefresh, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("actor", s.trusts("role/location")) },
		Again:  func(s *Stage) { s.trust("actor", s.trusts("user/client")) },
	},
	{
		What: "the role that asked in the name of the application at which an exchanged token began does not trust " +
			"whoever assumed it any more", Way: byActorExchange, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("actor", s.trusts("role/location")) },
		Again:  func(s *Stage) { s.trust("actor", s.trusts("user/client")) },
	},
}

// actsAs lets a session of a role ask in the application's name.
func (s *Stage) actsAs(role, trust string) {
	s.t.Helper()
	s.role(role, trust, allowAll)
	s.actors("app", "role/"+role)
}

// byActor: a session of a role asks in the application's name. Another principal carries the token.
var byActor = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.actsAs("actor", s.trusts("user/client"))
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.keys["client"], "actor")
		return s.actsFor(s.tokens("app", s.assertion()))
	},
}

// byTaggedActor: the same with a session tag, which the role's policy looks at.
var byTaggedActor = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.actsAs("actor", s.trustsTagging())
		s.policy("role/actor", deniesTag("2"))
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.keys["client"], "actor", "Tags.member.1.Key", "team", "Tags.member.1.Value", "1")
		return s.actsFor(s.tokens("app", s.assertion()))
	},
}

func (s *Stage) trustsTagging() string {
	return trusting(`"Effect":"Allow","Principal":{"AWS":"` + s.arn("user/client") +
		`"},"Action":["sts:AssumeRole","sts:TagSession"]`)
}

// deniesTag allows everything, but nothing to whoever has this value of the tag team.
func deniesTag(value string) string {
	return statement + `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"` + value + `"}}}]}`
}

// byActorChain: a session that was made by another role's session asks in the application's name.
var byActorChain = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.role("before", s.trusts("user/client"), allowAll)
		s.actsAs("actor", s.trusts("root"))
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.assumes(s.keys["client"], "before"), "actor")
		return s.actsFor(s.tokens("app", s.assertion()))
	},
}

// byNarrowActor: a session with a managed session policy asks in the application's name.
var byNarrowActor = Way{
	lay: func(s *Stage) {
		byActor.lay(s)
		s.iam("CreatePolicy", "PolicyName", "narrow", "PolicyDocument", allowAll)
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.keys["client"], "actor", "PolicyArns.member.1.arn", s.arn("policy/narrow"))
		return s.actsFor(s.tokens("app", s.assertion()))
	},
}

// byActorRefresh: a session of a role gets a refresh token. Another principal refreshes it.
var byActorRefresh = Way{
	lay: func(s *Stage) {
		byRefresh.lay(s)
		s.role("actor", s.trusts("user/client"), allowAll)
		s.actors("app", "root")
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.keys["client"], "actor")
		in := object{"grantType": refresh, "refreshToken": find(s.t, s.tokens("app", s.assertion()), "refreshToken")}
		delete(s.keys, "actor")
		return s.actsFor(s.tokens("app", in))
	},
}

// byActorExchange: a session of a role asks in the name of the first application, another principal in that of the
// second one, which exchanges the token.
var byActorExchange = Way{
	lay: func(s *Stage) {
		byExchange.lay(s)
		s.actsAs("actor", s.trusts("user/client"))
	},
	asks: func(s *Stage) aws.Credentials {
		s.keys["actor"] = s.assumes(s.keys["client"], "actor")
		in := object{"grantType": exchange, "subjectTokenType": accessToken,
			"subjectToken": find(s.t, s.tokens("app", s.assertion()), "accessToken")}
		delete(s.keys, "actor")
		return s.actsFor(s.tokens("second", in))
	},
}
