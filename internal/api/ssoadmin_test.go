package api

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	wire "latchkey/internal/awsapi/ssoadmin"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

const (
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	refreshToken = "refresh_token"
)

func TestEverySSOAdminOperationHasAHandler(t *testing.T) {
	var m awswire.Mux[*control.Call]
	(&API{}).registerSSOAdmin(&m)
	for _, op := range wire.Service.Operations {
		if !m.Handles(op) {
			t.Errorf("%s has none", op.Name)
		}
	}
}

func TestIdentityCase001_ListInstances(t *testing.T) {
	w := newCenterWorld(t)
	out := w.must("ListInstances", object{})
	all := out["Instances"].([]any)
	if len(all) != 1 || out["NextToken"] != nil {
		t.Fatalf("the instances are %v", out)
	}
	i := all[0].(object)
	if i["Status"] != "ACTIVE" || i["OwnerAccountId"] != string(centerAccount) || i["CreatedDate"] == nil ||
		!regexp.MustCompile(`^d-[0-9a-f]{10}$`).MatchString(i["IdentityStoreId"].(string)) ||
		!regexp.MustCompile(`^arn:aws:sso:::instance/ssoins-[a-zA-Z0-9-.]{16}$`).MatchString(i["InstanceArn"].(string)) {
		t.Errorf("the instance is %v", i)
	}
	again := w.must("DescribeInstance", object{"InstanceArn": i["InstanceArn"]})
	if again["IdentityStoreId"] != i["IdentityStoreId"] {
		t.Errorf("listed %v, described %v", i, again)
	}
	w.refused("ListInstances", object{"NextToken": "bm90IG91cnM"}, "ValidationException")
}

func TestIdentityCase002_UnknownInstance(t *testing.T) {
	w := newCenterWorld(t)
	w.refused("DescribeInstance", object{"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"},
		"AccessDeniedException")
}

func TestIdentityCase003_BadInstanceARN(t *testing.T) {
	w := newCenterWorld(t)
	w.refused("DescribeInstance", object{"InstanceArn": "arn:aws:sso:::instance/x"}, "ValidationException")
}

func TestIdentityCase004_CreateApplication(t *testing.T) {
	w := newCenterWorld(t)
	out := w.must("CreateApplication",
		object{"InstanceArn": w.instance(), "ApplicationProviderArn": customProvider, "Name": "app", "Description": "d"})
	arn := out["ApplicationArn"].(string)
	if !regexp.MustCompile(`^arn:aws:sso::123456789012:application/ssoins-[a-zA-Z0-9-.]{16}/apl-[a-zA-Z0-9]{16}$`).
		MatchString(arn) {
		t.Errorf("the application is %s", arn)
	}
	if store, _ := out["IdentityStoreArn"].(string); !strings.HasPrefix(store,
		"arn:aws:identitystore::123456789012:identitystore/d-") {
		t.Errorf("the identity store is %v", out)
	}
	got := w.must("DescribeApplication", object{"ApplicationArn": arn})
	delete(got, "CreatedDate")
	want := object{
		"ApplicationArn":         arn,
		"ApplicationProviderArn": customProvider,
		"Name":                   "app",
		"Description":            "d",
		"ApplicationAccount":     "123456789012",
		"InstanceArn":            w.instance(),
		"IdentityStoreArn":       out["IdentityStoreArn"],
		"Status":                 "ENABLED",
		"CreatedFrom":            "us-east-1",
		"PortalOptions":          object{"Visibility": "ENABLED"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.refused("CreateApplication",
		object{"InstanceArn": w.instance(), "ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/s3", "Name": "x"},
		"ValidationException")
	w.refused("CreateApplication",
		object{
			"InstanceArn":            w.instance(),
			"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/none",
			"Name":                   "x",
		}, "ResourceNotFoundException")
	w.refused("CreateApplication",
		object{
			"InstanceArn":            "arn:aws:sso:::instance/ssoins-0123456789abcdef",
			"ApplicationProviderArn": customProvider,
			"Name":                   "x",
		}, "AccessDeniedException")
}

func TestIdentityCase005_SameTokenSameApplication(t *testing.T) {
	w := newCenterWorld(t)
	in := object{"InstanceArn": w.instance(), "ApplicationProviderArn": customProvider, "Name": "app", "ClientToken": "t1"}
	first, second := w.must("CreateApplication", in), w.must("CreateApplication", in)
	if first["ApplicationArn"] != second["ApplicationArn"] {
		t.Errorf("%v and %v", first, second)
	}
	if all := w.must("ListApplications", object{"InstanceArn": w.instance()})["Applications"].([]any); len(all) != 1 {
		t.Errorf("the applications are %v", all)
	}
}

func TestIdentityCase006_SameTokenOtherApplication(t *testing.T) {
	w := newCenterWorld(t)
	in := object{"InstanceArn": w.instance(), "ApplicationProviderArn": customProvider, "Name": "app", "ClientToken": "t1"}
	w.must("CreateApplication", in)
	in["Name"] = "other"
	if text := w.refused("CreateApplication", in, "ConflictException"); !strings.Contains(text,
		"IdempotentParameterMismatch") {
		t.Errorf("the text is %s", text)
	}
	issuer := issuerInput(w.instance(), "a", "https://a.example")
	issuer["ClientToken"] = "t2"
	if one, two := w.must("CreateTrustedTokenIssuer", issuer),
		w.must("CreateTrustedTokenIssuer", issuer); one["TrustedTokenIssuerArn"] != two["TrustedTokenIssuerArn"] {
		t.Errorf("%v and %v", one, two)
	}
	issuer["Name"] = "b"
	w.refused("CreateTrustedTokenIssuer", issuer, "ConflictException")
}

func TestIdentityCase007_SignInNeedsURL(t *testing.T) {
	w := newCenterWorld(t)
	in := object{
		"InstanceArn":            w.instance(),
		"ApplicationProviderArn": customProvider,
		"Name":                   "app",
		"PortalOptions":          object{"SignInOptions": object{"Origin": "APPLICATION"}},
	}
	w.refused("CreateApplication", in, "ValidationException")
	in["PortalOptions"] = object{"SignInOptions": object{
		"Origin":         "IDENTITY_CENTER",
		"ApplicationUrl": "https://app.example/",
	}}
	w.refused("CreateApplication", in, "ValidationException")
	in["PortalOptions"] = object{"SignInOptions": object{
		"Origin":         "APPLICATION",
		"ApplicationUrl": "https://app.example/",
	}, "Visibility": "DISABLED"}
	arn := w.must("CreateApplication", in)["ApplicationArn"]
	got := w.must("DescribeApplication", object{"ApplicationArn": arn})["PortalOptions"]
	if diff := cmp.Diff(in["PortalOptions"], got); diff != "" {
		t.Error(diff)
	}
	w.refused("UpdateApplication",
		object{"ApplicationArn": arn, "PortalOptions": object{"SignInOptions": object{"Origin": "APPLICATION"}}},
		"ValidationException")
}

func TestIdentityCase008_AssignmentIsRequired(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	if out := w.must("GetApplicationAssignmentConfiguration",
		object{"ApplicationArn": app}); out["AssignmentRequired"] != true {
		t.Errorf("the configuration is %v", out)
	}
	w.must("PutApplicationAssignmentConfiguration", object{"ApplicationArn": app, "AssignmentRequired": false})
	if out := w.must("GetApplicationAssignmentConfiguration",
		object{"ApplicationArn": app}); out["AssignmentRequired"] != false {
		t.Errorf("the configuration is %v", out)
	}
}

func TestIdentityCase009_GrantMustFitItsType(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	for name, in := range map[string]object{
		"another type": {"RefreshToken": object{}},
		"none":         {},
		"two":          {"RefreshToken": object{}, "JwtBearer": object{}},
		"no issuers":   {"JwtBearer": object{}},
		"an issuer without ARN": {"JwtBearer": object{
			"AuthorizedTokenIssuers": []any{object{"AuthorizedAudiences": []any{"a"}}},
		}},
		"no audiences": {"JwtBearer": object{
			"AuthorizedTokenIssuers": []any{
				object{"TrustedTokenIssuerArn": w.issuer("a", "https://a.example/"+fmt.Sprint(len(t.Name())))},
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused("PutApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer, "Grant": in},
				"ValidationException")
		})
	}
	for _, uri := range []string{"app.example/cb", "https://app.example/cb#x", "ftp://app.example",
		"https://u:p@app.example/"} {
		w.refused("PutApplicationGrant",
			object{
				"ApplicationArn": app,
				"GrantType":      "authorization_code",
				"Grant":          object{"AuthorizationCode": object{"RedirectUris": []any{uri}}},
			}, "ValidationException")
	}
	w.refused("PutApplicationGrant",
		object{"ApplicationArn": app, "GrantType": "authorization_code", "Grant": object{"AuthorizationCode": object{}}},
		"ValidationException")
	issuer := object{"TrustedTokenIssuerArn": w.issuer("b", "https://b.example"), "AuthorizedAudiences": []any{"a"}}
	w.refused("PutApplicationGrant",
		object{
			"ApplicationArn": app,
			"GrantType":      jwtBearer,
			"Grant":          object{"JwtBearer": object{"AuthorizedTokenIssuers": []any{issuer, issuer}}},
		},
		"ValidationException")
	if all := w.must("ListApplicationGrants", object{"ApplicationArn": app})["Grants"].([]any); len(all) != 0 {
		t.Errorf("the grants are %v", all)
	}
}

func bearer(issuer string, audiences ...any) object {
	return object{"JwtBearer": object{"AuthorizedTokenIssuers": []any{object{
		"TrustedTokenIssuerArn": issuer,
		"AuthorizedAudiences":   audiences,
	}}}}
}

func TestIdentityCase010_GrantOfUnknownIssuer(t *testing.T) {
	w := newCenterWorld(t)
	app, issuer := w.application("app"), w.issuer("a", "https://a.example")
	w.must("PutApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer, "Grant": bearer(issuer, "aud1")})
	unknown := issuer[:len(issuer)-4] + "0000"
	foreign := strings.Replace(issuer, "ssoins-", "ssoins-0", 1)
	foreign = foreign[:strings.Index(foreign, "/tti-")-1] + foreign[strings.Index(foreign, "/tti-"):]
	for _, arn := range []string{unknown, foreign, strings.Replace(issuer, "123456789012", "111122223333", 1)} {
		w.refused("PutApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer, "Grant": bearer(arn, "aud2")},
			"ResourceNotFoundException")
	}
	got := w.must("GetApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer})
	if diff := cmp.Diff(object{"Grant": bearer(issuer, "aud1")}, got); diff != "" {
		t.Error(diff)
	}
	w.must("PutApplicationGrant",
		object{"ApplicationArn": app, "GrantType": refreshToken, "Grant": object{"RefreshToken": object{}}})
	w.must("PutApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer, "Grant": bearer(issuer, "aud3")})
	all := w.must("ListApplicationGrants", object{"ApplicationArn": app})
	want := object{"Grants": []any{
		object{"GrantType": jwtBearer, "Grant": bearer(issuer, "aud3")},
		object{"GrantType": refreshToken, "Grant": object{"RefreshToken": object{}}},
	}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	w.must("DeleteApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer})
	w.refused("GetApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer}, "ResourceNotFoundException")
	w.refused("DeleteApplicationGrant", object{"ApplicationArn": app, "GrantType": jwtBearer}, "ResourceNotFoundException")
}

const s3Scope = "s3:access_grants:read_write"

func TestIdentityCase011_AccessScopeTwice(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	for range 2 {
		if out := w.must("PutApplicationAccessScope",
			object{"ApplicationArn": app, "Scope": s3Scope, "AuthorizedTargets": []any{app}}); len(out) != 0 {
			t.Errorf("it answers %v", out)
		}
	}
	got := w.must("ListApplicationAccessScopes", object{"ApplicationArn": app})
	if diff := cmp.Diff(object{"Scopes": []any{object{"Scope": s3Scope, "AuthorizedTargets": []any{app}}}},
		got); diff != "" {
		t.Error(diff)
	}
	w.must("DeleteApplicationAccessScope", object{"ApplicationArn": app, "Scope": s3Scope})
	w.refused("GetApplicationAccessScope", object{"ApplicationArn": app, "Scope": s3Scope}, "ResourceNotFoundException")
}

func TestIdentityCase012_ScopeOfFourParts(t *testing.T) {
	w := newCenterWorld(t)
	w.refused("PutApplicationAccessScope", object{"ApplicationArn": w.application("app"), "Scope": "a:b:c:d"},
		"ValidationException")
}

// actors is an actor policy for a principal.
func actors(principal object) object {
	return object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": principal, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*",
	}}}
}

func method(policy any) object { return object{"Iam": object{"ActorPolicy": policy}} }

func TestIdentityCase013_ActorPolicyWithoutAnElement(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	change := func(name string, value any) object {
		p := actors(object{"AWS": "123456789012"})
		s := p["Statement"].([]any)[0].(object)
		if value == nil {
			delete(s, name)
		} else {
			s[name] = value
		}
		return p
	}
	for name, policy := range map[string]any{
		"no resource":           change("Resource", nil),
		"no principal":          change("Principal", nil),
		"no action":             change("Action", nil),
		"no effect":             change("Effect", nil),
		"a resource of others":  change("Resource", "arn:aws:s3:::lake"),
		"an action of others":   change("Action", "s3:GetObject"),
		"every action":          change("Action", "*"),
		"an unknown principal":  change("Principal", object{"AWS": "arn:aws:iam::123456789012:role/none"}),
		"an unknown element":    change("Extra", "x"),
		"no statement":          object{"Version": "2012-10-17"},
		"a policy in a string":  `{"Version":"2012-10-17"}`,
		"a list":                []any{},
		"a long one":            change("Sid", strings.Repeat("x", 21_000)),
		"an unreadable version": object{"Version": "2013", "Statement": actors(object{"AWS": "123456789012"})["Statement"]},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused("PutApplicationAuthenticationMethod",
				object{"ApplicationArn": app, "AuthenticationMethodType": "IAM", "AuthenticationMethod": method(policy)},
				"ValidationException")
		})
	}
	w.refused("PutApplicationAuthenticationMethod",
		object{"ApplicationArn": app, "AuthenticationMethodType": "IAM", "AuthenticationMethod": object{}},
		"ValidationException")
	w.refused("GetApplicationAuthenticationMethod", object{"ApplicationArn": app, "AuthenticationMethodType": "IAM"},
		"ResourceNotFoundException")
}

func TestAnActorPolicyHasKnownKeys(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	put := func(key string) object {
		p := actors(object{"AWS": "123456789012"})
		p["Statement"].([]any)[0].(object)["Condition"] = object{"StringEquals": object{key: "x"}}
		return object{"ApplicationArn": app, "AuthenticationMethodType": "IAM", "AuthenticationMethod": method(p)}
	}
	for _, key := range []string{"aws:SorceIp", "s3:nokey", "kms:ViaService"} {
		w.refused("PutApplicationAuthenticationMethod", put(key), "ValidationException")
	}
	for _, key := range []string{"aws:PrincipalOrgID", "identitystore:UserId", "idp.example.org:sub"} {
		w.must("PutApplicationAuthenticationMethod", put(key))
	}
}

func TestIdentityCase014_ActorPolicyComesBackAsAnObject(t *testing.T) {
	w := newCenterWorld(t)
	app := w.application("app")
	w.user("actor", allow("s3:ListBucket"))
	policy := actors(object{"AWS": []any{"arn:aws:iam::123456789012:user/actor", "123456789012"}})
	policy["Statement"].([]any)[0].(object)["Condition"] = object{
		"Bool":            object{"aws:SecureTransport": true},
		"NumericLessThan": object{"aws:EpochTime": float64(4102444800)},
	}
	w.must("PutApplicationAuthenticationMethod",
		object{"ApplicationArn": app, "AuthenticationMethodType": "IAM", "AuthenticationMethod": method(policy)})
	got := w.must("GetApplicationAuthenticationMethod", object{"ApplicationArn": app, "AuthenticationMethodType": "IAM"})
	if diff := cmp.Diff(object{"AuthenticationMethod": method(policy)}, got); diff != "" {
		t.Error(diff)
	}
	list := w.must("ListApplicationAuthenticationMethods", object{"ApplicationArn": app})
	want := object{"AuthenticationMethods": []any{object{
		"AuthenticationMethodType": "IAM",
		"AuthenticationMethod":     method(policy),
	}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	snap, err := w.Engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	// What decides names the user by its immutable id: a user made anew under the name is a stranger.
	doc, err := snap.ActorPolicy(app)
	if err != nil || doc == nil {
		t.Fatal(doc, err)
	}
	id := snap.UserByName(centerAccount, "actor").ID
	if diff := cmp.Diff([]string{id, "arn:aws:iam::123456789012:root"}, doc.Principals()); diff != "" {
		t.Error(diff)
	}
	w.must("DeleteApplicationAuthenticationMethod", object{"ApplicationArn": app, "AuthenticationMethodType": "IAM"})
	w.refused("DeleteApplicationAuthenticationMethod", object{"ApplicationArn": app, "AuthenticationMethodType": "IAM"},
		"ResourceNotFoundException")
}

func TestIdentityCase015_QuotaOfIssuers(t *testing.T) {
	w := newCenterWorld(t)
	for i := range 10 {
		w.issuer(fmt.Sprint("i", i), fmt.Sprint("https://", i, ".example"))
	}
	in := issuerInput(w.instance(), "more", "https://more.example")
	w.refused("CreateTrustedTokenIssuer", in, "ServiceQuotaExceededException")
	w.Quotas.TokenIssuers = 11
	w.must("CreateTrustedTokenIssuer", in)
	w.Quotas.Applications, w.Quotas.AccessScopes = 1, 1
	app := w.application("app")
	w.refused("CreateApplication",
		object{"InstanceArn": w.instance(), "ApplicationProviderArn": customProvider, "Name": "two"},
		"ServiceQuotaExceededException")
	w.must("PutApplicationAccessScope", object{"ApplicationArn": app, "Scope": "a"})
	w.refused("PutApplicationAccessScope", object{"ApplicationArn": app, "Scope": "b"}, "ServiceQuotaExceededException")
}

func TestIdentityCase016_UpdateIssuer(t *testing.T) {
	w := newCenterWorld(t)
	arn := w.issuer("a", "https://a.example/tenant")
	w.must("UpdateTrustedTokenIssuer",
		object{"TrustedTokenIssuerArn": arn, "Name": "b", "TrustedTokenIssuerConfiguration": object{
			"OidcJwtConfiguration": object{"ClaimAttributePath": "sub", "IdentityStoreAttributePath": "userName"},
		}})
	got := w.must("DescribeTrustedTokenIssuer", object{"TrustedTokenIssuerArn": arn})
	want := object{
		"TrustedTokenIssuerArn":  arn,
		"Name":                   "b",
		"TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": object{
			"OidcJwtConfiguration": object{
				"IssuerUrl":                  "https://a.example/tenant",
				"ClaimAttributePath":         "sub",
				"IdentityStoreAttributePath": "userName",
				"JwksRetrievalOption":        "OPEN_ID_DISCOVERY",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.refused("UpdateTrustedTokenIssuer", object{"TrustedTokenIssuerArn": arn, "TrustedTokenIssuerConfiguration": object{
		"OidcJwtConfiguration": object{"IdentityStoreAttributePath": "title"},
	}}, "ValidationException")
	w.must("DeleteTrustedTokenIssuer", object{"TrustedTokenIssuerArn": arn})
	w.refused("DescribeTrustedTokenIssuer", object{"TrustedTokenIssuerArn": arn}, "ResourceNotFoundException")
	if again := w.issuer("a", "https://a.example/tenant"); again == arn {
		t.Error("an issuer made anew is the old one")
	}
}

func TestIdentityCase017_IssuerOfAnotherAttribute(t *testing.T) {
	w := newCenterWorld(t)
	for name, c := range map[string]struct{ member, value, code string }{
		"an attribute that is not unique": {"IdentityStoreAttributePath", "title", "ValidationException"},
		"no issuer":                       {"IssuerUrl", "https:///x", "ValidationException"},
		"an issuer with a user":           {"IssuerUrl", "https://me@a.example", "ValidationException"},
		"the address of its document": {"IssuerUrl", "https://a.example/.well-known/openid-configuration",
			"ValidationException"},
		"a claim that is no path": {"ClaimAttributePath", "a b", "ValidationException"},
		"an issuer that is there": {"IssuerUrl", "https://taken.example", "ConflictException"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCenterWorld(t)
			w.issuer("taken", "https://taken.example")
			in := issuerInput(w.instance(), "a", "https://a.example")
			in["TrustedTokenIssuerConfiguration"].(object)["OidcJwtConfiguration"].(object)[c.member] = c.value
			w.refused("CreateTrustedTokenIssuer", in, c.code)
		})
	}
	if all := w.must("ListTrustedTokenIssuers",
		object{"InstanceArn": w.instance()})["TrustedTokenIssuers"].([]any); len(all) != 0 {
		t.Errorf("the issuers are %v", all)
	}
}

func TestIdentityCase018_PagesOfScopes(t *testing.T) {
	w := newCenterWorld(t)
	app, other := w.application("app"), w.application("other")
	for i := range 12 {
		w.must("PutApplicationAccessScope", object{"ApplicationArn": app, "Scope": fmt.Sprint("scope", i)})
	}
	first := w.must("ListApplicationAccessScopes", object{"ApplicationArn": app})
	token, _ := first["NextToken"].(string)
	if len(first["Scopes"].([]any)) != 10 || token == "" {
		t.Fatalf("the first page is %v", first)
	}
	second := w.must("ListApplicationAccessScopes", object{"ApplicationArn": app, "NextToken": token})
	if len(second["Scopes"].([]any)) != 2 || second["NextToken"] != nil {
		t.Errorf("the second page is %v", second)
	}
	w.refused("ListApplicationAccessScopes", object{"ApplicationArn": other, "NextToken": token}, "ValidationException")
}
