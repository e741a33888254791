package leavingtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/oidc/oidctest"
)

// Row is one change, and what becomes of a credential and of a presigned URL that were made before it.
type Row struct {
	What   string // the change, as the page says it
	Way    Way    // how the credential is made
	Before func(*Stage)
	Change func(*Stage) // nil: what happens elsewhere, unseen by the server

	// Reason is why both are refused at the next request, as the audit record says. Empty: they are not.
	Reason fault.Reason
	// Again undoes the change as far as that is possible. A new credential works then. Nil: the row does not try, or,
	// with New, a new credential works although the change stands.
	Again func(*Stage)
	// Live says that the old credential works again, too: the change narrowed what is asked at each request, and cut
	// nothing.
	Live bool
	New  bool
	// Spare are the sessions and tokens that were got on the way to the credential and still lead to a new one, because
	// they do not hang on what was changed. All others end, too.
	Spare []string
}

// The last step alone hung on what was changed.
var (
	spareSession = []string{"a session", "a context"} // of the request GetDataAccess
	spareToken   = []string{"an access token"}        // of what was done with the token of another application
	spareContext = []string{"a context"}              // of AssumeRole
)

// Section is a part of the table.
type Section struct {
	Title string
	Rows  []Row
}

// Table is the whole table.
func Table() []Section {
	return []Section{
		{"People and groups", personRows},
		{"Applications and issuers", slices.Concat(applicationRows, originRows, actorRows)},
		{"Sign-in on the server's pages", signInRows},
		{"Access Grants", grantRows}, {"The location's role", locationRoleRows},
		{"Whoever asked", slices.Concat(askerRows, chainRows, policyRows)},
		{"A role's session, without Access Grants", sessionRows}, {"Buckets", bucketRows}, {"What does not end", stayingRows},
	}
}

// Prepare makes what all rows share. It must be called before rows run.
func (s *Site) Prepare(t testing.TB) {
	s.issuer = oidctest.NewProvider(t, "app", map[string]any{"email": "alice@example.org"}).Issuer
	if s.Holder == nil {
		s.Holder = plain{s}
	}
}

// key is the object that every credential of the table may read.
const key = "data/x"

// Run runs the row at a site.
func (r *Row) Run(t *testing.T, site *Site) {
	s := newStage(t, site)
	r.Way.lay(s)
	if r.Before != nil {
		r.Before(s)
	}
	old := r.Way.asks(s)
	s.vended = append(s.vended, old)
	link := site.Holder.Presign(t, old, s.bucket, key)
	both := func(when string, allowed bool) {
		t.Helper()
		s.expect("the credential, "+when, site.Holder.Read(t, old, s.bucket, key), allowed)
		s.expect("the presigned URL, "+when, follow(t, link), allowed)
	}
	both("at first", true)
	if r.Change != nil {
		r.Change(s)
		site.settle(t)
	}
	both("after the change", r.Reason == "")
	if r.Reason == "" {
		return
	}
	site.ended = append(site.ended, ended{s, r})
	if r.Again != nil {
		r.Again(s)
		site.settle(t)
		both("after the change was undone", r.Live)
	}
	if !r.Live && (r.Again != nil || r.New) {
		for _, h := range s.held {
			a := h.use()
			if refused := a.Status >= 400 && a.Status < 500; refused == slices.Contains(r.Spare, h.name) {
				t.Errorf("%s that was got before the change gives: %d %s", h.name, a.Status, a.Body)
			}
		}
	}
	if r.Again != nil || r.New {
		s.expect("a new credential", site.Holder.Read(t, r.Way.asks(s), s.bucket, key), true)
	}
}

// expect checks an answer to a read.
func (s *Stage) expect(what string, a Answer, allowed bool) {
	s.t.Helper()
	reads := a.Status == http.StatusOK && a.Body == "content" || s.site.Apart && a.Code == "NoSuchBucket"
	refused := a.Status == http.StatusForbidden && a.Code == "AccessDenied"
	if allowed && !reads || !allowed && !refused {
		s.t.Fatalf("%s: %d %s, allowed should be %v", what, a.Status, a.Body, allowed)
	}
}

// ended is a row that has run, and whose credential was refused.
type ended struct {
	stage *Stage
	row   *Row
}

// CheckReasons checks the reason of each row in the audit log. A node writes the records of refused reads soon after
// it refused them, so they are looked for when all rows have run.
func (s *Site) CheckReasons(t *testing.T) {
	until := time.Now().Add(time.Minute)
	for _, e := range s.ended {
		e.stage.t = t
		got := e.stage.reason()
		for ; got == "" && time.Now().Before(until); got = e.stage.reason() {
			<-time.After(20 * time.Millisecond)
		}
		if got != string(e.row.Reason) {
			t.Errorf("%s: the audit log says %q, want %q", e.row.What, got, e.row.Reason)
		}
	}
}

// reason is the reason of the first refused read in the account's audit log; empty: there is none yet.
func (s *Stage) reason() string {
	s.t.Helper()
	a := s.own("QueryAudit", object{"EventName": "GetObject", "ErrorCode": "AccessDenied", "MaxResults": 1})
	var all struct{ Events []struct{ Event string } }
	if err := json.Unmarshal([]byte(a.Body), &all); err != nil {
		s.t.Fatal(err)
	}
	if len(all.Events) == 0 {
		return ""
	}
	var e struct{ Latchkey struct{ Reason string } }
	if err := json.Unmarshal([]byte(all.Events[0].Event), &e); err != nil {
		s.t.Fatal(err)
	}
	return e.Latchkey.Reason
}
