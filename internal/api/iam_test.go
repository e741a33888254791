package api

import (
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	iamwire "latchkey/internal/awsapi/iamapi"
	stswire "latchkey/internal/awsapi/stsapi"
	"latchkey/internal/awswire"
	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/sts"
	"latchkey/internal/front"
)

var update = flag.Bool("update", false, "write the golden files anew")

// queryWorld is a deployment whose IAM and STS answer signed requests.
type queryWorld struct {
	*controltest.World
	t     *testing.T
	front *Front
	keys  map[string]controltest.Keys // by the name that a script gives them
}

func newQueryWorld(t *testing.T) *queryWorld {
	t.Helper()
	w := &queryWorld{World: controltest.New(t, controltest.Account(owner)), t: t}
	w.keys = map[string]controltest.Keys{"root": w.Root(owner)}
	a := &API{
		Control:    w.Control,
		Principals: w.IAM,
		Tokens:     &sts.Tokens{Control: w.Control},
		Auth:       w.Auth,
		Frame:      &front.Frame{Control: w.Control},
	}
	w.front = a.Handler()
	return w
}

// send posts a form, signed by keys for a service, and returns status and body.
func (w *queryWorld) send(who, service, form string) (int, string) {
	w.t.Helper()
	version := iamwire.Service.APIVersion
	if service == "sts" {
		version = stswire.Service.APIVersion
	}
	r := httptest.NewRecorder()
	w.front.ServeHTTP(r, w.Sign(w.t, w.keys[who], service, form+"&Version="+version))
	body, err := io.ReadAll(r.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Code, string(body)
}

// element is the text of the first element of this name.
func element(t *testing.T, body, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	if !ok {
		t.Fatalf("no %s in %s", name, body)
	}
	return text
}

func TestEveryQueryOperationHasAHandler(t *testing.T) {
	var m awswire.Mux[*control.Call]
	a := &API{}
	a.registerIAM(&m)
	a.registerSTS(&m)
	for _, s := range []*awswire.Service{iamwire.Service, stswire.Service} {
		for _, op := range s.Operations {
			if !m.Handles(op) {
				t.Errorf("%s %s has none", s.Name, op.Name)
			}
		}
	}
}

const (
	trustRoot = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},` +
		`"Action":"sts:AssumeRole"}]}`
	readLake = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*",` +
		`"Resource":"arn:aws:s3:::lake/a b~*"}}`
	mayAssume = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
)

// walk is a session of AWS's own walk-through, and of what Terraform adds to it. A line is who signs, the
// service, the operation and its parameters in pairs.
var walk = [][]string{
	{"root", "iam", "CreateUser", "UserName", "alice", "Path", "/team/", "Tags.member.1.Key", "team",
		"Tags.member.1.Value", "data"},
	{"root", "iam", "CreateUser", "UserName", "ALICE"},
	{"root", "iam", "GetUser", "UserName", "alice"},
	{"root", "iam", "GetUser"},
	{"root", "iam", "GetUser", "UserName", "nobody"},
	{"root", "iam", "ListUsers"},
	{"root", "iam", "PutUserPolicy", "UserName", "alice", "PolicyName", "assume", "PolicyDocument", mayAssume},
	{"root", "iam", "GetUserPolicy", "UserName", "alice", "PolicyName", "assume"},
	{"root", "iam", "ListUserPolicies", "UserName", "alice"},
	{"root", "iam", "CreateAccessKey", "UserName", "alice"},
	{"root", "iam", "ListAccessKeys", "UserName", "alice"},
	{"root", "iam", "ListGroupsForUser", "UserName", "alice"},
	{"root", "iam", "CreateRole", "RoleName", "reader", "AssumeRolePolicyDocument", trustRoot, "Description",
		"reads the lake", "MaxSessionDuration", "7200"},
	{"root", "iam", "CreateRole", "RoleName", "broken", "AssumeRolePolicyDocument", "{ // comment\n}"},
	{"root", "iam", "CreateRole", "RoleName", "short", "AssumeRolePolicyDocument", trustRoot, "MaxSessionDuration", "60"},
	{"root", "iam", "GetRole", "RoleName", "reader"},
	{"root", "iam", "CreatePolicy", "PolicyName", "lake", "PolicyDocument", readLake},
	{"root", "iam", "AttachRolePolicy", "RoleName", "reader", "PolicyArn", "arn:aws:iam::123456789012:policy/lake"},
	{"root", "iam", "AttachRolePolicy", "RoleName", "reader", "PolicyArn", "arn:aws:iam::123456789012:policy/none"},
	{"root", "iam", "ListAttachedRolePolicies", "RoleName", "reader"},
	{"root", "iam", "GetPolicy", "PolicyArn", "arn:aws:iam::123456789012:policy/lake"},
	{"root", "iam", "GetPolicyVersion", "PolicyArn", "arn:aws:iam::123456789012:policy/lake", "VersionId", "v1"},
	{"root", "iam", "ListPolicyVersions", "PolicyArn", "arn:aws:iam::123456789012:policy/lake"},
	{"root", "iam", "ListPolicies", "Scope", "Local"},
	{"root", "iam", "ListEntitiesForPolicy", "PolicyArn", "arn:aws:iam::123456789012:policy/lake"},
	{"root", "iam", "ListInstanceProfilesForRole", "RoleName", "reader"},
	{"root", "iam", "PutRolePermissionsBoundary", "RoleName", "reader", "PermissionsBoundary",
		"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
	{"root", "iam", "GetRole", "RoleName", "reader"},
	{"root", "iam", "DeleteRole", "RoleName", "reader"},
	{"root", "iam", "DeletePolicy", "PolicyArn", "arn:aws:iam::123456789012:policy/lake"},
	{"root", "iam", "TagRole", "RoleName", "reader", "Tags.member.1.Key", "aws:x", "Tags.member.1.Value", "y"},
	{"alice", "iam", "ListUsers"},
	{"alice", "sts", "GetCallerIdentity"},
	{"alice", "sts", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/reader", "RoleSessionName", "etl", "Policy",
		readLake},
	{"alice", "sts", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/none", "RoleSessionName", "etl"},
	{"alice", "sts", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/reader", "RoleSessionName", "etl",
		"DurationSeconds", "899"},
	{"alice", "sts", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/reader", "RoleSessionName", "etl",
		"DurationSeconds", "7201"},
	{"alice", "sts", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/reader", "RoleSessionName", "etl", "Policy",
		"{"},
	{"session", "sts", "GetCallerIdentity"},
	{"session", "sts", "GetSessionToken"},
	{"session", "iam", "ListUsers"},
	{"alice", "sts", "GetSessionToken"},
	{"own", "iam", "GetUser"},
	{"alice", "sts", "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/reader", "RoleSessionName",
		"etl", "WebIdentityToken", "abcd"},
	{"root", "iam", "CreateGroup", "GroupName", "g"},
}

func TestIAMAndSTSAnswers(t *testing.T) {
	w := newQueryWorld(t)
	var got strings.Builder
	for _, line := range walk {
		form := url.Values{"Action": {line[2]}}
		for i := 3; i+1 < len(line); i += 2 {
			form.Set(line[i], line[i+1])
		}
		status, body := w.send(line[0], line[1], form.Encode())
		if status == 200 {
			switch line[2] {
			case "CreateAccessKey":
				w.keys["alice"] = controltest.Keys{ID: element(t, body, "AccessKeyId"), Secret: element(t, body, "SecretAccessKey")}
			case "AssumeRole", "GetSessionToken":
				name := map[string]string{"AssumeRole": "session", "GetSessionToken": "own"}[line[2]]
				w.keys[name] = controltest.Keys{
					ID:     element(t, body, "AccessKeyId"),
					Secret: element(t, body, "SecretAccessKey"),
					Token:  element(t, body, "SessionToken"),
				}
			}
		}
		fmt.Fprintf(&got, "-- %s: %s %s\n%d\n%s\n\n", line[0], line[2], strings.Join(line[3:], " "), status, normal(body))
	}
	golden(t, "query.golden", got.String())
}

var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\b(AIDA|AROA|ANPA)[A-Z2-7]{17}\b`), "$1..."},
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`), "$1..."},
	{regexp.MustCompile(`<(SecretAccessKey|SessionToken|RequestId)>[^<]*`), "<$1>..."},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`><`), ">\n<"},
}

// normal is an answer without what differs from run to run, an element a line.
func normal(body string) string {
	for _, c := range changing {
		body = c.pattern.ReplaceAllString(body, c.with)
	}
	return strings.TrimSpace(body)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestIdentityCase088_DocumentsAreURLEncoded(t *testing.T) {
	w := newQueryWorld(t)
	form := url.Values{"Action": {"CreateRole"}, "RoleName": {"r"}, "AssumeRolePolicyDocument": {trustRoot}}
	if status, body := w.send("root", "iam", form.Encode()); status != 200 {
		t.Fatal(body)
	}
	_, body := w.send("root", "iam", "Action=GetRole&RoleName=r")
	document := element(t, body, "AssumeRolePolicyDocument")
	if strings.ContainsAny(document, `{}":* +`) {
		t.Errorf("not encoded by RFC 3986: %s", document)
	}
	decoded, err := url.PathUnescape(document)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(trustRoot, `"123456789012"`, `"arn:aws:iam::123456789012:root"`, 1); decoded != want {
		t.Errorf("decoded: %s", decoded)
	}
	if got := *encoded("a b~*+/é"); got != "a%20b~%2A%2B%2F%C3%A9" {
		t.Errorf("encoded: %s", got)
	}
}

func TestRefusedCallsAreRecorded(t *testing.T) {
	w := newQueryWorld(t)
	if status, body := w.send("root", "iam", "Action=DeleteUser&UserName=nobody"); status != 404 {
		t.Fatal(status, body)
	}
	for _, e := range w.Records(t) {
		if e.EventName == "DeleteUser" {
			if e.ErrorCode != "NoSuchEntity" || e.RequestParameters["userName"] != "nobody" ||
				e.EventSource != "iam.amazonaws.com" {
				t.Errorf("recorded %+v", e)
			}
			return
		}
	}
	t.Error("not recorded")
}
