package control_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awserror"
	"latchkey/internal/caller"
	"latchkey/internal/control"
	"latchkey/internal/credential"
	"latchkey/internal/fault"
	"latchkey/internal/iam"
	"latchkey/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// person is a call of GetObject with a credential that was vended to a person.
func person() *control.Call {
	role := &iam.Role{Account: "123456789012", Name: "lake", ID: "AROAEXAMPLE"}
	made := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)
	who := &caller.Caller{
		Principal: policy.Principal{
			Kind: policy.Role, ARN: role.ARN(),
			SessionARN: "arn:aws:sts::123456789012:assumed-role/lake/access-grants-1",
		},
		Account: "123456789012", AccessKeyID: "ASIAEXAMPLE", Role: role,
		Session: &credential.Session{
			ID: credential.SessionID{1, 2, 3}, Kind: credential.Vended, Name: "access-grants-1", Issued: made,
			Expires: made.Add(time.Hour), GrantID: "grant-1", LocationID: "location-1", Scope: "s3://lake/finance/*",
			Delegation: credential.Delegation{
				UserID: "user-1", IdentityStoreID: "d-1111111111",
				ApplicationARN: "arn:aws:sso::123456789012:application/ssoins-1/apl-1",
			},
		},
		Facts: caller.Facts{
			Time: made.Add(time.Minute), SourceIP: netip.MustParseAddr("192.0.2.1"), UserAgent: "aws-cli/2", Region: "us-east-1",
			TLS: tls.VersionTLS13, Host: "lake.s3.example.org", RequestID: "request-1", AuthType: "REST-HEADER",
		},
	}
	return (&control.Control{}).Begin(control.Opening{
		Caller: who, Source: "s3.amazonaws.com", Operation: "GetObject", ReadOnly: true,
	})
}

// refusedGet is how it ended.
func refusedGet() *control.Ended {
	return &control.Ended{
		Refusal: awserror.Error{Code: "AccessDenied", Message: "Access Denied", Reason: fault.ScopeExceeded}, Refused: true,
		Parameters: map[string]any{"bucketName": "lake", "key": "hr/k"},
		Resources: []audit.Resource{
			{Type: "AWS::S3::Object", ARN: "arn:aws:s3:::lake/hr/k"},
			{Type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::lake", AccountID: "123456789012"},
		},
		BytesOut: 243, Cipher: tls.TLS_AES_128_GCM_SHA256, HostID: "host-1", Upstream: "ceph",
		Served: audit.Served{
			HTTPStatus: 403, DurationMS: 1.5, UpstreamRequestID: "tx-1",
			TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7",
		},
	}
}

// TestADataEvent compares a whole record with the golden file.
func TestADataEvent(t *testing.T) {
	e := person().DataEvent(refusedGet(), true)
	if len(e.EventID) != 36 {
		t.Errorf("the id is %q", e.EventID)
	}
	e.EventID = "EVENT"
	line, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, line, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	path := filepath.Join("testdata", "data-event.json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v: %s", err, got.Bytes())
	}
}

// TestADataEventHasTheShapeOfCloudTrails compares names and types with an example that has the fields of the user
// guides (S3 user guide, "CloudTrail log file entries for Amazon S3"; CloudTrail user guide, "userIdentity element").
// Only the element latchkey is more.
func TestADataEventHasTheShapeOfCloudTrails(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "cloudtrail-s3-data-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	e := person().DataEvent(refusedGet(), true)
	line, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want, got := shape(t, text), shape(t, line)
	for name := range got {
		if name == "latchkey" || strings.HasPrefix(name, "latchkey.") {
			delete(got, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s is %q, and %q in CloudTrail", name, got[name], want[name])
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("CloudTrail does not have %v", got)
	}
}

// shape is the type of every member of a JSON document, by its path.
func shape(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if path != "" {
			all[path] = fmt.Sprintf("%T", v)
		}
		switch v := v.(type) {
		case map[string]any:
			for k, m := range v {
				walk(strings.TrimPrefix(path+"."+k, "."), m)
			}
		case []any:
			for i, m := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), m)
			}
		}
	}
	walk("", doc)
	return all
}

func TestADataEventLeavesTheCallAsItIs(t *testing.T) {
	call := person()
	before, err := call.Event.JSON()
	if err != nil {
		t.Fatal(err)
	}
	e := call.DataEvent(refusedGet(), true)
	e.RequestParameters["x"], e.AdditionalEventData["x"] = 1, 1
	after, err := call.Event.JSON()
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v: %s became %s", err, before, after)
	}
	if again := call.DataEvent(refusedGet(), true); again.EventID == e.EventID {
		t.Error("two records have one id")
	}
	if m := call.DataEvent(refusedGet(), false); m.EventID != call.Event.EventID || !m.ManagementEvent ||
		m.EventCategory != "Management" {
		t.Errorf("a management event is %+v", m)
	}
}

func TestTheDecisionOfADataEvent(t *testing.T) {
	call := person()
	failed := refusedGet()
	failed.Refused = false
	if e := call.DataEvent(failed, true); e.Latchkey.Decision != "" {
		t.Errorf("a request that failed before a decision: %q", e.Latchkey.Decision)
	}
	call.ByRight(control.EveryKeyRefused)
	if e := call.DataEvent(failed, true); e.Latchkey.Decision != "allow" {
		t.Errorf("a request that was allowed and failed: %q", e.Latchkey.Decision)
	}
	if e := call.DataEvent(refusedGet(), true); e.Latchkey.Decision != "deny" || e.Latchkey.Reason != "scope_exceeded" ||
		e.Latchkey.RefusedBy != "scope" {
		t.Errorf("%+v", e.Latchkey)
	}
}

// TestAGrantThatTheCallFoundStays: a caller without a vended credential may be served by a grant.
func TestAGrantThatTheCallFoundStays(t *testing.T) {
	call := person()
	call.Session.GrantID = ""
	call.Event.Added().GrantID = "found"
	if e := call.DataEvent(refusedGet(), true); e.Latchkey.GrantID != "found" {
		t.Errorf("%+v", e.Latchkey)
	}
}

// BenchmarkDataEvent is what a record costs a request: making it, and its line.
func BenchmarkDataEvent(b *testing.B) {
	call := person()
	for b.Loop() {
		e := call.DataEvent(refusedGet(), true)
		if _, err := e.JSON(); err != nil {
			b.Fatal(err)
		}
	}
}
