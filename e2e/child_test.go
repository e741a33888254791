package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// childVariable is the environment variable that makes this test binary run a program instead of tests.
const childVariable = "LATCHKEY_E2E_CHILD"

// children are programs that tests run in a process of their own, as users of the AWS SDK for Go write them:
// nothing in them knows of Latchkey.
var children = map[string]func() int{"instance": childInstance, "reads": childReads}

// childInstance prints the account's Access Grants instance, and how many buckets there are.
func childInstance() int {
	return child(func(ctx context.Context, c aws.Config) error {
		me, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return err
		}
		i, err := s3control.NewFromConfig(c).GetAccessGrantsInstance(ctx,
			&s3control.GetAccessGrantsInstanceInput{AccountId: me.Account})
		if err != nil {
			return err
		}
		buckets, err := s3.NewFromConfig(c).ListBuckets(ctx, &s3.ListBucketsInput{})
		if err != nil {
			return err
		}
		// Without path style the bucket goes into the host name.
		_, err = s3.NewFromConfig(c).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("no-such-bucket")})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "NotFound" {
			return fmt.Errorf("a bucket that does not exist: %w", err)
		}
		fmt.Println(*i.AccessGrantsInstanceArn, len(buckets.Buckets))
		return nil
	})
}

// childReads prints the object whose bucket and key are its arguments.
func childReads() int {
	return child(func(ctx context.Context, c aws.Config) error {
		out, err := s3.NewFromConfig(c, func(o *s3.Options) {
			o.UsePathStyle = true
		}).GetObject(ctx, &s3.GetObjectInput{Bucket: &os.Args[1], Key: &os.Args[2]})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		_, err = io.Copy(os.Stdout, out.Body)
		return err
	})
}

// child runs a program with the configuration of its environment.
func child(run func(context.Context, aws.Config) error) int {
	ctx := context.Background()
	c, err := config.LoadDefaultConfig(ctx)
	if err == nil {
		err = run(ctx, c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
