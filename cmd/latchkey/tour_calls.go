package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awsapi/s3control"
	"latchkey/internal/awswire"
)

// putReport stores the report under a key of the bucket.
func putReport(key string) tourCall {
	return func(ctx context.Context, _ *cast, who *client, _ io.Writer) error {
		return invokeEmpty(ctx, who, s3.PutObject, &s3.PutObjectRequest{
			Bucket: new("lake"), Key: &key, Body: io.NopCloser(strings.NewReader(tourReport)),
			ContentLength: new(int64(len(tourReport))),
		})
	}
}

// getObject reads an object of the bucket to its end.
func getObject(key string) tourCall {
	return func(ctx context.Context, _ *cast, who *client, _ io.Writer) error {
		o, err := invoke(ctx, who, s3.GetObject, &s3.GetObjectRequest{Bucket: new("lake"), Key: &key})
		if err != nil {
			return err
		}
		defer o.Body.Close()
		_, err = io.Copy(io.Discard, o.Body)
		return err
	}
}

func createKey(ctx context.Context, c *cast, who *client, _ io.Writer) error {
	made, err := invoke(ctx, who, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: new("alice")})
	key := awswire.Value(awswire.Value(made).AccessKey)
	c.alice = c.admin.with(awswire.Value(key.AccessKeyId), awswire.Value(key.SecretAccessKey), "")
	return err
}

func createInstance(ctx context.Context, c *cast, who *client, _ io.Writer) error {
	return invokeEmpty(ctx, who, s3control.CreateAccessGrantsInstance,
		&s3control.CreateAccessGrantsInstanceRequest{AccountId: &c.account})
}

func createLocation(ctx context.Context, c *cast, who *client, _ io.Writer) error {
	made, err := invoke(ctx, who, s3control.CreateAccessGrantsLocation, &s3control.CreateAccessGrantsLocationRequest{
		AccountId: &c.account, LocationScope: new("s3://lake"),
		IAMRoleArn: new("arn:aws:iam::" + c.account + ":role/lake-access"),
	})
	c.location = awswire.Value(awswire.Value(made).AccessGrantsLocationId)
	return err
}

func createGrant(ctx context.Context, c *cast, who *client, _ io.Writer) error {
	made, err := invoke(ctx, who, s3control.CreateAccessGrant, &s3control.CreateAccessGrantRequest{
		AccountId: &c.account, AccessGrantsLocationId: &c.location, Permission: new("READ"),
		AccessGrantsLocationConfiguration: &s3control.AccessGrantsLocationConfiguration{S3SubPrefix: new("finance/*")},
		Grantee: &s3control.Grantee{GranteeType: new("IAM"),
			GranteeIdentifier: new("arn:aws:iam::" + c.account + ":user/alice")},
	})
	c.grant = awswire.Value(awswire.Value(made).AccessGrantId)
	return err
}

func getDataAccess(ctx context.Context, c *cast, who *client, out io.Writer) error {
	got, err := invoke(ctx, who, s3control.GetDataAccess, &s3control.GetDataAccessRequest{
		AccountId: &c.account, Target: new("s3://lake/finance/*"), Permission: new("READ"),
	})
	if err != nil {
		return err
	}
	keys := awswire.Value(got.Credentials)
	c.lease = c.admin.with(awswire.Value(keys.AccessKeyId), awswire.Value(keys.SecretAccessKey),
		awswire.Value(keys.SessionToken))
	_, err = fmt.Fprintf(out, "#    the credentials cover %s\n", awswire.Value(got.MatchedGrantTarget))
	return err
}

func deleteGrant(ctx context.Context, c *cast, who *client, _ io.Writer) error {
	return invokeEmpty(ctx, who, s3control.DeleteAccessGrant,
		&s3control.DeleteAccessGrantRequest{AccountId: &c.account, AccessGrantId: &c.grant})
}
