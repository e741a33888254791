package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"latchkey/internal/server"
)

func newTour() *cobra.Command {
	return &cobra.Command{
		Use:   "tour",
		Short: "Walk through the whole story on a throw-away server",
		Long: `Start a throw-away server and walk through the whole story: instance, role, location, grant, vend, read, refused write, revoke,
refused read. Each step is printed as the AWS CLI command that does the same on a server of your own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "latchkey-tour-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			ctx, stop := context.WithCancel(cmd.Context())
			s, err := server.Open(ctx, server.Config{Listen: "127.0.0.1:0", Data: dir})
			if err != nil {
				stop()
				return err
			}
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx) }()
			t := newTourist(s, cmd.OutOrStdout())
			err = t.walk(ctx)
			stop()
			if serveErr := <-served; err == nil {
				err = serveErr
			}
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
			return err
		},
	}
}

// tourist walks through the story as two people: the administrator and alice.
type tourist struct {
	out     io.Writer
	account string
	admin   *client
	alice   *client
	vended  *client
	grant   string // its id
	step    int
}

func newTourist(s *server.Server, out io.Writer) *tourist {
	admin := &client{
		url: s.URL(), region: s.Config.Region, http: &http.Client{Transport: &http.Transport{}},
		keys: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	return &tourist{out: out, account: string(s.Config.Account), admin: admin}
}

// as is a client with other keys.
func (c *client) as(keys aws.Credentials) *client {
	other := *c
	other.keys = keys
	return &other
}

// The documents of the story.
const (
	tourTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
	tourRole  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`
	tourAsk   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}]}`
)

func (t *tourist) walk(ctx context.Context) error {
	fmt.Fprintf(t.out, "A throw-away server runs at %s. On a server of your own, put `latchkey exec --` before each command.\n", t.admin.url)
	for _, part := range []func(context.Context) error{t.lake, t.people, t.grants, t.vend, t.use, t.revoke} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintln(t.out, "\nThat is S3 Access Grants: access by grant, in credentials that end with the grant. The server and its data are gone now.")
	return nil
}

func (t *tourist) lake(ctx context.Context) error {
	t.say("An administrator has a bucket with data of two departments.")
	err := t.do(ctx, t.admin, "aws s3api create-bucket --bucket lake", http.StatusOK, s3Request(http.MethodPut, "/lake", ""), nil)
	for _, key := range []string{"finance/report.csv", "hr/salaries.csv"} {
		if err == nil {
			err = t.do(ctx, t.admin, "aws s3api put-object --bucket lake --key "+key+" --body "+key[strings.IndexByte(key, '/')+1:],
				http.StatusOK, s3Request(http.MethodPut, "/lake/"+key, "a,b\n1,2\n"), nil)
		}
	}
	return err
}

func (t *tourist) people(ctx context.Context) error {
	t.say("A role may read and write the bucket, and trusts the Access Grants service to act in it.")
	err := t.do(ctx, t.admin, "aws iam create-role --role-name lake-access --assume-role-policy-document '"+tourTrust+"'", http.StatusOK,
		iamRequest("CreateRole", "RoleName", "lake-access", "AssumeRolePolicyDocument", tourTrust), nil)
	if err == nil {
		err = t.do(ctx, t.admin, "aws iam put-role-policy --role-name lake-access --policy-name lake --policy-document '"+tourRole+"'", http.StatusOK,
			iamRequest("PutRolePolicy", "RoleName", "lake-access", "PolicyName", "lake", "PolicyDocument", tourRole), nil)
	}
	if err != nil {
		return err
	}
	t.say("Alice may ask for access, and nothing else.")
	if err := t.do(ctx, t.admin, "aws iam create-user --user-name alice", http.StatusOK, iamRequest("CreateUser", "UserName", "alice"), nil); err != nil {
		return err
	}
	if err := t.do(ctx, t.admin, "aws iam put-user-policy --user-name alice --policy-name ask --policy-document '"+tourAsk+"'", http.StatusOK,
		iamRequest("PutUserPolicy", "UserName", "alice", "PolicyName", "ask", "PolicyDocument", tourAsk), nil); err != nil {
		return err
	}
	var key struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	err = t.do(ctx, t.admin, "aws iam create-access-key --user-name alice", http.StatusOK, iamRequest("CreateAccessKey", "UserName", "alice"), &key)
	t.alice = t.admin.as(aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret})
	return err
}

// tourControl is where S3 Control's Access Grants operations are.
const tourControl = "/v20180820/accessgrantsinstance"

func (t *tourist) grants(ctx context.Context) error {
	t.say("The instance, a location for the bucket, and a grant: Alice may read finance/.")
	if err := t.do(ctx, t.admin, "aws s3control create-access-grants-instance --account-id "+t.account, http.StatusOK,
		t.control(http.MethodPost, tourControl, ""), nil); err != nil {
		return err
	}
	role := "arn:aws:iam::" + t.account + ":role/lake-access"
	var location struct {
		ID string `xml:"AccessGrantsLocationId"`
	}
	if err := t.do(ctx, t.admin, "aws s3control create-access-grants-location --account-id "+t.account+" --location-scope s3://lake --iam-role-arn "+role,
		http.StatusOK, t.control(http.MethodPost, tourControl+"/location",
			"<CreateAccessGrantsLocationRequest><LocationScope>s3://lake</LocationScope><IAMRoleArn>"+role+"</IAMRoleArn></CreateAccessGrantsLocationRequest>"), &location); err != nil {
		return err
	}
	alice := "arn:aws:iam::" + t.account + ":user/alice"
	var grant struct {
		ID string `xml:"AccessGrantId"`
	}
	err := t.do(ctx, t.admin, "aws s3control create-access-grant --account-id "+t.account+" --access-grants-location-id "+location.ID+
		" --access-grants-location-configuration 'S3SubPrefix=finance/*' --permission READ --grantee GranteeType=IAM,GranteeIdentifier="+alice,
		http.StatusOK, t.control(http.MethodPost, tourControl+"/grant", "<CreateAccessGrantRequest><AccessGrantsLocationId>"+location.ID+
			"</AccessGrantsLocationId><AccessGrantsLocationConfiguration><S3SubPrefix>finance/*</S3SubPrefix></AccessGrantsLocationConfiguration>"+
			"<Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>"+alice+"</GranteeIdentifier></Grantee><Permission>READ</Permission></CreateAccessGrantRequest>"), &grant)
	t.grant = grant.ID
	return err
}

func (t *tourist) vend(ctx context.Context) error {
	t.say("Alice asks for access and gets credentials for finance/ only.")
	var got struct {
		ID      string `xml:"Credentials>AccessKeyId"`
		Secret  string `xml:"Credentials>SecretAccessKey"`
		Token   string `xml:"Credentials>SessionToken"`
		Matched string `xml:"MatchedGrantTarget"`
	}
	r := t.control(http.MethodGet, tourControl+"/dataaccess", "")
	r.query = url.Values{"target": {"s3://lake/finance/*"}, "permission": {"READ"}}
	if err := t.do(ctx, t.alice, "aws s3control get-data-access --account-id "+t.account+" --target 's3://lake/finance/*' --permission READ", http.StatusOK, r, &got); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "    the credentials cover %s\n", got.Matched)
	t.vended = t.alice.as(aws.Credentials{AccessKeyID: got.ID, SecretAccessKey: got.Secret, SessionToken: got.Token})
	return nil
}

func (t *tourist) use(ctx context.Context) error {
	t.say("With these credentials she reads finance/; writing is refused, and so is reading hr/.")
	read := "aws s3api get-object --bucket lake --key finance/report.csv report.csv"
	if err := t.do(ctx, t.vended, read, http.StatusOK, s3Request(http.MethodGet, "/lake/finance/report.csv", ""), nil); err != nil {
		return err
	}
	if err := t.do(ctx, t.vended, "aws s3api put-object --bucket lake --key finance/new.csv --body new.csv", http.StatusForbidden,
		s3Request(http.MethodPut, "/lake/finance/new.csv", "x"), nil); err != nil {
		return err
	}
	return t.do(ctx, t.vended, "aws s3api get-object --bucket lake --key hr/salaries.csv salaries.csv", http.StatusForbidden,
		s3Request(http.MethodGet, "/lake/hr/salaries.csv", ""), nil)
}

func (t *tourist) revoke(ctx context.Context) error {
	t.say("The administrator deletes the grant. The credentials that were vended from it end at the same moment.")
	if err := t.do(ctx, t.admin, "aws s3control delete-access-grant --account-id "+t.account+" --access-grant-id "+t.grant, http.StatusOK,
		t.control(http.MethodDelete, tourControl+"/grant/"+t.grant, ""), nil); err != nil {
		return err
	}
	return t.do(ctx, t.vended, "aws s3api get-object --bucket lake --key finance/report.csv report.csv", http.StatusForbidden,
		s3Request(http.MethodGet, "/lake/finance/report.csv", ""), nil)
}

func (t *tourist) say(text string) {
	t.step++
	fmt.Fprintf(t.out, "\n%d. %s\n", t.step, text)
}

// do prints a command, makes its request, and holds the answer against the status that the story expects.
func (t *tourist) do(ctx context.Context, c *client, command string, want int, r request, out any) error {
	fmt.Fprintln(t.out, "  $ "+command)
	status, body, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("the tour went wrong: status %d where %d was expected: %s", status, want, body)
	}
	switch {
	case status != http.StatusOK:
		var e struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		}
		if err := xml.Unmarshal(body, &e); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "    refused, as it should be: %s: %s\n", e.Code, e.Message)
	case out != nil:
		return xml.Unmarshal(body, out)
	}
	return nil
}

func s3Request(method, path, body string) request {
	return request{service: "s3", method: method, path: path, body: []byte(body)}
}

// control is an S3 Control request, with the account before the host as every client puts it.
func (t *tourist) control(method, path, body string) request {
	u, _ := url.Parse(t.admin.url) // it is our own server's
	return request{
		service: "s3", method: method, path: path, body: []byte(body), host: t.account + "." + u.Host,
		header: http.Header{"X-Amz-Account-Id": {t.account}},
	}
}

func iamRequest(action string, pairs ...string) request {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return request{
		service: "iam", method: http.MethodPost, path: "/", body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}
