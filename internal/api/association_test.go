package api

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/bucket"
	"latchkey/internal/control/controltest"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/sso"
	"latchkey/internal/store"
)

const (
	instancePath = "/accessgrantsinstance"
	centerPath   = "/accessgrantsinstance/identitycenter"
	grantPath    = "/accessgrantsinstance/grant"
)

func associateBody(arn string) string {
	return `<AssociateAccessGrantsIdentityCenterRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">` +
		`<IdentityCenterArn>` + arn + `</IdentityCenterArn></AssociateAccessGrantsIdentityCenterRequest>`
}

func createInstanceBody(arn string) string {
	return `<CreateAccessGrantsInstanceRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">` +
		`<IdentityCenterArn>` + arn + `</IdentityCenterArn></CreateAccessGrantsInstanceRequest>`
}

// arns are what an answer says of the association.
type arns struct {
	IdentityCenterArn, IdentityCenterInstanceArn, IdentityCenterApplicationArn string
}

func (w *centerWorld) association(answer string) (a arns) {
	w.t.Helper()
	if err := xml.Unmarshal([]byte(answer), &a); err != nil {
		w.t.Fatalf("%s: %v", answer, err)
	}
	return a
}

// lake makes a bucket, an instance without association, a role that the service may assume, and a location on the
// whole bucket whose id it returns.
func (w *centerWorld) lake() string {
	w.t.Helper()
	w.s3Must(http.MethodPost, instancePath, "")
	w.store(func(tx *store.Tx) error {
		return store.Buckets.Insert(tx,
			&bucket.Bucket{Name: "lake", Account: centerAccount, Region: controltest.Region, Created: tx.Now()})
	})
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},` +
		`"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"]}]}`
	w.iam("CreateRole&RoleName=location&AssumeRolePolicyDocument=" + queryEscape(trust))
	w.iam("PutRolePolicy&RoleName=location&PolicyName=p&PolicyDocument=" + queryEscape(allow("s3:*")))
	out := w.s3Must(http.MethodPost, "/accessgrantsinstance/location",
		`<CreateAccessGrantsLocationRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">`+
			`<LocationScope>s3://lake/</LocationScope><IAMRoleArn>arn:aws:iam::123456789012:role/location</IAMRoleArn>`+
			`</CreateAccessGrantsLocationRequest>`)
	return element(w.t, out, "AccessGrantsLocationId")
}

func grantBody(location, kind, id, prefix, application string) string {
	if application != "" {
		application = "<ApplicationArn>" + application + "</ApplicationArn>"
	}
	return `<CreateAccessGrantRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><AccessGrantsLocationId>` +
		location +
		`</AccessGrantsLocationId><AccessGrantsLocationConfiguration><S3SubPrefix>` + prefix +
		`</S3SubPrefix></AccessGrantsLocationConfiguration><Grantee><GranteeType>` +
		kind + `</GranteeType><GranteeIdentifier>` + id + `</GranteeIdentifier></Grantee><Permission>READ</Permission>` +
		application + `</CreateAccessGrantRequest>`
}

func TestCase014_AssociatedInstanceIsNotDeleted(t *testing.T) {
	w := newCenterWorld(t)
	answer := w.s3Must(http.MethodPost, instancePath, createInstanceBody(w.instance()))
	got := w.association(answer)
	if got.IdentityCenterInstanceArn != w.instance() || got.IdentityCenterApplicationArn == "" ||
		got.IdentityCenterArn != got.IdentityCenterApplicationArn {
		t.Errorf("the association is %+v", got)
	}
	w.s3Refused("root", http.MethodDelete, instancePath, "", 400, "InvalidRequest")
	w.s3Must(http.MethodGet, instancePath, "")
	w.refused("DeleteInstance", object{"InstanceArn": w.instance()}, "ConflictException")
}

func TestCase040_DirectoryGranteeWithoutAssociation(t *testing.T) {
	w := newCenterWorld(t)
	location, alice := w.lake(), w.person("alice")
	w.s3Refused("root", http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", alice, "a/*", ""), 400,
		"InvalidRequest")
	w.s3Must(http.MethodPost, centerPath, associateBody(w.instance()))
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", alice, "a/*", ""))
	w.s3Must(http.MethodDelete, centerPath, "")
	w.s3Refused("root", http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", alice, "b/*", ""), 400,
		"InvalidRequest")
}

func TestCase110_Associate(t *testing.T) {
	w := newCenterWorld(t)
	w.s3Must(http.MethodPost, instancePath, "")
	if body := w.s3Must(http.MethodPost, centerPath, associateBody(w.instance())); body != "" {
		t.Errorf("it answers %s", body)
	}
	got := w.association(w.s3Must(http.MethodGet, instancePath, ""))
	if got.IdentityCenterInstanceArn != w.instance() || got.IdentityCenterArn != got.IdentityCenterApplicationArn {
		t.Errorf("the association is %+v", got)
	}
	w.s3Refused("root", http.MethodPost, centerPath, associateBody(w.instance()), 400, "InvalidRequest")

	all := w.must("ListApplications",
		object{"InstanceArn": w.instance(), "Filter": object{"ApplicationProvider": sso.S3Provider}})["Applications"].([]any)
	if len(all) != 1 {
		t.Fatalf("the applications are %v", all)
	}
	app := all[0].(object)
	if app["ApplicationArn"] != got.IdentityCenterApplicationArn || app["Name"] != "S3AccessGrants-us-east-1" ||
		app["Status"] != "ENABLED" || app["CreatedFrom"] != "us-east-1" {
		t.Errorf("S3's application is %v", app)
	}
	arn := object{"ApplicationArn": got.IdentityCenterApplicationArn}
	w.refused("DeleteApplication", arn, "ConflictException")
	for op, in := range map[string]object{
		"PutApplicationGrant": {"GrantType": refreshToken, "Grant": object{"RefreshToken": object{}}},
		"PutApplicationAuthenticationMethod": {
			"AuthenticationMethodType": "IAM",
			"AuthenticationMethod":     method(actors(object{"AWS": "123456789012"})),
		},
		"DeleteApplicationAuthenticationMethod": {"AuthenticationMethodType": "IAM"},
		"PutApplicationAccessScope":             {"Scope": "a"},
		"PutApplicationAssignmentConfiguration": {"AssignmentRequired": false},
		"UpdateApplication":                     {"Name": "mine"},
	} {
		in["ApplicationArn"] = arn["ApplicationArn"]
		w.refused(op, in, "ValidationException")
	}
	var told bool
	for _, e := range w.Records(t) {
		told = told || e.EventName == "CreateApplication" && e.UserIdentity.InvokedBy == "access-grants.s3.amazonaws.com"
	}
	if !told {
		t.Error("no record tells of S3's application")
	}
}

func TestCase111_AssociateUnknown(t *testing.T) {
	w := newCenterWorld(t)
	_, key, err := w.api.Principals.CreateAccount(t.Context(), controltest.Operator(t, w.Control, centerAccount),
		"111122223333", "other")
	if err != nil {
		t.Fatal(err)
	}
	w.keys["other"] = keysOf(key)
	_, theirs := w.sso("other", "ListInstances", object{})
	foreign := theirs["Instances"].([]any)[0].(object)["InstanceArn"].(string)
	for _, arn := range []string{foreign, "arn:aws:sso:::instance/ssoins-0123456789abcdef", "arn:aws:sso:::instance/x",
		strings.Replace(w.instance(), "arn:aws:", "arn:aws-cn:", 1)} {
		w.s3Refused("root", http.MethodPost, instancePath, createInstanceBody(arn), 400, "InvalidIdentityCenterInstance")
	}
	w.s3Must(http.MethodPost, instancePath, "")
	w.s3Refused("root", http.MethodPost, centerPath, associateBody(foreign), 400, "InvalidIdentityCenterInstance")
	if all := w.must("ListApplications", object{"InstanceArn": w.instance()})["Applications"].([]any); len(all) != 0 {
		t.Errorf("what was refused left %v", all)
	}
}

func TestCase112_Dissociate(t *testing.T) {
	w := newCenterWorld(t)
	w.s3Must(http.MethodPost, instancePath, createInstanceBody(w.instance()))
	w.s3Must(http.MethodDelete, centerPath, "")
	if got := w.association(w.s3Must(http.MethodGet, instancePath, "")); got != (arns{}) {
		t.Errorf("the association is %+v", got)
	}
	w.s3Refused("root", http.MethodDelete, centerPath, "", 400, "InvalidRequest")
	if all := w.must("ListApplications", object{"InstanceArn": w.instance()})["Applications"].([]any); len(all) != 0 {
		t.Errorf("the applications are %v", all)
	}
	w.s3Must(http.MethodDelete, instancePath, "")
}

// S3 uses several permissions on the caller's behalf. Without any one of them nothing is associated.
func TestAssociationAsksForPermissionsInIdentityCenter(t *testing.T) {
	w := newCenterWorld(t)
	location := w.lake()
	alice, team := w.person("alice"), w.team("team")
	w.user("admin", allow("s3:*"))
	without := func(all []string, i int) string {
		rest := append([]string{"s3:*"}, all[:i]...)
		return allow(append(rest, all[i+1:]...)...)
	}
	associating := []string{"sso:CreateApplication", "sso:PutApplicationGrant", "sso:PutApplicationAuthenticationMethod"}
	granting := []string{"sso:DescribeInstance", "sso:DescribeApplication", "identitystore:DescribeUser",
		"identitystore:DescribeGroup"}
	for i, missing := range associating {
		w.policy("admin", without(associating, i))
		if text := w.s3Refused("admin", http.MethodPost, centerPath, associateBody(w.instance()), 403,
			"AccessDenied"); !strings.Contains(text, missing) {
			t.Error(text)
		}
	}
	w.policy("admin", strings.Replace(allow(append(associating, "s3:*")...), `"Resource":"*"`,
		`"NotResource":"`+sso.S3Provider+`"`, 1))
	w.s3Refused("admin", http.MethodPost, centerPath, associateBody(w.instance()), 403, "AccessDenied")
	w.policy("admin", allow(append(associating, "s3:*")...))
	if status, body := w.s3("admin", http.MethodPost, centerPath, associateBody(w.instance())); status != 200 {
		t.Fatal(body)
	}
	for i, missing := range granting {
		w.policy("admin", without(granting, i))
		kind, id := "DIRECTORY_USER", alice
		if missing == "identitystore:DescribeGroup" {
			kind, id = "DIRECTORY_GROUP", team
		}
		if text := w.s3Refused("admin", http.MethodPost, grantPath, grantBody(location, kind, id, "a/*", ""), 403,
			"AccessDenied"); !strings.Contains(text, missing) {
			t.Error(text)
		}
	}
	w.policy("admin", allow("s3:*"))
	if text := w.s3Refused("admin", http.MethodDelete, centerPath, "", 403, "AccessDenied"); !strings.Contains(text,
		"sso:DeleteApplication") {
		t.Error(text)
	}
	w.policy("admin", allow("s3:*", "sso:DeleteApplication"))
	if status, body := w.s3("admin", http.MethodDelete, centerPath, ""); status != 200 {
		t.Fatal(body)
	}
	w.s3Must(http.MethodDelete, "/accessgrantsinstance/location/"+location, "")
	w.s3Must(http.MethodDelete, instancePath, "")
	creating := append([]string{"sso:DescribeInstance"}, associating...)
	for i, missing := range creating {
		w.policy("admin", without(creating, i))
		if text := w.s3Refused("admin", http.MethodPost, instancePath, createInstanceBody(w.instance()), 403,
			"AccessDenied"); !strings.Contains(text, missing) {
			t.Error(text)
		}
	}
}

func TestDirectoryGranteesMustExist(t *testing.T) {
	w := newCenterWorld(t)
	location, app := w.lake(), w.application("app")
	w.s3Must(http.MethodPost, centerPath, associateBody(w.instance()))
	alice, team := w.person("alice"), w.team("team")
	for _, c := range [][2]string{
		{"DIRECTORY_USER", team}, {"DIRECTORY_GROUP", alice}, {"DIRECTORY_USER", "11111111-1111-4111-8111-111111111111"},
	} {
		text := w.s3Refused("root", http.MethodPost, grantPath, grantBody(location, c[0], c[1], "a/*", ""), 400,
			"InvalidRequest")
		if !strings.Contains(text, "Invalid Grantee in the request") {
			t.Errorf("%v: %s", c, text)
		}
	}
	elsewhere := &directory.User{
		ID:          directory.UserID(uuid.NewString()),
		Store:       "d-0000000000",
		UserName:    "bob",
		DisplayName: "bob",
	}
	w.store(func(tx *store.Tx) error { return store.DirectoryUsers.Insert(tx, elsewhere) })
	w.s3Refused("root", http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", string(elsewhere.ID), "a/*", ""),
		400, "InvalidRequest")

	w.s3Refused("root", http.MethodPost, grantPath,
		grantBody(location, "DIRECTORY_USER", alice, "a/*", app[:len(app)-2]+"00"), 400, "InvalidRequest")
	_, key, err := w.api.Principals.CreateAccount(t.Context(), controltest.Operator(t, w.Control, centerAccount),
		"111122223333", "other")
	if err != nil {
		t.Fatal(err)
	}
	w.keys["other"] = keysOf(key)
	_, theirs := w.sso("other", "ListInstances", object{})
	_, made := w.sso("other", "CreateApplication", object{
		"InstanceArn":            theirs["Instances"].([]any)[0].(object)["InstanceArn"],
		"ApplicationProviderArn": customProvider,
		"Name":                   "theirs",
	})
	w.s3Refused("root", http.MethodPost, grantPath,
		grantBody(location, "DIRECTORY_USER", alice, "a/*", made["ApplicationArn"].(string)), 400, "InvalidRequest")
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", alice, "a/*", app))
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "DIRECTORY_GROUP", team, "a/*", ""))
	w.s3Refused("root", http.MethodPost, grantPath, grantBody(location, "DIRECTORY_GROUP", team, "a/*", ""), 409,
		"AccessGrantAlreadyExists")
}

// bearing makes a session of a role that acts for a directory user through an application, under the name "bearer".
func (w *centerWorld) bearing(user, application string) {
	w.t.Helper()
	snap, err := w.Engine.Snapshot()
	if err != nil {
		w.t.Fatal(err)
	}
	center := snap.IdentityCenter(centerAccount)
	now := time.Now().UTC().Truncate(time.Second)
	made, err := w.Ring.Mint(credential.Session{
		ID:          credential.SessionID(uuid.New()),
		Kind:        credential.AssumedRole,
		Account:     string(centerAccount),
		PrincipalID: snap.RoleByName(centerAccount, "bearer").ID,
		Name:        "s",
		Issued:      now,
		Expires:     now.Add(time.Hour),
		Delegation: credential.Delegation{
			IdentityStoreID: center.IdentityStoreID, UserID: user, ApplicationARN: application, CredentialID: uuid.NewString(),
			IdentityCenterInstance: center.ARN(), Scopes: sso.S3Scope,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys["bearer"] = controltest.KeysOf(made)
}

func (w *centerWorld) dataAccess(target string) (int, string) {
	return w.s3("bearer", http.MethodGet, "/accessgrantsinstance/dataaccess?permission=READ&target="+queryEscape(target),
		"")
}

func TestDirectoryGrantsEndWithTheAssociation(t *testing.T) {
	w := newCenterWorld(t)
	location, app := w.lake(), w.application("app")
	w.must("PutApplicationAssignmentConfiguration", object{"ApplicationArn": app, "AssignmentRequired": false})
	w.must("PutApplicationAccessScope", object{"ApplicationArn": app, "Scope": sso.S3Scope})
	w.s3Must(http.MethodPost, centerPath, associateBody(w.instance()))
	alice, team := w.person("alice"), w.team("team")
	member := &directory.Membership{
		ID:    directory.MembershipID(uuid.NewString()),
		Store: directory.StoreID(w.home()),
		Group: directory.GroupID(team),
		User:  directory.UserID(alice),
	}
	w.store(func(tx *store.Tx) error { return store.InsertMembership(tx, member) })
	w.iam("CreateRole&RoleName=bearer&AssumeRolePolicyDocument=" + queryEscape(trustRoot))
	w.iam("PutRolePolicy&RoleName=bearer&PolicyName=p&PolicyDocument=" + queryEscape(allow("s3:GetDataAccess")))
	w.bearing(alice, app)
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "DIRECTORY_USER", alice, "user/*", ""))
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "DIRECTORY_GROUP", team, "team/*", ""))
	w.s3Must(http.MethodPost, grantPath, grantBody(location, "IAM", "arn:aws:iam::123456789012:role/bearer", "role/*", ""))

	try := func(when string, user, team bool) {
		t.Helper()
		for target, want := range map[string]bool{
			"s3://lake/user/*":  user,
			"s3://lake/team/*":  team,
			"s3://lake/role/*":  true,
			"s3://lake/other/*": false,
		} {
			if status, body := w.dataAccess(target); (status == 200) != want || status != 200 && status != 403 {
				t.Errorf("%s: %s is answered with %d %s", when, target, status, body)
			}
		}
	}
	try("associated", true, true)
	s3app := w.association(w.s3Must(http.MethodGet, instancePath, "")).IdentityCenterApplicationArn
	w.must("UpdateApplication", object{"ApplicationArn": s3app, "Status": "DISABLED"})
	try("with S3's application disabled", false, false)
	w.must("UpdateApplication", object{"ApplicationArn": s3app, "Status": "ENABLED"})
	try("enabled again", true, true)

	_, body := w.dataAccess("s3://lake/user/*")
	w.keys["vended"] = controltest.Keys{
		ID:     element(t, body, "AccessKeyId"),
		Secret: element(t, body, "SecretAccessKey"),
		Token:  element(t, body, "SessionToken"),
	}
	if _, err := w.World.Authenticate(t, w.keys["vended"], "sts"); err != nil {
		t.Fatalf("what was vended does not work: %v", err)
	}
	w.s3Must(http.MethodDelete, centerPath, "")
	try("dissociated", false, false)
	if _, err := w.World.Authenticate(t, w.keys["vended"], "sts"); err == nil {
		t.Error("what was vended survives the association")
	}
	if list := w.s3Must(http.MethodGet, "/accessgrantsinstance/grants", ""); strings.Count(list, "<AccessGrantId>") != 3 {
		t.Errorf("the grants are %s", list)
	}
	w.s3Must(http.MethodPost, centerPath, associateBody(w.instance()))
	try("associated again", true, true)
}

func (w *centerWorld) home() string {
	w.t.Helper()
	return w.must("DescribeInstance", object{"InstanceArn": w.instance()})["IdentityStoreId"].(string)
}
