package api

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/principals"
	"latchkey/internal/control/sts"
)

// unstable lists the parts of an event that differ from run to run.
var unstable = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\b(AIDA|AROA)[A-Z2-7]{17}\b`), "$1..."},
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`), "$1..."},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`"sessionId": "[0-9a-f]{32}"`), `"sessionId": "HEX"`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
}

// TestEventsAreCloudTrails shows the records as they are kept; a person reads the golden files.
func TestEventsAreCloudTrails(t *testing.T) {
	w := newFrontWorld(t)
	p := w.front.Principals
	call := func() *control.Call { return w.Call(t, w.root, "iam", "SetUp") }
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::123456789012:user/alice"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}]}`
	w.must(p.UpdateAssumeRolePolicy(t.Context(), call(), "lake",
		strings.Replace(serviceTrust, `"sts:AssumeRole"`, `["sts:AssumeRole","sts:SetSourceIdentity"]`, 1)))
	_, err := p.CreateRole(t.Context(), call(), principals.NewRole{Name: "etl", Trust: trust})
	w.must(err)
	w.must(p.PutInline(t.Context(), call(), principals.RoleNamed("etl"), "p", mayAsk))
	w.must(p.PutInline(t.Context(), call(), principals.UserNamed("alice"), "p",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Action":["s3:GetDataAccess","s3:ListCallerAccessGrants","sts:AssumeRole"],"Resource":"*"}]}`))
	a, err := w.front.Tokens.AssumeRole(t.Context(), w.Call(t, w.alice, "sts", "AssumeRole"),
		sts.AssumeRole{RoleARN: "arn:aws:iam::123456789012:role/etl", SessionName: "nightly", SourceIdentity: "alice"})
	w.must(err)
	session := controltest.KeysOf(a.Credentials)

	send := func(k controltest.Keys, method, path, body string) func() {
		return func() {
			r := w.request(method, path, body)
			r.Header.Set("User-Agent", "aws-sdk-go-v2/1.0")
			r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13}
			w.serve(r, k, "s3", body)
		}
	}
	const data = "/v20180820/accessgrantsinstance/dataaccess?"
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"create-access-grant", send(w.root, http.MethodPost, "/v20180820/accessgrantsinstance/grant",
			createGrant("arn:aws:iam::123456789012:role/etl", "lake/x/*", "READWRITE"))},
		{"get-data-access", send(session, http.MethodGet,
			data+
				"auditContext=job%2042&durationSeconds=900&permission=READ&privilege=Minimal"+
				"&target=s3%3A%2F%2Flake%2Fx%2Fk&targetType=Object", "")},
		{"get-data-access-refused",
			send(w.alice, http.MethodGet, data+"permission=WRITE&target=s3%3A%2F%2Flake%2Fy%2F%2A", "")},
		{"list-caller-access-grants",
			send(session, http.MethodGet,
				"/v20180820/accessgrantsinstance/caller/grants?allowedByApplication=true&grantscope=s3%3A%2F%2F&maxResults=100",
				"")},
		{"explain", func() {
			body := `{"Principal":"arn:aws:iam::123456789012:user/alice","Target":"s3://lake/x/k","Permission":"READ"}`
			r := w.request(http.MethodPost, "/", body)
			r.Header.Del("X-Amz-Account-Id")
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", "Latchkey.Explain")
			w.serve(r, w.root, "latchkey", body)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(w.Records(t))
			c.do()
			var got bytes.Buffer
			for _, e := range w.Records(t)[before:] {
				text, err := e.JSON()
				w.must(err)
				w.must(json.Indent(&got, text, "", "  "))
				got.WriteByte('\n')
			}
			text := got.String()
			for _, u := range unstable {
				text = u.pattern.ReplaceAllString(text, u.with)
			}
			golden(t, "event-"+c.name+".json", text)
		})
	}
}
