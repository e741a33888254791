package server

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awswire"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/ldap"
	"latchkey/internal/oidc/oidctest"
	"latchkey/internal/server/signedtest"
	"latchkey/internal/upstreams"
)

const (
	walkAccount = "123456789012"
	iamARN      = "arn:aws:iam::" + walkAccount + ":"
)

// walkWorld is a running server with a thing of every kind.
type walkWorld struct {
	t                   testing.TB
	server              *Server
	url                 string
	idp                 *oidctest.Issuer
	root, admin, nobody aws.Credentials
	seeded              map[string]string // ids that only the server knows, by our names
	now                 func() time.Time  // when requests are signed; nil: now
}

func newWalkWorld(t testing.TB, log slog.Handler) *walkWorld {
	t.Helper()
	away := ldapsync.Source{Name: "corp", Account: walkAccount, MaxRemoval: 0.1, Interval: time.Hour, LDAP: ldap.Options{
		Vendor: ldap.OpenLDAP, URLs: []string{"ldap://127.0.0.1:1"}, Users: ldap.Users{Bases: []string{"dc=example"}},
	}}.Defaults()
	store, err := (&upstreams.Single{
		Name: "away", Endpoints: []string{"http://127.0.0.1:1"}, File: keysFile(t, aws.Credentials{
			AccessKeyID: "AKID", SecretAccessKey: "secret",
		}), Profile: "default",
	}).Config()
	if err != nil {
		t.Fatal(err)
	}
	s := boot(t, Config{
		PrivateIssuers: true, Directories: []ldapsync.Source{away}, Log: slog.New(log), Upstreams: store,
	})
	w := &walkWorld{
		t: t, server: s, url: s.URL(), idp: oidctest.New(t), seeded: map[string]string{},
		root: aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: s.Root.Secret.Reveal()},
	}
	if err := s.objects.MakeBucket(t.Context(), "found", "of nobody"); err != nil {
		t.Fatal(err)
	}
	w.seedIAM()
	w.seedS3()
	w.seedPeople()
	w.seedApplications()
	return w
}

// object is a JSON object, as it goes over the wire.
type object = map[string]any

// request is one request of any service, before it is signed.
type request struct {
	method, path string
	service      string // that it is signed for; empty: s3; "-": not at all
	region       string // empty: us-east-1
	header       map[string]string
	body         string
}

func get(path string) request       { return request{method: http.MethodGet, path: path} }
func put(path, body string) request { return request{method: http.MethodPut, path: path, body: body} }

// form is a request of IAM or STS.
func form(s *awswire.Service, action string, pairs ...string) request {
	header, body := signedtest.Form(s, action, pairs...)
	return request{method: http.MethodPost, path: "/", service: s.SigningName, body: body, header: header}
}

// call is a request of a service that speaks JSON.
func call(s *awswire.Service, op string, in object) request {
	body, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	return request{method: http.MethodPost, path: "/", service: s.SigningName, body: string(body),
		header: signedtest.JSON(s, op)}
}

// with is an object with more members.
func with(in object, pairs ...any) object {
	out := maps.Clone(in)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// got is an answer.
type got struct {
	method string
	status int
	header http.Header
	body   string
}

// code is the error code that an answer names; empty for a success.
func (a *got) code() string {
	if a.status < 300 {
		return ""
	}
	if kind := a.header.Get("X-Amzn-Errortype"); kind != "" {
		return kind
	}
	return (&signedtest.Answer{Status: a.status, Body: a.body}).Code()
}

// send signs and sends a request.
func (w *walkWorld) send(k aws.Credentials, q request) *got {
	w.t.Helper()
	header := q.header
	if strings.HasPrefix(q.path, "/v20180820/") {
		header = map[string]string{}
		maps.Copy(header, q.header)
		header["X-Amz-Account-Id"] = walkAccount
	}
	a := signedtest.Send(w.t, k, signedtest.Request{
		Method: q.method, URL: w.url + q.path, Service: q.service, Region: q.region, Header: header, Body: q.body,
		Now: w.now,
	})
	return &got{q.method, a.Status, a.Header, a.Body}
}

// must sends a request of the root user's that succeeds.
func (w *walkWorld) must(q request) *got {
	w.t.Helper()
	a := w.send(w.root, q)
	if a.status >= 300 {
		w.t.Fatalf("%s %s %v %s: %d %s", q.method, q.path, q.header, q.body, a.status, a.body)
	}
	return a
}

// keep keeps the text of an answer's element or member under a name of ours.
func (w *walkWorld) keep(name string, a *got, member string) {
	w.t.Helper()
	m := regexp.MustCompile(`<` + member + `>([^<]+)<|"` + member + `":"([^"]+)"`).FindStringSubmatch(a.body)
	if m == nil {
		w.t.Fatalf("no %s in %s", member, a.body)
	}
	w.seeded[name] = m[1] + m[2]
}

// id is an id that was kept.
func (w *walkWorld) id(name string) string {
	w.t.Helper()
	v, ok := w.seeded[name]
	if !ok {
		w.t.Fatalf("nothing was kept as %s", name)
	}
	return v
}
