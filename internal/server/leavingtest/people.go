package leavingtest

import (
	"maps"
	"net/http"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/ssooidc"
	"latchkey/internal/awsapi/stsapi"
)

const (
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	exchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	refresh   = "refresh_token"
	code      = "authorization_code"

	accessToken = "urn:ietf:params:oauth:token-type:access_token"
	s3Scope     = "s3:access_grants:read_write"
	redirectURI = "http://app.example.org/back" // nobody is there: the code is read from the redirect
)

// byPerson: an application exchanges the token of a person, and a role acts for the person. The grant is to the group
// that the person is in.
var byPerson = Way{
	lay:  func(s *Stage) { s.layPeople("team") },
	asks: func(s *Stage) aws.Credentials { return s.actsFor(s.tokens("app", s.assertion())) },
}

// bySelf: the same with a grant to the person.
var bySelf = Way{asks: byPerson.asks,
	lay: func(s *Stage) { s.layPeople("alice") }}

// byExchange: a second application exchanges the token of the first one.
var byExchange = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.application("second")
		s.putGrant("second", exchange, object{"TokenExchange": object{}})
	},
	asks: func(s *Stage) aws.Credentials {
		in := object{"grantType": exchange, "subjectTokenType": accessToken,
			"subjectToken": find(s.t, s.tokens("app", s.assertion()), "accessToken")}
		s.holdsToken("an access token", "second", in)
		return s.actsFor(s.tokens("second", in))
	},
}

// byRefresh: the application refreshes its tokens.
var byRefresh = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.putGrant("app", refresh, object{"RefreshToken": object{}})
	},
	asks: func(s *Stage) aws.Credentials {
		in := object{"grantType": refresh, "refreshToken": find(s.t, s.tokens("app", s.assertion()), "refreshToken")}
		s.holdsToken("a refresh token", "app", in)
		return s.actsFor(s.tokens("app", in))
	},
}

// byCode: the person signs in on the server's own pages.
var byCode = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.allowCode()
		s.setUpSignIn("bearer")
	},
	asks: func(s *Stage) aws.Credentials {
		s.holdsToken("a code", "app", object{"grantType": code, "redirectUri": redirectURI, "code": s.signsIn()})
		return s.actsFor(s.tokens("app", object{"grantType": code, "redirectUri": redirectURI, "code": s.signsIn()}))
	},
}

// layPeople makes people alice, who is in the groups team and other, and bob, an application with an issuer, a user who
// asks in its name, and a role that acts for people. The grant is to alice or to a group.
func (s *Stage) layPeople(grantee string) {
	s.t.Helper()
	all := s.sso("ListInstances", object{})
	s.keep("center", all, "InstanceArn")
	s.keep("store", all, "IdentityStoreId")
	for _, name := range []string{"team", "another"} {
		s.keep(name, s.people("CreateGroup", object{"DisplayName": name}), "GroupId")
	}
	for _, name := range []string{"alice", "bob"} {
		s.newPerson(name)
		s.join("team", name)
	}
	s.user("client", allowAll)
	s.role("bearer", s.trusts("user/client"), allowAll)
	s.newIssuer(s.site.issuer.URL)
	s.application("app")
	s.accept("app")
	s.associate()
	kind := "DIRECTORY_GROUP"
	if grantee == "alice" {
		kind = "DIRECTORY_USER"
	}
	s.grant("grant", kind, s.id(grantee), "data/*")
}

func (s *Stage) newPerson(name string) {
	s.t.Helper()
	s.keep(name, s.people("CreateUser", object{
		"UserName": name, "DisplayName": name, "Name": object{"GivenName": name, "FamilyName": name},
		"Emails": []any{object{"Value": name + "@example.org", "Primary": true}},
	}), "UserId")
}

func (s *Stage) join(group, name string) {
	s.t.Helper()
	s.keep(name+" in "+group, s.people("CreateGroupMembership",
		object{"GroupId": s.id(group), "MemberId": object{"UserId": s.id(name)}}), "MembershipId")
}

func (s *Stage) leave(group, name string) {
	s.t.Helper()
	s.people("DeleteGroupMembership", object{"MembershipId": s.id(name + " in " + group)})
}

// status sets a person's status: ENABLED or DISABLED.
func (s *Stage) status(name, status string) {
	s.t.Helper()
	s.own("SetUserStatus", object{"UserId": s.id(name), "UserStatus": status})
}

// mail sets alice's address.
func (s *Stage) mail(address string) {
	s.t.Helper()
	s.people("UpdateUser", object{"UserId": s.id("alice"), "Operations": []any{object{"AttributePath": "emails",
		"AttributeValue": []any{object{"Value": address, "Primary": true}}}}})
}

func (s *Stage) newIssuer(at string) {
	s.t.Helper()
	s.keep("issuer", s.sso("CreateTrustedTokenIssuer", object{
		"InstanceArn": s.id("center"), "Name": "of-" + strings.ReplaceAll(path.Base(at), ":", "-"),
		"TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": object{"OidcJwtConfiguration": object{
			"IssuerUrl": at, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value",
			"JwksRetrievalOption": "OPEN_ID_DISCOVERY",
		}},
	}), "TrustedTokenIssuerArn")
}

// claims sets the claim by which the issuer's tokens name people.
func (s *Stage) claims(claim, attribute string) {
	s.t.Helper()
	s.sso("UpdateTrustedTokenIssuer", object{"TrustedTokenIssuerArn": s.id("issuer"),
		"TrustedTokenIssuerConfiguration": object{"OidcJwtConfiguration": object{
			"ClaimAttributePath": claim, "IdentityStoreAttributePath": attribute,
		}}})
}

// application makes an application that everybody may use, in whose name the user client asks.
func (s *Stage) application(name string) {
	s.t.Helper()
	s.keep(name, s.sso("CreateApplication", object{"InstanceArn": s.id("center"), "Name": name,
		"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom"}), "ApplicationArn")
	s.assignment(name, false)
	s.scope(name)
	s.actors(name, "user/client")
}

func (s *Stage) enable(app, status string) {
	s.t.Helper()
	s.sso("UpdateApplication", object{"ApplicationArn": app, "Status": status})
}

// assignment says whether an application must be assigned.
func (s *Stage) assignment(app string, required bool) {
	s.t.Helper()
	s.sso("PutApplicationAssignmentConfiguration", object{"ApplicationArn": s.id(app), "AssignmentRequired": required})
}

// assign assigns the application app to USER alice or GROUP team.
func (s *Stage) assign(op, kind, name string) {
	s.t.Helper()
	s.sso(op+"ApplicationAssignment", object{"ApplicationArn": s.id("app"), "PrincipalType": kind,
		"PrincipalId": s.id(name)})
}

func (s *Stage) scope(app string, targets ...any) {
	s.t.Helper()
	in := object{"ApplicationArn": s.id(app), "Scope": s3Scope}
	if len(targets) > 0 {
		in["AuthorizedTargets"] = targets
	}
	s.sso("PutApplicationAccessScope", in)
}

// actors lets a user or a role ask in the application's name.
func (s *Stage) actors(app, who string) {
	s.t.Helper()
	s.sso("PutApplicationAuthenticationMethod", object{"ApplicationArn": s.id(app), "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": object{"Iam": object{"ActorPolicy": object{"Version": "2012-10-17",
			"Statement": []any{object{
				"Effect": "Allow", "Principal": object{"AWS": s.arn(who)}, "Action": "sso-oauth:CreateTokenWithIAM",
				"Resource": "*",
			}}}}}})
}

func (s *Stage) putGrant(app, kind string, grant object) {
	s.t.Helper()
	s.sso("PutApplicationGrant", object{"ApplicationArn": s.id(app), "GrantType": kind, "Grant": grant})
}

func (s *Stage) deleteGrant(app, kind string) {
	s.t.Helper()
	s.sso("DeleteApplicationGrant", object{"ApplicationArn": s.id(app), "GrantType": kind})
}

// accept lets an application exchange the issuer's tokens for these audiences, "app" by default.
func (s *Stage) accept(app string, audiences ...any) {
	s.t.Helper()
	if len(audiences) == 0 {
		audiences = []any{"app"}
	}
	s.putGrant(app, jwtBearer, object{"JwtBearer": object{"AuthorizedTokenIssuers": []any{
		object{"TrustedTokenIssuerArn": s.id("issuer"), "AuthorizedAudiences": audiences},
	}}})
}

// associate associates the instance of Access Grants with Identity Center.
func (s *Stage) associate() {
	s.t.Helper()
	s.control("POST", "/identitycenter",
		element("AssociateAccessGrantsIdentityCenterRequest", element("IdentityCenterArn", s.id("center"))))
	s.keep("s3", s.control("GET", "", ""), "IdentityCenterApplicationArn")
}

func (s *Stage) assertion() object {
	return object{"grantType": jwtBearer,
		"assertion": s.site.issuer.Token(s.t, map[string]any{"email": "alice@example.org"})}
}

// tokens is CreateTokenWithIAM of the user client for an application.
func (s *Stage) tokens(app string, in object) Answer {
	s.t.Helper()
	in = maps.Clone(in)
	in["clientId"] = s.id(app)
	return must(s.t, s.createToken(in))
}

func (s *Stage) createToken(in object) Answer {
	s.t.Helper()
	return send(s.t, s.site.Changes, s.actor(), request{
		method: http.MethodPost, path: "/token?aws_iam=t", service: ssooidc.Service.SigningName, body: text(in),
		header: map[string]string{"Content-Type": "application/json"},
	})
}

// holdsToken notes that something is held for which an application gets tokens.
func (s *Stage) holdsToken(name, app string, in object) {
	arn := s.id(app)
	s.holds(name, func() Answer {
		again := maps.Clone(in)
		again["clientId"] = arn
		a := s.createToken(again)
		if a.Status >= 300 {
			return a
		}
		return s.goesOn(find(s.t, a, "identityContext"))
	})
}

// goesOn tries to get a credential with a context.
func (s *Stage) goesOn(context string) Answer {
	s.t.Helper()
	a := s.carries(context)
	if a.Status >= 300 {
		return a
	}
	return s.asksAgain(credentials(s.t, a))
}

// actor is who asks in the name of applications: the user client, or a session of a role.
func (s *Stage) actor() aws.Credentials {
	if k, ok := s.keys["actor"]; ok {
		return k
	}
	return s.keys["client"]
}

// actsFor assumes the role that acts for people with the context of tokens, and asks.
func (s *Stage) actsFor(tokens Answer) aws.Credentials {
	s.t.Helper()
	context := find(s.t, tokens, "identityContext")
	s.holds("a context", func() Answer { return s.goesOn(context) })
	return s.asks(s.session(must(s.t, s.carries(context))))
}

// carries assumes the role that acts for people with a context.
func (s *Stage) carries(context string) Answer {
	s.t.Helper()
	return send(s.t, s.site.Changes, s.keys["client"], form(stsapi.Service, "AssumeRole",
		"RoleArn", s.arn("role/bearer"), "RoleSessionName", "session",
		"ProvidedContexts.member.1.ProviderArn", "arn:aws:iam::aws:contextProvider/IdentityCenter",
		"ProvidedContexts.member.1.ContextAssertion", context))
}
