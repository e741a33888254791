package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// account is an AWS account at a site, made for one test. Its methods make calls that must succeed. For a call that
// must be refused, a test uses the SDK's client.
type account struct {
	t    testing.TB
	site *site
	id   string
	root *actor
	made int // how many names were made so far
}

// newAccount is a fresh account at the server that tests share.
func newAccount(t testing.TB) *account {
	t.Helper()
	return shared.get(t).newAccount(t)
}

func (s *site) newAccount(t testing.TB) *account {
	t.Helper()
	var made struct {
		AccountID       string `json:"AccountId"`
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
	}
	s.own(t, s.operator, "CreateAccount", map[string]any{}, &made)
	a := &account{t: t, site: s, id: made.AccountID}
	a.root = a.actor("root", "arn:aws:iam::"+a.id+":root",
		aws.Credentials{AccessKeyID: made.AccessKeyID, SecretAccessKey: made.SecretAccessKey})
	return a
}

// first is the account that a server begins with.
func (s *site) first(t testing.TB) *account {
	a := &account{t: t, site: s, id: "123456789012"}
	a.root = a.actor("root", "arn:aws:iam::"+a.id+":root", s.operator)
	return a
}

// check ends the test if a step that must succeed failed.
func (a *account) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) instanceARN() string {
	return "arn:aws:s3:" + region + ":" + a.id + ":access-grants/default"
}

// hasInstance creates the account's Access Grants instance.
func (a *account) hasInstance() {
	a.t.Helper()
	_, err := a.root.control.CreateAccessGrantsInstance(a.t.Context(),
		&s3control.CreateAccessGrantsInstanceInput{AccountId: &a.id})
	a.check(err)
}

// bucket creates a bucket with a name of its own.
func (a *account) bucket() string {
	a.t.Helper()
	a.made++
	name := fmt.Sprintf("lake-%s-%d", a.id, a.made)
	a.hasBucket(name)
	return name
}

func (a *account) hasBucket(name string) {
	a.t.Helper()
	_, err := a.root.s3.CreateBucket(a.t.Context(), &s3.CreateBucketInput{Bucket: &name})
	a.check(err)
}

// trustsService is the trust policy of a location's role.
const trustsService = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"access-grants.s3.amazonaws.com"},` +
	`"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`

// mayAnything is the usual policy of a location's role: its sessions are narrowed by the grant.
const mayAnything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`

// mayAsk is the policy of a principal that may use grants and nothing else.
const mayAsk = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Action":["s3:GetDataAccess","s3:ListCallerAccessGrants",` +
	`"s3:GetAccessGrantsInstanceForPrefix"],"Resource":"*"}]}`

// locationRole makes a role that the service may assume and that may do anything with S3.
func (a *account) locationRole() string {
	a.t.Helper()
	a.made++
	return a.role(fmt.Sprintf("location-%d", a.made), trustsService, mayAnything)
}

// role makes a role and returns its ARN. A policy may be empty.
func (a *account) role(name, trust, policy string) string {
	a.t.Helper()
	path := "/"
	if i := strings.LastIndex(name, "/"); i >= 0 {
		path, name = name[:i+1], name[i+1:]
	}
	out, err := a.root.iam.CreateRole(a.t.Context(), &iam.CreateRoleInput{
		RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust, MaxSessionDuration: aws.Int32(43200),
	})
	a.check(err)
	if policy != "" {
		_, err = a.root.iam.PutRolePolicy(a.t.Context(),
			&iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
		a.check(err)
	}
	return *out.Role.Arn
}

// user creates a user with a key. The user may use grants and nothing else.
func (a *account) user(name string) *actor {
	a.t.Helper()
	return a.userWho(name, mayAsk)
}

// userWho creates a user with a key and a policy.
func (a *account) userWho(name, policy string) *actor {
	a.t.Helper()
	out, err := a.root.iam.CreateUser(a.t.Context(), &iam.CreateUserInput{UserName: &name})
	a.check(err)
	if policy != "" {
		_, err = a.root.iam.PutUserPolicy(a.t.Context(),
			&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("inline"), PolicyDocument: &policy})
		a.check(err)
	}
	key, err := a.root.iam.CreateAccessKey(a.t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	a.check(err)
	return a.actor(name, *out.User.Arn,
		aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
}

// location is a registered location.
type location struct {
	account  *account
	id       string
	arn      string
	scope    string
	role     string
	response *s3control.CreateAccessGrantsLocationOutput
}

// registers registers a scope with a role of its own.
func (a *account) registers(scope string) *location {
	a.t.Helper()
	return a.registersWith(scope, a.locationRole())
}

func (a *account) registersWith(scope, role string) *location {
	a.t.Helper()
	out, err := a.root.control.CreateAccessGrantsLocation(a.t.Context(), &s3control.CreateAccessGrantsLocationInput{
		AccountId: &a.id, LocationScope: &scope, IAMRoleArn: &role,
	})
	a.check(err)
	return &location{a, *out.AccessGrantsLocationId, *out.AccessGrantsLocationArn, scope, role, out}
}

// grantInput is a request for a grant on a location to an IAM principal. An empty sub prefix is left out.
func (l *location) grantInput(
	sub string, permission types.Permission, grantee string,
) *s3control.CreateAccessGrantInput {
	in := &s3control.CreateAccessGrantInput{
		AccountId: &l.account.id, AccessGrantsLocationId: &l.id, Permission: permission,
		Grantee: &types.Grantee{GranteeType: types.GranteeTypeIam, GranteeIdentifier: &grantee},
	}
	if sub != "" {
		in.AccessGrantsLocationConfiguration = &types.AccessGrantsLocationConfiguration{S3SubPrefix: &sub}
	}
	return in
}

// grant is a grant that was given.
type grant struct {
	*s3control.CreateAccessGrantOutput
	account *account
	id      string
}

// grants gives a principal a permission on a part of the location.
func (l *location) grants(who *actor, permission types.Permission, sub string) *grant {
	l.account.t.Helper()
	return l.grantsARN(who.arn, permission, sub)
}

func (l *location) grantsARN(grantee string, permission types.Permission, sub string) *grant {
	l.account.t.Helper()
	out, err := l.account.root.control.CreateAccessGrant(l.account.t.Context(), l.grantInput(sub, permission, grantee))
	l.account.check(err)
	return &grant{out, l.account, *out.AccessGrantId}
}

// isTakenBack deletes the grant.
func (g *grant) isTakenBack() {
	g.account.t.Helper()
	_, err := g.account.root.control.DeleteAccessGrant(g.account.t.Context(),
		&s3control.DeleteAccessGrantInput{AccountId: &g.account.id, AccessGrantId: &g.id})
	g.account.check(err)
}

// The permissions under the names that the tests use.
const (
	READ      = types.PermissionRead
	WRITE     = types.PermissionWrite
	READWRITE = types.PermissionReadwrite
)
