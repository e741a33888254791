package server

import (
	"encoding/json"
	"net/http"
	"slices"

	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	ssoportal "latchkey/internal/awsapi/sso"
	"latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awsapi/ssooidc"
)

const (
	customProvider = "arn:aws:sso::aws:applicationProvider/custom"
	jwtBearer      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	deviceGrant    = "urn:ietf:params:oauth:grant-type:device_code"
	walkScope      = "s3:access_grants:read_write"
)

func (w *walkWorld) sso(op string, in object) *got {
	w.t.Helper()
	return w.must(call(ssoadmin.Service, op, in))
}

// seedApplications makes applications app, with a thing of each kind, and bare, issuers issuer and bare, how people
// sign
// in, a registered client and a device that waits.
func (w *walkWorld) seedApplications() {
	for _, name := range []string{"app", "bare app"} {
		w.keep(name, w.sso("CreateApplication", w.newApplication(name)), "ApplicationArn")
	}
	w.keep("issuer", w.sso("CreateTrustedTokenIssuer", w.newIssuer("issuer", w.idp.URL)), "TrustedTokenIssuerArn")
	w.keep("bare issuer", w.sso("CreateTrustedTokenIssuer", w.newIssuer("bare", "https://bare.example.org")),
		"TrustedTokenIssuerArn")
	app := object{"ApplicationArn": w.id("app")}
	w.sso("PutApplicationGrant", with(app, "GrantType", jwtBearer, "Grant", w.bearer()))
	w.sso("PutApplicationAuthenticationMethod", with(app, "AuthenticationMethodType", "IAM", "AuthenticationMethod",
		actors))
	w.sso("PutApplicationAccessScope", with(app, "Scope", walkScope))
	w.sso("PutApplicationAssignmentConfiguration", with(app, "AssignmentRequired", false))
	w.sso("CreateApplicationAssignment", with(app, "PrincipalId", w.id("alice"), "PrincipalType", "USER"))
	w.must(call(latchkey.Service, "PutSignIn", w.signIn()))
	client := w.must(ofOAuth("/client/register", newClient))
	w.keep("client", client, "clientId")
	w.keep("client secret", client, "clientSecret")
	w.keep("device code", w.must(ofOAuth("/device_authorization", w.device(w.id("client secret")))), "deviceCode")
}

func (w *walkWorld) newApplication(name string) object {
	return object{"InstanceArn": w.id("instance"), "ApplicationProviderArn": customProvider, "Name": name}
}

func (w *walkWorld) newIssuer(name, url string) object {
	return object{"InstanceArn": w.id("instance"), "Name": name, "TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": object{
			"OidcJwtConfiguration": object{
				"IssuerUrl": url, "ClaimAttributePath": "email", "IdentityStoreAttributePath": "emails.value",
				"JwksRetrievalOption": "OPEN_ID_DISCOVERY",
			},
		}}
}

// bearer lets an application exchange the issuer's tokens.
func (w *walkWorld) bearer() object {
	return object{"JwtBearer": object{"AuthorizedTokenIssuers": []any{
		object{"TrustedTokenIssuerArn": w.id("issuer"), "AuthorizedAudiences": []any{"app"}},
	}}}
}

// actors lets the account say who acts for an application.
var actors = object{"Iam": object{"ActorPolicy": object{"Version": "2012-10-17", "Statement": []any{object{
	"Effect": "Allow", "Principal": object{"AWS": walkAccount}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
}}}}}

func (w *walkWorld) signIn() object {
	return object{
		"IssuerUrl": w.idp.URL, "ClientId": "app", "ApplicationArn": w.id("app"), "ApplicationRoleArn": iamARN + "role/role",
		"IdentityBearerRoleArn": iamARN + "role/role",
	}
}

var newClient = object{"clientName": "a client", "clientType": "public", "grantTypes": []any{deviceGrant}}

// oauth is an unsigned request of the OAuth service.
func ofOAuth(path string, in object) request {
	body, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	return request{method: http.MethodPost, path: path, service: "-", body: string(body),
		header: map[string]string{"Content-Type": "application/json"}}
}

// ofPortal is an unsigned request of the access portal, with a token that is none.
func ofPortal(method, path string) request {
	return request{method: method, path: path, service: "-", header: map[string]string{"X-Amz-Sso_bearer_token": "guess"}}
}

func (w *walkWorld) device(secret string) object {
	return object{"clientId": w.id("client"), "clientSecret": secret, "startUrl": "https://start.example.org"}
}

func (w *walkWorld) oauthRows() []row {
	withIAM := ofOAuth("/token?aws_iam=t", object{
		"clientId": w.id("app"), "grantType": jwtBearer, "assertion": w.idp.Token(w.t,
			map[string]any{"email": "alice@example.org"}),
	})
	withIAM.service = ssooidc.Service.SigningName
	poll := func(secret string) object {
		return object{"clientId": w.id("client"), "clientSecret": secret, "grantType": deviceGrant,
			"deviceCode": w.id("device code")}
	}
	strangeDevice, strangePoll := ofOAuth("/device_authorization", w.device("guess")), ofOAuth("/token", poll("guess"))
	return []row{
		{op: ssooidc.CreateTokenWithIAM.Operation, request: withIAM},
		{
			op: ssooidc.RegisterClient.Operation, request: ofOAuth("/client/register", newClient),
			open: "a registration gives no right",
		},
		{
			op:      ssooidc.StartDeviceAuthorization.Operation,
			request: ofOAuth("/device_authorization", w.device(w.id("client secret"))),
			nobody:  &strangeDevice, refusal: "InvalidClientException",
		},
		{
			op: ssooidc.CreateToken.Operation, request: ofOAuth("/token", poll(w.id("client secret"))),
			nobody: &strangePoll, refusal: "InvalidClientException",
			fails: "AuthorizationPendingException", because: "nobody has approved the device",
		},
		{
			op:      ssoportal.GetRoleCredentials.Operation,
			request: ofPortal(http.MethodGet, "/federation/credentials?role_name=role&account_id="+walkAccount),
			refusal: "UnauthorizedException",
			fails:   "UnauthorizedException", because: "nobody has signed in; package pages has what a token brings",
		},
		{
			op: ssoportal.ListAccounts.Operation, request: ofPortal(http.MethodGet, "/assignment/accounts"),
			refusal: "UnauthorizedException",
			fails:   "UnauthorizedException", because: "nobody has signed in; package pages has what a token brings",
		},
		{
			op:      ssoportal.ListAccountRoles.Operation,
			request: ofPortal(http.MethodGet, "/assignment/roles?account_id="+walkAccount),
			refusal: "UnauthorizedException",
			fails:   "UnauthorizedException", because: "nobody has signed in; package pages has what a token brings",
		},
		{
			op: ssoportal.Logout.Operation, request: ofPortal(http.MethodPost, "/logout"), refusal: "UnauthorizedException",
			fails: "UnauthorizedException", because: "nobody has signed in; package pages has what a token brings",
		},
	}
}

// applicationRows are those of Identity Center but for what ends the instance.
func (w *walkWorld) applicationRows() []row {
	instance, app := object{"InstanceArn": w.id("instance")}, object{"ApplicationArn": w.id("app")}
	tagged := with(instance, "ResourceArn", w.id("app"))
	issuer := object{"TrustedTokenIssuerArn": w.id("issuer")}
	alice := object{"PrincipalId": w.id("alice"), "PrincipalType": "USER"}
	assigned, fresh := with(app, "PrincipalType", "USER", "PrincipalId", w.id("alice")), with(app, "PrincipalType", "USER")
	grant, method := with(app, "GrantType", jwtBearer), with(app, "AuthenticationMethodType", "IAM")
	scope := with(app, "Scope", walkScope)
	return ofJSON(ssoadmin.Service,
		"ListInstances", object{}, "DescribeInstance", instance, "UpdateInstance", with(instance, "Name", "renamed"),
		"ListRegions", instance, "DescribeRegion", with(instance, "RegionName", "us-east-1"),

		"CreateApplication", w.newApplication("fresh"), "DescribeApplication", app,
		"ListApplications", instance, "UpdateApplication", with(app, "Name", "renamed"),
		"ListApplicationProviders", object{},
		"DescribeApplicationProvider", object{"ApplicationProviderArn": customProvider},

		"CreateApplicationAssignment", with(fresh, "PrincipalId", w.id("bob")), "DescribeApplicationAssignment", assigned,
		"ListApplicationAssignments", app,
		"ListApplicationAssignmentsForPrincipal", with(alice, "InstanceArn", w.id("instance")),
		"DeleteApplicationAssignment", assigned,
		"PutApplicationAssignmentConfiguration", with(app, "AssignmentRequired", false),
		"GetApplicationAssignmentConfiguration", app,

		"PutApplicationGrant", with(grant, "Grant", w.bearer()), "GetApplicationGrant", grant,
		"ListApplicationGrants", app, "DeleteApplicationGrant", grant,
		"PutApplicationAuthenticationMethod", with(method, "AuthenticationMethod", actors),
		"GetApplicationAuthenticationMethod", method, "ListApplicationAuthenticationMethods", app,
		"DeleteApplicationAuthenticationMethod", method,
		"PutApplicationAccessScope", scope, "GetApplicationAccessScope", scope,
		"ListApplicationAccessScopes", app, "DeleteApplicationAccessScope", scope,
		"PutApplicationSessionConfiguration", with(app, "UserBackgroundSessionApplicationStatus", "ENABLED"),
		"GetApplicationSessionConfiguration", app,

		"CreateTrustedTokenIssuer", w.newIssuer("fresh", "https://fresh.example.org"),
		"DescribeTrustedTokenIssuer", issuer, "ListTrustedTokenIssuers", instance,
		"UpdateTrustedTokenIssuer", with(issuer, "Name", "renamed"),

		"TagResource", with(tagged, "Tags", []any{object{"Key": "k", "Value": "v"}}),
		"ListTagsForResource", tagged, "UntagResource", with(tagged, "TagKeys", []any{"k"}),

		"DeleteApplication", object{"ApplicationArn": w.id("bare app")},
		"DeleteTrustedTokenIssuer", object{"TrustedTokenIssuerArn": w.id("bare issuer")},
	)
}

// lastRows delete people and at the end the instance, which the others need.
func (w *walkWorld) lastRows() []row {
	instance, in := object{"InstanceArn": w.id("instance")}, object{"IdentityStoreId": w.id("store")}
	regions := ofJSON(ssoadmin.Service,
		"AddRegion", with(instance, "RegionName", "us-east-1"), "RemoveRegion", with(instance, "RegionName", "us-east-1"))
	regions[0].fails, regions[0].because = "ConflictException", "it is the region that the instance has"
	regions[1].fails, regions[1].because = "ValidationException", "it is the only region that the instance has"
	return slices.Concat(regions, ofJSON(identitystoreapi.Service,
		"DeleteGroupMembership", with(in, "MembershipId", w.id("membership")),
		"DeleteGroup", with(in, "GroupId", w.id("bare")), "DeleteUser", with(in, "UserId", w.id("bob")),
	), ofJSON(latchkey.Service, "DeleteSignIn", object{}), ofJSON(ssoadmin.Service,
		"DeleteInstance", instance, "CreateInstance", object{"Name": "fresh"},
	))
}
