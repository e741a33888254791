package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/awsapi/s3"
	"latchkey/internal/events"
	"latchkey/internal/fault"
	"latchkey/internal/server"
	"latchkey/internal/store"
	"latchkey/internal/upstream"
)

// recorded is a server that writes data events into a file.
type recorded struct {
	*world
	path string
}

func record(t *testing.T, more ...func(*server.Config)) *recorded {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	w := start(t, append(more, func(c *server.Config) { c.Events.File = &events.FileOptions{Path: path} })...)
	return &recorded{w, path}
}

// events ends the server and reads what it recorded.
func (r *recorded) events() (all []audit.Event) {
	r.t.Helper()
	r.stop()
	f, err := os.Open(r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var e audit.Event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// brief is what most tests look at.
func brief(e *audit.Event) string {
	var of []string
	for _, r := range e.Resources {
		of = append(of, strings.TrimPrefix(r.ARN+r.ARNPrefix, "arn:aws:s3:::"))
	}
	l := e.Latchkey
	return fmt.Sprintf("%s %d %s in=%v out=%v %s code=%s reason=%s %v %s", e.EventName, l.HTTPStatus, l.Decision,
		e.AdditionalEventData["bytesTransferredIn"], e.AdditionalEventData["bytesTransferredOut"],
		strings.Join(of, ","), e.ErrorCode, l.Reason, e.ReadOnly, e.EventCategory)
}

func TestEveryRequestLeavesOneRecord(t *testing.T) {
	w := record(t)
	w.grants()
	w.bucket(w.root, "lake", "pond")
	alice := w.user("alice", everything)
	grant := w.grant("alice", "lake/in/*", "READWRITE", false)
	vended := w.vend(alice, "s3://lake/in/*", "READWRITE")
	w.must(vended, ask{method: "PUT", path: "/lake/in/a%20b", body: "content"})
	w.must(vended, ask{method: "GET", path: "/lake/in/a%20b", header: header("Range", "bytes=1-3")})
	w.must(vended, ask{method: "HEAD", path: "/lake/in/a%20b"})
	w.must(vended, ask{method: "GET", path: "/lake?list-type=2&prefix=in%2F&max-keys=5"})
	w.must(w.root, ask{method: "PUT", path: "/pond/c", header: header("X-Amz-Copy-Source", "/lake/in/a%20b")})
	refused(t, "outside", w.get(vended, "/lake/out/k"), 403, "AccessDenied", "")
	refused(t, "absent", w.get(vended, "/lake/in/none"), 404, "NoSuchKey", "")
	refused(t, "no bucket", w.get(w.root, "/nowhere/k"), 404, "NoSuchBucket", "")
	refused(t, "not served", w.get(w.root, "/lake?inventory"), 501, "NotImplemented", "")
	refused(t, "source", w.do(vended, ask{
		method: "PUT", path: "/lake/in/c", header: header("X-Amz-Copy-Source", "/pond/c"),
	}), 403, "AccessDenied", "")
	w.must(vended, ask{method: "POST", path: "/lake?delete", body: deletion("in/x", "in/y", "out/z")})
	w.must(w.root, ask{method: "GET", path: "/"})
	w.must(w.root, ask{method: "DELETE", path: "/lake/in/a%20b"})
	all := w.events()
	var got []string
	for i := range all {
		if all[i].Latchkey.HTTPStatus != http.StatusPartialContent { // documents may grow
			all[i].AdditionalEventData["bytesTransferredOut"] = "-"
		}
		line := brief(&all[i])
		got = append(got, line)
	}
	want := []string{
		"CreateBucket 200 allow in=0 out=- lake code= reason= false Management",
		"CreateBucket 200 allow in=0 out=- pond code= reason= false Management",
		"PutObject 200 allow in=7 out=- lake/in/a b,lake code= reason= false Data",
		"GetObject 206 allow in=0 out=3 lake/in/a b,lake code= reason= true Data",
		"HeadObject 200 allow in=0 out=- lake/in/a b,lake code= reason= true Data",
		"ListObjects 200 allow in=0 out=- lake/,lake code= reason= true Data",
		"CopyObject 200 allow in=0 out=- pond/c,pond,lake/in/a b,lake code= reason= false Data",
		"GetObject 403 deny in=0 out=- lake/out/k,lake code=AccessDenied reason=scope_exceeded true Data",
		"GetObject 404 allow in=0 out=- lake/in/none,lake code=NoSuchKey reason= true Data",
		"GetObject 404  in=0 out=- nowhere/k,nowhere code=NoSuchBucket reason= true Data",
		"ListObjects 501  in=0 out=- lake/,lake code=NotImplemented reason= true Data",
		"CopyObject 403 deny in=0 out=- lake/in/c,lake,pond/c,pond code=AccessDenied reason=scope_exceeded false Data",
	}
	if len(got) != len(want)+3 {
		t.Errorf("%d records", len(got))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("record %d is\n%s, not\n%s", i, got[i], want[i])
		}
	}
	put := all[2]
	l := put.Latchkey
	if l.GrantID != grant || !strings.HasPrefix(l.Session, "access-grants-") || l.Upstream != "embedded" ||
		len(l.SessionID) != 32 || l.DurationMS <= 0 || put.UserIdentity.SessionContext.SessionIssuer.UserName != "loc" ||
		put.RequestParameters["key"] != "in/a b" || put.RequestParameters["bucketName"] != "lake" || put.RequestID == "" {
		t.Errorf("%+v %+v", put, l)
	}
	if p := all[5].RequestParameters; p["prefix"] != "in/" || p["list-type"] != "2" || p["max-keys"] != "5" {
		t.Errorf("of a listing: %v", p)
	}
	if p := all[3].RequestParameters; p["range"] != "bytes=1-3" {
		t.Errorf("of a range: %v", p)
	}
	if l := all[12].Latchkey; !slices.Equal(l.Keys, []string{"in/x", "in/y"}) || l.RefusedKeys != 1 ||
		l.Decision != "allow" {
		t.Errorf("of a DeleteObjects: %+v", l)
	}
}

// TestAManagementRecordHasTheIDOfTheAuditLog: who has both can tell that they are one.
func TestAManagementRecordHasTheIDOfTheAuditLog(t *testing.T) {
	w := record(t)
	w.bucket(w.root, "lake")
	records, err := w.server.Control.DB.Events(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, r := range records {
		if r.Event.EventName == "CreateBucket" {
			want = r.Event.EventID
		}
	}
	if all := w.events(); len(all) != 1 || all[0].EventID != want || want == "" {
		t.Errorf("%+v, not %s", all, want)
	}
}

// TestTheRecordOfASessionThatEnded: the holder is known, so each request has its record.
func TestTheRecordOfASessionThatEnded(t *testing.T) {
	w := record(t)
	w.grants()
	w.bucket(w.root, "lake")
	alice := w.user("alice", everything)
	grant := w.grant("alice", "lake/in/*", "READ", false)
	vended := w.vend(alice, "s3://lake/in/*", "READ")
	w.must(w.root, ask{method: "DELETE", path: control + "/grant/" + grant})
	for range 2 {
		if got := w.get(vended, "/lake/in/k"); got.status != http.StatusForbidden {
			t.Fatal(got)
		}
	}
	all := w.events()
	if len(all) != 3 {
		t.Fatalf("%d records", len(all))
	}
	for _, e := range all[1:] {
		if l := e.Latchkey; l.Decision != "deny" || l.RefusedBy != "leash" || l.GrantID != grant ||
			e.RequestParameters["key"] != "in/k" || e.Latchkey.HTTPStatus != 403 {
			t.Errorf("%+v %+v", e, l)
		}
	}
}

// TestTheStoresRequestIsNamed: an operator finds a request in the store's own log.
func TestTheStoresRequestIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f, err := events.OpenFile(events.FileOptions{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	r := events.New(events.Options{Limits: events.DefaultLimits, Pipes: []events.Pipe{{Name: "file", Sink: f}}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx, time.Minute); close(done) }()
	w := behindRecorded(t, upstream.Traits{Flat: true}, func(_ context.Context, call upstream.Call) (any, error) {
		switch call.Operation {
		case s3.CreateBucket.Operation:
			return &s3.CreateBucketOutput{}, nil
		case s3.HeadBucket.Operation:
			return nil, fault.New(fault.NotFound, fault.Bucket, "")
		}
		call.Trace.Add(upstream.Sent{Upstream: "ceph", Status: 503})
		call.Trace.Add(upstream.Sent{Upstream: "ceph", RequestID: "tx-1", HostID: "rgw-1", Status: 200})
		return nil, fmt.Errorf("away")
	}, r)
	w.bucket(w.root, "lake")
	w.get(w.root, "/lake/k")
	cancel()
	<-done
	all := (&recorded{world: &world{t: t, stop: func() {}}, path: path}).events()
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	e, l := &all[1], all[1].Latchkey
	if l.Upstream != "ceph" || l.UpstreamRequestID != "tx-1" || len(l.UpstreamRequests) != 2 ||
		l.UpstreamRequests[1].HostID != "rgw-1" || l.UpstreamRequests[0].HTTPStatus != 503 || l.HTTPStatus != 500 ||
		e.ErrorCode != "InternalError" || l.Decision != "allow" {
		t.Errorf("%+v %+v", e, l)
	}
}

// TestADownloadThatBreaksIsRecordedAsCut: the client got a part only.
func TestADownloadThatBreaksIsRecordedAsCut(t *testing.T) {
	w := record(t)
	w.bucket(w.root, "lake")
	w.object("/lake/big", strings.Repeat("x", 32<<20))
	resp, err := w.http.Do(w.request(w.root, ask{method: "GET", path: "/lake/big"}))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	w.http.CloseIdleConnections()
	all := w.events()
	e := all[len(all)-1]
	if out, _ := e.AdditionalEventData["bytesTransferredOut"].(float64); !e.Latchkey.Cut || out >= 32<<20 ||
		e.Latchkey.HTTPStatus != 200 || e.Latchkey.Decision != "allow" || e.ErrorCode == "" {
		t.Errorf("%s cut=%v", brief(&e), e.Latchkey.Cut)
	}
}
