package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"latchkey/internal/control/controltest"
	"latchkey/internal/directory"
	"latchkey/internal/store"
)

// everyCall has a call of each operation that must give a caller without permission nothing, though everything that it
// names exists.
func (w *centerWorld) everyCall() map[string]object {
	app, issuer, i, user := w.application("app"), w.issuer("a", "https://a.example"), w.instance(), w.person("u")
	who := object{"ApplicationArn": app, "PrincipalId": user, "PrincipalType": "USER"}
	grant := object{"ApplicationArn": app, "GrantType": refreshToken}
	method1 := object{"ApplicationArn": app, "AuthenticationMethodType": "IAM"}
	scope := object{"ApplicationArn": app, "Scope": s3Scope}
	with := func(in object, more object) object {
		out := object{}
		for _, m := range []object{in, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	return map[string]object{
		"ListInstances":                          {},
		"DescribeInstance":                       {"InstanceArn": i},
		"CreateInstance":                         {},
		"UpdateInstance":                         {"InstanceArn": i, "Name": "n"},
		"DeleteInstance":                         {"InstanceArn": i},
		"CreateApplication":                      {"InstanceArn": i, "ApplicationProviderArn": customProvider, "Name": "n"},
		"DescribeApplication":                    {"ApplicationArn": app},
		"UpdateApplication":                      {"ApplicationArn": app, "Status": "DISABLED"},
		"DeleteApplication":                      {"ApplicationArn": app},
		"ListApplications":                       {"InstanceArn": i},
		"ListApplicationProviders":               {},
		"DescribeApplicationProvider":            {"ApplicationProviderArn": customProvider},
		"CreateApplicationAssignment":            who,
		"DescribeApplicationAssignment":          who,
		"DeleteApplicationAssignment":            who,
		"ListApplicationAssignments":             {"ApplicationArn": app},
		"ListApplicationAssignmentsForPrincipal": {"InstanceArn": i, "PrincipalId": user, "PrincipalType": "USER"},
		"PutApplicationAssignmentConfiguration":  {"ApplicationArn": app, "AssignmentRequired": false},
		"GetApplicationAssignmentConfiguration":  {"ApplicationArn": app},
		"PutApplicationGrant":                    with(grant, object{"Grant": object{"RefreshToken": object{}}}),
		"GetApplicationGrant":                    grant,
		"DeleteApplicationGrant":                 grant,
		"ListApplicationGrants":                  {"ApplicationArn": app},
		"PutApplicationAuthenticationMethod": with(method1,
			object{"AuthenticationMethod": method(actors(object{"AWS": "123456789012"}))}),
		"GetApplicationAuthenticationMethod":    method1,
		"DeleteApplicationAuthenticationMethod": method1,
		"ListApplicationAuthenticationMethods":  {"ApplicationArn": app},
		"PutApplicationAccessScope":             scope,
		"GetApplicationAccessScope":             scope,
		"DeleteApplicationAccessScope":          scope,
		"ListApplicationAccessScopes":           {"ApplicationArn": app},
		"CreateTrustedTokenIssuer":              issuerInput(i, "b", "https://b.example"),
		"DescribeTrustedTokenIssuer":            {"TrustedTokenIssuerArn": issuer},
		"UpdateTrustedTokenIssuer":              {"TrustedTokenIssuerArn": issuer, "Name": "n"},
		"DeleteTrustedTokenIssuer":              {"TrustedTokenIssuerArn": issuer},
		"ListTrustedTokenIssuers":               {"InstanceArn": i},
		"TagResource":                           {"ResourceArn": app, "Tags": []any{object{"Key": "k", "Value": "v"}}},
		"UntagResource":                         {"ResourceArn": app, "TagKeys": []any{"k"}},
		"ListTagsForResource":                   {"ResourceArn": app},
		"ListRegions":                           {"InstanceArn": i},
		"DescribeRegion":                        {"InstanceArn": i, "RegionName": "us-east-1"},
		"AddRegion":                             {"InstanceArn": i, "RegionName": "eu-west-1"},
		"RemoveRegion":                          {"InstanceArn": i, "RegionName": "eu-west-1"},
		"PutApplicationSessionConfiguration":    {"ApplicationArn": app, "UserBackgroundSessionApplicationStatus": "ENABLED"},
		"GetApplicationSessionConfiguration":    {"ApplicationArn": app},
	}
}

func TestEverySSOAdminOperationAsksForItsPermission(t *testing.T) {
	w := newCenterWorld(t)
	calls := w.everyCall()
	if len(calls) != 45 {
		t.Fatalf("%d operations are tried", len(calls))
	}
	w.user("bob", allow("s3:ListBucket"))
	for op, in := range calls {
		if text := w.refusedTo("bob", op, in, "AccessDeniedException"); !strings.Contains(text,
			"not authorized to perform: sso:"+op+" on resource") {
			t.Errorf("%s: %s", op, text)
		}
	}
	w.policy("bob", allow("sso:*"))
	if status, out := w.sso("bob", "DescribeApplication", calls["DescribeApplication"]); status != 200 {
		t.Fatal(out)
	}
}

func TestPermissionsOnOneResource(t *testing.T) {
	w := newCenterWorld(t)
	mine, other := w.application("mine"), w.application("other")
	w.must("TagResource", object{"ResourceArn": mine, "Tags": []any{object{"Key": "team", "Value": "data"}}})
	for name, document := range map[string]string{
		"by ARN": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:*","Resource":"` + mine + `"}}`,
		"by tag": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:*","Resource":"*",` +
			`"Condition":{"StringEquals":{"aws:ResourceTag/team":"data"}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			who := strings.ReplaceAll(name, " ", "-")
			w.user(who, document)
			if status, out := w.sso(who, "DescribeApplication", object{"ApplicationArn": mine}); status != 200 {
				t.Fatal(out)
			}
			w.refusedTo(who, "DescribeApplication", object{"ApplicationArn": other}, "AccessDeniedException")
			w.refusedTo(who, "ListApplications", object{"InstanceArn": w.instance()}, "AccessDeniedException")
		})
	}
	t.Run("an application of a provider", func(t *testing.T) {
		i := w.instance()
		w.user("maker", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:CreateApplication","Resource":"`+
			i+`"}}`)
		in := object{"InstanceArn": i, "ApplicationProviderArn": customProvider, "Name": "n"}
		if text := w.refusedTo("maker", "CreateApplication", in, "AccessDeniedException"); !strings.Contains(text,
			customProvider) {
			t.Error(text)
		}
		w.policy("maker",
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:CreateApplication","Resource":["`+i+`","`+
				customProvider+`"]}}`)
		if status, out := w.sso("maker", "CreateApplication", in); status != 200 {
			t.Error(out)
		}
	})
	t.Run("tags that may be set", func(t *testing.T) {
		w.user("tagger",
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sso:TagResource","Resource":"*",`+
				`"Condition":{"StringEquals":{"aws:RequestTag/team":"web"}}}}`)
		if status, out := w.sso("tagger", "TagResource",
			object{"ResourceArn": mine, "Tags": []any{object{"Key": "team", "Value": "web"}}}); status != 200 {
			t.Fatal(out)
		}
		w.refusedTo("tagger", "TagResource",
			object{"ResourceArn": mine, "Tags": []any{object{"Key": "team", "Value": "ops"}}}, "AccessDeniedException")
	})
}

func TestWhatBelongsToAnotherAccount(t *testing.T) {
	w := newCenterWorld(t)
	app, issuer, instance := w.application("app"), w.issuer("a", "https://a.example"), w.instance()
	_, key, err := w.api.Principals.CreateAccount(t.Context(), controltest.Operator(t, w.Control, centerAccount),
		"111122223333", "other")
	if err != nil {
		t.Fatal(err)
	}
	w.keys["other"] = keysOf(key)
	// A caller cannot choose the account by an ARN: an id of another account finds nothing.
	w.refusedTo("other", "DescribeApplication",
		object{"ApplicationArn": strings.Replace(app, "123456789012", "111122223333", 1)}, "ResourceNotFoundException")
	w.refusedTo("other", "DescribeTrustedTokenIssuer",
		object{"TrustedTokenIssuerArn": strings.Replace(issuer, "123456789012", "111122223333", 1)},
		"ResourceNotFoundException")
	for op, in := range map[string]object{
		"DescribeInstance":           {"InstanceArn": instance},
		"DeleteInstance":             {"InstanceArn": instance},
		"ListApplications":           {"InstanceArn": instance},
		"DescribeApplication":        {"ApplicationArn": app},
		"DeleteApplication":          {"ApplicationArn": app},
		"DescribeTrustedTokenIssuer": {"TrustedTokenIssuerArn": issuer},
		"DeleteTrustedTokenIssuer":   {"TrustedTokenIssuerArn": issuer},
		"ListTagsForResource":        {"ResourceArn": app},
		"CreateApplication":          {"InstanceArn": instance, "ApplicationProviderArn": customProvider, "Name": "x"},
	} {
		w.refusedTo("other", op, in, "AccessDeniedException")
	}
	if status, out := w.sso("other", "ListInstances", object{}); status != 200 ||
		out["Instances"].([]any)[0].(object)["InstanceArn"] == instance {
		t.Errorf("the other account's instance: %d %v", status, out)
	}
}

func TestAssignments(t *testing.T) {
	w := newCenterWorld(t)
	app, other := w.application("app"), w.application("other")
	alice, team := w.person("alice"), w.team("team")
	for range 2 { // what is assigned stays so
		w.must("CreateApplicationAssignment", object{"ApplicationArn": app, "PrincipalId": alice, "PrincipalType": "USER"})
	}
	w.must("CreateApplicationAssignment", object{"ApplicationArn": app, "PrincipalId": team, "PrincipalType": "GROUP"})
	w.must("CreateApplicationAssignment", object{"ApplicationArn": other, "PrincipalId": alice, "PrincipalType": "USER"})
	w.refused("CreateApplicationAssignment", object{"ApplicationArn": app, "PrincipalId": alice, "PrincipalType": "GROUP"},
		"ResourceNotFoundException")
	elsewhere := &directory.User{
		ID:          directory.UserID(uuid.NewString()),
		Store:       "d-0000000000",
		UserName:    "bob",
		DisplayName: "bob",
	}
	w.store(func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, elsewhere) })
	w.refused("CreateApplicationAssignment",
		object{"ApplicationArn": app, "PrincipalId": elsewhere.ID, "PrincipalType": "USER"}, "ResourceNotFoundException")
	w.refused("CreateApplicationAssignment",
		object{"ApplicationArn": app, "PrincipalId": "11111111-1111-4111-8111-111111111111", "PrincipalType": "USER"},
		"ResourceNotFoundException")

	entry := func(app, id, kind string) object {
		return object{"ApplicationArn": app, "PrincipalId": id, "PrincipalType": kind}
	}
	first := w.must("ListApplicationAssignments", object{"ApplicationArn": app, "MaxResults": 1})
	second := w.must("ListApplicationAssignments",
		object{"ApplicationArn": app, "MaxResults": 1, "NextToken": first["NextToken"]})
	got := append(first["ApplicationAssignments"].([]any), second["ApplicationAssignments"].([]any)...)
	if diff := cmp.Diff([]any{entry(app, alice, "USER"), entry(app, team, "GROUP")}, got); diff != "" ||
		second["NextToken"] != nil {
		t.Error(diff, second)
	}
	in := object{"InstanceArn": w.instance(), "PrincipalId": alice, "PrincipalType": "USER"}
	if diff := cmp.Diff([]any{entry(app, alice, "USER"), entry(other, alice, "USER")},
		w.must("ListApplicationAssignmentsForPrincipal", in)["ApplicationAssignments"]); diff != "" {
		t.Error(diff)
	}
	in["Filter"] = object{"ApplicationArn": other}
	if diff := cmp.Diff([]any{entry(other, alice, "USER")},
		w.must("ListApplicationAssignmentsForPrincipal", in)["ApplicationAssignments"]); diff != "" {
		t.Error(diff)
	}
	w.must("DescribeApplicationAssignment", entry(app, alice, "USER"))
	w.must("DeleteApplicationAssignment", entry(app, alice, "USER"))
	w.refused("DescribeApplicationAssignment", entry(app, alice, "USER"), "ResourceNotFoundException")
	w.refused("DeleteApplicationAssignment", entry(app, alice, "USER"), "ResourceNotFoundException")

	w.Quotas.AssignedGroups = 1
	w.refused("CreateApplicationAssignment",
		object{"ApplicationArn": app, "PrincipalId": w.team("second"), "PrincipalType": "GROUP"},
		"ServiceQuotaExceededException")
	w.must("DeleteApplication", object{"ApplicationArn": app})
	w.refused("ListApplicationAssignments", object{"ApplicationArn": app}, "ResourceNotFoundException")
	delete(in, "Filter")
	in["PrincipalId"], in["PrincipalType"] = team, "GROUP"
	if all := w.must("ListApplicationAssignmentsForPrincipal", in)["ApplicationAssignments"].([]any); len(all) != 0 {
		t.Errorf("assignments of an application that is gone: %v", all)
	}
}

func TestUpdateAndListApplications(t *testing.T) {
	w := newCenterWorld(t)
	i := w.instance()
	var want []string
	for n := range 52 {
		want = append(want, w.application(fmt.Sprint("app", n)))
	}
	var got []string
	in := object{"InstanceArn": i, "MaxResults": 100}
	for page := 0; ; page++ {
		out := w.must("ListApplications", in)
		for _, a := range out["Applications"].([]any) {
			got = append(got, a.(object)["ApplicationArn"].(string))
		}
		if out["NextToken"] == nil {
			if page != 1 {
				t.Errorf("%d pages", page+1)
			}
			break
		}
		in["NextToken"] = out["NextToken"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for filter, n := range map[string]int{"111122223333": 0, "123456789012": 50} {
		out := w.must("ListApplications", object{"InstanceArn": i, "Filter": object{"ApplicationAccount": filter}})
		if len(out["Applications"].([]any)) != n {
			t.Errorf("%s: %d applications", filter, len(out["Applications"].([]any)))
		}
	}
	w.must("UpdateApplication", object{"ApplicationArn": want[0], "Name": "new", "Description": "d", "Status": "DISABLED",
		"PortalOptions": object{"SignInOptions": object{"Origin": "IDENTITY_CENTER"}}})
	out := w.must("DescribeApplication", object{"ApplicationArn": want[0]})
	if out["Name"] != "new" || out["Description"] != "d" || out["Status"] != "DISABLED" ||
		out["PortalOptions"].(object)["SignInOptions"].(object)["Origin"] != "IDENTITY_CENTER" {
		t.Errorf("the application is %v", out)
	}
}

func TestTagsOfIdentityCenter(t *testing.T) {
	w := newCenterWorld(t)
	app, issuer, instance := w.application("app"), w.issuer("a", "https://a.example"), w.instance()
	for _, arn := range []string{app, issuer, instance} {
		w.must("TagResource", object{
			"ResourceArn": arn,
			"InstanceArn": instance,
			"Tags":        []any{object{"Key": "a", "Value": "1"}, object{"Key": "b", "Value": "2"}},
		})
		w.must("TagResource", object{"ResourceArn": arn, "Tags": []any{object{"Key": "a", "Value": "3"}}})
		w.must("UntagResource", object{"ResourceArn": arn, "TagKeys": []any{"b", "c"}})
		got := w.must("ListTagsForResource", object{"ResourceArn": arn})
		if diff := cmp.Diff(object{"Tags": []any{object{"Key": "a", "Value": "3"}}}, got); diff != "" {
			t.Error(diff)
		}
	}
	w.refused("TagResource",
		object{"ResourceArn": app, "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef", "Tags": []any{}},
		"ValidationException")
	w.refused("TagResource", object{"ResourceArn": app, "Tags": []any{object{"Key": "aws:x", "Value": "1"}}},
		"ValidationException")
	w.refused("TagResource", object{"ResourceArn": instance + "x", "Tags": []any{}}, "ValidationException")
	w.Quotas.Tags = 1
	w.refused("TagResource", object{"ResourceArn": app, "Tags": []any{object{"Key": "b", "Value": "1"}}},
		"ServiceQuotaExceededException")
}

func TestInstanceIsDeletedAndMadeAnew(t *testing.T) {
	w := newCenterWorld(t)
	first := w.must("DescribeInstance", object{"InstanceArn": w.instance()})
	old := first["InstanceArn"].(string)
	app, issuer, alice := w.application("app"), w.issuer("a", "https://a.example"), w.person("alice")
	w.refused("CreateInstance", object{"Name": "second"}, "ConflictException")
	w.must("UpdateInstance", object{"InstanceArn": old, "Name": "ours"})
	if out := w.must("DescribeInstance", object{"InstanceArn": old}); out["Name"] != "ours" ||
		out["IdentityStoreId"] != first["IdentityStoreId"] {
		t.Errorf("the instance is %v", out)
	}
	w.refused("UpdateInstance",
		object{"InstanceArn": old, "EncryptionConfiguration": object{"KeyType": "CUSTOMER_MANAGED_KEY"}},
		"ValidationException")

	for range 2 { // deleting is idempotent
		w.must("DeleteInstance", object{"InstanceArn": old})
	}
	if all := w.must("ListInstances", object{})["Instances"].([]any); len(all) != 0 {
		t.Errorf("the instances are %v", all)
	}
	w.refused("DescribeInstance", object{"InstanceArn": old}, "AccessDeniedException")
	in := object{"Name": "new", "ClientToken": "t"}
	made := w.must("CreateInstance", in)["InstanceArn"]
	if again := w.must("CreateInstance", in)["InstanceArn"]; again != made || made == old {
		t.Errorf("%v, %v and %v", old, made, again)
	}
	in["Name"] = "other"
	w.refused("CreateInstance", in, "ConflictException")
	if out := w.must("DescribeInstance", object{"InstanceArn": made}); out["IdentityStoreId"] == first["IdentityStoreId"] {
		t.Error("the new instance has the old identity store")
	}
	w.refused("DescribeApplication", object{"ApplicationArn": app}, "ResourceNotFoundException")
	w.refused("DescribeTrustedTokenIssuer", object{"TrustedTokenIssuerArn": issuer}, "ResourceNotFoundException")
	w.refused("CreateApplicationAssignment",
		object{"ApplicationArn": w.application("new"), "PrincipalId": alice, "PrincipalType": "USER"},
		"ResourceNotFoundException")
}

func TestApplicationProviders(t *testing.T) {
	w := newCenterWorld(t)
	all := w.must("ListApplicationProviders", object{})["ApplicationProviders"].([]any)
	if len(all) != 2 {
		t.Fatalf("the providers are %v", all)
	}
	for _, p := range all {
		one := w.must("DescribeApplicationProvider", object{"ApplicationProviderArn": p.(object)["ApplicationProviderArn"]})
		if diff := cmp.Diff(p, any(one)); diff != "" {
			t.Error(diff)
		}
	}
	s3 := all[1].(object)["ResourceServerConfig"].(object)["Scopes"].(object)
	if s3[s3Scope] == nil {
		t.Errorf("S3's scopes are %v", s3)
	}
	w.refused("DescribeApplicationProvider", object{"ApplicationProviderArn": customProvider + "-saml"},
		"ResourceNotFoundException")
}
