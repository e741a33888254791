package leavingtest

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
)

// Way is a way to a credential: what it needs, and the requests that lead to it.
type Way struct {
	lay  func(*Stage)                 // makes what the way needs
	asks func(*Stage) aws.Credentials // sends the requests, up to GetDataAccess
}

// asks is GetDataAccess for the whole folder data, at the stage's own account.
func (s *Stage) asks(k aws.Credentials) aws.Credentials {
	s.t.Helper()
	return s.site.Holder.Ask(s.t, k, s.account, "s3://"+s.bucket+"/data/*")
}

// credentials are those of an answer.
func credentials(t testing.TB, a Answer) aws.Credentials {
	t.Helper()
	return aws.Credentials{AccessKeyID: find(t, a, "AccessKeyId"), SecretAccessKey: find(t, a, "SecretAccessKey"),
		SessionToken: find(t, a, "SessionToken")}
}

// assumes is AssumeRole with these keys.
func (s *Stage) assumes(k aws.Credentials, role string, more ...string) aws.Credentials {
	s.t.Helper()
	q := form(stsapi.Service, "AssumeRole",
		append([]string{"RoleArn", s.arn("role/" + role), "RoleSessionName", "session"}, more...)...)
	return s.session(must(s.t, send(s.t, s.site.Changes, k, q)))
}

// session is the session of an answer, which is held.
func (s *Stage) session(a Answer) aws.Credentials {
	s.t.Helper()
	return s.keepsSession(credentials(s.t, a))
}

// keepsSession notes that a session is held.
func (s *Stage) keepsSession(k aws.Credentials) aws.Credentials {
	s.holds("a session", func() Answer { return s.asksAgain(k) })
	return k
}

// asksAgain is GetDataAccess, which may be refused.
func (s *Stage) asksAgain(k aws.Credentials) Answer {
	s.t.Helper()
	return send(s.t, s.site.Changes, k, dataAccess(s.account, "s3://"+s.bucket+"/data/*"))
}

// trusts is a trust policy for these principals of the account, such as user/alice or root.
func (s *Stage) trusts(names ...string) string {
	for i, n := range names {
		names[i] = s.arn(n)
	}
	return trusting(`"Effect":"Allow","Principal":{"AWS":["` + strings.Join(names, `","`) +
		`"]},"Action":["sts:AssumeRole","sts:SetContext","sts:SetSourceIdentity"]`)
}

// byUser: a user with a key and a grant.
var byUser = Way{
	lay: func(s *Stage) {
		s.user("alice", allowAll)
		s.grant("grant", "IAM", s.arn("user/alice"), "data/*")
	},
	asks: func(s *Stage) aws.Credentials { return s.asks(s.keys["alice"]) },
}

// bySessionToken: a user with a session.
var bySessionToken = Way{
	lay: byUser.lay,
	asks: func(s *Stage) aws.Credentials {
		return s.asks(s.session(must(s.t, send(s.t, s.site.Changes, s.keys["alice"],
			form(stsapi.Service, "GetSessionToken")))))
	},
}

// byRole: a user who assumes a role that has a grant. The role trusts the user.
var byRole = Way{
	lay: func(s *Stage) {
		s.user("alice", allowAll)
		s.role("reader", s.trusts("user/alice"), allowAll)
		s.grant("grant", "IAM", s.arn("role/reader"), "data/*")
	},
	asks: func(s *Stage) aws.Credentials { return s.asks(s.assumes(s.keys["alice"], "reader")) },
}

// bySourceIdentity: the same with a source identity.
var bySourceIdentity = Way{
	lay: byRole.lay,
	asks: func(s *Stage) aws.Credentials {
		return s.asks(s.assumes(s.keys["alice"], "reader", "SourceIdentity", "alice"))
	},
}

// byManagedPolicy: the same with a managed session policy.
var byManagedPolicy = Way{
	lay: func(s *Stage) {
		byRole.lay(s)
		s.iam("CreatePolicy", "PolicyName", "narrow", "PolicyDocument", allowAll)
	},
	asks: func(s *Stage) aws.Credentials {
		return s.asks(s.assumes(s.keys["alice"], "reader", "PolicyArns.member.1.arn", s.arn("policy/narrow")))
	},
}

// byTags: the same with a session tag and an external id, which the role demands.
var byTags = Way{
	lay: func(s *Stage) {
		byRole.lay(s)
		s.trust("reader", s.trustsTagged("team-1", "sts:TagSession"))
	},
	asks: func(s *Stage) aws.Credentials {
		return s.asks(s.assumes(s.keys["alice"], "reader", "ExternalId", "team-1", "Tags.member.1.Key", "team",
			"Tags.member.1.Value", "1"))
	},
}

// trustsTagged trusts alice with an external id, and to do one more thing.
func (s *Stage) trustsTagged(externalID, more string) string {
	alice := `"Effect":"Allow","Principal":{"AWS":"` + s.arn("user/alice") + `"},`
	return trusting(alice+`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"`+externalID+`"}}`,
		alice+`"Action":"`+more+`"`)
}

// byTaggedUser: a user whose policy allows to ask because of a tag.
var byTaggedUser = Way{
	lay: func(s *Stage) {
		s.user("alice", statement+`{"Effect":"Allow","Action":"*","Resource":"*",`+
			`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"1"}}}]}`)
		tagged(s)
		s.grant("grant", "IAM", s.arn("user/alice"), "data/*")
	},
	asks: byUser.asks,
}

func tagged(s *Stage) {
	s.t.Helper()
	s.iam("TagUser", "UserName", "alice", "Tags.member.1.Key", "team", "Tags.member.1.Value", "1")
}

// byAttached: a user with a managed policy.
var byAttached = Way{
	lay: func(s *Stage) {
		s.user("alice", statement+`{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`)
		s.iam("CreatePolicy", "PolicyName", "asking", "PolicyDocument", allowAll)
		attached(s)
		s.grant("grant", "IAM", s.arn("user/alice"), "data/*")
	},
	asks: byUser.asks,
}

func attached(s *Stage) {
	s.t.Helper()
	s.iam("AttachUserPolicy", "UserName", "alice", "PolicyArn", s.arn("policy/asking"))
}

// version makes a policy's new default version.
func (s *Stage) version(policy, document string) {
	s.t.Helper()
	s.iam("CreatePolicyVersion", "PolicyArn", s.arn("policy/"+policy), "PolicyDocument", document, "SetAsDefault", "true")
}

// bySessionAlone: a chain whose last session reads by its own policies. No Access Grants are on the way.
var bySessionAlone = Way{
	lay: func(s *Stage) {
		s.user("alice", allowAll)
		for _, name := range []string{"first", "last"} {
			s.role(name, s.trusts("root"), allowAll)
		}
	},
	asks: func(s *Stage) aws.Credentials {
		return s.assumes(s.assumes(s.keys["alice"], "first"), "last")
	},
}

// byChain: three roles, of which the last has the grant. The roles trust the account, so that the policies of who
// assumes them decide.
var byChain = Way{
	lay: func(s *Stage) {
		s.user("alice", allowAll)
		for _, name := range []string{"first", "middle", "last"} {
			s.role(name, s.trusts("root"), allowAll)
		}
		s.grant("grant", "IAM", s.arn("role/last"), "data/*")
	},
	asks: func(s *Stage) aws.Credentials {
		first := s.assumes(s.keys["alice"], "first")
		return s.asks(s.assumes(s.assumes(first, "middle"), "last"))
	},
}

// byWeb: a foreign token of an OpenID Connect provider of IAM.
var byWeb = Way{
	lay: func(s *Stage) {
		s.layProvider()
		s.role("web", s.trustsWeb(), allowAll)
		s.grant("grant", "IAM", s.arn("role/web"), "data/*")
	},
	asks: func(s *Stage) aws.Credentials {
		q := form(stsapi.Service, "AssumeRoleWithWebIdentity", "RoleArn", s.arn("role/web"), "RoleSessionName", "session",
			"WebIdentityToken", s.site.issuer.Token(s.t, nil))
		q.service = "-"
		return s.asks(s.session(must(s.t, send(s.t, s.site.Changes, aws.Credentials{}, q))))
	},
}

func (s *Stage) layProvider() {
	s.keep("provider", s.iam("CreateOpenIDConnectProvider", "Url", s.site.issuer.URL, "ClientIDList.member.1", "app",
		"ClientIDList.member.2", "second"), "OpenIDConnectProviderArn")
}

func (s *Stage) trustsWeb() string {
	return trusting(`"Effect":"Allow","Principal":{"Federated":"` + s.id("provider") +
		`"},"Action":"sts:AssumeRoleWithWebIdentity"`)
}

// fromElsewhere: a user of another account, whom the instance's resource policy admits.
var fromElsewhere = Way{
	lay: func(s *Stage) {
		s.other = newAccount(s.t, s.site)
		s.other.user("alice", allowAll)
		s.grant("grant", "IAM", s.other.arn("user/alice"), "data/*")
		s.share()
	},
	asks: func(s *Stage) aws.Credentials { return s.asks(s.other.keys["alice"]) },
}

// share lets the other account's user ask.
func (s *Stage) share() {
	s.control("PUT", "/resourcepolicy", element("PutAccessGrantsInstanceResourcePolicyRequest",
		element("Policy", escape(trusting(`"Effect":"Allow","Principal":{"AWS":"`+s.other.arn("user/alice")+
			`"},"Action":"s3:GetDataAccess","Resource":"arn:aws:s3:`+Region+`:`+s.account+`:access-grants/default"`)))))
}
