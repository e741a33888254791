package e2e

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"latchkey/internal/server"
)

func TestCasesOfCredentials(t *testing.T) {
	l := newLake(t)
	b := l.bucket
	l.root.puts(b, "bob/x", "alice/x", "other/x")
	kept := l.location.grants(l.alice, READ, "bob/*")
	reader := l.alice.asks(l.at("bob/*"), READ)

	carol := l.user("carol")
	l.location.grants(carol, READWRITE, "work/*")
	writer, both := carol.asks(l.at("work/*"), WRITE), carol.asks(l.at("work/*"), READWRITE)

	t.Run("081 reads and lists within its scope", func(t *testing.T) {
		reader.may(reading(b, "bob/x"), heading(b, "bob/x"), listing(b, "bob/"), listing(b, "bob/x"))
		same(t, "keys", reader.lists(b, "bob/"), []string{"bob/x"})
	})
	t.Run("082 lists nothing else", func(t *testing.T) {
		reader.mayNot(listing(b, "alice/"), listing(b, "bo"), listing(b, ""), listingAll(b))
		_, err := reader.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b, Prefix: new("alice/")})
		refused(t, err, 403, "AccessDenied", "no session policy allows the s3:ListBucket action")
	})
	t.Run("083 READ writes nothing", func(t *testing.T) {
		reader.mayNot(writing(b, "bob/x"), deleting(b, "bob/x"), uploadingInParts(b, "bob/big"), copying(b, "bob/x", "bob/y"))
		is(t, "content", l.root.gets(b, "bob/x"), "bob/x")
	})
	t.Run("084 WRITE writes and deletes", func(t *testing.T) {
		writer.may(writing(b, "work/a"), writing(b, "work/b"), uploadingInParts(b, "work/big"),
			abortingAnUpload(b, "work/never"), deleting(b, "work/a"))
		out, err := writer.s3.DeleteObjects(t.Context(),
			&s3.DeleteObjectsInput{
				Bucket: &b,
				Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: new("work/b")}, {Key: new("work/big")}}},
			})
		l.check(err)
		is(t, "deleted", len(out.Deleted), 2)
		is(t, "errors", len(out.Errors), 0)
		same(t, "left", l.root.lists(b, "work/"), nil)
		writer.mayNot(writing(b, "bob/x"), deleting(b, "bob/x"), uploadingInParts(b, "bob/big"))
	})
	t.Run("085 WRITE reads and lists nothing", func(t *testing.T) {
		writer.may(writing(b, "work/a"))
		writer.mayNot(reading(b, "work/a"), heading(b, "work/a"), listing(b, "work/"), copying(b, "work/a", "work/b"))
	})
	t.Run("086 a copy stays within its scope", func(t *testing.T) {
		both.may(writing(b, "work/a"), copying(b, "work/a", "work/c"))
		both.mayNot(copying(b, "work/a", "other/c"), copying(b, "other/x", "work/c"))
	})
	t.Run("087 nothing besides objects", func(t *testing.T) {
		for name, do := range map[string]func() error{
			"tag": func() error {
				_, err := both.s3.PutObjectTagging(t.Context(),
					&s3.PutObjectTaggingInput{
						Bucket:  &b,
						Key:     new("work/a"),
						Tagging: &types.Tagging{TagSet: []types.Tag{{Key: new("k"), Value: new("v")}}},
					})
				return err
			},
			"policy": func() error {
				_, err := both.s3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b})
				return err
			},
			"buckets": func() error {
				_, err := both.s3.ListBuckets(t.Context(), &s3.ListBucketsInput{})
				return err
			},
			"create": func() error {
				_, err := both.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("mine-" + l.id)})
				return err
			},
		} {
			// An operation that the store does not have is refused to everybody.
			if code, status := codeOf(do()); code != "AccessDenied" && status != 501 {
				t.Errorf("%s: %d %s", name, status, code)
			}
		}
		both.may(reading(b, "work/a"))
	})
	t.Run("088 the session knows its instance", func(t *testing.T) {
		trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"},` +
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + l.id + `:root"},"Action":"sts:AssumeRole"}]}`
		only := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",` +
			`"Condition":{"ArnEquals":{"s3:AccessGrantsInstanceArn":"` + l.instanceARN() + `"}}}]}`
		role := l.role("leashed", trust, only)
		l.registersWith("s3://"+b+"/bob/*", role).grants(carol, READ, "")
		carol.asks(l.at("bob/*"), READ).may(reading(b, "bob/x"))
		l.chief("chief").assumes(role, "direct").mayNot(reading(b, "bob/x"))
	})
	t.Run("089 it knows who it is", func(t *testing.T) {
		out, err := reader.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		l.check(err)
		role := l.location.role[strings.LastIndex(l.location.role, "/")+1:]
		form := regexp.MustCompile("^arn:aws:sts::" + l.id + ":assumed-role/" + role + "/access-grants-[0-9a-f-]{36}$")
		if !form.MatchString(*out.Arn) {
			t.Errorf("ARN %s", *out.Arn)
		}
	})
	t.Run("090 with its grant the credential ends", func(t *testing.T) {
		// On AWS the credential works until it expires. Here it does not, unless the server is configured so.
		reader.may(reading(b, "bob/x"))
		kept.isTakenBack()
		reader.mayNot(reading(b, "bob/x"), listing(b, "bob/"))
		l.alice.isRefusedAccess(l.at("bob/*"), READ)
	})
}

func TestCase090_WithRevocationAtExpiryACredentialOutlivesItsGrantAsOnAWS(t *testing.T) {
	l := lakeOf(start(t, "--revocation", "expiry").first(t))
	l.root.puts(l.bucket, "bob/x")
	g := l.location.grants(l.alice, READ, "bob/*")
	c := l.alice.asks(l.at("bob/*"), READ)
	g.isTakenBack()
	c.may(reading(l.bucket, "bob/x"))
	l.alice.isRefusedAccess(l.at("bob/*"), READ)
}

func TestCase091_AnExpiredCredentialIsToldSo(t *testing.T) {
	var ahead atomic.Int64
	s := hosted(t, server.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	l := lakeOf(s.first(t))
	l.root.puts(l.bucket, "bob/x")
	l.location.grants(l.alice, READ, "bob/*")
	c := l.alice.asks(l.at("bob/*"), READ, lasting(15*time.Minute))
	ahead.Store(int64(14 * time.Minute))
	c.may(reading(l.bucket, "bob/x"))
	ahead.Store(int64(16 * time.Minute))
	_, err := c.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &l.bucket, Key: new("bob/x")})
	refused(t, err, 400, "ExpiredToken", "The provided token has expired.")
	l.alice.asks(l.at("bob/*"), READ).may(reading(l.bucket, "bob/x"))
}
