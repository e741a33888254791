package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// plugged is an S3 client with AWS's Access Grants plugin. Before an operation, the plugin finds out who the caller is,
// where the bucket is, and which instance governs it, and asks that instance for access. These are the calls of the
// boto3 plugin (github.com/aws/boto3-s3-access-grants-plugin) and, with another target, of the Java plugin.
type plugged struct{ *actor }

// opens returns the credential that the plugin would use for an operation on a target.
func (p plugged) opens(target string, permission control.Permission) (*actor, error) {
	ctx := p.t.Context()
	me, err := p.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(target, "s3://"), "/")
	if err := p.findsRegion(bucket); err != nil {
		return nil, err
	}
	found, err := p.control.GetAccessGrantsInstanceForPrefix(ctx,
		&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: me.Account, S3Prefix: &target})
	if err != nil {
		return nil, err
	}
	owner := strings.Split(*found.AccessGrantsInstanceArn, ":")[4]
	out, err := p.control.GetDataAccess(ctx,
		&s3control.GetDataAccessInput{
			AccountId:  &owner,
			Target:     &target,
			Permission: permission,
			Privilege:  control.PrivilegeDefault,
		})
	if err != nil {
		return nil, err
	}
	c := out.Credentials
	return p.account.actor("the plugin", "",
		aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}), nil
}

// findsRegion reads the bucket's region from the answer to HeadBucket, which may be a refusal.
func (p plugged) findsRegion(bucket string) error {
	found := ""
	out, err := p.s3.HeadBucket(p.t.Context(), &s3.HeadBucketInput{Bucket: &bucket})
	if err == nil {
		found = *out.BucketRegion
	} else if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		found = e.Response.Header.Get("X-Amz-Bucket-Region")
	}
	if found != region {
		return errors.New("the bucket's region is not told: " + found)
	}
	return nil
}

func TestCase122_ThePluginsOfAWS(t *testing.T) {
	l := newLake(t)
	b := l.bucket
	l.root.puts(b, "data/a", "data/b", "data/sub/c", "secret/x")
	l.location.grants(l.alice, READWRITE, "data/*")
	l.location.grants(l.alice, READ, "data/*")
	p := plugged{l.alice}
	through := func(target string, permission control.Permission) *actor {
		t.Helper()
		who, err := p.opens(target, permission)
		l.check(err)
		return who
	}
	t.Run("get, put, list and delete", func(t *testing.T) {
		through(l.at("data/a"), READ).may(reading(b, "data/a"), heading(b, "data/a"))
		through(l.at("data/"), READ).may(listing(b, "data/"))
		through(l.at("data/new"), WRITE).may(writing(b, "data/new"), deleting(b, "data/new"))
	})
	t.Run("copy under the common ancestor", func(t *testing.T) {
		through(l.at("data"+"/"), READWRITE).may(copying(b, "data/a", "data/copy"))
	})
	t.Run("delete many under the common ancestor", func(t *testing.T) {
		l.root.puts(b, "data/x/1", "data/x/2")
		out, err := through(l.at("data/x/"), WRITE).s3.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
			Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: new("data/x/1")}, {Key: new("data/x/2")}}},
		})
		l.check(err)
		is(t, "deleted", len(out.Deleted), 2)
	})
	t.Run("no grant is AccessDenied, which the plugins remember", func(t *testing.T) {
		_, err := p.opens(l.at("secret/x"), READ)
		refused(t, err, 403, "AccessDenied")
		_, err = p.opens("s3://"+b, READ)
		refused(t, err, 403, "AccessDenied")
	})
	t.Run("the root of a bucket, as each plugin asks for it", func(t *testing.T) {
		whole := l.user("whole")
		l.location.grants(whole, READ, "*")
		for _, target := range []string{"s3://" + b, "s3://" + b + "/*"} {
			who, err := plugged{whole}.opens(target, READ)
			l.check(err)
			who.may(listing(b, ""), listingAll(b), reading(b, "secret/x"))
		}
	})
	t.Run("another account's bucket leads to its instance", func(t *testing.T) {
		owner, other, target := sharedLake(t)
		bob := other.user("bob")
		owner.grantsTo(bob, target)
		who, err := plugged{bob}.opens(target, READ)
		l.check(err)
		who.may(reading(strings.Split(target, "/")[2], "shared/x"))
	})
}
