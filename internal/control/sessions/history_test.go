package sessions_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/sessions"
	"latchkey/internal/credential"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

func (w *world) history(which sessions.Which, size int) (all []store.Cut) {
	w.t.Helper()
	for p := (sessions.Page{Size: size}); ; {
		out, err := w.s.History(w.t.Context(), w.root(account, "ListSessionHistory"), which, p)
		if err != nil {
			w.t.Fatal(err)
		}
		if all = append(all, out.Cuts...); out.Next == "" {
			return all
		}
		p.Token = out.Next
	}
}

func TestTheHistoryOfAPerson(t *testing.T) {
	w := newWorld(t)
	w.end(sessions.Which{User: "alice"})
	w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = true })
	w.SetPerson(t, w.alice, func(u *directory.User) { u.Disabled = false })
	w.end(sessions.Which{User: "alice"})
	w.end(sessions.Which{User: "bob"})
	for _, size := range []int{1, 2, 10} {
		all := w.history(sessions.Which{User: "alice@example.org"}, size)
		var reasons []string
		for _, c := range all {
			reasons = append(reasons, c.Reason)
			if c.Kind != credential.OnPerson || c.ID != string(w.alice.ID) || time.Since(c.At) > time.Minute {
				t.Errorf("%+v", c)
			}
		}
		if len(all) != 3 || reasons[0] != store.Ended || reasons[1] == store.Ended || reasons[2] != store.Ended {
			t.Errorf("in pages of %d: %v", size, reasons)
		}
	}
	_, err := w.s.History(t.Context(), w.root(account, "ListSessionHistory"), sessions.Which{SourceIP: "192.0.2.1"},
		sessions.Page{Size: 1})
	if !fault.Is(err, fault.Invalid, fault.Member) {
		t.Errorf("the history of an address: %v", err)
	}
}

func (w *world) members(then sessions.Then, size int) (all []sessions.Membership) {
	w.t.Helper()
	for p := (sessions.Page{Size: size}); ; {
		out, err := w.s.Memberships(w.t.Context(), w.root(account, "ListMembershipHistory"), then, p)
		if err != nil {
			w.t.Fatal(err)
		}
		if all = append(all, out.Members...); out.Next == "" {
			return all
		}
		p.Token = out.Next
	}
}

func TestWhoWasInWhat(t *testing.T) {
	w := newWorld(t)
	before := w.members(sessions.Then{Group: "team"}, 1)
	if len(before) != 2 || !before[0].Until.IsZero() || before[0].UserName+before[1].UserName == "" {
		t.Fatalf("%+v", before)
	}
	both := time.Now()
	w.Change(t, func(tx *store.Tx) error { return store.DeleteMembership(tx, w.team.ID, w.bob.ID) })
	for _, x := range []struct {
		then sessions.Then
		want string
	}{
		{sessions.Then{Group: "team"}, "alice"},
		{sessions.Then{Group: "team", At: both}, "alice bob"},
		{sessions.Then{Group: string(w.team.ID), At: before[0].Since.Add(-time.Hour)}, ""},
		{sessions.Then{User: "bob"}, ""},
		{sessions.Then{User: "bob@example.org", At: both}, "team"},
	} {
		var names []string
		for _, m := range w.members(x.then, 1) {
			if x.then.User != "" {
				names = append(names, m.GroupName)
				if m.Until.IsZero() || !m.Since.Before(m.Until) || m.UserName != "bob" {
					t.Errorf("%+v", m)
				}
			} else {
				names = append(names, m.UserName)
			}
		}
		if len(names) == 2 && names[0] > names[1] {
			names[0], names[1] = names[1], names[0]
		}
		if got := strings.Join(names, " "); got != x.want {
			t.Errorf("%+v: %q, want %q", x.then, got, x.want)
		}
	}
	w.Change(t, func(tx *store.Tx) error { return store.DirectoryGroups.Delete(tx, string(w.team.ID)) })
	gone := w.members(sessions.Then{Group: string(w.team.ID), At: both}, 10)
	if len(gone) != 2 || gone[0].GroupName != "" {
		t.Errorf("of a group that is deleted: %+v", gone)
	}
}

func TestWhatTheHistoryOfMembershipsRefuses(t *testing.T) {
	w := newWorld(t)
	mallory := w.Person(t, other, "mallory")
	w.Group(t, other, "crew", mallory)
	for name, then := range map[string]sessions.Then{
		"nothing": {}, "both": {User: "alice", Group: "team"}, "nobody": {User: "mallory"}, "no group": {Group: "crew"},
		"the future": {User: "alice", At: time.Now().Add(time.Hour)},
	} {
		_, err := w.s.Memberships(t.Context(), w.root(account, "ListMembershipHistory"), then, sessions.Page{Size: 1})
		if !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := w.members(sessions.Then{User: string(mallory.ID)}, 10); len(all) != 0 {
		t.Errorf("another account's: %+v", all)
	}
	page, err := w.s.Memberships(t.Context(), w.root(account, "ListMembershipHistory"), sessions.Then{Group: "team"},
		sessions.Page{Size: 1})
	if err != nil || page.Next == "" {
		t.Fatal(err)
	}
	for _, token := range []string{page.Next, "x", "!"} {
		_, err = w.s.Memberships(t.Context(), w.root(account, "ListMembershipHistory"), sessions.Then{User: "alice"},
			sessions.Page{Size: 1, Token: token})
		if !fault.Is(err, fault.Invalid, fault.NextToken) {
			t.Errorf("token %q: %v", token, err)
		}
	}
}
