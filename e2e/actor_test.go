package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// actor is a holder of keys: the root user of an account, a user, a session, or a vended credential.
type actor struct {
	t       testing.TB
	site    *site
	account *account
	name    string
	arn     string
	keys    aws.Credentials

	control *s3control.Client
	sso     *ssoadmin.Client
	people  *identitystore.Client
	oauth   *ssooidc.Client
	s3      *s3.Client
	sts     *sts.Client
	iam     *iam.Client
}

// actor gives a holder of keys the clients of AWS's Go SDK.
func (a *account) actor(name, arn string, keys aws.Credentials) *actor {
	s := a.site
	signer := func(service string) clockedSigner {
		return clockedSigner{v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }), s.now}
	}
	c := aws.Config{
		Region: region, HTTPClient: s.http, BaseEndpoint: aws.String(s.endpoint()), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
	}
	return &actor{
		t: a.t, site: s, account: a, name: name, arn: arn, keys: keys,
		control: s3control.NewFromConfig(c, func(o *s3control.Options) { o.HTTPSignerV4 = signer("s3") }),
		s3:      s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle, o.HTTPSignerV4 = true, signer("s3") }),
		sts:     sts.NewFromConfig(c, func(o *sts.Options) { o.HTTPSignerV4 = signer("sts") }),
		sso:     ssoadmin.NewFromConfig(c, func(o *ssoadmin.Options) { o.HTTPSignerV4 = signer("sso") }),
		people:  identitystore.NewFromConfig(c, func(o *identitystore.Options) { o.HTTPSignerV4 = signer("identitystore") }),
		oauth:   ssooidc.NewFromConfig(c, func(o *ssooidc.Options) { o.HTTPSignerV4 = signer("sso-oauth") }),
		iam:     iam.NewFromConfig(c, func(o *iam.Options) { o.HTTPSignerV4 = signer("iam") }),
	}
}

// vended is an actor with the credentials that GetDataAccess gave.
type vended struct {
	*actor
	matched string
	grantee types.Grantee
	expires time.Time
}

// option changes a GetDataAccess request.
type option func(*s3control.GetDataAccessInput)

func minimal(in *s3control.GetDataAccessInput)  { in.Privilege = types.PrivilegeMinimal }
func byObject(in *s3control.GetDataAccessInput) { in.TargetType = types.S3PrefixTypeObject }
func lasting(d time.Duration) option {
	return func(in *s3control.GetDataAccessInput) { in.DurationSeconds = aws.Int32(int32(d.Seconds())) }
}

// of directs a request to the instance of another account.
func of(owner *account) option {
	return func(in *s3control.GetDataAccessInput) { in.AccountId = &owner.id }
}

// asks calls GetDataAccess, which must succeed.
func (a *actor) asks(target string, permission types.Permission, options ...option) *vended {
	a.t.Helper()
	out, err := a.tryAsking(target, permission, options...)
	if err != nil {
		a.t.Fatalf("%s asks for %s of %s: %v", a.name, permission, target, err)
	}
	c := out.Credentials
	keys := aws.Credentials{
		AccessKeyID:     *c.AccessKeyId,
		SecretAccessKey: *c.SecretAccessKey,
		SessionToken:    *c.SessionToken,
	}
	return &vended{a.account.actor(a.name+"'s credential", "", keys), *out.MatchedGrantTarget, *out.Grantee, *c.Expiration}
}

// tryAsking calls GetDataAccess.
func (a *actor) tryAsking(
	target string, permission types.Permission, options ...option,
) (*s3control.GetDataAccessOutput, error) {
	in := &s3control.GetDataAccessInput{AccountId: &a.account.id, Target: &target, Permission: permission}
	for _, o := range options {
		o(in)
	}
	return a.control.GetDataAccess(a.t.Context(), in)
}

// isRefusedAccess calls GetDataAccess, which must refuse for lack of a permission, in AWS's words.
func (a *actor) isRefusedAccess(target string, permission types.Permission, options ...option) {
	a.t.Helper()
	_, err := a.tryAsking(target, permission, options...)
	refused(a.t, err, 403, "AccessDenied",
		"You do not have "+string(permission)+" permissions to the requested S3 Prefix: "+target)
}

// assumes makes a session of a role.
func (a *actor) assumes(role, name string) *actor {
	a.t.Helper()
	return a.assumesWith(role, name, "")
}

// assumesWith makes a session of a role under a session policy, which may be empty.
func (a *actor) assumesWith(role, name, policy string) *actor {
	a.t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &name}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := a.sts.AssumeRole(a.t.Context(), in)
	if err != nil {
		a.t.Fatalf("%s assumes %s: %v", a.name, role, err)
	}
	return a.account.actor(name, *out.AssumedRoleUser.Arn, keysOfSTS(out.Credentials))
}

// withHeader adds a header to every request of a client before it is signed.
func withHeader(name, value string) func(*middleware.Stack) error {
	return smithyhttp.AddHeaderValue(name, value)
}
