package leavingtest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/fault"
)

// Nobody is at the loopback address: the code is read from the redirect.
const (
	loopback = "http://127.0.0.1:50123/oauth/callback"
	verifier = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz" // of PKCE
)

// byClient: the person signs in on the server's own pages for a program that registered itself, as the AWS CLI does.
// The access portal gives the program a session with the person's identity.
var byClient = Way{
	lay: func(s *Stage) {
		s.layPeople("team")
		s.putGrant("app", refresh, object{"RefreshToken": object{}})
		s.layProvider()
		s.role("acting", s.trustsWeb(), allowAll)
		s.trust("bearer", s.trusts("role/acting"))
		s.setUpSignIn("acting")
		a := must(s.t, s.public("/client/register", object{
			"clientName": "tool", "clientType": "public", "redirectUris": []any{loopback},
			"issuerUrl": "https://" + s.id("store") + ".awsapps.com/start",
		}))
		s.keep("client id", a, "clientId")
		s.keep("client secret", a, "clientSecret")
	},
	asks: func(s *Stage) aws.Credentials {
		s.ids["code"] = s.allows()
		s.holdsClients("a code", s.redeeming(s.id("code")))
		got := must(s.t, s.clientsToken(s.redeeming(s.allows())))
		s.keep("access token", got, "accessToken")
		s.keep("refresh token", got, "refreshToken")
		token := s.id("access token")
		s.holds("an access token", func() Answer { return s.portalGoesOn(token) })
		s.holdsClients("a refresh token", s.refreshing())
		return s.asks(s.keepsSession(s.portalKeys(must(s.t, s.portal(token)))))
	},
}

// byCodeAndRefresh: the person signs in on the server's own pages at an application, which gets a refresh token, too.
var byCodeAndRefresh = Way{
	lay: func(s *Stage) {
		byCode.lay(s)
		s.putGrant("app", refresh, object{"RefreshToken": object{}})
	},
	asks: func(s *Stage) aws.Credentials {
		s.holdsToken("a code", "app", object{"grantType": code, "redirectUri": redirectURI, "code": s.signsIn()})
		got := s.tokens("app", object{"grantType": code, "redirectUri": redirectURI, "code": s.signsIn()})
		s.keep("refresh token", got, "refreshToken")
		s.holdsToken("a refresh token", "app", s.refreshing())
		return s.actsFor(got)
	},
}

// setUpSignIn says how people sign in on the server's pages. The portal begins with the role acting.
func (s *Stage) setUpSignIn(acting string) {
	s.t.Helper()
	s.own("PutSignIn", object{
		"IssuerUrl": s.site.issuer.URL, "ClientId": "app", "ApplicationArn": s.id("app"),
		"ApplicationRoleArn": s.arn("role/" + acting), "IdentityBearerRoleArn": s.arn("role/bearer"),
	})
}

// redeeming is what the registered program sends with a code.
func (s *Stage) redeeming(of string) object {
	return object{"grantType": code, "redirectUri": loopback, "codeVerifier": verifier, "code": of}
}

// refreshing is what a program sends with the refresh token that it got last.
func (s *Stage) refreshing() object {
	s.t.Helper()
	return object{"grantType": refresh, "refreshToken": s.id("refresh token")}
}

// public is a request of Identity Center's OAuth service that is not signed.
func (s *Stage) public(path string, in object) Answer {
	s.t.Helper()
	return send(s.t, s.site.Changes, aws.Credentials{}, request{method: http.MethodPost, path: path, service: "-",
		body: text(in), header: map[string]string{"Content-Type": "application/json"}})
}

// clientsToken is CreateToken of the registered program.
func (s *Stage) clientsToken(in object) Answer {
	s.t.Helper()
	in["clientId"], in["clientSecret"] = s.id("client id"), s.id("client secret")
	return s.public("/token", in)
}

// holdsClients notes that something is held for which the registered program gets tokens.
func (s *Stage) holdsClients(name string, in object) {
	s.holds(name, func() Answer {
		a := s.clientsToken(in)
		if a.Status >= 300 {
			return a
		}
		return s.portalGoesOn(find(s.t, a, "accessToken"))
	})
}

// portal is GetRoleCredentials of the access portal.
func (s *Stage) portal(token string) Answer {
	s.t.Helper()
	q := url.Values{"role_name": {"bearer"}, "account_id": {s.account}}
	return s.bearing(http.MethodGet, "/federation/credentials?"+q.Encode(), token)
}

// bearing is a request of the access portal, with an access token.
func (s *Stage) bearing(method, path, token string) Answer {
	s.t.Helper()
	return send(s.t, s.site.Changes, aws.Credentials{}, request{method: method, path: path, service: "-",
		header: map[string]string{"x-amz-sso_bearer_token": token}})
}

// portalGoesOn tries to get a credential with an access token.
func (s *Stage) portalGoesOn(token string) Answer {
	s.t.Helper()
	a := s.portal(token)
	if a.Status >= 300 {
		return a
	}
	return s.asksAgain(s.portalKeys(a))
}

// portalKeys are the credentials of the portal's answer.
func (s *Stage) portalKeys(a Answer) aws.Credentials {
	s.t.Helper()
	return aws.Credentials{AccessKeyID: find(s.t, a, "accessKeyId"), SecretAccessKey: find(s.t, a, "secretAccessKey"),
		SessionToken: find(s.t, a, "sessionToken")}
}

// told checks why a program is refused tokens for the code or the refresh token that it has.
func (s *Stage) told(a Answer, why fault.Reason) {
	s.t.Helper()
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"error_description":"`+string(why)+`: `) {
		s.t.Errorf("the program gets: %d %s, want a refusal with %s", a.Status, a.Body, why)
	}
}
