package e2e

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

// record is an audit record as CloudTrail has it.
type record struct {
	EventName, EventSource, EventType, EventCategory, AWSRegion string
	ErrorCode, ErrorMessage, RecipientAccountID, RequestID      string
	ReadOnly, ManagementEvent                                   bool
	UserIdentity                                                struct {
		Type, ARN, AccountID, InvokedBy, UserName string
		OnBehalfOf                                struct{ UserID string }
	}
	RequestParameters map[string]any
	ResponseElements  json.RawMessage
	Resources         []struct{ Type, ARN, AccountID string }
	Latchkey          struct{ GrantID, GrantScope, Session, Reason string }
}

// audited returns the audit records of the first account that a query finds, newest first, and their text.
func (s *site) audited(t testing.TB, args ...string) ([]record, string) {
	t.Helper()
	text := s.latchkey(t, append([]string{"audit", "query", "--json", "--limit", "1000"}, args...)...)
	var records []record
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		records = append(records, r)
	}
	return records, text
}

// audited returns the audit records of an account that a query finds, newest first, and their text.
func (a *account) audited(t testing.TB, args ...string) ([]record, string) {
	t.Helper()
	s := *a.site
	s.operator = a.root.keys
	return s.audited(t, args...)
}

func TestCase123_TheAuditLogTellsOfEveryRequestForAccess(t *testing.T) {
	s := start(t)
	l := lakeOf(s.first(t))
	g := l.location.grants(l.alice, READ, "bob/*")
	c := l.alice.asks(l.at("bob/x"), READ, minimal, byObject, func(in *s3control.GetDataAccessInput) {
		in.DurationSeconds, in.AuditContext = new(int32(900)), new("ticket 42")
	})
	for range 3 {
		l.alice.isRefusedAccess(l.at("alice/x"), READ)
	}

	records, text := s.audited(t, "--event", "GetDataAccess")
	is(t, "records", len(records), 4)
	for i, r := range records {
		is(t, "eventSource", r.EventSource, "s3.amazonaws.com")
		is(t, "eventType", r.EventType, "AwsApiCall")
		is(t, "eventCategory", r.EventCategory, "Management")
		is(t, "readOnly", r.ReadOnly && r.ManagementEvent, true)
		is(t, "awsRegion", r.AWSRegion, region)
		is(t, "recipientAccountId", r.RecipientAccountID, l.id)
		is(t, "responseElements", string(r.ResponseElements), "null")
		is(t, "userIdentity", r.UserIdentity.Type+" "+r.UserIdentity.ARN, "IAMUser "+l.alice.arn)
		is(t, "resources", len(r.Resources), 1)
		is(t, "resource", r.Resources[0].Type+" "+r.Resources[0].ARN, "AWS:S3::AccessGrantsInstance "+l.instanceARN())
		if host, _ := r.RequestParameters["Host"].(string); !strings.HasPrefix(host, l.id+".") {
			t.Errorf("Host %q", host)
		}
		granted := i == 3 // the oldest
		if granted != (r.ErrorCode == "") {
			t.Errorf("record %d: errorCode %q", i, r.ErrorCode)
		}
		if !granted {
			is(t, "errorCode", r.ErrorCode, "AccessDenied")
			is(t, "errorMessage", r.ErrorMessage,
				"You do not have READ permissions to the requested S3 Prefix: "+l.at("alice/x"))
			is(t, "target", r.RequestParameters["target"], any(l.at("alice/x")))
			continue
		}
		for name, want := range map[string]any{
			"target":          l.at("bob/x"),
			"permission":      "READ",
			"privilege":       "Minimal",
			"targetType":      "Object",
			"durationSeconds": 900.0,
			"auditContext":    "ticket 42",
		} {
			is(t, name, r.RequestParameters[name], want)
		}
		is(t, "grant", r.Latchkey.GrantID, g.id)
	}

	assumed, more := s.audited(t, "--event", "AssumeRole")
	is(t, "AssumeRole records: one for each success, none for a refusal", len(assumed), 1)
	is(t, "invokedBy", assumed[0].UserIdentity.InvokedBy, "access-grants.s3.amazonaws.com")
	is(t, "role", assumed[0].RequestParameters["roleArn"], any(l.location.role))
	is(t, "session", assumed[0].RequestParameters["roleSessionName"], any(records[3].Latchkey.Session))
	for _, secret := range []string{c.keys.SecretAccessKey, c.keys.SessionToken, l.alice.keys.SecretAccessKey,
		s.operator.SecretAccessKey} {
		if strings.Contains(text+more, secret) {
			t.Error("a secret stands in the audit log")
		}
	}

	byGrant, _ := s.audited(t, "--grant", g.id, "--event", "GetDataAccess")
	is(t, "answers by the grant", len(byGrant), 1)
	refusals, _ := s.audited(t, "--error-code", "AccessDenied", "--principal", l.alice.arn)
	is(t, "refusals of alice", len(refusals), 3)
}
