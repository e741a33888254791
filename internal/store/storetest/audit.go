package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// NewEvent is an event of that name.
func NewEvent(name string) audit.Event {
	return audit.Event{
		EventVersion:       "1.11",
		EventName:          name,
		EventSource:        "s3.amazonaws.com",
		EventTime:          db0,
		EventID:            "id-" + name,
		UserIdentity:       audit.Identity{Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/x", AccessKeyID: "AKIAX"},
		RecipientAccountID: string(account),
	}
}

func events(t *testing.T, db *store.DB, f store.AuditFilter) []store.Record {
	t.Helper()
	all, err := db.Events(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func auditOrder(t *testing.T, db *store.DB) {
	const callers, each = 8, 30
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				if err := db.Record(t.Context(), NewEvent(fmt.Sprintf("%d-%d", c, 2*i)),
					NewEvent(fmt.Sprintf("%d-%d", c, 2*i+1))); err != nil {
					t.Errorf("record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var after int64
	next := map[string]int{}
	total := 0
	for { // as a follower reads
		page := events(t, db, store.AuditFilter{After: after, Limit: 17})
		for _, r := range page {
			if r.ID <= after {
				t.Fatalf("id %d after %d", r.ID, after)
			}
			after = r.ID
			c, i, _ := strings.Cut(r.Event.EventName, "-")
			if i != fmt.Sprint(next[c]) {
				t.Fatalf("caller %s: event %s where %d was due", c, i, next[c])
			}
			next[c]++
			total++
		}
		if len(page) < 17 {
			break
		}
	}
	if total != 2*callers*each {
		t.Errorf("%d records, want %d", total, 2*callers*each)
	}
	if rev, err := db.Rev(t.Context()); rev != 0 || err != nil {
		t.Errorf("recording made revision %d (%v)", rev, err)
	}
}

func auditFilters(t *testing.T, db *store.DB) {
	start := time.Now().Add(-time.Second)
	for i := range 12 {
		e := NewEvent([]string{"CreateAccessGrant", "GetDataAccess"}[i%2])
		e.EventID = fmt.Sprint(i)
		if i%3 == 0 {
			e.ErrorCode = "AccessDenied"
		}
		if i == 5 {
			e.UserIdentity = audit.Identity{Type: "Unknown"}
		}
		if i == 7 {
			e.RecipientAccountID = string(other)
			e.UserIdentity.AccessKeyID = "AKIAY"
		}
		e.Latchkey = &audit.Addendum{GrantID: fmt.Sprint("g", i%4)}
		if i%3 == 0 {
			e.Latchkey.Reason = []string{"grant_deleted", "scope_exceeded"}[i%2]
		}
		if i > 8 {
			e.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{UserID: fmt.Sprint("person-", i%2)}
		}
		if err := db.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	all := events(t, db, store.AuditFilter{})
	for name, c := range map[string]struct {
		f    store.AuditFilter
		want string
	}{
		"everything":       {store.AuditFilter{}, "0 1 2 3 4 5 6 7 8 9 10 11"},
		"newest first":     {store.AuditFilter{NewestFirst: true, Limit: 3}, "11 10 9"},
		"newest first, on": {store.AuditFilter{NewestFirst: true, Limit: 3, After: all[9].ID}, "8 7 6"},
		"oldest first, on": {store.AuditFilter{Limit: 3, After: all[3].ID}, "4 5 6"},
		"name":             {store.AuditFilter{EventName: "CreateAccessGrant"}, "0 2 4 6 8 10"},
		"error":            {store.AuditFilter{ErrorCode: "AccessDenied"}, "0 3 6 9"},
		"account":          {store.AuditFilter{Account: string(other)}, "7"},
		"access key":       {store.AuditFilter{AccessKey: "AKIAY"}, "7"},
		"principal":        {store.AuditFilter{Principal: "arn:aws:iam::111122223333:user/x", Limit: 7}, "0 1 2 3 4 6 7"},
		"grant":            {store.AuditFilter{GrantID: "g3"}, "3 7 11"},
		"grant and error":  {store.AuditFilter{GrantID: "g3", ErrorCode: "AccessDenied"}, "3"},
		"reason":           {store.AuditFilter{Reason: "scope_exceeded"}, "3 9"},
		"person":           {store.AuditFilter{Person: "person-1"}, "9 11"},
		"reason of nobody": {store.AuditFilter{Reason: "scope_exceeded", Account: string(other)}, ""},
		"person, reason and grant": {
			store.AuditFilter{Person: "person-1", Reason: "scope_exceeded", GrantID: "g1"}, "9",
		},
		"since":    {store.AuditFilter{Since: start, Limit: 2}, "0 1"},
		"until":    {store.AuditFilter{Until: start}, ""},
		"a window": {store.AuditFilter{Since: all[4].Time(), Until: all[4].Time().Add(time.Microsecond)}, "4"},
		"nobody":   {store.AuditFilter{Principal: "nobody"}, ""},
	} {
		var got []string
		for _, r := range events(t, db, c.f) {
			if r.Event.RecipientAccountID == "" || r.Event.EventTime != db0 {
				t.Errorf("%s: event came back as %+v", name, r.Event)
			}
			got = append(got, r.Event.EventID)
		}
		if strings.Join(got, " ") != c.want {
			if name == "a window" && strings.Contains(strings.Join(got, " "), c.want) {
				continue // two were recorded in the same microsecond
			}
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func auditInUpdate(t *testing.T, db *store.DB) {
	for _, failure := range []error{errors.New("no"), nil} {
		_, err := db.Update(t.Context(), func(tx *store.Tx) error {
			if err := store.Users.Insert(tx, NewUser(account, "x", tx.Now())); err != nil {
				return err
			}
			if err := tx.Record(NewEvent("CreateUser")); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		want := 1
		if failure != nil {
			want = 0
		}
		if n := len(events(t, db, store.AuditFilter{EventName: "CreateUser"})); n != want {
			t.Errorf("%d records after %v, want %d", n, failure, want)
		}
	}
}

// auditHostile checks that an event is recorded whatever a client sent. If the database refused a text, a refusal would
// go unrecorded, or nothing could be vended.
func auditHostile(t *testing.T, db *store.DB) {
	var long strings.Builder
	for long.Len() < 100_000 { // and hard to compress
		long.WriteString(rand.Text())
	}
	for i, s := range []string{"nul\x00byte", "bad\xff\xfeutf8", long.String(), "'; DROP TABLE audit; --", "\u2028"} {
		e := NewEvent(s)
		e.EventID = fmt.Sprint(i)
		e.UserIdentity.ARN, e.UserIdentity.AccessKeyID, e.ErrorCode = s, s, audit.Text(s)
		e.RecipientAccountID, e.EventSource, e.UserAgent = s, s, audit.Text(s)
		e.Latchkey = &audit.Addendum{GrantID: s, Reason: s}
		e.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{UserID: s}
		if err := db.Record(t.Context(), e); err != nil {
			t.Errorf("%.20q: %v", s, err)
		}
		update(t, db, func(tx *store.Tx) error { return tx.Record(e) })
		got := events(t, db, store.AuditFilter{
			Account:   s,
			EventName: s,
			Principal: s,
			AccessKey: s,
			ErrorCode: s,
			GrantID:   s,
		})
		if len(got) != 2 || got[0].Event.EventID != e.EventID {
			t.Errorf("%.20q: found %d times", s, len(got))
		}
	}
}

func mixed(t *testing.T, db *store.DB) {
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for i := range 30 {
				if err := db.Record(t.Context(), NewEvent(fmt.Sprint(c, i))); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for i := range 30 {
				update(t, db, func(tx *store.Tx) error {
					if err := tx.Record(NewEvent("update")); err != nil {
						return err
					}
					return store.Users.Insert(tx, NewUser(account, fmt.Sprint(c, "-", i), tx.Now()))
				})
			}
		})
	}
	wg.Wait()
	if n := len(events(t, db, store.AuditFilter{})); n != 240 {
		t.Errorf("%d records, want 240", n)
	}
	if rev, _ := db.Rev(t.Context()); rev != 120 {
		t.Errorf("revision %d, want 120", rev)
	}
}

func closed(t *testing.T, db *store.DB) {
	var wg sync.WaitGroup
	ok := make(chan string, 100)
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprint("e", i)
			if err := db.Record(t.Context(), NewEvent(name)); err == nil {
				ok <- name
			} else if fault.KindOf(err) != fault.Unavailable {
				t.Errorf("record while closing: %v", err)
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
	if err := db.Record(t.Context(), NewEvent("late")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("record: %v", err)
	}
	if _, err := db.Update(t.Context(), func(*store.Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("update: %v", err)
	}
	if _, err := db.Rev(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("read: %v", err)
	}
}
