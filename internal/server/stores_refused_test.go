package server

import (
	"database/sql"
	"fmt"
	"net/http"
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
func inFrontOf(t *testing.T, s *probetest.Store, change func(*broker.Settings)) *inFront {
	return newInFront(t, func(now func() time.Time) broker.Settings {
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
	at := &walkWorld{t: t, url: f.server.Config.Stores[0].S3Endpoint.String(), now: f.now}
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
	deaf := inFrontOf(t, &probetest.Store{Resource: func(p string) string { return strings.ReplaceAll(p, "${$}", "nothing") }}, nil)
	deaf.vendsAtStore()
	deaf.grant("alice", "a$b/*", "READ")
	if a := deaf.ask(deaf.alice, "a$b/*", "READ"); a.status != 400 || !strings.Contains(a.body, "prefix_not_fenced") {
		t.Errorf("a store that was not seen to read escapes: %d %s", a.status, a.body)
	}
}

func TestAStoreThatFailsTheProbeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		store *probetest.Store
		says  string
	}{
		"reads outside": {&probetest.Store{Allow: func(r *probetest.Request, right bool) bool {
			return right || r.Operation == "GetObject"
		}}, "read-outside failed"},
		"no STS":   {&probetest.Store{NoSTS: true}, "Use the mode sealed"},
		"away":     {&probetest.Store{Answer: func(string) int { return 503 }}, "skipped"},
		"no list":  {&probetest.Store{Allow: func(r *probetest.Request, right bool) bool { return right && r.Action != "s3:ListBucket" }}, "list-inside failed"},
		"too long": {&probetest.Store{Life: 24 * time.Hour}, "session"},
	} {
		t.Run(name, func(t *testing.T) {
			f := inFrontOf(t, c.store, nil)
			a := f.own("PutLocationVending", object{"LocationId": f.location, "Mode": "upstream-sts"})
			if a.status != 400 || !strings.Contains(a.body, "probe_not_passed") || !strings.Contains(a.body, c.says) ||
				!strings.Contains(a.body, "scratch objects are removed") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if f.state() != "SEALED" || len(c.store.Keys()) != 0 {
				t.Errorf("it is %s, and %q are left", f.state(), c.store.Keys())
			}
			if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
				t.Errorf("sealed credentials are vended all the same: %d %s", a.status, a.body)
			}
			all := f.records("PutLocationVending")
			if e := all[len(all)-1]; e.Reason() != "probe_not_passed" || e.Latchkey.RefusedBy != "store" {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestALaterProbeThatFailsStopsTheLocation(t *testing.T) {
	s := &probetest.Store{}
	var leaks func(*probetest.Request, bool) bool
	s.Allow = func(r *probetest.Request, right bool) bool { return right || leaks != nil && leaks(r, right) }
	f := inFrontOf(t, s, nil)
	f.vendsAtStore()
	leaks = func(r *probetest.Request, _ bool) bool { return r.Operation == "DeleteObject" }
	f.probes() // nothing is due yet
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.ahead.Add(int64(24 * time.Hour))
	f.probes()
	a := f.ask(f.alice, "alice/*", "READ")
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "probe_not_passed") ||
		strings.Contains(a.body, "SecretAccessKey") {
		t.Errorf("%d %s", a.status, a.body)
	}
	v := f.vending("GetLocationVending", object{})
	if v.State != "STOPPED" || !strings.Contains(v.Reason, "delete-outside") || !v.Report.Failed {
		t.Errorf("%+v", v)
	}
	all := f.records("ProbeLocation")
	if e := all[len(all)-1]; e.Reason() != "probe_not_passed" || e.ResponseElements["state"] != "STOPPED" {
		t.Errorf("%+v", e)
	}
	leaks = nil
	f.ahead.Add(int64(24 * time.Hour))
	f.probes()
	if v := f.vending("ProbeLocation", object{}); v.State != "STOPPED" {
		t.Errorf("a store that is right again: %s", v.State)
	}
	f.vendsAtStore() // an administrator asks for it again
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if v := f.vending("PutLocationVending", object{"Mode": "sealed"}); v.State != "SEALED" || len(s.Keys()) != 0 {
		t.Errorf("%+v; %q", v, s.Keys())
	}
	if a := f.ask(f.alice, "alice/*", "READ"); !strings.Contains(a.body, "<AccessKeyId>ASIA") || strings.Contains(a.body, "PROBETEST") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A session that goes on after its expiry is found only when it has expired: until then nothing is vended at the store.
func TestASessionThatDoesNotExpireIsFound(t *testing.T) {
	s := &probetest.Store{NoExpiry: true}
	f := inFrontOf(t, s, nil)
	if v := f.vending("PutLocationVending", object{"Mode": "upstream-sts"}); v.State != "PENDING" {
		t.Fatalf("%+v", v)
	}
	f.ahead.Add(int64(16 * time.Minute))
	f.probes()
	v := f.vending("GetLocationVending", object{})
	if v.State != "REFUSED" || !strings.Contains(v.Reason, "after-expiry") {
		t.Errorf("%+v", v)
	}
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 200 || strings.Contains(a.body, "PROBETEST") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if left := s.Keys(); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestAProbeOfASealedLocationFinishes(t *testing.T) {
	f := inFrontOf(t, &probetest.Store{}, nil)
	if v := f.vending("ProbeLocation", object{}); v.State != "SEALED" || v.Report.Passed || v.Report.Failed || v.Report.Removed == 0 {
		t.Errorf("%+v", v)
	}
	f.ahead.Add(int64(16 * time.Minute))
	f.probes()
	if v := f.vending("GetLocationVending", object{}); v.State != "SEALED" || !v.Report.Passed {
		t.Errorf("%+v", v)
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
	role(allow(`["s3:GetObject"]`, `"arn:aws:s3:::lake/*"`, "")) // the gateway would refuse a listing, and so does the store
	k := keysOf(t, f.ask(f.alice, "alice/*", "READ"))
	at := &walkWorld{t: t, url: f.server.Config.Stores[0].S3Endpoint.String(), now: f.now}
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
	c := &f.server.Config.Stores[0]
	opened := f.server.stores[c.Name]
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
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 || !strings.Contains(a.body, "has not passed the probe since") {
		t.Errorf("a proof that is old: %d %s", a.status, a.body)
	}
	delete(f.server.stores, c.Name)
	if a := f.ask(f.alice, "alice/*", "READ"); a.status != 503 || !strings.Contains(a.body, "no STS") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := f.own("PutLocationVending", object{"LocationId": f.location, "Mode": "upstream-sts"}); a.status != 503 ||
		!strings.Contains(a.body, "store_not_configured") {
		t.Errorf("%d %s", a.status, a.body)
	}
	f.server.stores[c.Name] = &openedStore{opened.client, func(string) (string, bool) { return "sea", true }}
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
	if left := k.Expires.Sub(f.time()); left > 20*time.Minute || left < 19*time.Minute {
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
	worker := keysOf(t, f.send(boss, form(stsapi.Service, "AssumeRole", "RoleArn", iamARN+"role/worker", "RoleSessionName", "work",
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
