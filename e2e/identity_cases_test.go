package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// runs runs a program with these keys and variables, and without other variables that AWS clients read.
func runs(t testing.TB, keys aws.Credentials, env []string, program ...string) (out, complaint string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	cmd.Env = append(plainEnv(), "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region)
	if keys.AccessKeyID != "" {
		cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey)
	}
	if keys.SessionToken != "" {
		cmd.Env = append(cmd.Env, "AWS_SESSION_TOKEN="+keys.SessionToken)
	}
	cmd.Env = append(cmd.Env, env...)
	var said, complained strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &complained
	err = cmd.Run()
	return said.String(), complained.String(), err
}

func needsBoto3(t testing.TB) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skipf("python3 with boto3 is not installed (%v): skipped", err)
	}
}

func needsCLI(t testing.TB) {
	t.Helper()
	if err := exec.Command("aws", "--version").Run(); err != nil {
		t.Skipf("the AWS CLI is not installed (%v): skipped", err)
	}
}

func TestIdentityCase100_TheServerAsTheClientsProxy(t *testing.T) {
	needsBoto3(t)
	s := start(t, "--domain", "s3.grants")
	l := lakeOf(s.first(t))
	l.location.grants(l.alice, READ, "a/*")
	endpoint := "AWS_ENDPOINT_URL=http://s3.grants:" + s.port
	out, complaint, err := runs(t, l.alice.keys, []string{endpoint, "HTTP_PROXY=" + s.url, "http_proxy=" + s.url},
		"python3", "python/asks.py", l.id, l.at("a/x"))
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint)
	}
	is(t, "matched", strings.TrimSpace(out), l.at("a/*"))
	// The signature covers the host name with the account id before it.
	records, _ := s.audited(t, "--event", "GetDataAccess")
	is(t, "Host", records[0].RequestParameters["Host"], any(l.id+".s3.grants:"+s.port))
}

func TestIdentityCase101_RegionSnowWithAnAddress(t *testing.T) {
	needsCLI(t)
	l := newLake(t)
	l.location.grants(l.alice, READ, "a/*")
	out, complaint, err := runs(t, l.alice.keys, nil, "aws", "s3control", "get-data-access", "--region", "snow",
		"--endpoint-url", l.site.url,
		"--account-id", l.id, "--target", l.at("a/x"), "--permission", "READ", "--query", "MatchedGrantTarget", "--output",
		"text")
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint)
	}
	is(t, "matched", strings.TrimSpace(out), l.at("a/*"))
}

// AWS's clients send the token of a container's credentials over TLS or to this machine only.
func TestIdentityCase099_CredentialsOverPlainHTTPComeFromThisMachineOnly(t *testing.T) {
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/credentials")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	_, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("the SDK takes it: %v", err)
	}
}

func TestIdentityCase107_ThePluginOfBoto3ByTheEnvironmentAlone(t *testing.T) {
	needsBoto3(t)
	l := newLake(t)
	l.root.puts(l.bucket, "data/a", "data/b", "secret/x", "own/x")
	l.location.grants(l.alice, READ, "data/*")
	// As on AWS, where the plugin alone brings access.
	l.site.own(t, l.root.keys, "PutResolveGrants", map[string]any{"Enabled": false}, &struct{}{})
	_, err := l.root.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName:       aws.String("alice"),
		PolicyName:     aws.String("own"),
		PolicyDocument: aws.String(allows("s3:GetObject", "arn:aws:s3:::"+l.bucket+"/own/*")),
	})
	l.check(err)
	env := []string{
		"AWS_ENDPOINT_URL=" + l.site.endpoint(), "HTTP_PROXY=" + l.site.url, "http_proxy=" + l.site.url,
		"BOTOCORE_EXPERIMENTAL__PLUGINS=granted=granted", "PYTHONPATH=python", "PYTHONDONTWRITEBYTECODE=1",
	}
	reads := func(env ...string) string {
		out, complaint, err := runs(t, l.alice.keys, env, "python3", "python/reads.py", l.bucket, "data/a", "data/b",
			"secret/x", "own/x")
		if err != nil {
			t.Fatalf("%v\n%s", err, complaint)
		}
		return strings.Join(strings.Fields(out), " ")
	}
	is(t, "without the plugin", reads(env[:3]...), "AccessDenied AccessDenied AccessDenied own/x")
	is(t, "with it", reads(env...), "data/a data/b AccessDenied AccessDenied")
	l.site.own(t, l.root.keys, "PutResolveGrants", map[string]any{"Enabled": true}, &struct{}{})
	is(t, "without it, when grants answer requests", reads(env[:3]...), "data/a data/b AccessDenied own/x")
	is(t, "with its fallback", reads(append(env, "GRANTED_FALLBACK=1")...), "data/a data/b AccessDenied own/x")
}

// allows is a policy that allows an action on a resource, under these conditions.
func allows(action, resource string, conditions ...string) string {
	condition := ""
	if len(conditions) > 0 {
		condition = `,"Condition":{` + strings.Join(conditions, ",") + `}`
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q%s}]}`, action,
		resource, condition)
}

func TestIdentityCase089_CornersOfPolicies(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "a", "*", "${*}", "$x")
	objects := "arn:aws:s3:::" + l.bucket + "/*"
	u := l.userWho("corners", "")
	given := func(document string) {
		t.Helper()
		_, err := l.root.iam.PutUserPolicy(t.Context(),
			&iam.PutUserPolicyInput{UserName: aws.String("corners"), PolicyName: aws.String("p"), PolicyDocument: &document})
		l.check(err)
	}
	t.Run("ForAllValues holds of a missing key", func(t *testing.T) {
		given(allows("s3:GetObject", objects, `"ForAllValues:StringEquals":{"aws:TagKeys":["x"]}`))
		u.may(reading(l.bucket, "a"))
	})
	t.Run("StringNotEquals holds of a missing key", func(t *testing.T) {
		given(allows("s3:GetObject", objects, `"StringNotEquals":{"aws:PrincipalTag/team":"x"}`))
		u.may(reading(l.bucket, "a"))
		given(allows("s3:GetObject", objects, `"StringEquals":{"aws:PrincipalTag/team":"x"}`))
		u.mayNot(reading(l.bucket, "a"))
	})
	t.Run("a star of ArnLike stays between two colons", func(t *testing.T) {
		given(allows("s3:GetObject", objects, `"ArnLike":{"aws:PrincipalArn":"arn:*:i*::*:user/corners"}`))
		u.may(reading(l.bucket, "a"))
		const crossing = "arn:aws:*:user/corners"
		given(allows("s3:GetObject", objects, `"StringLike":{"aws:PrincipalArn":"`+crossing+`"}`))
		u.may(reading(l.bucket, "a"))
		_, err := l.root.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
			UserName:       aws.String("corners"),
			PolicyName:     aws.String("p"),
			PolicyDocument: aws.String(allows("s3:GetObject", objects, `"ArnLike":{"aws:PrincipalArn":"`+crossing+`"}`)),
		})
		refused(t, err, 400, "MalformedPolicyDocument", "not an ARN")
	})
	t.Run("an escaped star is a star", func(t *testing.T) {
		given(allows("s3:GetObject", "arn:aws:s3:::"+l.bucket+"/${*}"))
		u.may(reading(l.bucket, "*"))
		u.mayNot(reading(l.bucket, "a"), reading(l.bucket, "${*}"), reading(l.bucket, "$x"))
	})
}

// A bucket policy may name a session. It then also gives the session what the session policy does not allow. If it
// names the session's role, it gives only what the session policy allows.
func TestIdentityCase090_ABucketPolicyThatNamesASession(t *testing.T) {
	l := newLake(t)
	l.root.puts(l.bucket, "a")
	role := l.role("reader", trustsAccount(l.account), "")
	narrow := allows("s3:ListBucket", "*")
	session := l.chief("chief").assumesWith(role, "tuesday", narrow)
	policy := func(principal string) {
		t.Helper()
		document := fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:GetObject",`+
				`"Resource":"arn:aws:s3:::%s/*"}]}`, principal, l.bucket,
		)
		_, err := l.root.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &l.bucket, Policy: &document})
		l.check(err)
	}
	session.mayNot(reading(l.bucket, "a"))
	policy(role)
	session.mayNot(reading(l.bucket, "a"))
	policy(session.arn)
	session.may(reading(l.bucket, "a"))
}
