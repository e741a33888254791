package main

import (
	"context"
	"io"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/awswire"
)

// A scene is a part of the story: a sentence, and steps. The sentence has no quotes, because an interactive shell might
// read one as the beginning of a string even behind a #.
type scene struct {
	tells string
	steps []step
}

// A step is a shell command, and the call that the command makes. ACCOUNT in the command stands for the account.
type step struct {
	shell   string
	as      func(*cast) *client // who calls; nil: the administrator
	call    tourCall            // nil: the command calls no server
	refused bool                // the server must refuse the call
}

// tourCall makes the call of a step as a client. It may store parts of the answer in the cast, and print a line about
// it.
type tourCall func(ctx context.Context, c *cast, who *client, out io.Writer) error

// The documents of the story.
const (
	tourTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
	tourRole = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*",` +
		`"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`
	tourAsk = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}]}`
	tourReport = "quarter,profit\nQ1,12\n"
)

func asAlice(c *cast) *client { return c.alice }
func asLease(c *cast) *client { return c.lease }

// calls is a call that needs nothing from earlier answers and stores nothing.
func calls[In, Out any](op awswire.Op[In, Out], in *In) tourCall {
	return func(ctx context.Context, _ *cast, who *client, _ io.Writer) error {
		return invokeEmpty(ctx, who, op, in)
	}
}

// story returns the whole story, which tour.go plays.
func story() []scene {
	return []scene{
		{"An administrator has a bucket with data of two departments.", []step{
			{shell: `latchkey exec -- aws s3api create-bucket --bucket lake`,
				call: calls(s3.CreateBucket, &s3.CreateBucketRequest{Bucket: new("lake")})},
			{shell: `printf 'quarter,profit\nQ1,12\n' > report.csv`},
			{shell: `latchkey exec -- aws s3api put-object --bucket lake --key finance/report.csv --body report.csv`,
				call: putReport("finance/report.csv")},
			{shell: `latchkey exec -- aws s3api put-object --bucket lake --key hr/salaries.csv --body report.csv`,
				call: putReport("hr/salaries.csv")},
		}},
		{"A role may read and write the bucket, and trusts the Access Grants service to act in it.", []step{
			{shell: `latchkey exec -- aws iam create-role --role-name lake-access ` +
				`--assume-role-policy-document '` + tourTrust + `'`,
				call: calls(iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: new("lake-access"),
					AssumeRolePolicyDocument: new(tourTrust)})},
			{shell: `latchkey exec -- aws iam put-role-policy --role-name lake-access --policy-name lake ` +
				`--policy-document '` + tourRole + `'`,
				call: calls(iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: new("lake-access"),
					PolicyName: new("lake"), PolicyDocument: new(tourRole)})},
		}},
		{"Alice may ask for access, and nothing else.", []step{
			{shell: `latchkey exec -- aws iam create-user --user-name alice`,
				call: calls(iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: new("alice")})},
			{shell: `latchkey exec -- aws iam put-user-policy --user-name alice --policy-name ask ` +
				`--policy-document '` + tourAsk + `'`,
				call: calls(iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: new("alice"), PolicyName: new("ask"),
					PolicyDocument: new(tourAsk)})},
			{shell: `key=$(latchkey exec -- aws iam create-access-key --user-name alice ` +
				`--query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)`,
				call: createKey},
			{shell: `as_alice() { : "${key:?}"; env AWS_ACCESS_KEY_ID="$(echo "$key" | cut -f1)" ` +
				`AWS_SECRET_ACCESS_KEY="$(echo "$key" | cut -f2)" latchkey exec -- "$@"; }`},
		}},
		{"The instance, a location for the bucket, and a grant: Alice may read finance/.", []step{
			{shell: `latchkey exec -- aws s3control create-access-grants-instance --account-id ACCOUNT`,
				call: createInstance},
			{shell: `location=$(latchkey exec -- aws s3control create-access-grants-location --account-id ACCOUNT ` +
				`--location-scope s3://lake ` +
				`--iam-role-arn arn:aws:iam::ACCOUNT:role/lake-access --query AccessGrantsLocationId --output text)`,
				call: createLocation},
			{shell: `grant=$(latchkey exec -- aws s3control create-access-grant --account-id ACCOUNT ` +
				`--access-grants-location-id "$location" ` +
				`--access-grants-location-configuration 'S3SubPrefix=finance/*' --permission READ ` +
				`--grantee GranteeType=IAM,GranteeIdentifier=arn:aws:iam::ACCOUNT:user/alice --query AccessGrantId --output text)`,
				call: createGrant},
		}},
		{"Alice asks for access and gets credentials for finance/ only.", []step{
			{shell: `lease=$(as_alice aws s3control get-data-access --account-id ACCOUNT ` +
				`--target 's3://lake/finance/*' --permission READ ` +
				`--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)`,
				as: asAlice, call: getDataAccess},
			{shell: `with_lease() { : "${lease:?}"; env AWS_ACCESS_KEY_ID="$(echo "$lease" | cut -f1)" ` +
				`AWS_SECRET_ACCESS_KEY="$(echo "$lease" | cut -f2)" ` +
				`AWS_SESSION_TOKEN="$(echo "$lease" | cut -f3)" latchkey exec -- "$@"; }`},
		}},
		{"With these credentials she reads finance/. Writing is refused, and so is reading hr/.", []step{
			{shell: `with_lease aws s3api get-object --bucket lake --key finance/report.csv copy.csv`,
				as: asLease, call: getObject("finance/report.csv")},
			{shell: `with_lease aws s3api put-object --bucket lake --key finance/new.csv --body report.csv`, refused: true,
				as: asLease, call: putReport("finance/new.csv")},
			{shell: `with_lease aws s3api get-object --bucket lake --key hr/salaries.csv salaries.csv`, refused: true,
				as: asLease, call: getObject("hr/salaries.csv")},
		}},
		{"The administrator deletes the grant. The credentials that were vended from it end at the same moment.", []step{
			{shell: `latchkey exec -- aws s3control delete-access-grant --account-id ACCOUNT --access-grant-id "$grant"`,
				call: deleteGrant},
			{shell: `with_lease aws s3api get-object --bucket lake --key finance/report.csv late.csv`, refused: true,
				as: asLease, call: getObject("finance/report.csv")},
		}},
	}
}
