package server

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/awsapi/stsapi"
	"latchkey/internal/broker"
	"latchkey/internal/probe/probetest"
)

// inFrontOf makes a server in front of a store that a test may make wrong.
func inFrontOf(t *testing.T, s *probetest.Store, change func(*broker.Settings)) *stsFront {
	return newSTSFront(t, func(now func() time.Time) broker.Settings {
		settings := s.Start(t, now)
		if change != nil {
			change(&settings)
		}
		return settings
	})
}

func asMinIO(s *broker.Settings) { s.Dialect, s.RoleARN = broker.MinIO, "" }

// MinIO's dialect, at a store that reads policies as MinIO does. The real one is tried where it is installed.
func TestIdentityCase091_ASessionOfAStoreReachesItsPrefixOnly(t *testing.T) {
	s := &probetest.Store{}
	f := inFrontOf(t, s, asMinIO)
	f.vendsAtStore()
	k := keysOf(t, f.ask(f.alice, "alice/*", "READ"))
	at := &walkWorld{t: t, url: f.store, now: f.now}
	owner := probetest.Owner
	for _, key := range []string{"team/alice/x", "team/q/x"} {
		if a := at.send(owner, put("/lake/"+key, key)); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	for _, c := range []struct {
		request
		want int
	}{
		{get("/lake/team/alice/x"), 200}, {get("/lake/team/q/x"), 403},
		{get("/lake?list-type=2&prefix=team%2Falice%2F"), 200}, {get("/lake?list-type=2&prefix=team%2Fq%2F"), 403},
		{put("/lake/team/alice/x", "y"), 403}, {del("/lake/team/alice/x"), 403},
	} {
		if a := at.send(k, c.request); a.status != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	w := keysOf(t, f.ask(f.bob, "bob/*", "WRITE"))
	if at.send(w, put("/lake/team/bob/x", "y")).status != 200 || at.send(w, get("/lake/team/bob/x")).status != 403 {
		t.Error("a permission to write reads, or does not write")
	}
}

func TestIdentityCase093_AGrantThatTheStoreCannotFence(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, asMinIO)
	f.vendsAtStore()
	f.grant("alice", "a$b/*", "READ")
	if a := f.ask(f.alice, "a$b/*", "READ"); a.status != 400 || !strings.Contains(a.body, "prefix_not_fenced") ||
		!strings.Contains(a.body, "cannot fence") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("the honest one beside it: %d %s", a.status, a.body)
	}
	for _, name := range []string{"x*y/*", "x?y/*"} { // which no grant may have, at any store
		if a := f.tryGrant("alice", name, "READ"); a.status != 400 || !strings.Contains(a.body, "wildcard") {
			t.Errorf("a grant for %s: %d %s", name, a.status, a.body)
		}
	}
	escaping := inFrontOf(t, &probetest.Store{}, nil)
	escaping.vendsAtStore()
	escaping.grant("alice", "a$b/*", "READ")
	if a := escaping.ask(escaping.alice, "a$b/*", "READ"); a.status != 200 {
		t.Errorf("a store that was seen to read escapes: %d %s", a.status, a.body)
	}
	// A store that only says that it reads them.
	deaf := inFrontOf(t, &probetest.Store{Resource: func(p string) string {
		return strings.ReplaceAll(p, "${$}", "nothing")
	}}, nil)
	deaf.vendsAtStore()
	deaf.grant("alice", "a$b/*", "READ")
	if a := deaf.ask(deaf.alice, "a$b/*", "READ"); a.status != 400 || !strings.Contains(a.body, "prefix_not_fenced") {
		t.Errorf("a store that was not seen to read escapes: %d %s", a.status, a.body)
	}
}

func TestWhatTheStoreCannotKeepToIsRefused(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	f.vendsAtStore()
	role := func(document string) {
		f.iam("PutRolePolicy", "RoleName", "location", "PolicyName", "p", "PolicyDocument", document)
	}
	allow := func(action, resource, more string) string {
		return statement + `"Allow","Action":` + action + `,"Resource":` + resource + more + `}]}`
	}
	for name, document := range map[string]string{
		"a part of the prefix": allow(`"s3:*"`, `["arn:aws:s3:::lake","arn:aws:s3:::lake/team/alice/public/*"]`, ""),
		"a condition":          allow(`"s3:*"`, `"*"`, `,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`),
		"a deny below": statement + `"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject",` +
			`"Resource":"arn:aws:s3:::lake/team/alice/secret/*"}]}`,
	} {
		role(document)
		if a := f.ask(f.alice, "alice/*", "READ"); a.status != 403 || !strings.Contains(a.body, "role_not_expressible") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	role(allow(`["s3:GetObject"]`, `"arn:aws:s3:::lake/*"`, "")) // the gateway would refuse a listing, too
	k := keysOf(t, f.ask(f.alice, "alice/*", "READ"))
	at := &walkWorld{t: t, url: f.store, now: f.now}
	if a := at.send(k, get("/lake?list-type=2&prefix=team%2Falice%2F")); a.status != 403 {
		t.Errorf("a role that may not list: %d %s", a.status, a.body)
	}
	if a := at.send(k, get("/lake/team/alice/none")); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	role(locationRights)
	f.must(put("/lake?policy", statement+`"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::lake/*"],`+
		`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`))
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 403 || !strings.Contains(a.body, "role_not_expressible") {
		t.Errorf("a bucket policy with a Deny: %d %s", a.status, a.body)
	}
	f.must(del("/lake?policy"))
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAnotherConfigurationIsNotProven(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	f.vendsAtStore()
	name := f.server.upstreams.All()[0].Name
	opened := f.server.opened[name]
	opened.client.RoleARN = "arn:aws:iam::123456789012:role/other" // as after a restart with another file
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 || !strings.Contains(a.body, "configuration") {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.probes()
	f.ahead.Add(int64(16 * time.Minute))
	f.probes()
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("after the probe: %d %s", a.status, a.body)
	}
	f.ahead.Add(int64(73 * time.Hour)) // without a probe
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 ||
		!strings.Contains(a.body, "has not passed the probe since") {
		t.Errorf("a proof that is old: %d %s", a.status, a.body)
	}
	delete(f.server.opened, name)
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 || !strings.Contains(a.body, "no STS") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.own("PutLocationVending", object{"LocationId": f.location, "Mode": "upstream-sts"}); a.status != 503 ||
		!strings.Contains(a.body, "store_not_configured") {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.server.opened[name] = &openedStore{opened.client, func(string) (string, bool) { return "sea", true }}
	if a := f.own("PutLocationVending", object{"LocationId": f.location, "Mode": "upstream-sts"}); a.status != 503 ||
		!strings.Contains(a.body, "another name") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestIdentityCase094_AStoreThatShortensASession(t *testing.T) {
	s := &probetest.Store{}
	f := inFrontOf(t, s, nil)
	f.vendsAtStore()
	s.Life = 20 * time.Minute
	k := keysOf(t, f.ask(f.alice, "alice/*", "READ", "durationSeconds", "3600"))
	if left := k.Expires.Sub(f.now()); left > 20*time.Minute || left < 19*time.Minute {
		t.Errorf("it lasts %v", left)
	}
	s.Life = 10 * time.Hour // longer than was decided
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 || strings.Contains(a.body, "Secret") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A session never outlives the one that asked for it.
func TestAttack20_AStoresSessionDoesNotOutliveItsAsker(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	f.vendsAtStore()
	f.iam("CreateRole", "RoleName", "worker", "AssumeRolePolicyDocument", trustRoot)
	f.iam("PutRolePolicy", "RoleName", "worker", "PolicyName", "p", "PolicyDocument", allowAll)
	f.must(post(grantsPath+"/grant", element("CreateAccessGrantRequest",
		element("AccessGrantsLocationId", f.location),
		element("AccessGrantsLocationConfiguration", element("S3SubPrefix", "worker/*")),
		element("Grantee", element("GranteeType", "IAM"), element("GranteeIdentifier", iamARN+"role/worker")),
		element("Permission", "READ"))))
	f.iam("CreateUser", "UserName", "boss")
	f.iam("PutUserPolicy", "UserName", "boss", "PolicyName", "p", "PolicyDocument", allowAll)
	secret := f.keepKey("boss")
	f.keep("secret of boss", secret, "SecretAccessKey")
	boss := f.root
	boss.AccessKeyID, boss.SecretAccessKey = f.id("key of boss"), f.id("secret of boss")
	worker := keysOf(t, f.send(boss, form(stsapi.Service, "AssumeRole", "RoleArn", iamARN+"role/worker",
		"RoleSessionName", "work",
		"DurationSeconds", "1800")))
	k := keysOf(t, f.ask(worker, "worker/*", "READ", "durationSeconds", "3600"))
	if k.Expires.After(worker.Expires) {
		t.Errorf("it ends at %v, its asker at %v", k.Expires, worker.Expires)
	}
	f.ahead.Add(int64(20 * time.Minute)) // ten minutes are left, and no session of the store is so short
	if a := f.ask(worker, "worker/*", "READ"); a.status != 400 || !strings.Contains(a.body, "session_too_short") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAStoresRefusalIsNoDenialOfTheAsker(t *testing.T) {
	s := &probetest.Store{}
	f := inFrontOf(t, s, nil)
	f.vendsAtStore()
	s.NoSTS = true
	a := f.ask(f.alice, "alice/*", "READ")
	if a.status != 503 || a.code() != "ServiceUnavailable" || strings.Contains(a.body, "AccessDenied") {
		t.Errorf("%d %s", a.status, a.body)
	}
	all := f.records("GetDataAccess")
	if e := all[len(all)-1]; e.Reason() != "store_sts_refused" || e.Latchkey.StoreAccessKeyID != "" {
		t.Errorf("%+v", e)
	}
}

// What is not recorded does not leave.
func TestASessionThatCannotBeRecordedDoesNotLeave(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	f.vendsAtStore()
	db, err := sql.Open("sqlite", filepath.Join(f.server.Config.Data, "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE audit RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	if a := f.ask(f.alice, "alice/*", "READ"); a.status < 500 || strings.Contains(a.body, "SessionToken") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestOneProbeNamesEveryCheckOfTheIssue(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	v := f.vending("ProbeLocation", object{})
	var names []string
	for _, c := range v.Report.Checks {
		names = append(names, c.Name)
	}
	for _, want := range []string{"read-outside", "list-outside", "write-outside", "delete-outside", "copy-source-outside",
		"multipart-outside", "list-parent", "sibling-stem-read", "put-with-read", "delete-with-read",
		"token-of-another-session", "after-expiry", "name-star", "name-question-mark", "name-dollar"} {
		if !slices.Contains(names, want) {
			t.Errorf("no check %s in %s", want, fmt.Sprint(names))
		}
	}
}
