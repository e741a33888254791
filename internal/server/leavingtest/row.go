package leavingtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/fault"
	"latchkey/internal/oidc/oidctest"
)

// Row is one change, and what becomes of a credential and of a presigned URL that were made before it.
type Row struct {
	What   string // the change, as the page says it
	Way    Way    // how the credential is made
	Before func(*Stage)
	Change func(*Stage) // nil: what happens elsewhere, unseen by the server

	// Reason is why both end at the next request, as the audit record says. Denied is, instead, how the answer says that
	// the policies which are asked at each request deny the read. Both empty: they do not end.
	Reason fault.Reason
	Denied string
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
		{"People and groups", personRows}, {"Applications and issuers", slices.Concat(applicationRows, originRows, actorRows)},
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
	both("after the change", !r.ends())
	if !r.ends() {
		return
	}
	if got := s.reason(); r.Reason != "" && got != string(r.Reason) {
		t.Errorf("the audit log says %q, want %q", got, r.Reason)
	}
	if a := site.Holder.Read(t, old, s.bucket, key); !strings.Contains(a.Body, r.Denied) {
		t.Errorf("the answer is %s, want %q", a.Body, r.Denied)
	}
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

func (r *Row) ends() bool { return r.Reason != "" || r.Denied != "" }

// expect checks an answer to a read.
func (s *Stage) expect(what string, a Answer, allowed bool) {
	s.t.Helper()
	reads := a.Status == http.StatusOK && a.Body == "content" || s.site.Apart && a.Code == "NoSuchBucket"
	refused := a.Status == http.StatusForbidden && a.Code == "AccessDenied"
	if allowed && !reads || !allowed && !refused {
		s.t.Fatalf("%s: %d %s, allowed should be %v", what, a.Status, a.Body, allowed)
	}
}

// reason is the reason of the newest refused read in the account's audit log.
func (s *Stage) reason() string {
	s.t.Helper()
	a := s.own("QueryAudit", object{"EventName": "GetObject", "ErrorCode": "AccessDenied", "NewestFirst": true,
		"MaxResults": 1})
	var all struct{ Events []struct{ Event string } }
	if err := json.Unmarshal([]byte(a.Body), &all); err != nil {
		s.t.Fatal(err)
	}
	if len(all.Events) == 0 {
		return "no record"
	}
	var e struct{ Latchkey struct{ Reason string } }
	if err := json.NewDecoder(strings.NewReader(all.Events[0].Event)).Decode(&e); err != nil {
		s.t.Fatal(err)
	}
	return e.Latchkey.Reason
}
