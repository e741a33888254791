package server

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/iamapi"
	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/credential"
)

// signingWorld is a server with two buckets of tables, and a session that may read and write one table.
type signingWorld struct {
	*walkWorld
	session aws.Credentials // of the role warehouse, narrowed to s3://lake/orders/
	etl     aws.Credentials // of the user who may assume the role
}

const tablePolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload"],
	 "Resource":"arn:aws:s3:::lake/orders/*"},
	{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::lake",
	 "Condition":{"StringLike":{"s3:prefix":"orders/*"}}}]}`

func newSigningWorld(t *testing.T, c Config) *signingWorld {
	t.Helper()
	s := boot(t, c)
	w := &signingWorld{walkWorld: &walkWorld{t: t, server: s, url: s.URL(), seeded: map[string]string{},
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()}}}
	for _, b := range []string{"lake", "other"} {
		w.must(put("/"+b, ""))
		for _, k := range []string{"orders/a", "orders/b", "items/secret"} {
			w.must(put("/"+b+"/"+k, b+"/"+k))
		}
	}
	w.must(form(iamapi.Service, "CreateUser", "UserName", "etl"))
	w.etl = w.keyOf("etl")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + iamARN +
		`user/etl"},"Action":"sts:AssumeRole"}]}`
	w.must(form(iamapi.Service, "CreateRole", "RoleName", "warehouse", "AssumeRolePolicyDocument", trust))
	w.must(form(iamapi.Service, "PutRolePolicy", "RoleName", "warehouse", "PolicyName", "all", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`))
	w.session = w.assume(w.etl, tablePolicy)
	return w
}

func (w *signingWorld) keyOf(user string) aws.Credentials {
	a := w.must(form(iamapi.Service, "CreateAccessKey", "UserName", user))
	w.keep("id", a, "AccessKeyId")
	w.keep("secret", a, "SecretAccessKey")
	return aws.Credentials{AccessKeyID: w.id("id"), SecretAccessKey: w.id("secret")}
}

// assume makes a session of the role warehouse under a session policy.
func (w *signingWorld) assume(k aws.Credentials, policy string) aws.Credentials {
	a := w.send(k, form(stsapi.Service, "AssumeRole", "RoleArn", iamARN+"role/warehouse", "RoleSessionName", "orders",
		"Policy", policy))
	if a.status != 200 {
		w.t.Fatalf("%d %s", a.status, a.body)
	}
	w.keep("id", a, "AccessKeyId")
	w.keep("secret", a, "SecretAccessKey")
	w.keep("token", a, "SessionToken")
	return aws.Credentials{AccessKeyID: w.id("id"), SecretAccessKey: w.id("secret"), SessionToken: w.id("token")}
}

// bearerOf is the bearer of a session, for an hour.
func bearerOf(k aws.Credentials) string {
	return credential.Bearer(credential.Credentials{AccessKeyID: k.AccessKeyID,
		Secret: credential.NewSecret(k.SecretAccessKey), SessionToken: credential.NewSecret(k.SessionToken)},
		time.Now().Add(time.Hour)).Reveal()
}

// sign is a RemoteSignRequest, with what a test changes in it.
type sign struct {
	method, uri, region, body string
	headers                   map[string][]string
	raw                       string            // in place of the JSON
	bearer                    string            // empty: the session's
	path                      string            // of the endpoint; empty: a table's
	header                    map[string]string // of the call itself
}

// result is the answer: a RemoteSignResult, or an error.
type result struct {
	status  int
	header  http.Header
	URI     string              `json:"uri"`
	Headers map[string][]string `json:"headers"`
	Error   struct {
		Message, Type string
		Code          int
	}
}

// signs asks for a signature.
func (w *signingWorld) signs(in sign) *result {
	w.t.Helper()
	body := in.raw
	if body == "" {
		m := map[string]any{"method": cmp.Or(in.method, "GET"), "uri": cmp.Or(in.uri, w.url+"/lake/orders/a"),
			"region": cmp.Or(in.region, "us-east-1"), "headers": in.headers, "provider": "s3"}
		if in.headers == nil {
			m["headers"] = map[string][]string{"User-Agent": {"iceberg"}, "Range": {"bytes=0-99"}}
		}
		if in.body != "" {
			m["body"] = in.body
		}
		text, err := json.Marshal(m)
		if err != nil {
			w.t.Fatal(err)
		}
		body = string(text)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost,
		w.url+cmp.Or(in.path, "/v1/prod/namespaces/sales/tables/orders/sign"), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+cmp.Or(in.bearer, bearerOf(w.session)))
	for k, v := range in.header {
		if v == "" {
			r.Header.Del(k)
		} else {
			r.Header.Set(k, v)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := &result{status: resp.StatusCode, header: resp.Header}
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		w.t.Fatalf("%d %s: %v", resp.StatusCode, text, err)
	}
	return out
}

// use sends the request that was signed, as Iceberg's client does: with the answer's headers. change may alter it.
func (w *signingWorld) use(method string, out *result, body string, change func(*http.Request)) (int, string) {
	w.t.Helper()
	if out.status != 200 {
		w.t.Fatalf("nothing was signed: %d %+v", out.status, out.Error)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, out.URI, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	// The path goes over the wire as it stands in the answer. Go would write another spelling.
	_, path, _ := strings.Cut(strings.TrimPrefix(out.URI, "http://"), "/")
	path, _, _ = strings.Cut(path, "?")
	r.URL.Opaque = "/" + path
	for k, v := range out.Headers {
		r.Header[k] = v
	}
	r.Host = out.Headers["Host"][0]
	delete(r.Header, "Host")
	if change != nil {
		change(r)
	}
	resp, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func deleteOf(keys ...string) string {
	var b strings.Builder
	b.WriteString("<Delete>")
	for _, k := range keys {
		b.WriteString("<Object><Key>" + k + "</Key></Object>")
	}
	return b.String() + "</Delete>"
}

// md5Of is the header that S3 demands of a DeleteObjects.
func md5Of(body string) map[string][]string {
	sum := md5.Sum([]byte(body))
	return map[string][]string{"Content-MD5": {base64.StdEncoding.EncodeToString(sum[:])}}
}

var stsService = stsapi.Service
