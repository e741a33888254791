package leavingtest

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/identitystoreapi"
	"latchkey/internal/awsapi/latchkey"
	"latchkey/internal/awsapi/ssoadmin"
)

// Stage is an account of its own for one row, with a bucket, an Access Grants instance and a location. The ways to a
// credential add what they need. Things are known by short names, see id.
type Stage struct {
	t       testing.TB
	site    *Site
	account string
	root    aws.Credentials
	bucket  string
	ids     map[string]string
	keys    map[string]aws.Credentials // of users and sessions, by name
	other   *Stage                     // the account of a caller from elsewhere; nil: none
	held    []held                     // what was got on the way to the credential
	vended  []aws.Credentials          // the credential, once there is one
}

// held is a session or a token that was got on the way to a credential, and what somebody who kept it would try.
type held struct {
	name string
	use  func() Answer
}

// holds notes that something was got on the way.
func (s *Stage) holds(name string, use func() Answer) { s.held = append(s.held, held{name, use}) }

const (
	statement = `{"Version":"2012-10-17","Statement":[`
	allowAll  = statement + `{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	denyAll   = statement + `{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	service   = `"Principal":{"Service":"access-grants.s3.amazonaws.com"}`
	grantsAt  = "/v20180820/accessgrantsinstance"
)

// trusting is a trust policy with these statements, without their braces.
func trusting(statements ...string) string {
	return statement + "{" + strings.Join(statements, "},{") + "}]}"
}

func newAccount(t testing.TB, site *Site) *Stage {
	t.Helper()
	a := must(t, send(t, site.Changes, site.Operator, call(latchkey.Service, "CreateAccount", object{})))
	return &Stage{
		t: t, site: site, account: find(t, a, "AccountId"), ids: map[string]string{}, keys: map[string]aws.Credentials{},
		root: aws.Credentials{AccessKeyID: find(t, a, "AccessKeyId"), SecretAccessKey: find(t, a, "SecretAccessKey")},
	}
}

// newStage makes the account with what every way needs.
func newStage(t testing.TB, site *Site) *Stage {
	t.Helper()
	s := newAccount(t, site)
	s.bucket = "lake-" + s.account
	s.put("/"+s.bucket, "")
	s.put("/"+s.bucket+"/data/x", "content")
	for _, name := range []string{"location", "location2"} {
		s.role(name, trustService, allowAll)
	}
	s.control("POST", "", "")
	s.locate("location")
	return s
}

// trustService is the trust of a location's role.
var trustService = trusting(
	`"Effect":"Allow",`+service+`,"Action":"sts:AssumeRole"`,
	`"Effect":"Allow",`+service+`,"Action":"sts:SetSourceIdentity"`,
	`"Effect":"Allow",`+service+`,"Action":"sts:SetContext"`)

// do sends a request of the root user's to the node at which things are changed. It must succeed.
func (s *Stage) do(q request) Answer {
	s.t.Helper()
	a := send(s.t, s.site.Changes, s.root, q)
	if a.Status >= 300 {
		s.t.Fatalf("%s %s %v %s: %d %s", q.method, q.path, q.header, q.body, a.Status, a.Body)
	}
	return a
}

func (s *Stage) id(name string) string {
	s.t.Helper()
	v, ok := s.ids[name]
	if !ok {
		s.t.Fatalf("nothing is known as %s", name)
	}
	return v
}

func (s *Stage) keep(name string, a Answer, member string) { s.ids[name] = find(s.t, a, member) }

func (s *Stage) put(path, body string) { s.do(request{method: "PUT", path: path, body: body}) }
func (s *Stage) del(path string)       { s.do(request{method: "DELETE", path: path}) }

func ofIAM(action string, pairs ...string) request { return form(iamapi.Service, action, pairs...) }

func (s *Stage) iam(action string, pairs ...string) Answer {
	s.t.Helper()
	return s.do(ofIAM(action, pairs...))
}

func (s *Stage) sso(op string, in object) Answer {
	s.t.Helper()
	return s.do(call(ssoadmin.Service, op, in))
}

// own calls an operation of Latchkey's own service.
func (s *Stage) own(op string, in object) Answer {
	s.t.Helper()
	return s.do(call(latchkey.Service, op, in))
}

// people calls an operation of the identity store.
func (s *Stage) people(op string, in object) Answer {
	s.t.Helper()
	in["IdentityStoreId"] = s.id("store")
	return s.do(call(identitystoreapi.Service, op, in))
}

// control calls S3 Control about the account's Access Grants instance.
func (s *Stage) control(method, path, body string) Answer {
	s.t.Helper()
	return s.do(request{method: method, path: grantsAt + path, body: body, account: s.account})
}

func (s *Stage) arn(kindAndName string) string {
	return "arn:aws:iam::" + s.account + ":" + kindAndName
}

// user makes a user with a key and a policy.
func (s *Stage) user(name, policy string) {
	s.t.Helper()
	s.iam("CreateUser", "UserName", name)
	s.policy("user/"+name, policy)
	s.newKey(name)
}

func (s *Stage) newKey(user string) {
	s.t.Helper()
	a := s.iam("CreateAccessKey", "UserName", user)
	s.keys[user] = aws.Credentials{
		AccessKeyID: find(s.t, a, "AccessKeyId"), SecretAccessKey: find(s.t, a, "SecretAccessKey"),
	}
}

func (s *Stage) keyStatus(user, status string) {
	s.t.Helper()
	s.iam("UpdateAccessKey", "UserName", user, "AccessKeyId", s.keys[user].AccessKeyID, "Status", status)
}

func (s *Stage) role(name, trust, policy string) {
	s.t.Helper()
	s.iam("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust)
	s.policy("role/"+name, policy)
}

// policy sets the inline policy of user/NAME or role/NAME.
func (s *Stage) policy(of, document string) {
	s.t.Helper()
	kind, name := kindOf(of)
	s.iam("Put"+kind+"Policy", kind+"Name", name, "PolicyName", "p", "PolicyDocument", document)
}

func (s *Stage) noPolicy(of string) {
	s.t.Helper()
	kind, name := kindOf(of)
	s.iam("Delete"+kind+"Policy", kind+"Name", name, "PolicyName", "p")
}

func kindOf(of string) (kind, name string) {
	kind, name, _ = strings.Cut(of, "/")
	return map[string]string{"user": "User", "role": "Role"}[kind], name
}

func (s *Stage) trust(role, document string) {
	s.t.Helper()
	s.iam("UpdateAssumeRolePolicy", "RoleName", role, "PolicyDocument", document)
}

// deleteRole deletes a role, and with it its policy.
func (s *Stage) deleteRole(name string) {
	s.t.Helper()
	s.noPolicy("role/" + name)
	s.iam("DeleteRole", "RoleName", name)
}

func (s *Stage) deleteUser(name string) {
	s.t.Helper()
	s.noPolicy("user/" + name)
	s.iam("DeleteAccessKey", "UserName", name, "AccessKeyId", s.keys[name].AccessKeyID)
	s.iam("DeleteUser", "UserName", name)
}

// revoke is AWS's policy that revokes the older sessions of a role. It returns when new sessions are younger.
func (s *Stage) revoke(role string) {
	s.t.Helper()
	before := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	s.policy("role/"+role, statement+`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*",`+
		`"Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"`+before.Format(time.RFC3339)+`"}}}]}`)
	for time.Now().Before(before) {
		<-time.After(time.Until(before))
	}
}

// locate registers the bucket as a location with a role.
func (s *Stage) locate(role string) {
	s.t.Helper()
	s.keep("location", s.control("POST", "/location", element("CreateAccessGrantsLocationRequest",
		element("LocationScope", "s3://"+s.bucket+"/*"), element("IAMRoleArn", s.arn("role/"+role)))),
		"AccessGrantsLocationId")
}

func (s *Stage) moveLocation(role string) {
	s.t.Helper()
	s.control("PUT", "/location/"+s.id("location"),
		element("UpdateAccessGrantsLocationRequest", element("IAMRoleArn", s.arn("role/"+role))))
}

// grant gives somebody read access to a sub prefix of the location, and keeps the grant's id under a name.
func (s *Stage) grant(name, kind, grantee, sub string) {
	s.t.Helper()
	s.keep(name, s.control("POST", "/grant", element("CreateAccessGrantRequest",
		element("AccessGrantsLocationId", s.id("location")),
		element("AccessGrantsLocationConfiguration", element("S3SubPrefix", sub)),
		element("Grantee", element("GranteeType", kind), element("GranteeIdentifier", grantee)),
		element("Permission", "READ"))), "AccessGrantId")
}

func (s *Stage) dropGrant(name string) { s.t.Helper(); s.control("DELETE", "/grant/"+s.id(name), "") }
