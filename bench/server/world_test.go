package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// world is a running server with a bucket, a grant, and a user who may ask.
type world struct {
	url   string
	http  *http.Client
	root  aws.Credentials
	alice aws.Credentials
}

func (w *world) setUp(b *testing.B) {
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	all := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	w.must(b, w.root, "s3", http.MethodPut, "/lake", nil, nil)
	w.iam(b, "CreateRole", "RoleName", "loc", "AssumeRolePolicyDocument", trust)
	w.iam(b, "PutRolePolicy", "RoleName", "loc", "PolicyName", "all", "PolicyDocument", all)
	w.iam(b, "CreateUser", "UserName", "alice")
	w.iam(b, "PutUserPolicy", "UserName", "alice", "PolicyName", "all", "PolicyDocument", all)
	var key struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	read(b, w.iam(b, "CreateAccessKey", "UserName", "alice"), &key)
	w.alice = aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret}
	const base = "/v20180820/accessgrantsinstance"
	w.must(b, w.root, "s3", http.MethodPost, base, nil, nil)
	var location struct {
		ID string `xml:"AccessGrantsLocationId"`
	}
	read(b, w.must(b, w.root, "s3", http.MethodPost, base+"/location", nil,
		[]byte("<CreateAccessGrantsLocationRequest><LocationScope>s3://lake</LocationScope><IAMRoleArn>arn:aws:iam::"+
			account+":role/loc</IAMRoleArn></CreateAccessGrantsLocationRequest>")), &location)
	w.must(b, w.root, "s3", http.MethodPost, base+"/grant", nil,
		[]byte("<CreateAccessGrantRequest><AccessGrantsLocationId>"+location.ID+"</AccessGrantsLocationId>"+
			"<AccessGrantsLocationConfiguration><S3SubPrefix>*</S3SubPrefix></AccessGrantsLocationConfiguration>"+
			"<Grantee><GranteeType>IAM</GranteeType>"+
			"<GranteeIdentifier>arn:aws:iam::"+account+":user/alice</GranteeIdentifier></Grantee>"+
			"<Permission>READWRITE</Permission></CreateAccessGrantRequest>"))
}

func (w *world) iam(b *testing.B, action string, pairs ...string) []byte {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.must(b, w.root, "iam", http.MethodPost, "/",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()))
}

func (w *world) must(
	b *testing.B, keys aws.Credentials, service, method, target string, h http.Header, body []byte,
) []byte {
	b.Helper()
	status, answer, err := w.do(keys, service, method, target, h, body)
	if err != nil || status >= 300 {
		b.Fatalf("%s %s: %d %v: %s", method, target, status, err, answer)
	}
	return answer
}

func (w *world) do(
	keys aws.Credentials, service, method, target string, h http.Header, body []byte,
) (int, []byte, error) {
	req, err := http.NewRequest(method, w.url+target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range h {
		req.Header[k] = v
	}
	if strings.HasPrefix(target, "/v20180820/") {
		req.Header.Set("X-Amz-Account-Id", account)
	}
	hash := "UNSIGNED-PAYLOAD"
	if service != "s3" || len(body) < 1<<20 {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	}
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if err := signer.SignHTTP(context.Background(), keys, req, hash, service, "us-east-1", time.Now()); err != nil {
		return 0, nil, err
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if method == http.MethodGet && resp.StatusCode == http.StatusOK && service == "s3" &&
		!strings.HasPrefix(target, "/v20180820/") {
		_, err := io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
