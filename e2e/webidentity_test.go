package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"latchkey/internal/oidc/oidctest"
)

// cluster is an account that trusts an issuer as it would trust a Kubernetes cluster. A pod's role accepts the tokens
// of one service account, and holds a grant.
type cluster struct {
	*lake
	issuer *oidctest.Issuer
	role   string // ARN of the pod's role
	file   string // of the pod's token
}

const serviceAccount = "system:serviceaccount:default:etl"

func newCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{
		lake:   lakeOf(start(t, "--private-issuers").first(t)),
		issuer: oidctest.New(t),
		file:   filepath.Join(t.TempDir(), "token"),
	}
	name := strings.TrimPrefix(c.issuer.URL, "http://")
	c.role = c.lake.role("etl",
		fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"%s:sub":%q,"%s:aud":"sts.amazonaws.com"}}}]}`,
			c.id, name, name, serviceAccount, name),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}]}`)
	c.location.grantsARN(c.role, READ, "etl/*")
	c.mounts(serviceAccount)
	return c
}

// mounts writes the token of a service account where its pod finds it.
func (c *cluster) mounts(sub string) {
	c.t.Helper()
	token := c.issuer.Token(c.t, map[string]any{"sub": sub, "aud": []string{"sts.amazonaws.com"}})
	c.check(os.WriteFile(c.file, []byte(token), 0o600))
}

// cli runs the AWS CLI with these keys, or with none.
func (c *cluster) cli(keys aws.Credentials, args ...string) (string, error) {
	c.t.Helper()
	out, complaint, err := runs(c.t, keys, []string{"AWS_ENDPOINT_URL=" + c.site.url, "AWS_EC2_METADATA_DISABLED=true"},
		append([]string{"aws", "--output", "json"}, args...)...)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, complaint)
	}
	return out, err
}

func TestWebIdentityWithTheCLI(t *testing.T) {
	needsCLI(t)
	c := newCluster(t)
	token, err := os.ReadFile(c.file)
	c.check(err)
	ask := []string{"sts", "assume-role-with-web-identity", "--role-arn", c.role, "--role-session-name", "etl",
		"--web-identity-token", string(token)}
	if _, err := c.cli(aws.Credentials{}, ask...); err == nil ||
		!strings.Contains(err.Error(), "(InvalidIdentityToken)") || !strings.Contains(err.Error(), c.issuer.URL) {
		t.Errorf("before the provider is there: %v", err)
	}
	out, err := c.cli(c.root.keys, "iam", "create-open-id-connect-provider", "--url", c.issuer.URL, "--client-id-list",
		"sts.amazonaws.com")
	c.check(err)
	var made struct{ OpenIDConnectProviderArn string }
	c.check(json.Unmarshal([]byte(out), &made))
	out, err = c.cli(aws.Credentials{}, ask...)
	c.check(err)
	var got struct {
		Credentials                                     struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		SubjectFromWebIdentityToken, Provider, Audience string
	}
	c.check(json.Unmarshal([]byte(out), &got))
	is(t, "subject", got.SubjectFromWebIdentityToken, serviceAccount)
	is(t, "provider", got.Provider, made.OpenIDConnectProviderArn)
	is(t, "audience", got.Audience, "sts.amazonaws.com")
	keys := aws.Credentials{
		AccessKeyID:     got.Credentials.AccessKeyID,
		SecretAccessKey: got.Credentials.SecretAccessKey,
		SessionToken:    got.Credentials.SessionToken,
	}
	out, err = c.cli(keys, "sts", "get-caller-identity")
	c.check(err)
	if !strings.Contains(out, ":assumed-role/etl/etl") {
		t.Error(out)
	}
	_, err = c.cli(c.root.keys, "iam", "remove-client-id-from-open-id-connect-provider", "--open-id-connect-provider-arn",
		made.OpenIDConnectProviderArn, "--client-id", "sts.amazonaws.com")
	c.check(err)
	if _, err = c.cli(keys, "sts", "get-caller-identity"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("after the client id was removed: %v", err)
	}
}

// A program in a pod has three variables, and asks for data as it would on AWS.
func TestAPodAsksForDataWithBoto3(t *testing.T) {
	needsBoto3(t)
	c := newCluster(t)
	provider, err := c.root.iam.CreateOpenIDConnectProvider(t.Context(),
		&iam.CreateOpenIDConnectProviderInput{Url: &c.issuer.URL, ClientIDList: []string{"sts.amazonaws.com"}})
	c.check(err)
	asks := func() (string, error) {
		out, complaint, err := runs(t, aws.Credentials{}, []string{
			"AWS_WEB_IDENTITY_TOKEN_FILE=" + c.file, "AWS_ROLE_ARN=" + c.role, "AWS_ROLE_SESSION_NAME=pod-1",
			"AWS_ENDPOINT_URL=" + c.site.url, "AWS_REGION=snow", "AWS_DEFAULT_REGION=snow",
		}, "python3", "python/asks.py", c.id, c.at("etl/x"))
		if err != nil {
			err = fmt.Errorf("%w: %s", err, complaint)
		}
		return strings.TrimSpace(out), err
	}
	out, err := asks()
	c.check(err)
	is(t, "matched", out, c.at("etl/*"))
	c.mounts(serviceAccount + "2")
	if _, err := asks(); err == nil ||
		!strings.Contains(err.Error(), "Not authorized to perform sts:AssumeRoleWithWebIdentity") {
		t.Errorf("another service account: %v", err)
	}
	c.mounts(serviceAccount)
	_, err = c.root.iam.DeleteOpenIDConnectProvider(t.Context(),
		&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider.OpenIDConnectProviderArn})
	c.check(err)
	if _, err := asks(); err == nil ||
		!strings.Contains(err.Error(), "No OpenIDConnect provider found in your account for "+c.issuer.URL) {
		t.Errorf("after the provider is deleted: %v", err)
	}
}
