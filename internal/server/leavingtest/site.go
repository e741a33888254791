package leavingtest

import (
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/server/signedtest"
)

// Region is the region for which every request is signed.
const Region = signedtest.Region

// Site is a running deployment. Changes are made at one node, and credentials are used at another one, which may be the
// same.
type Site struct {
	Changes  string          // URL of the node at which things are changed
	Uses     string          // URL of the node at which credentials are used
	Operator aws.Credentials // the root key of the first account, which may create accounts
	Holder   Holder          // nil: the holder of this package
	// Apart says that the node at which credentials are used has an object store of its own, without the objects. A read
	// that is allowed ends there with NoSuchBucket.
	Apart bool

	issuer *oidctest.Issuer
	marker *marker
	ended  []ended // what ran
}

// Holder is the client that asks for a credential and holds it, and a presigned URL. It asks at the node at which
// things are changed, and reads at the other one.
type Holder interface {
	// Ask is GetDataAccess for reading what a target covers, at an account's instance.
	Ask(t testing.TB, k aws.Credentials, account, target string) aws.Credentials
	// Read reads an object with the credential.
	Read(t testing.TB, k aws.Credentials, bucket, key string) Answer
	// Presign makes a URL by which an object is read.
	Presign(t testing.TB, k aws.Credentials, bucket, key string) string
}

// Answer is what a request was answered.
type Answer struct {
	Status int
	Code   string // of AWS; empty: none
	Body   string
}

// request is one request of any service, before it is signed.
type request struct {
	method, path string
	service      string // that it is signed for; empty: s3; "-": not at all
	account      string // for S3 Control: whose things are meant
	header       map[string]string
	body         string
}

// object is a JSON object, as it goes over the wire.
type object = map[string]any

// form is a request of IAM or STS.
func form(s *awswire.Service, action string, pairs ...string) request {
	header, body := signedtest.Form(s, action, pairs...)
	return request{method: http.MethodPost, path: "/", service: s.SigningName, body: body, header: header}
}

// call is a request of a service that speaks JSON.
func call(s *awswire.Service, op string, in object) request {
	return request{method: http.MethodPost, path: "/", service: s.SigningName, body: text(in),
		header: signedtest.JSON(s, op)}
}

// text is a JSON object as text.
func text(in object) string {
	b, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// element is an XML element with what it contains.
func element(name string, content ...string) string {
	return "<" + name + ">" + strings.Join(content, "") + "</" + name + ">"
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// send signs and sends a request to a node.
func send(t testing.TB, node string, k aws.Credentials, q request) Answer {
	t.Helper()
	header := q.header
	if q.account != "" {
		header = map[string]string{}
		maps.Copy(header, q.header)
		header["X-Amz-Account-Id"] = q.account
	}
	return answered(signedtest.Send(t, k, signedtest.Request{
		Method: q.method, URL: node + q.path, Service: q.service, Header: header, Body: q.body,
	}))
}

func answered(a *signedtest.Answer) Answer { return Answer{a.Status, a.Code(), a.Body} }

// plain is the holder that signs with AWS's own signer and sends plain requests.
type plain struct{ site *Site }

// Ask is GetDataAccess.
func (p plain) Ask(t testing.TB, k aws.Credentials, account, target string) aws.Credentials {
	t.Helper()
	return credentials(t, must(t, send(t, p.site.Changes, k, dataAccess(account, target))))
}

func dataAccess(account, target string) request {
	return request{
		method: http.MethodGet, account: account,
		path: grantsAt + "/dataaccess?permission=READ&target=" + url.QueryEscape(target),
	}
}

// Read reads an object with the credential.
func (p plain) Read(t testing.TB, k aws.Credentials, bucket, key string) Answer {
	t.Helper()
	return send(t, p.site.Uses, k, request{method: http.MethodGet, path: "/" + bucket + "/" + key})
}

// Presign makes a URL by which an object is read.
func (p plain) Presign(t testing.TB, k aws.Credentials, bucket, key string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		p.site.Uses+"/"+bucket+"/"+key+"?X-Amz-Expires=3600", nil)
	if err != nil {
		t.Fatal(err)
	}
	to, _, err := signedtest.Signer().PresignHTTP(t.Context(), k, r, "UNSIGNED-PAYLOAD", "s3", Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// follow reads what a presigned URL gives.
func follow(t testing.TB, to string) Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answered(signedtest.Do(t, r))
}

// marker is a key that is switched on and off, to see that the node at which credentials are used knows everything that
// was changed before.
type marker struct {
	keys aws.Credentials
	on   bool
}

// settle returns when the node at which credentials are used knows every change that was made. Nodes see changes in
// their order, so a change that is made now is known there after all others.
func (s *Site) settle(t testing.TB) {
	t.Helper()
	if s.Changes == s.Uses {
		return
	}
	if s.marker == nil { // a key that the other node does not know looks like one that is off, so it begins with on
		root := func(q request) Answer { return must(t, send(t, s.Changes, s.Operator, q)) }
		root(ofIAM("CreateUser", "UserName", "marker"))
		a := root(ofIAM("CreateAccessKey", "UserName", "marker"))
		s.marker = &marker{keys: aws.Credentials{
			AccessKeyID: find(t, a, "AccessKeyId"), SecretAccessKey: find(t, a, "SecretAccessKey"),
		}}
	}
	m := s.marker
	m.on = !m.on
	status := map[bool]string{true: "Active", false: "Inactive"}[m.on]
	must(t, send(t, s.Changes, s.Operator,
		ofIAM("UpdateAccessKey", "UserName", "marker", "AccessKeyId", m.keys.AccessKeyID, "Status", status)))
	for end := time.Now().Add(time.Minute); ; {
		a := send(t, s.Uses, m.keys, form(stsapi.Service, "GetCallerIdentity"))
		if (a.Status == http.StatusOK) == m.on {
			return
		}
		if time.Now().After(end) {
			t.Fatal("waited a minute for the other node to see a change")
		}
	}
}

// must fails the test if a request did not succeed.
func must(t testing.TB, a Answer) Answer {
	t.Helper()
	if a.Status >= 300 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a
}

// find is the text of an answer's element or member.
func find(t testing.TB, a Answer, member string) string {
	t.Helper()
	m := regexp.MustCompile(`<` + member + `>([^<]+)<|"` + member + `":"([^"]+)"`).FindStringSubmatch(a.Body)
	if m == nil {
		t.Fatalf("no %s in %s", member, a.Body)
	}
	return m[1] + m[2]
}
