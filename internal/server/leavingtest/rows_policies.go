package leavingtest

import (
	"time"

	"latchkey/internal/fault"
)

// policyRows: what a policy decides by is changed, rather than the policy.
var policyRows = []Row{
	{
		What: "the tag by which a policy lets the user ask is removed", Way: byTaggedUser, Reason: fault.AskerNotAllowed,
		Change: func(s *Stage) { s.iam("UntagUser", "UserName", "alice", "TagKeys.member.1", "team") },
		Again:  tagged, Live: true,
	},
	{
		What: "the managed policy that lets the user ask is detached", Way: byAttached, Reason: fault.AskerNotAllowed,
		Change: func(s *Stage) {
			s.iam("DetachUserPolicy", "UserName", "alice", "PolicyArn", s.arn("policy/asking"))
		},
		Again: attached, Live: true,
	},
	{
		What: "the managed policy that lets the user ask gets a narrower default version", Way: byAttached,
		Reason: fault.AskerNotAllowed, Live: true,
		Change: func(s *Stage) { s.version("asking", withoutAsking) },
		Again:  func(s *Stage) { s.version("asking", allowAll) },
	},
	{
		What: "the managed policy of the asking session gets a narrower default version", Way: byManagedPolicy,
		Reason: fault.AskerNotAllowed, Live: true,
		Change: func(s *Stage) { s.version("narrow", withoutAsking) },
		Again:  func(s *Stage) { s.version("narrow", allowAll) },
	},
	{
		What: "the tag by which a policy lets the user ask is removed from the Access Grants instance", Way: byUser,
		Reason: fault.AskerNotAllowed, Live: true,
		Before: func(s *Stage) {
			s.tagInstance()
			s.policy("user/alice", statement+`{"Effect":"Allow","Action":"*","Resource":"*",`+
				`"Condition":{"StringEquals":{"aws:ResourceTag/team":"1"}}}]}`)
		},
		Change: func(s *Stage) {
			s.do(request{method: "DELETE", path: s.instanceTags() + "?tagKeys=team", account: s.account})
		},
		Again: func(s *Stage) { s.tagInstance() },
	},
	{
		What: "the time comes from which a policy denies the user to ask", Way: byUser, Reason: fault.AskerNotAllowed,
		Change: func(s *Stage) { s.deniesSoon("user/alice") },
		Again:  func(s *Stage) { s.policy("user/alice", allowAll) }, Live: true,
	},
	{
		What: "the role demands another external id", Way: byTags, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("reader", s.trustsTagged("team-2", "sts:TagSession")) },
		Again:  func(s *Stage) { s.trust("reader", s.trustsTagged("team-1", "sts:TagSession")) },
	},
	{
		What: "`sts:TagSession` is removed from the trust of a role that was assumed with tags", Way: byTags,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("reader", s.trustsTagged("team-1", "sts:SetSourceIdentity")) },
		Again:  func(s *Stage) { s.trust("reader", s.trustsTagged("team-1", "sts:TagSession")) },
	},
	{
		What: "the role demands another subject of a web identity", Way: byWeb, Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.trust("web", s.trustsSubject("another")) },
		Again:  func(s *Stage) { s.trust("web", s.trustsSubject("subject-1")) },
	},
}

// sessionRows: a role's session reads by its own policies, without Access Grants.
var sessionRows = append(beginningRows(bySessionAlone), []Row{
	{
		What: "a role does not trust whoever assumed it any more", Way: bySessionAlone, Reason: fault.RoleNotTrusting,
		Change: func(s *Stage) { s.trust("last", s.trusts("user/alice")) },
		Again:  func(s *Stage) { s.trust("last", s.trusts("root")) }, Live: true,
	},
	{
		What: "the user at the beginning of a chain is quarantined (Deny `*`)", Way: bySessionAlone,
		Reason: fault.RoleNotTrusting, Live: true,
		Change: func(s *Stage) { s.policy("user/alice", denyAll) },
		Again:  func(s *Stage) { s.policy("user/alice", allowAll) },
	},
}...)

// deniesSoon denies user/NAME or role/NAME everything from a time soon. It returns at that time.
func (s *Stage) deniesSoon(who string) {
	s.t.Helper()
	from := time.Now().UTC().Truncate(time.Second).Add(2 * time.Second)
	s.policy(who, statement+`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*",`+
		`"Resource":"*","Condition":{"DateGreaterThanEquals":{"aws:CurrentTime":"`+from.Format(time.RFC3339)+`"}}}]}`)
	s.site.settle(s.t)
	for _, k := range s.vended { // so that the answer is known to the server
		s.site.Holder.Read(s.t, k, s.bucket, key)
	}
	<-time.After(time.Until(from))
}

func (s *Stage) trustsSubject(subject string) string {
	return trusting(`"Effect":"Allow","Principal":{"Federated":"` + s.id("provider") +
		`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` +
		s.id("provider")[len(s.arn("oidc-provider/")):] + `:sub":"` + subject + `"}}`)
}

// instanceTags is the path of the tags of the Access Grants instance.
func (s *Stage) instanceTags() string {
	return "/v20180820/tags/arn%3Aaws%3As3%3A" + Region + "%3A" + s.account + "%3Aaccess-grants%2Fdefault"
}

func (s *Stage) tagInstance() {
	s.t.Helper()
	s.do(request{method: "POST", path: s.instanceTags(), account: s.account,
		body: "<TagResourceRequest><Tags><Tag><Key>team</Key><Value>1</Value></Tag></Tags></TagResourceRequest>"})
}
