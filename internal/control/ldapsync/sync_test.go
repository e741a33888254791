package ldapsync_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/control/ldapsync"
	"latchkey/internal/directory"
	"latchkey/internal/fault"
	"latchkey/internal/ldap/ldaptest"
	"latchkey/internal/store"
)

func TestPeopleAndGroupsComeAndFollow(t *testing.T) {
	w := newWorld(t, nil)
	for _, n := range []string{"alice", "bob", "carol"} {
		w.ldap.Person(t, n)
	}
	w.ldap.Group(t, "readers", dns("alice", "bob")...)
	w.ldap.Group(t, "staff", ldaptest.GroupDN("readers"), ldaptest.PersonDN("carol"))
	r := w.sync()
	w.want("alice readers staff", "bob readers staff", "carol staff")
	if c := r.Counts; c.UsersCreated != 3 || c.GroupsCreated != 2 || c.MembershipsCreated != 5 || len(r.Conflicts) != 0 {
		t.Errorf("%+v", r)
	}
	a := w.person("alice")
	if a.DisplayName != "Person alice" || a.Name.GivenName != "Given alice" || a.Emails[0].Value != "alice@example.org" ||
		a.CreatedBy != "ldap:corp" || a.ExternalIDs[0].Issuer != "ldap:corp" {
		t.Errorf("alice is %+v", a)
	}
	rev := w.snap().Rev()
	if r = w.sync(); r.Counts.UsersRead != 3 || w.snap().Rev() != rev {
		t.Errorf("a second run changed something: %+v", r)
	}
	w.ldap.Set(t, ldaptest.GroupDN("readers"), "member", dns("carol", "bob")...)
	w.ldap.Set(t, ldaptest.PersonDN("bob"), "mail", "robert@example.org")
	w.ldap.Set(t, ldaptest.PersonDN("carol"), "pwdAccountLockedTime", "000001010000Z")
	r = w.sync()
	w.want("alice", "bob readers staff", "carol disabled readers staff")
	if c := r.Counts; c.MembershipsDeleted != 2 || c.MembershipsCreated != 1 || c.UsersUpdated != 1 ||
		c.UsersDisabled != 1 {
		t.Errorf("%+v", c)
	}
	if w.person("bob").Emails[0].Value != "robert@example.org" {
		t.Error("bob's address did not follow")
	}
	w.ldap.Set(t, ldaptest.PersonDN("carol"), "pwdAccountLockedTime")
	w.sync()
	w.want("alice", "bob readers staff", "carol readers staff")
}

func TestIdentityCase105_ARenameKeepsTheUserID(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	w.ldap.Group(t, "readers", dns("alice")...)
	w.sync()
	alice, readers := w.person("alice"), w.group("readers")
	w.ldap.Add(t, "ou=moved,"+ldaptest.People, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"moved"}})
	w.ldap.Move(t, ldaptest.PersonDN("alice"), "uid=alicia", "ou=moved,"+ldaptest.People)
	w.ldap.Move(t, ldaptest.GroupDN("readers"), "cn=lectors", "")
	w.ldap.Set(t, ldaptest.GroupDN("lectors"), "member", "uid=alicia,ou=moved,"+ldaptest.People)
	w.sync()
	w.want("alicia lectors")
	if u, g := w.person("alicia"), w.group("lectors"); u.ID != alice.ID || g.ID != readers.ID {
		t.Error("who was renamed has another id")
	}
}

func TestNamesThatChangeHands(t *testing.T) {
	w := newWorld(t, nil)
	for _, n := range []string{"a", "b", "c"} {
		w.ldap.Person(t, n)
	}
	w.sync()
	ids := map[string]directory.UserID{"a": w.person("a").ID, "b": w.person("b").ID, "c": w.person("c").ID}
	w.ldap.Move(t, ldaptest.PersonDN("a"), "uid=x", "")
	w.ldap.Move(t, ldaptest.PersonDN("b"), "uid=a", "")
	w.ldap.Move(t, ldaptest.PersonDN("x"), "uid=b", "")
	w.ldap.Set(t, ldaptest.PersonDN("c"), "mail", "a@example.org") // which a, now b, no longer has
	w.ldap.Set(t, ldaptest.PersonDN("b"), "mail", "b2@example.org")
	if r := w.sync(); len(r.Conflicts) != 0 {
		t.Errorf("conflicts %q", r.Conflicts)
	}
	if w.person("b").ID != ids["a"] || w.person("a").ID != ids["b"] || w.person("c").ID != ids["c"] {
		t.Error("the names were not exchanged")
	}
	if m := w.person("c").Emails[0].Value; m != "a@example.org" {
		t.Errorf("c has %s", m)
	}
	w.ldap.Group(t, "g", dns("a")...)
	w.ldap.Group(t, "h", dns("b")...)
	w.sync()
	g := w.group("g").ID
	w.ldap.Move(t, ldaptest.GroupDN("g"), "cn=x", "")
	w.ldap.Move(t, ldaptest.GroupDN("h"), "cn=g", "")
	w.ldap.Move(t, ldaptest.GroupDN("x"), "cn=h", "")
	w.sync()
	if w.group("h").ID != g {
		t.Error("the names of the groups were not exchanged")
	}
	var steps []any // every write has a record, even one that the same run overwrites
	for _, e := range w.Records(t) {
		steps = append(steps, e.AdditionalEventData["step"])
	}
	if !slices.Contains(steps, any("free user names")) || !slices.Contains(steps, any("free group names")) {
		t.Errorf("the steps on record are %v", steps)
	}
}

func TestPeopleOfAnotherOriginAreNeverTouched(t *testing.T) {
	w := newWorld(t, nil)
	local := w.Person(t, account, "alice") // has alice@example.org too
	dave := w.Person(t, account, "dave")
	g := w.Group(t, account, "readers", local)
	w.ldap.Person(t, "alice")
	w.ldap.Person(t, "bob")
	w.ldap.Set(t, ldaptest.PersonDN("bob"), "mail", "DAVE@example.org")
	w.ldap.Group(t, "readers", dns("bob")...)
	w.ldap.Group(t, "writers", dns("bob")...)
	r := w.sync()
	w.want("alice readers", "bob writers", "dave")
	if w.person("alice").ID != local.ID || w.group("readers").ID != g.ID || w.person("dave").ID != dave.ID {
		t.Error("a local user or group was replaced")
	}
	if len(w.person("bob").Emails) != 0 {
		t.Error("bob took the address that is dave's: a foreign token would find him by it")
	}
	if len(r.Conflicts) != 3 ||
		!strings.Contains(strings.Join(r.Conflicts, "\n"), `the user name "alice" is another's: the person is left out`) {
		t.Errorf("conflicts %q", r.Conflicts)
	}
	// A local person in a group of the source stays a member until somebody removes that person here.
	w.Join(t, w.group("writers"), dave)
	w.sync()
	w.want("alice readers", "bob writers", "dave writers")
	w.ldap.Delete(t, ldaptest.GroupDN("writers"))
	w.sync()
	w.want("alice readers", "bob", "dave writers")
}

// The removal of a few people is allowed without a guard, but not the removal of all. A wrong base would show other
// people.
func TestIdentityCase104_OtherPeopleAltogether(t *testing.T) {
	w := newWorld(t, nil)
	for _, n := range []string{"alice", "bob", "carol"} {
		w.ldap.Person(t, n)
	}
	w.S.Sources[0].LDAP.Users.Filter = "(|(uid=alice)(uid=bob))"
	w.sync()
	w.S.Sources[0].LDAP.Users.Filter = "(uid=carol)"
	if r := w.run(ldapsync.Options{}); r.Refused != "all 2 users would go" || r.Applied {
		t.Errorf("%+v", r)
	}
	w.want("alice", "bob")
}

func TestTwoEntriesWithOneName(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	w.sync()
	id := w.person("alice").ID
	w.ldap.Add(t, "ou=evil,"+ldaptest.People, map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"evil"}})
	for _, n := range []string{"alice", "new"} {
		w.ldap.Add(t, "uid="+n+",ou=evil,"+ldaptest.People,
			map[string][]string{
				"objectClass": {"inetOrgPerson"},
				"uid":         {n},
				"cn":          {n},
				"sn":          {n},
				"mail":        {"alice@example.org"},
			})
	}
	w.ldap.Person(t, "new")
	r := w.sync()
	w.want("alice")
	if u := w.person("alice"); u.ID != id || len(u.Emails) != 1 {
		t.Error("somebody with the same name or address took them from alice")
	}
	if len(r.Conflicts) < 3 {
		t.Errorf("conflicts %q", r.Conflicts)
	}
}

func TestWhoIsGone(t *testing.T) {
	w := newWorld(t, func(s *ldapsync.Source) { s.DeleteAfter = 48 * time.Hour })
	for _, n := range []string{"alice", "bob", "carol"} {
		w.ldap.Person(t, n)
	}
	w.ldap.Group(t, "readers", dns("alice", "bob")...)
	w.ldap.Group(t, "writers", dns("alice")...)
	w.sync()
	alice, writers := w.person("alice").ID, w.group("writers").ID
	w.ldap.Delete(t, ldaptest.PersonDN("alice"))
	w.ldap.Delete(t, ldaptest.GroupDN("writers"))
	w.sync()
	w.want("alice disabled", "bob readers", "carol")
	w.Advance(47 * time.Hour)
	w.sync()
	if w.group("writers") == nil {
		t.Error("the group was deleted before its time")
	}
	w.want("alice disabled", "bob readers", "carol")
	w.Advance(2 * time.Hour)
	r := w.sync()
	w.want("bob readers", "carol")
	if w.group("writers") != nil || r.Counts.UsersDeleted != 1 || r.Counts.GroupsDeleted != 1 {
		t.Errorf("%+v", r.Counts)
	}
	w.ldap.Person(t, "alice") // a new entry: a stranger
	w.ldap.Group(t, "writers", dns("alice")...)
	w.sync()
	if w.person("alice").ID == alice || w.group("writers").ID == writers {
		t.Error("an id was used twice")
	}
	// A new entry with the name of an absent one gets the name at once.
	w.ldap.Delete(t, ldaptest.PersonDN("bob"))
	w.ldap.Person(t, "bob")
	bob := w.person("bob").ID
	w.sync()
	if u := w.person("bob"); u.ID == bob || u.Disabled {
		t.Errorf("bob is %+v", u)
	}
	if marks, err := store.SyncMarks(t.Context(), w.DB, string(account)+"/corp"); err != nil || len(marks) != 0 {
		t.Errorf("marks are left: %v (%v)", marks, err)
	}
}

func TestWhoComesBackIsTheSame(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	w.ldap.Person(t, "bob")
	w.sync()
	id := w.person("alice").ID
	src := &w.S.Sources[0]
	src.LDAP.Users.Filter = "(uid=bob)"
	w.sync()
	w.want("alice disabled", "bob")
	src.LDAP.Users.Filter = "(objectClass=person)"
	w.sync()
	w.want("alice", "bob")
	if w.person("alice").ID != id {
		t.Error("alice came back as somebody else")
	}
}

func TestWhomAnAdministratorDisabledStaysSo(t *testing.T) {
	w := newWorld(t, nil)
	alice := w.ldap.Person(t, "alice")
	w.sync()
	w.SetPerson(t, w.person("alice"), func(u *directory.User) { u.Disabled = true })
	w.ldap.Set(t, alice, "title", "Dr")
	w.sync()
	w.sync()
	w.want("alice disabled")
	if w.person("alice").Title != "Dr" {
		t.Error("the title did not follow")
	}
	w.ldap.Set(t, alice, "pwdAccountLockedTime", "000001010000Z")
	w.sync()
	w.ldap.Set(t, alice, "pwdAccountLockedTime")
	w.sync()
	w.want("alice disabled")
	lift := func(source string) {
		w.SetPerson(t, w.person("alice"), func(u *directory.User) {
			u.SetSay(directory.SaysIn, directory.Block{Source: source})
		})
	}
	lift(directory.Administrator)
	w.sync()
	w.want("alice")
	// A user whom the server has disabled can be enabled by an administrator only until the next run.
	w.ldap.Set(t, alice, "pwdAccountLockedTime", "000001010000Z")
	w.sync()
	lift("ldap:corp")
	w.want("alice")
	w.sync()
	w.want("alice disabled")
}

func TestIdentityCase104_ARunThatWouldRemoveTooMuchIsRefused(t *testing.T) {
	guarded := func(s *ldapsync.Source) { s.MaxRemoval, s.FreeRemovals = 0.1, 0 }
	names := strings.Fields("a b c d e f g h i j k l m n o p q r s t")
	for name, c := range map[string]struct {
		spoil  func(w *world)
		reason string
	}{
		"no users at all": {func(w *world) {
			w.S.Sources[0].LDAP.Users.Filter = "(uid=nobody)"
		}, "the server shows no users"},
		"a part of the users": {func(w *world) {
			w.S.Sources[0].LDAP.Users.Filter = "(!(|(uid=a)(uid=b)(uid=c)))"
		}, "3 of 20 users would go"},
		"no groups at all": {func(w *world) {
			w.S.Sources[0].LDAP.Groups.Filter = "(cn=nothing)"
		}, "the server shows no groups"},
		"half of the groups": {func(w *world) { w.S.Sources[0].LDAP.Groups.Filter = "(cn=one)" }, "1 of 2 groups would go"},
		"most of the members": {func(w *world) {
			w.ldap.Set(w.t, ldaptest.GroupDN("one"), "member", dns("a")...)
		}, "19 of 21 memberships would go"},
		"the members of a bad": {func(w *world) {
			w.S.Sources[0].LDAP.Groups.Attributes.Members = []string{"owner"}
		}, "21 of 21 memberships would go"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, guarded)
			for _, n := range names {
				w.ldap.Person(t, n)
			}
			w.ldap.Group(t, "one", dns(names...)...)
			w.ldap.Group(t, "two", dns("a")...)
			w.sync()
			before, rev := w.people(), w.snap().Rev()
			c.spoil(w)
			w.ldap.Person(t, "new")
			r := w.run(ldapsync.Options{})
			if r.Applied || !strings.Contains(r.Refused, c.reason) {
				t.Errorf("applied %v, %q; want %q", r.Applied, r.Refused, c.reason)
			}
			if !slices.Equal(w.people(), before) || w.snap().Rev() != rev {
				t.Errorf("the refused run changed something: %q", w.people())
			}
			if o, err := w.S.Last(t.Context(), &w.S.Sources[0]); err != nil || o.Outcome != ldapsync.Refused ||
				o.Text != r.Refused {
				t.Errorf("the outcome is %+v (%v)", o, err)
			}
			if r := w.run(ldapsync.Options{Force: true}); !r.Applied {
				t.Errorf("by force: %+v", r)
			}
			if slices.Equal(w.people(), before) {
				t.Error("by force nothing happened")
			}
		})
	}
}

func TestAFewRemovalsAreNoneTooMany(t *testing.T) {
	w := newWorld(t, func(s *ldapsync.Source) { s.MaxRemoval, s.FreeRemovals = 0.1, 1 })
	for _, n := range []string{"a", "b", "c"} {
		w.ldap.Person(t, n)
	}
	w.sync()
	w.ldap.Delete(t, ldaptest.PersonDN("a"))
	w.sync()
	w.want("a disabled", "b", "c")
	w.ldap.Delete(t, ldaptest.PersonDN("b"))
	w.sync()
	w.want("a disabled", "b disabled", "c")
	w.ldap.Delete(t, ldaptest.PersonDN("c"))
	if r := w.run(ldapsync.Options{}); r.Applied {
		t.Error("the last user went")
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	rev := w.snap().Rev()
	r := w.run(ldapsync.Options{DryRun: true, Limit: 10})
	if r.Applied || r.Counts.UsersCreated != 1 || len(r.Changes) != 1 ||
		r.Changes[0] != (ldapsync.Described{Kind: "user", Name: "alice", Text: "created"}) {
		t.Errorf("%+v", r)
	}
	if last, err := store.ReadLease(t.Context(), w.DB, leaseName); err != nil || last != (store.Lease{}) ||
		w.snap().Rev() != rev || len(w.people()) != 0 {
		t.Errorf("a dry run left %+v, %v", last, w.people())
	}
}

func TestOneRunAtATime(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	take := func(tx *store.Tx) error {
		return store.TakeLease(tx, leaseName, "another node", time.Hour)
	}
	if _, err := w.DB.Update(t.Context(), take); err != nil {
		t.Fatal(err)
	}
	_, err := w.S.Sync(t.Context(), w.Call(t, w.root, "latchkey", "SyncDirectory"), "corp", ldapsync.Options{})
	if !fault.Is(err, fault.Conflict, fault.Source) || len(w.people()) != 0 {
		t.Errorf("got %v", err)
	}
	before := len(w.Records(t))
	if _, err := w.S.Scheduled(t.Context(), &w.S.Sources[0]); !fault.Is(err, fault.Conflict, fault.Source) ||
		len(w.Records(t)) != before {
		t.Errorf("a node that waits for another: %v, %d records", err, len(w.Records(t))-before)
	}
	if _, err := w.DB.Update(t.Context(), func(tx *store.Tx) error {
		return store.EndLease(tx, leaseName, "another node", "")
	}); err != nil {
		t.Fatal(err)
	}
	w.S.Sources[0].LDAP.Password = func() (string, error) { // while the server is read the lease goes to another node
		_, err := w.DB.Update(t.Context(), func(tx *store.Tx) error {
			if err := store.EndLease(tx, leaseName, leaseHolder(t, w), ""); err != nil {
				return err
			}
			return take(tx)
		})
		return ldaptest.Password, err
	}
	_, err = w.S.Sync(t.Context(), w.Call(t, w.root, "latchkey", "SyncDirectory"), "corp", ldapsync.Options{})
	if fault.KindOf(err) != fault.Conflict && err == nil || len(w.people()) != 0 {
		t.Errorf("a run without its lease: %v, %v", err, w.people())
	}
}

// leaseName is the lease of the source corp.
const leaseName = "directory-sync/" + string(account) + "/corp"

// leaseHolder returns the node that has the lease.
func leaseHolder(t *testing.T, w *world) string {
	r, err := store.ReadLease(t.Context(), w.DB, leaseName)
	if err != nil {
		t.Error(err)
	}
	return r.Holder
}

func TestAServerThatCannotBeReadIsToldAndChangesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	w.sync()
	w.S.Sources[0].LDAP.Password = func() (string, error) { return "hunter2", nil }
	_, err := w.S.Sync(t.Context(), w.Call(t, w.root, "latchkey", "SyncDirectory"), "corp", ldapsync.Options{})
	if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable ||
		!strings.Contains(f.Text.String(), "refuses the bind DN") ||
		strings.Contains(f.Text.String(), "hunter2") {
		t.Errorf("got %v", err)
	}
	w.want("alice")
	if o, err := w.S.Last(t.Context(), &w.S.Sources[0]); err != nil || o.Outcome != ldapsync.Failed ||
		!strings.Contains(o.Text, "bind DN") {
		t.Errorf("%+v (%v)", o, err)
	}
	if _, err := w.S.Scheduled(t.Context(), &w.S.Sources[0]); err == nil {
		t.Error("the scheduled run did not fail")
	}
	last := w.Records(t)[len(w.Records(t))-1]
	if last.EventName != "SyncDirectory" || last.ErrorCode != "SyncFailed" ||
		!strings.Contains(string(last.ErrorMessage), "bind DN") {
		t.Errorf("the record is %+v", last)
	}
}

func TestWhoMaySynchronise(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	call := w.Call(t, w.root, "latchkey", "SyncDirectory")
	if _, err := w.S.Sync(t.Context(), call, "other", ldapsync.Options{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another source: %v", err)
	}
	call.Account = "210987654321"
	if _, err := w.S.Sync(t.Context(), call, "corp", ldapsync.Options{}); err == nil {
		t.Error("another account's source was run")
	}
}

func TestARunIsRecorded(t *testing.T) {
	w := newWorld(t, nil)
	w.ldap.Person(t, "alice")
	w.ldap.Group(t, "g", dns("alice")...)
	if _, err := w.S.Scheduled(t.Context(), &w.S.Sources[0]); err != nil {
		t.Fatal(err)
	}
	var steps []any
	for _, e := range w.Records(t) {
		if e.EventName == "SyncDirectory" {
			steps = append(steps, e.AdditionalEventData["step"])
			if e.UserIdentity.InvokedBy != "latchkey.local" || e.EventSource != "latchkey.local" ||
				e.RecipientAccountID != string(account) {
				t.Errorf("%+v", e)
			}
		}
	}
	if want := []any{"create users", "create groups", "add memberships", nil}; !slices.Equal(steps, want) {
		t.Errorf("records %v, want %v", steps, want)
	}
}
