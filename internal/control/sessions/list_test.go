package sessions_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/sessions"
	"latchkey/internal/fault"
	"latchkey/internal/sightings"
	"latchkey/internal/store"
)

func TestTheListTellsWhoHoldsWhat(t *testing.T) {
	w := newWorld(t)
	k := w.vend(w.alice)
	e := w.newest()
	if e.UserName != "alice" || e.UserID != string(w.alice.ID) || e.GrantID != w.grant.ID.String() ||
		e.GrantScope != "s3://lake/team/*" || e.Principal != w.way.LocationRole.ARN() ||
		!strings.Contains(e.RequestedBy, ":assumed-role/r1/") || !strings.HasPrefix(e.Name, "access-grants-") ||
		e.SourceIP != "192.0.2.1" || e.Ended || !e.LastUsed.IsZero() || e.AccessKeyID != "" {
		t.Errorf("before its use: %+v", e)
	}
	if life := e.Expires.Sub(e.Issued); life < 59*time.Minute || life > time.Hour {
		t.Errorf("it lives %v", life)
	}
	if w.ended(k) {
		t.Fatal("it has ended")
	}
	if e = w.newest(); e.LastUsed.IsZero() || time.Since(e.LastUsed) > time.Minute || e.AccessKeyID != k.ID {
		t.Errorf("after its use: %+v", e)
	}
	kinds := map[string]int{}
	for _, e := range w.list(sessions.Which{}, 2) {
		kinds[e.Kind]++
	}
	if kinds["VENDED"] != 1 || kinds["ASSUMED_ROLE"] != 1 || len(kinds) != 2 {
		t.Errorf("%v", kinds)
	}
	w.Advance(13 * time.Hour)
	if all := w.list(sessions.Which{}, 10); len(all) != 0 {
		t.Errorf("they have expired: %+v", all[0])
	}
	if all := w.list(sessions.Which{SourceIP: "192.0.2.1"}, 10); len(all) != 0 {
		t.Errorf("they have expired, by the address: %+v", all[0])
	}
}

// TestFiltersListWhatTheyEnd: what a filter lists before is what it ends.
func TestFiltersListWhatTheyEnd(t *testing.T) {
	w := newWorld(t)
	alices, bobs := w.vend(w.alice), w.vend(w.bob)
	if w.ended(alices) || w.ended(bobs) {
		t.Fatal("they have ended")
	}
	for name, x := range map[string]struct {
		which sessions.Which
		want  []string
	}{
		"everything":    {sessions.Which{}, []string{"alice", "bob"}},
		"a person":      {sessions.Which{User: "bob"}, []string{"bob"}},
		"a group":       {sessions.Which{Group: "team"}, []string{"alice", "bob"}},
		"a grant":       {sessions.Which{GrantID: w.grant.ID.String()}, []string{"alice", "bob"}},
		"a role":        {sessions.Which{Principal: "role/lr"}, []string{"alice", "bob"}},
		"a client":      {sessions.Which{Principal: "user/app"}, []string{"alice", "bob"}},
		"another user":  {sessions.Which{Principal: "root"}, nil},
		"a key":         {sessions.Which{AccessKey: w.way.Keys.ID}, []string{"alice", "bob"}},
		"one's key":     {sessions.Which{AccessKey: alices.ID}, []string{"alice"}},
		"an address":    {sessions.Which{SourceIP: "192.0.2.1"}, []string{"alice", "bob"}},
		"other address": {sessions.Which{SourceIP: "192.0.2.2"}, nil},
	} {
		for _, size := range []int{1, 100} {
			var got []string
			for _, e := range vended(w.list(x.which, size)) {
				got = append(got, e.UserName)
			}
			slices.Sort(got)
			if !slices.Equal(got, x.want) {
				t.Errorf("%s in pages of %d: %v, want %v", name, size, got, x.want)
			}
		}
	}
	w.end(sessions.Which{User: "bob"})
	for _, e := range w.list(sessions.Which{}, 100) {
		if e.Ended != (e.UserName == "bob") || e.Ended != (e.Reason != "") {
			t.Errorf("%+v", e)
		}
	}
}

// TestAnotherNodeListsByTheLog: a node that has seen nothing knows who holds what, and what was cut.
func TestAnotherNodeListsByTheLog(t *testing.T) {
	w := newWorld(t)
	w.vend(w.alice)
	w.vend(w.bob)
	w.s.Seen = sightings.New(w.Now())
	if all := w.list(sessions.Which{}, 1); len(all) != 4 {
		t.Errorf("%d sessions", len(all))
	}
	w.end(sessions.Which{Session: w.newest().SessionID}) // bob's
	w.end(sessions.Which{User: "alice"})
	w.vend(w.alice)
	w.s.Seen = sightings.New(w.Now())
	var ended []string
	for _, e := range vended(w.list(sessions.Which{}, 100)) {
		if e.Ended {
			ended = append(ended, e.UserName)
		}
	}
	slices.Sort(ended)
	if !slices.Equal(ended, []string{"alice", "bob"}) {
		t.Errorf("ended are %v", ended)
	}
}

// TestSightingsTellWhatNoRecordTells: the records of a session may be removed before it expires.
func TestSightingsTellWhatNoRecordTells(t *testing.T) {
	w := newWorld(t)
	if k := w.vend(w.alice); w.ended(k) {
		t.Fatal("it has ended")
	}
	w.Change(t, func(tx *store.Tx) error {
		_, err := store.RemoveAudit(tx, time.Now().Add(time.Hour), 10_000)
		return err
	})
	all := w.list(sessions.Which{}, 1)
	if len(all) != 2 || len(vended(all)) != 1 || vended(all)[0].UserName != "alice" ||
		vended(all)[0].Principal != w.way.LocationRole.ARN() || vended(all)[0].GrantScope != "s3://lake/team/*" {
		t.Errorf("%d sessions: %+v", len(all), all)
	}
	theirs, err := w.s.List(t.Context(), w.root(other, "ListSessions"), sessions.Which{}, sessions.Page{Size: 10})
	if err != nil || len(theirs.Entries) != 0 {
		t.Errorf("another account's: %+v, %v", theirs, err)
	}
}

func TestATokenBelongsToItsList(t *testing.T) {
	w := newWorld(t)
	w.vend(w.alice)
	ask := func(which sessions.Which, token string) (*sessions.List, error) {
		return w.s.List(t.Context(), w.root(account, "ListSessions"), which, sessions.Page{Size: 1, Token: token})
	}
	first, err := ask(sessions.Which{}, "")
	if err != nil || first.Next == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := ask(sessions.Which{User: "alice"}, first.Next); !fault.Is(err, fault.Invalid, fault.NextToken) {
		t.Errorf("the token of another list: %v", err)
	}
}
