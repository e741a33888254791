package sessions_test

import (
	"strings"
	"testing"

	"latchkey/internal/control"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/sessions"
	"latchkey/internal/control/sts"
	"latchkey/internal/fault"
)

// TestEachWayOfEnding ends a vended credential at its next request, for good, while a new one works.
func TestEachWayOfEnding(t *testing.T) {
	w := newWorld(t)
	for name, which := range map[string]func() sessions.Which{
		"a person by name":      func() sessions.Which { return sessions.Which{User: "alice"} },
		"a person by address":   func() sessions.Which { return sessions.Which{User: "alice@example.org"} },
		"a person by id":        func() sessions.Which { return sessions.Which{User: string(w.alice.ID)} },
		"a group":               func() sessions.Which { return sessions.Which{Group: "team"} },
		"a group by id":         func() sessions.Which { return sessions.Which{Group: string(w.team.ID)} },
		"the grant":             func() sessions.Which { return sessions.Which{GrantID: w.grant.ID.String()} },
		"the location's role":   func() sessions.Which { return sessions.Which{Principal: w.way.LocationRole.ARN()} },
		"the bearer's role":     func() sessions.Which { return sessions.Which{Principal: "role/r1"} },
		"the client":            func() sessions.Which { return sessions.Which{Principal: "user/app"} },
		"the client's key":      func() sessions.Which { return sessions.Which{AccessKey: w.way.Keys.ID} },
		"the address":           func() sessions.Which { return sessions.Which{SourceIP: "192.0.2.1"} },
		"the mapped address":    func() sessions.Which { return sessions.Which{SourceIP: "::ffff:192.0.2.1"} },
		"the session":           func() sessions.Which { return sessions.Which{Session: w.newest().SessionID} },
		"the session's name":    func() sessions.Which { return sessions.Which{Session: w.newest().Name} },
		"the session's own key": func() sessions.Which { return sessions.Which{AccessKey: w.newest().AccessKeyID} },
	} {
		t.Run(name, func(t *testing.T) {
			k := w.vend(w.alice)
			if w.ended(k) {
				t.Fatal("it has ended before")
			}
			if out := w.end(which()); out.Count < 1 || len(out.Grounds) != out.Count {
				t.Errorf("ended: %+v", out)
			}
			if !w.ended(k) {
				t.Error("it goes on")
			}
			if w.ended(w.vend(w.alice)) {
				t.Error("a new one does not work")
			}
			if !w.ended(k) {
				t.Error("it has come back")
			}
			if e := w.events("EndSessions")[0].Event; e.ErrorCode != "" || e.ResponseElements["ended"] == nil {
				t.Errorf("recorded: %+v", e)
			}
		})
	}
}

// newest is the vended credential that was made last.
func (w *world) newest() *sessions.Entry { return vended(w.list(sessions.Which{}, 1000))[0] }

// TestEndingAGroupEndsItsPeople: also what does not hang on the group.
func TestEndingAGroupEndsItsPeople(t *testing.T) {
	w := newWorld(t)
	carol := w.Person(t, account, "carol")
	in, out := sessionOf(w, "bob"), sessionOf(w, carol.UserName)
	if got := w.end(sessions.Which{Group: "team"}); got.Count != 3 {
		t.Errorf("%+v", got)
	}
	if !w.ended(in) || w.ended(out) {
		t.Error("a member's session goes on, or somebody else's has ended")
	}
}

func TestOneSessionAlone(t *testing.T) {
	w := newWorld(t)
	a, b := w.vend(w.alice), w.vend(w.alice)
	if w.ended(a) || w.ended(b) {
		t.Fatal("they have ended")
	}
	w.end(sessions.Which{AccessKey: a.ID})
	if !w.ended(a) || w.ended(b) {
		t.Error("the wrong session ended")
	}
}

// TestWhatEndingRefuses: filters that are wrong, and what is another account's.
func TestWhatEndingRefuses(t *testing.T) {
	w := newWorld(t)
	theirs, _ := w.User(t, w.Root(other), "eve", "")
	mallory := w.Person(t, other, "mallory")
	crew := w.Group(t, other, "crew", mallory)
	w.Person(t, account, "bob@example.org")
	otherPath := strings.Replace(w.way.Bearer.ARN(), "role/", "role/a/", 1)
	k := w.vend(w.alice)
	if w.ended(k) {
		t.Fatal("it has ended")
	}
	for name, x := range map[string]struct {
		which sessions.Which
		text  string
	}{
		"nothing":                {sessions.Which{}, "Exactly one of"},
		"two":                    {sessions.Which{User: "alice", Group: "team"}, "Exactly one of"},
		"two with a key":         {sessions.Which{AccessKey: k.ID, Group: "team"}, "Exactly one of"},
		"nobody":                 {sessions.Which{User: "nobody"}, "nobody is not the id, the name or an email address"},
		"another's person":       {sessions.Which{User: string(mallory.ID)}, "is not the id"},
		"another's group":        {sessions.Which{Group: string(crew.ID)}, "is not the id or the name of a group"},
		"no group":               {sessions.Which{Group: "x"}, "is not the id or the name of a group"},
		"another's user":         {sessions.Which{Principal: theirs.ARN()}, "is not a user, a role or the root user"},
		"another's root":         {sessions.Which{Principal: "arn:aws:iam::" + string(other) + ":root"}, "is not a user"},
		"another path":           {sessions.Which{Principal: otherPath}, "is not a user"},
		"no principal":           {sessions.Which{Principal: "group/x"}, "is not a user"},
		"no grant":               {sessions.Which{GrantID: "x"}, "is not the id of a grant"},
		"another's key":          {sessions.Which{AccessKey: w.Root(other).ID}, "is not a long-term access key"},
		"a key that nobody saw":  {sessions.Which{AccessKey: "ASIAAAAAAAAAAAAAAAAA"}, "has seen no session"},
		"no address":             {sessions.Which{SourceIP: "x"}, "is not an IP address"},
		"an address with a zone": {sessions.Which{SourceIP: "fe80::1%eth0"}, "is not an IP address"},
		"no session":             {sessions.Which{Session: "x"}, "32 hexadecimal digits"},
		"a short session":        {sessions.Which{Session: strings.Repeat("ab", 15)}, "32 hexadecimal digits"},
		"two people":             {sessions.Which{User: "bob@example.org"}, "is the name of one user of the directory and"},
		"an unknown session":     {sessions.Which{Session: strings.Repeat("ab", 16)}, "No session of the account is known"},
	} {
		_, err := w.s.End(t.Context(), w.root(account, "EndSessions"), x.which)
		if !fault.Is(err, fault.Invalid, fault.Member) || !strings.Contains(err.Error(), x.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.ended(k) {
		t.Error("it has ended all the same")
	}
}

// TestAnotherAccountSeesAndEndsNothing: what is asked for is there, and belongs to the first account.
func TestAnotherAccountSeesAndEndsNothing(t *testing.T) {
	w := newWorld(t)
	k := w.vend(w.alice)
	if w.ended(k) {
		t.Fatal("it has ended")
	}
	mine := w.newest()
	for name, which := range map[string]sessions.Which{
		"the session": {Session: mine.SessionID}, "its key": {AccessKey: k.ID}, "the grant": {GrantID: w.grant.ID.String()},
		"the person": {User: string(w.alice.ID)}, "the role": {Principal: w.way.Bearer.ARN()},
		"the client's key": {AccessKey: w.way.Keys.ID},
	} {
		if _, err := w.s.End(t.Context(), w.root(other, "EndSessions"), which); !fault.Is(err, fault.Invalid, fault.Member) {
			t.Errorf("another account ends %s: %v", name, err)
		}
		if _, err := w.s.List(t.Context(), w.root(other, "ListSessions"), which, sessions.Page{Size: 10}); err == nil {
			t.Errorf("another account lists %s", name)
		}
		_, err := w.s.History(t.Context(), w.root(other, "ListSessionHistory"), which, sessions.Page{Size: 10})
		if err == nil {
			t.Errorf("another account reads the history of %s", name)
		}
	}
	out, err := w.s.End(t.Context(), w.root(other, "EndSessions"), sessions.Which{SourceIP: "192.0.2.1"})
	if err != nil || out.Count != 0 {
		t.Errorf("another account ends %+v by the address: %v", out, err)
	}
	all, err := w.s.List(t.Context(), w.root(other, "ListSessions"), sessions.Which{}, sessions.Page{Size: 10})
	if err != nil || len(all.Entries) != 0 {
		t.Errorf("another account sees %v, %v", all, err)
	}
	if w.ended(k) {
		t.Error("it has ended all the same")
	}
}

func TestEachActionIsAskedFor(t *testing.T) {
	w := newWorld(t)
	k := w.vend(w.alice)
	_, nobody := w.User(t, w.Root(account), "nobody", "")
	for _, action := range []string{"EndSessions", "ListSessions", "ListSessionHistory", "ListMembershipHistory"} {
		_, only := w.User(t, w.Root(account), "only-"+action, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Action":"latchkey:`+action+`","Resource":"*"}]}`)
		for op, try := range w.operations() {
			if err := try(nobody, op); !fault.Is(err, fault.Denied, "") {
				t.Errorf("%s for nobody: %v", op, err)
			}
			if err := try(only, op); (err == nil) != (op == action) {
				t.Errorf("%s for who may %s: %v", op, action, err)
			}
		}
	}
	if w.ended(k) {
		t.Error("it has ended")
	}
}

// operations try each operation with keys.
func (w *world) operations() map[string]func(controltest.Keys, string) error {
	page := sessions.Page{Size: 10}
	bob := sessions.Which{User: "bob"}
	begin := func(k controltest.Keys, op string) *control.Call { return w.Call(w.t, k, "latchkey", op) }
	return map[string]func(controltest.Keys, string) error{
		"EndSessions": func(k controltest.Keys, op string) error {
			_, err := w.s.End(w.t.Context(), begin(k, op), bob)
			return err
		},
		"ListSessions": func(k controltest.Keys, op string) error {
			_, err := w.s.List(w.t.Context(), begin(k, op), bob, page)
			return err
		},
		"ListSessionHistory": func(k controltest.Keys, op string) error {
			_, err := w.s.History(w.t.Context(), begin(k, op), bob, page)
			return err
		},
		"ListMembershipHistory": func(k controltest.Keys, op string) error {
			_, err := w.s.Memberships(w.t.Context(), begin(k, op), sessions.Then{User: "bob"}, page)
			return err
		},
	}
}

// sessionOf is an identity-enhanced session of a person, without a vended credential.
func sessionOf(w *world, name string) controltest.Keys {
	w.t.Helper()
	k, err := w.way.Session(name+"@example.org", w.way.App)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// TestASessionOfAnotherAccountsRole: who assumes a role of another account has a record of it, and not the session.
func TestASessionOfAnotherAccountsRole(t *testing.T) {
	w := newWorld(t)
	eve, keys := w.User(t, w.Root(other), "eve", controltest.Allow("*", "*"))
	r := w.way.Role("shared", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
		"Principal":{"AWS":"`+eve.ARN()+`"}}]}`)
	a, err := w.way.STS.AssumeRole(t.Context(), w.Call(t, keys, "sts", "AssumeRole"),
		sts.AssumeRole{RoleARN: r.ARN(), SessionName: "visit"})
	if err != nil {
		t.Fatal(err)
	}
	mine := w.list(sessions.Which{}, 10)
	if len(mine) != 1 || mine[0].RequestedBy != eve.ARN() || mine[0].Principal != r.ARN() {
		t.Fatalf("%+v", mine)
	}
	theirs, err := w.s.List(t.Context(), w.root(other, "ListSessions"), sessions.Which{}, sessions.Page{Size: 10})
	if err != nil || len(theirs.Entries) != 0 {
		t.Errorf("the visitor's account lists %+v, %v", theirs, err)
	}
	which := sessions.Which{Session: mine[0].SessionID}
	if _, err := w.s.End(t.Context(), w.root(other, "EndSessions"), which); !fault.Is(err, fault.Invalid, fault.Member) {
		t.Errorf("the visitor's account ends the session: %v", err)
	}
	k := controltest.KeysOf(a.Credentials)
	if w.ended(k) {
		t.Fatal("it has ended")
	}
	if w.end(which); !w.ended(k) {
		t.Error("the role's account does not end it")
	}
}
