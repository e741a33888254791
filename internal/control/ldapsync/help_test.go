package ldapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/control/controltest"
	"latchkey/internal/control/ldapsync"
	"latchkey/internal/directory"
	"latchkey/internal/engine"
	"latchkey/internal/ldap"
	"latchkey/internal/ldap/ldaptest"
)

const account = access.AccountID("123456789012")

// world is a deployment whose account has one LDAP server as the source of its people.
type world struct {
	*controltest.World
	S    *ldapsync.Syncer
	t    *testing.T
	ldap *ldaptest.Server
	root controltest.Keys
	in   directory.StoreID
}

func newWorld(t *testing.T, change func(*ldapsync.Source)) *world {
	t.Helper()
	cw := controltest.New(t, controltest.Account(account))
	w := &world{
		World: cw,
		t:     t,
		ldap:  ldaptest.Start(t, ldaptest.Config{}),
		root:  cw.Root(account),
		in:    cw.Store(t, account),
	}
	s := source(w.ldap)
	if change != nil {
		change(&s)
	}
	w.S = &ldapsync.Syncer{Control: cw.Control, Sources: []ldapsync.Source{s}}
	return w
}

// source reads the whole of a server. Its only guard is the one against an empty server.
func source(s *ldaptest.Server) ldapsync.Source {
	return ldapsync.Source{
		Name: "corp", Account: account, MaxRemoval: 1, FreeRemovals: 5, DeleteAfter: 1 << 50,
		LDAP: ldap.Options{
			Vendor: ldap.OpenLDAP, URLs: []string{s.URL}, BindDN: ldaptest.ReaderDN, Password: func() (string, error) {
				return ldaptest.Password, nil
			},
			Users: ldap.Users{Bases: []string{ldaptest.People}}, Groups: ldap.Groups{Bases: []string{ldaptest.Groups}},
		},
	}.Defaults()
}

// run synchronises, as the account's root, and fails the test when it cannot.
func (w *world) run(o ldapsync.Options) *ldapsync.Report {
	w.t.Helper()
	r, err := w.S.Sync(w.t.Context(), w.Call(w.t, w.root, "latchkey", "SyncDirectory"), "corp", o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// sync runs without options. The run must be applied.
func (w *world) sync() *ldapsync.Report {
	w.t.Helper()
	r := w.run(ldapsync.Options{})
	if !r.Applied {
		w.t.Fatalf("the run was refused: %s", r.Refused)
	}
	return r
}

func (w *world) snap() *engine.Snapshot { return w.Engine.Current() }

// person returns the user who has this name, or nil.
func (w *world) person(name string) *directory.User {
	return w.snap().PersonByKey(w.in, directory.NameKey(name))
}

func (w *world) group(name string) *directory.Group {
	return w.snap().GroupByKey(w.in, directory.NameKey(name))
}

// people lists everybody in the store as text, in order: name, status, groups.
func (w *world) people() (all []string) {
	for u := range w.snap().PeopleOf(w.in) {
		var groups []string
		for _, g := range w.snap().GroupsOf(u.ID) {
			groups = append(groups, w.snap().Group(g).DisplayName)
		}
		slices.Sort(groups)
		off := ""
		if u.Disabled {
			off = " disabled"
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s%s %s", u.UserName, off, strings.Join(groups, " "))))
	}
	slices.Sort(all)
	return all
}

func (w *world) want(people ...string) {
	w.t.Helper()
	if got := w.people(); !slices.Equal(got, people) {
		w.t.Errorf("there are\n%q, want\n%q", got, people)
	}
}

// dns returns the DNs of people.
func dns(names ...string) (all []string) {
	for _, n := range names {
		all = append(all, ldaptest.PersonDN(n))
	}
	return all
}
