package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

// A scene is a part of the story: a sentence, and steps. Its text has no quotes, which an interactive shell might
// take for the beginning of a string even behind a #.
type scene struct {
	tells string
	steps []step
}

// A step is a shell command and the same as a call. In the command, ACCOUNT stands for the account.
type step struct {
	shell   string
	as      func(*cast) *client // who calls; nil: the administrator
	call    func(*cast) request // nil: the command calls nobody
	refused bool                // the call is refused, as it should be
	learn   func(c *cast, answer []byte, out io.Writer) error
}

// The documents of the story.
const (
	tourTrust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
	tourRole   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`
	tourAsk    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}]}`
	tourReport = "quarter,profit\nQ1,12\n"
)

func asAlice(c *cast) *client { return c.alice }
func asLease(c *cast) *client { return c.lease }

// fixed is a call that needs nothing from earlier answers.
func fixed(r request) func(*cast) request { return func(*cast) request { return r } }

// story is the whole story, told by tour.go.
func story() []scene {
	return []scene{
		{"An administrator has a bucket with data of two departments.", []step{
			{shell: `latchkey exec -- aws s3api create-bucket --bucket lake`, call: fixed(s3Request(http.MethodPut, "/lake", ""))},
			{shell: `printf 'quarter,profit\nQ1,12\n' > report.csv`},
			{shell: `latchkey exec -- aws s3api put-object --bucket lake --key finance/report.csv --body report.csv`,
				call: fixed(s3Request(http.MethodPut, "/lake/finance/report.csv", tourReport))},
			{shell: `latchkey exec -- aws s3api put-object --bucket lake --key hr/salaries.csv --body report.csv`,
				call: fixed(s3Request(http.MethodPut, "/lake/hr/salaries.csv", tourReport))},
		}},
		{"A role may read and write the bucket, and trusts the Access Grants service to act in it.", []step{
			{shell: `latchkey exec -- aws iam create-role --role-name lake-access --assume-role-policy-document '` + tourTrust + `'`,
				call: fixed(iamRequest("CreateRole", "RoleName", "lake-access", "AssumeRolePolicyDocument", tourTrust))},
			{shell: `latchkey exec -- aws iam put-role-policy --role-name lake-access --policy-name lake --policy-document '` + tourRole + `'`,
				call: fixed(iamRequest("PutRolePolicy", "RoleName", "lake-access", "PolicyName", "lake", "PolicyDocument", tourRole))},
		}},
		{"Alice may ask for access, and nothing else.", []step{
			{shell: `latchkey exec -- aws iam create-user --user-name alice`, call: fixed(iamRequest("CreateUser", "UserName", "alice"))},
			{shell: `latchkey exec -- aws iam put-user-policy --user-name alice --policy-name ask --policy-document '` + tourAsk + `'`,
				call: fixed(iamRequest("PutUserPolicy", "UserName", "alice", "PolicyName", "ask", "PolicyDocument", tourAsk))},
			{shell: `key=$(latchkey exec -- aws iam create-access-key --user-name alice --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)`,
				call: fixed(iamRequest("CreateAccessKey", "UserName", "alice")), learn: learnKey},
			{shell: `as_alice() { : "${key:?}"; env AWS_ACCESS_KEY_ID="$(echo "$key" | cut -f1)" AWS_SECRET_ACCESS_KEY="$(echo "$key" | cut -f2)" latchkey exec -- "$@"; }`},
		}},
		{"The instance, a location for the bucket, and a grant: Alice may read finance/.", []step{
			{shell: `latchkey exec -- aws s3control create-access-grants-instance --account-id ACCOUNT`,
				call: func(c *cast) request { return c.control(http.MethodPost, "", "") }},
			{shell: `location=$(latchkey exec -- aws s3control create-access-grants-location --account-id ACCOUNT --location-scope s3://lake ` +
				`--iam-role-arn arn:aws:iam::ACCOUNT:role/lake-access --query AccessGrantsLocationId --output text)`,
				call: createLocation, learn: learnLocation},
			{shell: `grant=$(latchkey exec -- aws s3control create-access-grant --account-id ACCOUNT --access-grants-location-id "$location" ` +
				`--access-grants-location-configuration 'S3SubPrefix=finance/*' --permission READ ` +
				`--grantee GranteeType=IAM,GranteeIdentifier=arn:aws:iam::ACCOUNT:user/alice --query AccessGrantId --output text)`,
				call: createGrant, learn: learnGrant},
		}},
		{"Alice asks for access and gets credentials for finance/ only.", []step{
			{shell: `lease=$(as_alice aws s3control get-data-access --account-id ACCOUNT --target 's3://lake/finance/*' --permission READ ` +
				`--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)`,
				as: asAlice, learn: learnLease,
				call: func(c *cast) request {
					return c.control(http.MethodGet, "/dataaccess?target=s3%3A%2F%2Flake%2Ffinance%2F%2A&permission=READ", "")
				}},
			{shell: `with_lease() { : "${lease:?}"; env AWS_ACCESS_KEY_ID="$(echo "$lease" | cut -f1)" AWS_SECRET_ACCESS_KEY="$(echo "$lease" | cut -f2)" ` +
				`AWS_SESSION_TOKEN="$(echo "$lease" | cut -f3)" latchkey exec -- "$@"; }`},
		}},
		{"With these credentials she reads finance/. Writing is refused, and so is reading hr/.", []step{
			{shell: `with_lease aws s3api get-object --bucket lake --key finance/report.csv copy.csv`,
				as: asLease, call: fixed(s3Request(http.MethodGet, "/lake/finance/report.csv", ""))},
			{shell: `with_lease aws s3api put-object --bucket lake --key finance/new.csv --body report.csv`, refused: true,
				as: asLease, call: fixed(s3Request(http.MethodPut, "/lake/finance/new.csv", tourReport))},
			{shell: `with_lease aws s3api get-object --bucket lake --key hr/salaries.csv salaries.csv`, refused: true,
				as: asLease, call: fixed(s3Request(http.MethodGet, "/lake/hr/salaries.csv", ""))},
		}},
		{"The administrator deletes the grant. The credentials that were vended from it end at the same moment.", []step{
			{shell: `latchkey exec -- aws s3control delete-access-grant --account-id ACCOUNT --access-grant-id "$grant"`,
				call: func(c *cast) request { return c.control(http.MethodDelete, "/grant/"+c.grant, "") }},
			{shell: `with_lease aws s3api get-object --bucket lake --key finance/report.csv late.csv`, refused: true,
				as: asLease, call: fixed(s3Request(http.MethodGet, "/lake/finance/report.csv", ""))},
		}},
	}
}

func createLocation(c *cast) request {
	return c.control(http.MethodPost, "/location", "<CreateAccessGrantsLocationRequest><LocationScope>s3://lake</LocationScope>"+
		"<IAMRoleArn>arn:aws:iam::"+c.account+":role/lake-access</IAMRoleArn></CreateAccessGrantsLocationRequest>")
}

func createGrant(c *cast) request {
	return c.control(http.MethodPost, "/grant", "<CreateAccessGrantRequest><AccessGrantsLocationId>"+c.location+"</AccessGrantsLocationId>"+
		"<AccessGrantsLocationConfiguration><S3SubPrefix>finance/*</S3SubPrefix></AccessGrantsLocationConfiguration>"+
		"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::"+c.account+":user/alice</GranteeIdentifier></Grantee>"+
		"<Permission>READ</Permission></CreateAccessGrantRequest>")
}

func learnKey(c *cast, answer []byte, _ io.Writer) error {
	var key struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	err := xml.Unmarshal(answer, &key)
	c.alice = c.admin.with(key.ID, key.Secret, "")
	return err
}

func learnLocation(c *cast, answer []byte, _ io.Writer) error {
	var location struct {
		ID string `xml:"AccessGrantsLocationId"`
	}
	err := xml.Unmarshal(answer, &location)
	c.location = location.ID
	return err
}

func learnGrant(c *cast, answer []byte, _ io.Writer) error {
	var grant struct {
		ID string `xml:"AccessGrantId"`
	}
	err := xml.Unmarshal(answer, &grant)
	c.grant = grant.ID
	return err
}

func learnLease(c *cast, answer []byte, out io.Writer) error {
	var got struct {
		ID      string `xml:"Credentials>AccessKeyId"`
		Secret  string `xml:"Credentials>SecretAccessKey"`
		Token   string `xml:"Credentials>SessionToken"`
		Matched string `xml:"MatchedGrantTarget"`
	}
	if err := xml.Unmarshal(answer, &got); err != nil {
		return err
	}
	c.lease = c.admin.with(got.ID, got.Secret, got.Token)
	_, err := fmt.Fprintf(out, "#    the credentials cover %s\n", got.Matched)
	return err
}
